/**
 * Alias: a second address of a process that it can take back. Messages to a withdrawn alias are dropped.
 *
 * @example
 *   const here = alias({ reply: true }); // accepts one message
 *   send(server, { ask: 'balance', replyTo: here });
 */
import { INFO } from '../runtime/mailbox.ts';
import type { Monitor } from '../runtime/monitor.ts';
import type { Pid } from '../runtime/pid.ts';
import { DEAD, type Proc } from '../runtime/proc.ts';
import { requireProc } from './spawn.ts';

export class Alias {
  readonly #proc: Proc;
  readonly #once: boolean;
  #active = true;

  constructor(proc: Proc, once: boolean) {
    this.#proc = proc;
    this.#once = once;
  }

  /** Whose alias it is. */
  get pid(): Pid {
    return this.#proc.pid;
  }

  /** Whether a message sent now would arrive. */
  get active(): boolean {
    return this.#active && this.#proc.status !== DEAD;
  }

  /** Internal to the layer: `send` to it. */
  deliver(message: unknown): void {
    if (!this.#active) return;
    if (this.#once) this.#active = false;
    this.#proc.deliver(message, undefined, INFO);
  }

  /** Internal to the layer. */
  withdraw(): boolean {
    const stood = this.#active;
    this.#active = false;
    return stood;
  }
}

/** Makes an alias of the running process. @param options.reply it accepts one message only. Default false */
export function alias(options: { reply?: boolean } = {}): Alias {
  return new Alias(requireProc('alias'), options.reply ?? false);
}

/**
 * Withdraws an alias, or that of a monitor; what was sent to it from now on is dropped. Returns whether it still stood.
 */
export function unalias(one: Alias | Monitor): boolean {
  return one.withdraw();
}
