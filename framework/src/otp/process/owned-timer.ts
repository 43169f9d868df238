/**
 * A timer of a process: it ends with the process, so that nothing a process waited for outlives it.
 *
 * @example
 *   const cancel = ownedTimer(proc, 5_000, () => settle('timeout'));
 */
import { currentClock } from '../runtime/clock.ts';
import { badTimeout, isTimeout } from '../runtime/errors.ts';
import { DEAD, type OwnedTimer, type Proc } from '../runtime/proc.ts';

/**
 * Runs `fire` in `milliseconds`, unless the returned function was called or `proc` has ended by then.
 *
 * @param proc whose timer it is; undefined for that of code outside every process
 * @param milliseconds Infinity sets no timer
 * @throws BadArgument `invalid_timeout`
 */
export function ownedTimer(proc: Proc | undefined, milliseconds: number, fire: () => void): () => void {
  if (!isTimeout(milliseconds)) throw badTimeout('a wait', milliseconds);
  if (milliseconds === Infinity || proc?.status === DEAD) return () => {};
  const clock = currentClock();
  const handle = clock.setTimer(milliseconds, () => {
    proc?.timers?.delete(timer);
    fire();
  });
  const timer: OwnedTimer = { cancel: () => clock.clearTimer(handle) };
  if (proc) (proc.timers ??= new Set()).add(timer);
  return () => {
    proc?.timers?.delete(timer);
    timer.cancel();
  };
}
