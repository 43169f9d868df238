/**
 * Restart intensity: how many restarts within a period are still no failure of the supervisor itself. Pure.
 *
 * Rule R-40: restarts older than the period are forgotten (the bound is inclusive), the new one is added, and more than
 * `max` end the supervisor. Default 3 in 5 s: the fourth restart ends it. OTP counts whole seconds; here milliseconds.
 *
 * @example
 *   const { history, exceeded } = addRestart(before, now, { max: 3, period: 5000 });
 */
import { BadArgument } from './errors.ts';

export interface Intensity {
  /** Restarts allowed within the period. Default 3. */
  readonly max: number;
  /** Milliseconds. Default 5,000. */
  readonly period: number;
}

export const DEFAULT_INTENSITY: Intensity = { max: 3, period: 5000 };

/** Adds a restart at `now` (milliseconds) to the history, oldest first. */
export function addRestart(
  history: readonly number[],
  now: number,
  { max, period }: Intensity,
): { history: number[]; exceeded: boolean } {
  let expired = 0;
  while (expired < history.length && history[expired]! < now - period) expired++;
  const within = history.slice(expired);
  within.push(now);
  return { history: within, exceeded: within.length > max };
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
