/**
 * RestartLimit: whether a lost node is replaced, and when. A pure decision.
 *
 * The first loss within `period` is made good at once, each further one after a wait that doubles; past `max` losses
 * within `period` no other node is started.
 *
 *     nextRestart([0, 900], limit, 1_000)    // { restart: true, delay: 500, losses: [0, 900, 1000] }
 */
export interface RestartLimit {
  /** Losses that are made good within `period`. Default 5. */
  readonly max: number;
  /** Milliseconds. Default 60,000. */
  readonly period: number;
  /** Milliseconds before the second restart within `period`; doubles from there. Default 250. */
  readonly delay: number;
}

export const defaultRestartLimit: RestartLimit = { max: 5, period: 60_000, delay: 250 };

export interface RestartDecision {
  readonly restart: boolean;
  readonly delay: number;
  /** The losses to remember. */
  readonly losses: readonly number[];
}

/** @param losses when earlier ones happened @param now when this one did */
export function nextRestart(losses: readonly number[], limit: RestartLimit, now: number): RestartDecision {
  const recent = [...losses.filter((at) => now - at < limit.period), now];
  const before = recent.length - 1;
  return {
    restart: recent.length <= limit.max,
    delay: before === 0 ? 0 : limit.delay * 2 ** (before - 1),
    losses: recent,
  };
}
