/**
 * Restart intensity: how many restarts within a period are still no failure of the supervisor itself.
 *
 * Rule R-40: restarts older than the period are forgotten (the bound is inclusive), the new one is added, and more than
 * `max` end the supervisor. Default 3 in 5 s: the fourth restart ends it. OTP counts whole seconds; here milliseconds.
 * The history is the caller's and is changed in place: a copy of it would be most of what counting a restart costs.
 *
 * @example
 *   if (addRestart(history, now, { max: 3, period: 5000 })) giveUp();
 */
import { BadArgument } from '../runtime/errors.ts';

export interface Intensity {
  /** Restarts allowed within the period. Default 3. */
  readonly max: number;
  /** Milliseconds. Default 5,000. */
  readonly period: number;
}

export const DEFAULT_INTENSITY: Intensity = { max: 3, period: 5000 };

/**
 * Adds a restart at `now` (milliseconds) to the history, oldest first, and takes out of it what is older than the period.
 * Returns whether it was one too many.
 */
export function addRestart(history: number[], now: number, { max, period }: Intensity): boolean {
  let expired = 0;
  while (expired < history.length && history[expired]! < now - period) expired++;
  if (expired > 0) history.splice(0, expired);
  history.push(now);
  return history.length > max;
}

/** @throws BadArgument unless both parts are sensible numbers */
export function checkIntensity(name: string, intensity: Intensity): Intensity {
  if (!(Number.isInteger(intensity.max) && intensity.max >= 0)) {
    throw new BadArgument(
      'invalid_intensity',
      `${name} allows ${String(intensity.max)} restarts`,
      'Give a whole number from 0 up.',
    );
  }
  if (!(intensity.period > 0)) {
    throw new BadArgument(
      'invalid_period',
      `${name} counts restarts over ${String(intensity.period)} ms`,
      'Give a number above 0.',
    );
  }
  return intensity;
}
