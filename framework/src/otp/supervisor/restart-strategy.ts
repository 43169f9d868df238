/**
 * Restart strategies: which children a failing one takes along, and whether it comes back at all. Pure.
 *
 * @example
 *   restartSet('restForOne', 'b', () => ['a', 'b', 'c', 'd']); // ['b', 'c', 'd']
 */
import { type ExitReason, isOrderly } from '../runtime/exit-reason.ts';

export type Strategy = 'oneForOne' | 'oneForAll' | 'restForOne';
export type Restart = 'permanent' | 'transient' | 'temporary';

/** The children, in start order, that are stopped and started again when `failed` ends. `all` is asked only if need be. */
export function restartSet<C>(strategy: Strategy, failed: C, all: () => C[]): C[] {
  switch (strategy) {
    case 'oneForOne':
      return [failed];
    case 'oneForAll':
      return all();
    case 'restForOne': {
      const children = all();
      return children.slice(children.indexOf(failed));
    }
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
