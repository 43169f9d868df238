/**
 * Tick: when a room's `step` runs, and how often at once. Pure.
 *
 * A tick is one message. A late one makes up for what was missed, in steps of the same length, but for no more than
 * `CATCH_UP` of them: what is beyond is dropped, so that a room that cannot keep up does not fall into a spiral.
 *
 *     planTick(100, 160, 50)   // { steps: 2, due: 200 }
 */
export const CATCH_UP = 5;

/**
 * @param due when this tick was to come, in milliseconds
 * @param now when it came
 * @param interval milliseconds between ticks
 * @returns how many steps to run now, and when the next tick is due
 */
export function planTick(due: number, now: number, interval: number): { readonly steps: number; readonly due: number } {
  const missed = Math.max(0, Math.floor((now - due) / interval));
  if (missed < CATCH_UP) return { steps: missed + 1, due: due + (missed + 1) * interval };
  return { steps: CATCH_UP, due: now + interval };
}
