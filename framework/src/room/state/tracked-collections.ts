/**
 * Tracked collections: the arrays, maps, sets and collections of a state tree note what a turn does to them.
 *
 * A collection that joins a tree gets a prototype that stands before its own and notes each call that changes it, then
 * lets the original method work. An array's turn is a list of splices (or the whole array, once that is shorter), that
 * of the others the set of keys or wire indexes touched. Values of arrays are noted when they are put in, entries of the
 * others are read at the end of the turn.
 *
 * Gaps of schema 5.0.34 that are closed here:
 * - `array[i] = undefined` (the server keeps what clients drop) is refused.
 * - `splice` may count beyond the ends, as on any array (schema warns, or never returns from `splice(0, Infinity)`),
 *   and appends after a `shift` of the same patch (schema mixes up the items' places).
 * - `array[i] = item` over an item that no client has yet stays an ADD (schema deletes what clients have at that place).
 * - `sort` after a removal of the same patch sorts what is there (schema sorts what was removed along with it, and the next
 *   removal then takes another object out of the tree).
 * - `array[i] = array[i]` keeps the object in the tree (schema drops it).
 * - `SetSchema.clear` gives up its children, as the other collections do (else a client that gets one of them back gets
 *   it empty).
 * - A map's key may be `constructor` or `__proto__` (schema looks it up in a plain object).
 *
 *     followCollection(tree);         // when it joins
 *     tree.turn                       // what the running turn did, undefined for nothing
 */
import { ArraySchema, CollectionSchema, MapSchema, OPERATION, SetSchema, type ChangeTree } from '@colyseus/schema';
import { foresee } from './array-repair.ts';
import { arrayHole } from './state-errors.ts';
import {
  $changes,
  $proxyTarget,
  treeOf,
  type ArrayInternals,
  type IndexedInternals,
  type MapInternals,
} from './schema-internals.ts';
import type { FollowedTree, TurnRoot } from './turn-root.ts';

export interface ArrayTurn {
  readonly kind: 'array';
  /** The array is carried whole. */
  whole: boolean;
  /** Triples: start, removed, items. */
  splices: unknown[];
}

/** What happened to an entry: its value changed, it is new, it was removed and put back, it is gone. */
export type Touch = 'set' | 'new' | 'back' | 'gone';

export interface EntriesTurn {
  readonly kind: 'entries';
  cleared: boolean;
  /** By key (map) or wire index; in the order of the last insertion. */
  readonly touched: Map<string | number, Touch>;
}

export type CollectionTurn = ArrayTurn | EntriesTurn;

/** Puts the prototype that notes changes before the collection's own. Once per collection. */
export function followCollection(tree: ChangeTree): void {
  const collection: unknown = tree.refTarget;
  Object.setPrototypeOf(collection, prototypeFor(collection));
  if (collection instanceof MapSchema)
    Object.setPrototypeOf((collection as unknown as MapInternals).journal.indexByKey, null);
}

function prototypeFor(collection: unknown): object {
  if (collection instanceof ArraySchema) return trackedArray;
  if (collection instanceof MapSchema) return trackedMap;
  if (collection instanceof SetSchema) return trackedSet;
  if (collection instanceof CollectionSchema) return trackedCollection;
  throw new TypeError(`not a collection of @colyseus/schema: ${String((collection as object).constructor?.name)}`);
}

function arrayTurn(array: ArrayInternals): ArrayTurn | undefined {
  const tree = array[$changes] as FollowedTree;
  const root = tree.root as TurnRoot | undefined;
  if (root === undefined) return undefined;
  if (tree.turn === undefined) root.changed(tree, { kind: 'array', whole: false, splices: [] });
  return tree.turn as ArrayTurn;
}

