/**
 * World: what the genroom side knows of one program while it runs: who has which label, and what each has observed.
 *
 *     const world = new World();
 *     const actor = world.hello('p1'); // in the process itself
 *     world.log(actor.label, '', ['drain']);
 */
import {
  type ExitReason,
  type From,
  isAlive,
  isDown,
  isExit,
  type Monitor,
  Pid,
  type RegistryName,
  self,
  type TimerRef,
  via,
} from '../src/otp/index.ts';
import type { Label, Target } from './program.ts';
import type { Event, Snapshot } from './trace.ts';

/** A message of the program's own. */
export class Sent {
  readonly from: Label;
  readonly n: number;

  constructor(from: Label, n: number) {
    this.from = from;
    this.n = n;
  }
}

/** What the driver tells a process. */
export class Told {
  readonly what: unknown;

  constructor(what: unknown) {
    this.what = what;
  }
}

/** A process of the program, as it knows itself. */
export interface Actor {
  readonly pid: Pid;
  /** Its label, numbered from the second process of that label on. */
  readonly label: string;
  /** How many processes of its label have begun, itself included. */
  readonly nth: number;
  readonly refs: Map<string, Monitor>;
}

export class World {
  step = 0;
  readonly events: Event[] = [];
  readonly snapshots: Snapshot[] = [];
  readonly pids = new Map<Label, Pid>();
  readonly labels = new Map<Pid, string>();
  readonly begun = new Map<Label, number>();
  /** Who stands still, and what lets it go on. */
  readonly held = new Map<Pid, () => void>();
  readonly froms = new Map<string, From<number>>();
  readonly timers = new Map<string, TimerRef>();
  readonly registries = new Map<Label, RegistryName>();

  /** Called by each process when it begins. */
  hello(label: Label): Actor {
    const nth = (this.begun.get(label) ?? 0) + 1;
    const full = nth === 1 ? label : `${label}_${nth}`;
    const pid = self();
    this.begun.set(label, nth);
    this.pids.set(label, pid);
    this.labels.set(pid, full);
    return { pid, label: full, nth, refs: new Map() };
  }

  log(label: string, source: string, event: readonly unknown[]): void {
    this.events.push([label, this.step, source, event]);
  }

  labelOf(pid: Pid | undefined): string {
    return (pid && this.labels.get(pid)) ?? '?';
  }

  /** A target of the program; undefined for a label that was never started. */
  target(target: Target): Pid | ReturnType<typeof via> | undefined {
    if (typeof target === 'string') return this.pids.get(target);
    return via(this.registries.get(target[1])!, target[2]);
  }

  /** Resolves when the driver releases the actor. */
  hold(actor: Actor): Promise<void> {
    return new Promise((resolve) => this.held.set(actor.pid, resolve));
  }

  release(label: Label): void {
    const pid = this.pids.get(label);
    const go = pid && isAlive(pid) ? this.held.get(pid) : undefined;
    if (!go) return;
    this.held.delete(pid!);
    go();
  }

  /** Who sent a message, and the message as a trace shows it. */
  message(actor: Actor, message: unknown): [source: string, shown: readonly unknown[]] {
    if (message instanceof Sent) return [message.from, ['m', message.from, message.n]];
    if (isExit(message)) {
      const from = this.labelOf(message.from);
      return [from, ['EXIT', from, this.reason(message.reason)]];
    }
    if (isDown(message)) {
      const from = this.labelOf(message.pid);
      const name = [...actor.refs].find(([, ref]) => ref === message.ref)?.[0] ?? null;
      return [from, ['DOWN', name, from, this.reason(message.reason)]];
    }
    // A cast or call to the name of a process that is no server, or a reply that nobody waits for.
    return ['?', ['unknown']];
  }

  /** An exit reason as a trace shows it. */
  reason(reason: ExitReason): unknown {
    if (reason === 'callingSelf') return 'calling_self';
    if (typeof reason !== 'object' || reason === null) return reason;
    const parts = reason as Record<string, unknown>;
    if (Array.isArray(reason)) return reason;
    switch (parts['kind']) {
      case 'shutdown':
        return ['shutdown', this.#value(parts['value'])];
      case 'crash':
        return crash(parts['error'] as Error);
      case 'badReturn':
        return ['badReturn'];
      case 'callFailed':
        return ['callFailed', this.reason(parts['reason'] as ExitReason)];
    }
    if ('alreadyStarted' in parts) return ['already_started', this.labelOf(parts['alreadyStarted'] as Pid)];
    return ['unknown', JSON.stringify(reason)];
  }

  #value(value: unknown): unknown {
    const failed = value as { failedToStartChild?: unknown; reason?: ExitReason } | undefined;
    if (failed?.failedToStartChild === undefined) return value;
    return ['failed_to_start_child', failed.failedToStartChild, this.reason(failed.reason!)];
  }
}

function crash(error: Error & { code?: string }): readonly unknown[] {
  if (error.code === 'no_process') return ['crash', 'noproc'];
  return error.name === 'NotAnError' ? ['nocatch', error.cause] : ['crash', error.message];
}
