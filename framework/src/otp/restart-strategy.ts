/**
 * Restart strategies: which children a failing one takes along, and whether it comes back at all. Pure.
 *
 * @example
 *   restartSet('restForOne', 1, 4); // [1, 2, 3]
 */
import { type ExitReason, isOrderly } from './exit-reason.ts';

export type Strategy = 'oneForOne' | 'oneForAll' | 'restForOne';
export type Restart = 'permanent' | 'transient' | 'temporary';

/** Indices, in start order, of the children that are stopped and started again when the child at `failed` ends. */
export function restartSet(strategy: Strategy, failed: number, count: number): number[] {
  switch (strategy) {
    case 'oneForOne':
      return [failed];
    case 'oneForAll':
      return Array.from({ length: count }, (_, index) => index);
    case 'restForOne':
      return Array.from({ length: count - failed }, (_, index) => failed + index);
  }
}

/** Whether a child that ended by itself is started again (rows DS-19 to DS-21). */
export function isRestarted(restart: Restart, reason: ExitReason): boolean {
  return restart === 'permanent' || (restart === 'transient' && !isOrderly(reason));
}

/** Whether the end of a significant child counts for autoShutdown (rule R-49). */
export function countsAsSignificant(restart: Restart, significant: boolean, reason: ExitReason): boolean {
  return significant && (restart === 'temporary' || (restart === 'transient' && isOrderly(reason)));
}

/** Whether the end of a child is told in a report: any of a permanent child, a disorderly one of another. */
export function isReportedEnd(restart: Restart, reason: ExitReason): boolean {
  return restart === 'permanent' || !isOrderly(reason);
}

/** Whether a child that its supervisor has stopped ended in the way that it was asked to. */
export function isAskedEnd(restart: Restart, shutdown: number | 'brutalKill', reason: ExitReason): boolean {
  if (reason === (shutdown === 'brutalKill' ? 'killed' : 'shutdown')) return true;
  return restart !== 'permanent' && isOrderly(reason);
}
