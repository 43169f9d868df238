/**
 * IdleTimeout: a step's `timeout`, armed. It is its own message: in the mailbox it counts only while it is the one last
 * armed, so that one which had fired when it was cancelled is none.
 *
 * @example
 *   this.idle = new IdleTimeout(this, 5_000);
 *   // isIdleTimeout(message) && message === this.idle: no message came meanwhile
 */
import { type Clock, currentClock, type TimerHandle } from '../runtime/clock.ts';
import { INFO } from '../runtime/mailbox.ts';
import type { Proc } from '../runtime/proc.ts';

export class IdleTimeout {
  readonly milliseconds: number;
  readonly #clock: Clock = currentClock();
  #handle: TimerHandle | undefined = undefined;

  constructor(proc: Proc, milliseconds: number) {
    this.milliseconds = milliseconds;
    if (milliseconds === 0) {
      this.offer(proc);
      return;
    }
    this.#handle = this.#clock.setTimer(milliseconds, () => {
      this.#handle = undefined;
      proc.deliver(this, undefined, INFO);
    });
  }

  /** A timeout of 0 comes at once, unless a message is queued: that one goes first and cancels it (rule R-14). */
  offer(proc: Proc): void {
    if (this.milliseconds === 0 && proc.queued === 0) proc.deliver(this, undefined, INFO);
  }

  cancel(): void {
    if (this.#handle) this.#clock.clearTimer(this.#handle);
    this.#handle = undefined;
  }
}

/** Whether a message is one. Never throws: a Proxy may forbid to ask what it is. */
export function isIdleTimeout(message: unknown): message is IdleTimeout {
  try {
    return message instanceof IdleTimeout;
  } catch {
    return false;
  }
}
