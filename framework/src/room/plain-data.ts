/**
 * Plain data: what must outlive its process is copied when it is handed over, so that nobody else can change it, and in
 * development it is frozen, so that changing it in place fails where it is written instead of being lost at a crash.
 *
 *     const kept = keep(value, 'data of room chat');
 */
import { NotCloneable } from './errors.ts';

const FREEZE = process.env['NODE_ENV'] !== 'production';

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
  let copy: T;
  try {
    copy = structuredClone(value);
  } catch (error) {
    throw new NotCloneable(what, error);
  }
  return FREEZE ? deepFreeze(copy) : copy;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  if (value instanceof Map) for (const [key, item] of value) deepFreeze([key, item]);
  else if (value instanceof Set) for (const item of value) deepFreeze(item);
  else for (const item of Object.values(value)) deepFreeze(item);
  return value;
}