function noteSplice(array: ArrayInternals, start: number, removed: number, items: unknown[]): void {
  const turn = arrayTurn(array);
  if (turn === undefined || turn.whole || (removed === 0 && items.length === 0)) return;
  const { splices } = turn;
  const last = splices.length - 3;
  if (removed === 0 && last >= 0 && splices[last + 1] === 0) {
    const inserted = splices[last + 2] as unknown[];
    if ((splices[last] as number) + inserted.length === start) {
      for (const item of items) inserted.push(item);
      return;
    }
  }
  splices.push(start, removed, items);
  if (splices.length > 3 * (array.items.length + 8)) noteWhole(array);
}

function noteWhole(array: ArrayInternals): void {
  const turn = arrayTurn(array);
  if (turn === undefined) return;
  turn.whole = true;
  turn.splices = [];
}

function entriesTurn(tree: FollowedTree): EntriesTurn | undefined {
  const root = tree.root as TurnRoot | undefined;
  if (root === undefined) return undefined;
  if (tree.turn === undefined) root.changed(tree, { kind: 'entries', cleared: false, touched: new Map() });
  return tree.turn as EntriesTurn;
}

function noteSet(tree: ChangeTree, key: string | number, existed: boolean): void {
  const touched = entriesTurn(tree as FollowedTree)?.touched;
  if (touched === undefined) return;
  if (!existed) {
    const before = touched.get(key);
    touched.delete(key);
    touched.set(key, before === 'gone' || before === 'back' ? 'back' : 'new');
  } else if (!touched.has(key)) {
    touched.set(key, 'set');
  }
}

function noteGone(tree: ChangeTree, key: string | number): void {
  const touched = entriesTurn(tree as FollowedTree)?.touched;
  touched?.delete(key);
  touched?.set(key, 'gone');
}

function noteCleared(tree: ChangeTree): void {
  const turn = entriesTurn(tree as FollowedTree);
  if (turn === undefined) return;
  turn.cleared = true;
  turn.touched.clear();
}

/** Counts one more holder of an object: schema is about to count one less, although it stays where it is. */
function keepInTree(value: unknown): void {
  const tree = treeOf(value);
  tree?.root?.add(tree);
}

/** A prototype that stands before `base`'s and keeps its `constructor`, by which schema finds its encoders. */
function before<T extends object>(base: T, methods: object): T {
  return Object.create(base, Object.getOwnPropertyDescriptors(methods)) as T;
}

const array = ArraySchema.prototype as ArraySchema & {
  $changeAt(index: number, value: unknown): number | undefined;
  $wireIndex(index: number): number;
};
/** Methods of arrays run on the Proxy (a user's call) or on the array behind it (schema's own). */
type ArrayThis = ArraySchema & { [$proxyTarget]: ArrayInternals };

