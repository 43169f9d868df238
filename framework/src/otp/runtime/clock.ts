/**
 * Clock: the time of this thread's processes. Every timeout, timer and intensity of the core reads it, so that a test
 * can step time instead of waiting for it.
 *
 * Invariants
 * - `now` never goes back. A timer never fires before its time by `now`.
 * - Delays above 2^31−1 ms work (Node's own timers overflow there; row PROC-06).
 *
 * @example
 *   useClock(new VirtualClock());
 */
export type TimerHandle = object;

export interface Clock {
  /** Milliseconds since some fixed point; never goes back. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
  /** Runs `fire` once, at the earliest `ms` milliseconds from now. The timer alone does not keep Node alive if `ref` is false. */
  setTimer(ms: number, fire: () => void, ref?: boolean): TimerHandle;
  clearTimer(handle: TimerHandle): void;
}

const LONGEST = 2 ** 31 - 1;

class LongTimer {
  private timeout: NodeJS.Timeout;

  constructor(due: number, fire: () => void, ref: boolean) {
    const arm = (): NodeJS.Timeout => {
      const left = due - performance.now();
      const timeout = setTimeout(
        () => {
          // Node's timers may fire up to a millisecond early by performance.now.
          if (due - performance.now() > 0) this.timeout = arm();
          else fire();
        },
        Math.min(Math.max(left, 1), LONGEST),
      );
      if (!ref) timeout.unref();
      return timeout;
    };
    this.timeout = arm();
  }

  clear(): void {
    clearTimeout(this.timeout);
  }
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer: (ms, fire, ref = true) => new LongTimer(performance.now() + ms, fire, ref),
  clearTimer: (handle) => (handle as LongTimer).clear(),
};

let clock: Clock = systemClock;

/** The clock of this thread. */
export function currentClock(): Clock {
  return clock;
}

/** Replaces the clock of this thread and returns the one before. For tests; before processes start. */
export function useClock(next: Clock): Clock {
  const before = clock;
  clock = next;
  return before;
}
