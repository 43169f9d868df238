/**
 * Thenables: what a handler returned and has to be waited for.
 *
 * Invariant: neither function throws, whatever the value: one that cannot be looked at (a revoked Proxy, a getter that
 * throws) is the failure of the process that returned it, never of the scheduler.
 *
 * @example
 *   if (isThenable(result)) promiseOf(result).then(done, failed);
 */
import { types } from 'node:util';

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}

/** A promise of the language's own, which calls back once and later; its `then` does not throw. */
export function promiseOf(thenable: PromiseLike<unknown>): Promise<unknown> {
  return isUntouched(thenable) ? thenable : new Promise((resolve) => resolve(thenable));
}

/** A promise as async functions make them: subclasses, and promises with a `then` of their own, do as they like. */
function isUntouched(thenable: PromiseLike<unknown>): thenable is Promise<unknown> {
  return (
    types.isPromise(thenable) &&
    Object.getPrototypeOf(thenable) === Promise.prototype &&
    !Object.hasOwn(thenable, 'then') &&
    !Object.hasOwn(thenable, 'constructor')
  );
}
