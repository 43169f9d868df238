/**
 * Behaviour: what `start` can start. A definition (genServer, supervisor, registry …) makes the process that runs it.
 */
import type { ExitReason } from '../runtime/exit-reason.ts';
import type { Pid } from '../runtime/pid.ts';
import { Proc } from '../runtime/proc.ts';

export const MAKE: unique symbol = Symbol('genroom.make');

declare const argument: unique symbol;

export interface Behaviour<A = never> {
  /** What reports call it. */
  readonly name: string;
  readonly [argument]?: (arg: A) => void;
  [MAKE](parent: Proc | undefined): BehaviourProc;
}

/** Whether a value is a definition that can be started; never throws. */
export function isBehaviour(value: unknown): value is Behaviour {
  try {
    return typeof (value as Partial<Behaviour>)[MAKE] === 'function';
  } catch {
    return false;
  }
}

/** How an init ended, when it did not succeed. */
export type InitFailure =
  | { readonly ignored: true }
  /** `orderly`: the start fails with the reason, the process itself ends 'normal'. */
  | { readonly ignored: false; readonly reason: ExitReason; readonly orderly?: true };

/** A process of a definition: it is started by an init that the starter waits for. */
export abstract class BehaviourProc extends Proc {
  /** Whose EXIT ends it also when it traps exits (rule R-28): whom `startLink` bound it to; after `start`, itself. */
  boundTo: Pid = this.pid;
  /** Runs init. Returns undefined when it succeeded, what went wrong when not, or a promise of that. Never throws. */
  abstract begin(arg: unknown): InitFailure | undefined | Promise<InitFailure | undefined>;
}
