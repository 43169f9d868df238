/**
 * VirtualClock: time that stands still until a test moves it.
 *
 * Invariants
 * - Timers fire in the order of their due times, those of one due time in the order they were set, each at its own
 *   time: while one fires, `now()` is when it was due.
 * - Between two timers everything settles: processes run until none has a message, and promises that need no time
 *   resolve. What waits for real time or input and output (a file, a socket, another thread) is not waited for.
 *
 *     const clock = new VirtualClock();
 *     const before = useClock(clock);
 *     await clock.advance(5_000);
 *     useClock(before);
 */
import type { Clock, TimerHandle } from '../otp/runtime/clock.ts';
import { BadArgument } from '../otp/runtime/errors.ts';
import { runnableCount } from '../otp/runtime/scheduler.ts';
import { shown } from '../platform/error-text.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Rounds of the event loop in which nothing moved, after which everything has settled. */
const QUIET_ROUNDS = 3;
/** A system that has not settled by then never will. */
const MOST_ROUNDS = 100_000;

export class VirtualClock implements Clock {
  #now = 0;
  readonly #epoch: number;
  #orders = 0;
  readonly #timers = new Set<Timer>();
  /** Counts what happens on this clock. */
  #moves = 0;
  /** The advance that was asked for last. */
  #last: Promise<void> = Promise.resolve();

  /** @param startsAt what `wall()` says at first, in milliseconds since 1970; default 2026-01-01 UTC */
  constructor(startsAt: number = Date.UTC(2026, 0, 1)) {
    this.#epoch = startsAt;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#epoch + this.#now;
  }

  /** Timers that are set and have not fired. */
  get timers(): number {
    return this.#timers.size;
  }

  setTimer(ms: number, fire: () => void): TimerHandle {
    this.#moves++;
    const timer: Timer = { due: this.#now + Math.max(0, ms), order: this.#orders++, fire };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    if (this.#timers.delete(handle as Timer)) this.#moves++;
  }

  /**
   * Moves time on by `ms` milliseconds, firing what becomes due, and settles. One that is called while another is under
   * way begins when that has ended.
   *
   * @throws BadArgument `invalid_advance` for what is no number of milliseconds from 0 up
   */
  advance(ms: number): Promise<void> {
    if (!(Number.isFinite(ms) && ms >= 0))
      return Promise.reject(
        new BadArgument('invalid_advance', `time cannot move on by ${shown(ms)}`, 'Give milliseconds from 0 up.'),
      );
    const done = this.#last.then(() => this.#advance(ms));
    this.#last = done.catch(() => {});
    return done;
  }

  async #advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settled();
    for (let timer = this.#first(until); timer; timer = this.#first(until)) {
      this.#now = timer.due;
      this.#timers.delete(timer);
      this.#moves++;
      timer.fire();
      await this.settled();
    }
    this.#now = until;
  }

  /** Resolves when nothing moves any more without time passing. */
  async settled(): Promise<void> {
    for (let round = 0, quiet = 0; quiet < QUIET_ROUNDS; round++) {
      if (round > MOST_ROUNDS) throw new Error('Nothing settles: some processes keep each other busy without waiting.');
      const moves = this.#moves;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.#moves === moves && runnableCount() === 0 ? quiet + 1 : 0;
    }
  }

  #first(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        timer.due <= until &&
        (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order))
      ) {
        first = timer;
      }
    }
    return first;
  }
}
