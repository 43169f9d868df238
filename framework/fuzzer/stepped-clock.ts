/**
 * SteppedClock: time as programs know it. Short times pass whenever everything has settled, long ones never do.
 *
 * Invariants
 * - Timers fire in the order of their due times, each with everything settled before it.
 * - `settle` ends in bounded time; a system that never rests is an error.
 *
 *     const clock = new SteppedClock();
 *     useClock(clock);
 *     await clock.settle(); // nobody has anything to do, and nobody waits for a short time
 */
import type { Clock, TimerHandle } from '../src/otp/runtime/clock.ts';
import { runnableCount } from '../src/otp/runtime/scheduler.ts';

/** Milliseconds of the times that pass; on Elixir they pass in real time. */
export const SHORT = 25;
export const STOP = 75;
/** Any time up to this one passes within a step. */
const LONGEST_SHORT = 100;
export const LONG = 3_600_000;

/** Rounds of the event loop in which nothing moved, after which everything has settled. */
const QUIET_ROUNDS = 2;
const MOST_ROUNDS = 5_000;

interface Timer {
  readonly due: number;
  readonly passes: boolean;
  readonly fire: () => void;
}

export class SteppedClock implements Clock {
  #now = 0;
  #moves = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  setTimer(ms: number, fire: () => void): TimerHandle {
    this.#moves++;
    const timer: Timer = { due: this.#now + Math.max(0, ms), passes: ms <= LONGEST_SHORT, fire };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    if (this.#timers.delete(handle as Timer)) this.#moves++;
  }

  /** Lets time go by without firing what is long. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Resolves when nothing moves any more and no short time is left to pass. */
  async settle(): Promise<void> {
    await this.#quiet();
    for (let next = this.#next(); next; next = this.#next()) {
      this.#now = Math.max(this.#now, next.due);
      this.#timers.delete(next);
      next.fire();
      await this.#quiet();
    }
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.passes && (!first || timer.due < first.due)) first = timer;
    return first;
  }

  async #quiet(): Promise<void> {
    for (let round = 0, quiet = 0; quiet < QUIET_ROUNDS; round++) {
      if (round > MOST_ROUNDS) throw new Error('nothing settles: some processes keep each other busy');
      const moves = this.#moves;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.#moves === moves && runnableCount() === 0 ? quiet + 1 : 0;
    }
  }
}
