/**
 * What a registry can be asked and told beyond names: values, keys, dispatch, selection by predicate, meta and locks.
 * Elixir's Registry, with functions in the place of match specs.
 *
 * @example
 *   const rooms = registry({ name: 'rooms', keys: 'duplicate' });
 *   register(rooms, 'lobby', { seats: 4 });
 *   dispatch(rooms, 'lobby', (entries) => entries.forEach(({ pid }) => send(pid, 'news')));
 */
import { requireProc } from '../process/spawn.ts';
import { BadArgument, ProcessEnded } from '../runtime/errors.ts';
import { comparable, type Key } from '../runtime/key.ts';
import { addMonitor, type Monitor, removeMonitor } from '../runtime/monitor.ts';
import type { Pid } from '../runtime/pid.ts';
import { currentProc, DEAD, type Proc } from '../runtime/proc.ts';
import { type Entry, notUnique, processOf, type RegistryDefinition, type RegistryName } from './registry-process.ts';

export interface Registration {
  readonly key: Key;
  readonly pid: Pid;
  readonly value: unknown;
}

const shown = ({ key, proc, value }: Entry): Registration => ({ key, pid: proc.pid, value });

/** All entries under a key. */
export function lookupAll(name: RegistryName, key: Key): Registration[] {
  return processOf(name).under(key).map(shown);
}

/** The keys that a process holds, once for each entry. */
export function keysOf(name: RegistryName, pid: Pid): Key[] {
  return select(name, (entry) => entry.pid === pid).map(({ key }) => key);
}

/** The values that a process holds under a key. */
export function valuesOf(name: RegistryName, key: Key, pid: Pid): unknown[] {
  return lookupAll(name, key)
    .filter((entry) => entry.pid === pid)
    .map(({ value }) => value);
}

/**
 * Changes the value of the running process's own entry.
 * @returns the new and the old value; undefined when it does not hold the key
 * @throws BadArgument for duplicate keys
 */
export function updateValue(
  name: RegistryName,
  key: Key,
  change: (value: unknown) => unknown,
): { value: unknown; before: unknown } | undefined {
  const process = processOf(name);
  if (process.definition.duplicate) throw notUnique(process.definition);
  const entry = process.find(key);
  if (entry?.proc !== requireProc('updateValue')) return undefined;
  const before = entry.value;
  entry.value = change(before);
  return { value: entry.value, before };
}

/** Calls `run` with the entries of a key, in the running process; not at all when there are none. */
export function dispatch(name: RegistryName, key: Key, run: (entries: readonly Registration[]) => void): void {
  const entries = lookupAll(name, key);
  if (entries.length > 0) run(entries);
}

/** The entries that `matches` accepts. @throws BadArgument `bad_selection` when it is no function */
export function select(name: RegistryName, matches: (entry: Registration) => boolean = () => true): Registration[] {
  if (typeof matches !== 'function')
    throw new BadArgument(
      'bad_selection',
      `${name.name} is asked to select by ${typeof matches}`,
      'Give a function of an entry: select(names, ({ key }) => key === 7).',
    );
  const all: Registration[] = [];
  for (const entry of processOf(name).entries()) if (entry.proc.status !== DEAD) all.push(shown(entry));
  return all.filter(matches);
}

export function countSelect(name: RegistryName, matches?: (entry: Registration) => boolean): number {
  return select(name, matches).length;
}

/** The entries of one key whose value `matches` accepts. */
export function match(name: RegistryName, key: Key, matches: (value: unknown) => boolean): Registration[] {
  return lookupAll(name, key).filter(({ value }) => matches(value));
}

export function countMatch(name: RegistryName, key: Key, matches: (value: unknown) => boolean): number {
  return match(name, key, matches).length;
}

/** Takes back the running process's entries of a key whose value `matches` accepts. */
export function unregisterMatch(name: RegistryName, key: Key, matches: (value: unknown) => boolean): void {
  processOf(name).remove(requireProc('unregisterMatch'), key, matches);
}

/** A value kept beside the entries. */
export function meta(name: RegistryName, key: string): unknown {
  return processOf(name).definition.meta.get(key);
}

export function putMeta(name: RegistryName, key: string, value: unknown): void {
  processOf(name).definition.meta.set(key, value);
}

export function deleteMeta(name: RegistryName, key: string): void {
  processOf(name).definition.meta.delete(key);
}

interface Waiter {
  readonly proc: Proc | undefined;
  readonly go: () => void;
}

/** Who waits for each lock; the key stands here exactly while the lock is held. */
const locks = new WeakMap<RegistryDefinition, Map<unknown, Waiter[]>>();

/**
 * Runs `work` while nobody else holds the lock of this key. A throw, or the holder's end, gives it back; who has ended
 * while waiting is passed over.
 */
export async function withLock<T>(name: RegistryName, key: Key, work: () => T | Promise<T>): Promise<T> {
  const { definition } = processOf(name);
  const me = currentProc();
  const held = locks.get(definition) ?? new Map<unknown, Waiter[]>();
  locks.set(definition, held);
  const at = comparable(key);
  const waiting = held.get(at);
  if (waiting) await new Promise<void>((go) => waiting.push({ proc: me, go }));
  else held.set(at, []);
  let open = true;
  let watch: Monitor | undefined = undefined;
  const giveBack = (): void => {
    if (!open) return;
    open = false;
    if (watch && me) removeMonitor(watch, me, false);
    const queue = held.get(at)!;
    const next = queue.splice(0, queue.findIndex(({ proc }) => proc?.status !== DEAD) + 1).at(-1);
    if (next) next.go();
    else held.delete(at);
  };
  if (me) watch = addMonitor(giveBack, me, me.pid);
  if (me?.status === DEAD) throw new ProcessEnded(me.pid);
  try {
    return await work();
  } finally {
    giveBack();
  }
}