const trackedArray = before(array, {
  push(this: ArrayThis, ...values: unknown[]) {
    const target = this[$proxyTarget];
    const start = target.items.length;
    foresee(target, { inserted: values });
    const result = array.push.apply(this, values);
    noteSplice(target, start, 0, target.items.slice(start));
    return result;
  },
  pop(this: ArrayThis) {
    const target = this[$proxyTarget];
    const length = target.items.length;
    foresee(target, { removed: target.items.slice(-1) });
    const result = array.pop.call(this);
    if (length > 0) noteSplice(target, length - 1, 1, []);
    return result;
  },
  shift(this: ArrayThis) {
    const target = this[$proxyTarget];
    const length = target.items.length;
    foresee(target, { removed: target.items.slice(0, 1) });
    const result = array.shift.call(this);
    if (length > 0) noteSplice(target, 0, 1, []);
    return result;
  },
  unshift(this: ArrayThis, ...values: unknown[]) {
    const target = this[$proxyTarget];
    foresee(target, { inserted: values });
    const result = array.unshift.apply(this, values);
    noteSplice(target, 0, 0, values);
    return result;
  },
  splice(this: ArrayThis, start: number, ...rest: [deleteCount?: number, ...items: unknown[]]) {
    const target = this[$proxyTarget];
    const { length } = target.items;
    const [deleteCount = length, ...items] = rest;
    const from = start < 0 ? Math.max(length + start, 0) : Math.min(start, length);
    if (from === length) {
      this.push(...items);
      return [];
    }
    const count = Math.min(Math.max(deleteCount, 0), length - from);
    foresee(target, { removed: target.items.slice(from, from + count), inserted: items });
    const removed = array.splice.call(this, from, count, ...items) as unknown[];
    noteSplice(target, from, removed.length, items);
    return removed;
  },
  clear(this: ArrayThis) {
    const target = this[$proxyTarget];
    if (target.items.length > 0) noteWhole(target);
    array.clear.call(this);
  },
  reverse(this: ArrayThis) {
    noteWhole(this[$proxyTarget]);
    return array.reverse.call(this);
  },
  sort(this: ArrayThis, compare?: (a: unknown, b: unknown) => number) {
    const target = this[$proxyTarget];
    foresee(target, { reordered: true });
    if (target.deletedIndexes.length > 0) target[$changes].discard(); // the array is restated
    noteWhole(target);
    return array.sort.call(this, compare);
  },
  move(this: ArrayThis, callback: (items: ArraySchema) => void) {
    foresee(this[$proxyTarget], { reordered: true });
    noteWhole(this[$proxyTarget]);
    return array.move.call(this, callback);
  },
  $changeAt(this: ArrayThis, index: number, value: unknown) {
    const target = this[$proxyTarget];
    const { length } = target.items;
    if (target.items[index] === value) keepInTree(value);
    else foresee(target, { replaced: target.items.slice(index, index + 1), inserted: [value] });
    const tree = target[$changes];
    const unsent = tree.getChange(array.$wireIndex.call(this, index)) === OPERATION.ADD;
    const wireIndex = array.$changeAt.call(this, index, value);
    if (unsent && wireIndex !== undefined) tree.setOperationAt(wireIndex, OPERATION.ADD);
    if (wireIndex !== undefined) noteSplice(target, index, index < length ? 1 : 0, [value]);
    return wireIndex;
  },
  $deleteAt(this: ArrayThis, index: number) {
    throw arrayHole(Number(index));
  },
});

type MapThis = MapSchema & MapInternals;
const map = MapSchema.prototype;

const trackedMap = before(map, {
  set(this: MapThis, key: string, value: unknown) {
    const existed = this.$items.has(String(key));
    const result = map.set.call(this, key, value);
    noteSet(this[$changes], String(key), existed);
    return result;
  },
  delete(this: MapThis, key: string) {
    const result = map.delete.call(this, key);
    if (result) noteGone(this[$changes], String(key));
    return result;
  },
  clear(this: MapThis) {
    map.clear.call(this);
    Object.setPrototypeOf((this as unknown as MapInternals).journal.indexByKey, null);
    noteCleared(this[$changes]);
  },
});

type IndexedThis<T> = T & IndexedInternals;

function indexOf(collection: IndexedInternals, item: unknown): number | undefined {
  for (const [index, value] of collection.$items) if (value === item) return index;
  return undefined;
}

/** The methods that SetSchema and CollectionSchema share. */
function indexedMethods(base: SetSchema | CollectionSchema): object {
  return {
    add(this: IndexedThis<SetSchema>, value: unknown) {
      const index = (base as SetSchema).add.call(this, value);
      if (typeof index === 'number') noteSet(this[$changes], index, false);
      return index;
    },
    delete(this: IndexedThis<SetSchema>, item: unknown) {
      const index = indexOf(this, item);
      const result = (base as SetSchema).delete.call(this, item);
      if (index !== undefined) noteGone(this[$changes], index);
      return result;
    },
    clear(this: IndexedThis<SetSchema>) {
      if (base === SetSchema.prototype) {
        const tree = this[$changes];
        tree.forEachChild((child) => void tree.root?.remove(child));
      }
      (base as SetSchema).clear.call(this);
      noteCleared(this[$changes]);
    },
  };
}

const trackedSet = before(SetSchema.prototype, indexedMethods(SetSchema.prototype));
const trackedCollection = before(CollectionSchema.prototype, indexedMethods(CollectionSchema.prototype));
