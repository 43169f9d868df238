/**
 * Target: whom a message is for. A pid, a typed reference (a pid that knows its server's messages), or a name.
 *
 * @example
 *   call(pid, 'balance'); call(via(accounts, '7'), 'balance');
 */
import { shown } from '../../platform/error-text.ts';
import { BadArgument } from '../runtime/errors.ts';
import { Pid, PROC } from '../runtime/pid.ts';
import type { Proc } from '../runtime/proc.ts';
import type { NameAddress } from '../runtime/remote.ts';
import { isThenable } from '../runtime/thenable.ts';
import type { Behaviour } from './behaviour.ts';

// A constant of this module costs less to reach than an imported one.
const IN_PID: typeof PROC = PROC;

declare const server: unique symbol;
declare const holder: unique symbol;

/** A pid whose messages TypeScript knows: what `start` of a genServer returns. */
export type Ref<G extends Behaviour = Behaviour> = Pid & { readonly [server]?: G };

/** A name in a registry, made by `via`. It finds its process anew at each use. */
export abstract class ViaName<G extends Behaviour = Behaviour> {
  declare readonly [server]?: G;
  /** Of types only. A method, so that any name is a ViaName; `NameFor` asks for it as a property, which is strict. */
  [holder]?(server: G): void;

  /** The living process that has the name now. Internal to the layer. */
  abstract resolve(): Proc | undefined;
  /** Gives the name to a process; returns the living holder if there is another one. Internal to the layer. */
  abstract claim(proc: Proc): Pid | undefined;
  /** By what the name is known on other nodes, if it is. Internal to the layer. */
  get address(): NameAddress | undefined {
    return undefined;
  }
  abstract toString(): string;
}

/** A name that a process of the definition `B` may have: what uses the name knows that one's messages. */
export type NameFor<B extends Behaviour> = ViaName & { readonly [holder]?: (server: B) => void };

export type Target<G extends Behaviour = Behaviour> = Ref<G> | ViaName<G>;

export function resolveTarget(target: Target): Proc | undefined {
  // What a pid has is asked for first: whether it is one costs more.
  const proc = (target as Pid)[IN_PID] as Proc | undefined;
  if (proc !== undefined) return proc;
  return target instanceof Pid ? undefined : target.resolve();
}

/**
 * What to say where `resolveTarget` has thrown: a name may say no itself, and else the target is none. It is asked only
 * then, since every message resolves its target.
 */
export function targetError(target: unknown, thrown: unknown): unknown {
  if (isName(target)) return thrown;
  const remedy = isThenable(target)
    ? 'It is a promise: await start, and give what it resolves with.'
    : 'Give a pid that start gave, or a name made by via; a pid is of one copy of genroom, so install it once.';
  return new BadArgument('bad_target', `${shown(target)} is neither a pid nor a name`, remedy);
}

function isName(target: unknown): boolean {
  try {
    return target instanceof ViaName;
  } catch {
    return false;
  }
}

/** The pid behind a target, or undefined when there is none alive. */
export function whereis(target: Target): Pid | undefined {
  return resolveTarget(target)?.pid;
}
