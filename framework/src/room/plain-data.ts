/**
 * Plain data: what must outlive its process is copied when it is handed over, and the copy is frozen. So changing it in
 * place fails where that is written, and the shadow, which on the same thread holds the same object, is never changed by
 * a turn that fails. Typed arrays cannot be frozen: replace them.
 *
 *     const kept = keep(value, 'data of room chat');
 */
import { NotCloneable } from './errors.ts';

/**
 * A copy that belongs to the framework.
 *
 * @throws NotCloneable when it holds a function, a socket or the like
 */
export function keep<T>(value: T, what: string): T {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol') throw new NotCloneable(what, undefined);
    return value;
  }
  try {
    return deepFreeze(structuredClone(value));
  } catch (error) {
    throw new NotCloneable(what, error);
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  const collection = value instanceof Map || value instanceof Set;
  if (collection) makeReadOnly(value);
  Object.freeze(value);
  for (const item of collection ? value : Object.values(value)) deepFreeze(item);
  return value;
}

/** `Object.freeze` leaves the entries of a Map or Set free. A clone of it does not get these methods. */
function makeReadOnly(collection: Map<unknown, unknown> | Set<unknown>): void {
  const refuse = (): never => {
    throw new TypeError('This is kept data: replace it, do not change it in place.');
  };
  for (const method of ['set', 'add', 'delete', 'clear']) Object.defineProperty(collection, method, { value: refuse });
}
