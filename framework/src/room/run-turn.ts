/**
 * Running a turn: user code, then its conclusion, then the commit. One path for what is synchronous and what awaits.
 *
 * Invariants
 * - A refusal is an outcome, any other throw goes up and ends the process, with the turn's work still in hand.
 * - While user code awaits, the process handles nothing else; beyond `HELD_REPORT_MS` that is reported.
 */
import { currentClock } from '../otp/index.ts';
import { HELD_REPORT_MS, reportHeld } from './channels.ts';
import { Refusal } from './refusal.ts';
import type { WorkInHand } from './work-in-hand.ts';

/** Whose mailbox stands still, for reports. */
export interface Holder {
  readonly name: string;
  readonly id: string;
  readonly alive: boolean;
  readonly hand: WorkInHand;
  /** True while waiting is what it is there for, so that it is not reported. */
  readonly mayWait?: boolean;
}

/**
 * @param code runs user code; what it returns, or the refusal it throws, goes to `conclude`
 * @returns a promise if user code awaited; it resolves without a conclusion when the process has ended meanwhile
 */
export function runTurn(
  holder: Holder,
  work: () => string,
  code: () => unknown,
  conclude: (outcome: unknown) => void,
): void | Promise<void> {
  let outcome: unknown;
  try {
    outcome = code();
  } catch (error) {
    outcome = refusalOrThrow(error);
  }
  if (!isPromise(outcome)) return conclude(outcome);
  holder.hand.waits();
  return hold(holder, work(), outcome).then((value) => (holder.alive ? conclude(value) : undefined));
}

async function hold(holder: Holder, work: string, promise: PromiseLike<unknown>): Promise<unknown> {
  const clock = currentClock();
  const began = clock.now();
  const report = (ongoing: boolean): void =>
    reportHeld({ name: holder.name, roomId: holder.id, work, duration: clock.now() - began, ongoing });
  let reported = false;
  const timer = clock.setTimer(
    HELD_REPORT_MS,
    () => {
      if (!holder.alive || holder.mayWait) return;
      reported = true;
      report(true);
    },
    false,
  );
  try {
    return await promise;
  } catch (error) {
    return refusalOrThrow(error);
  } finally {
    clock.clearTimer(timer);
    if (reported && holder.alive) report(false);
  }
}

export function refusalOrThrow(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}

/** For outcomes that no client waits for: a refusal there is a failure. */
export function unrefused(outcome: unknown): unknown {
  if (outcome instanceof Refusal) throw outcome;
  return outcome;
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
