/**
 * The process dictionary: values that the running process keeps by key, gone with it. For what passes through code that
 * cannot carry it, such as a request id; never for a server's state.
 *
 * @example
 *   dictionary.put('request', id);
 */
import type { Proc } from '../runtime/proc.ts';
import { requireProc } from './spawn.ts';

const dictionaries = new WeakMap<Proc, Map<unknown, unknown>>();

function own(): Map<unknown, unknown> {
  const proc = requireProc('dictionary');
  let values = dictionaries.get(proc);
  if (!values) dictionaries.set(proc, (values = new Map()));
  return values;
}

/** The value of a key, or `otherwise`. */
export function get(key: unknown, otherwise?: unknown): unknown {
  const values = own();
  return values.has(key) ? values.get(key) : otherwise;
}

/** Sets a value and returns the one before. */
export function put(key: unknown, value: unknown): unknown {
  const values = own();
  const before = values.get(key);
  values.set(key, value);
  return before;
}

/** Removes a key and returns the value it had. */
export function remove(key: unknown): unknown {
  const values = own();
  const before = values.get(key);
  values.delete(key);
  return before;
}

export function keys(): unknown[] {
  return [...own().keys()];
}
