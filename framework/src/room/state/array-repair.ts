/**
 * Array repair: finds the patches that schema's encoder gets wrong, before they are encoded.
 *
 * Schema 5.0.34 writes positions, and several structural changes within one patch can leave a client with another array
 * than the server's. Of primitives: `[1, 2, 3]`, then `unshift(0)` and `shift()`, and the client lacks an item. So each
 * changed array of primitives is decoded here as a client will, on a copy of what clients hold. Of objects,
 * these go wrong: `sort` or `move` beside any other change, a removal after a replacement, and an object that is taken
 * out and put in again (so, to move it). They are foreseen when they happen (`foresee`). Arrays that left the tree and
 * came back are restated too.
 *
 * Where a client would be wrong, the pending changes are replaced by a CLEAR and one ADD per item, as schema itself does
 * for an array that was changed and then reversed.
 *
 * Invariant: costs in proportion to the arrays that changed since the last patch.
 *
 *     repairArrays(root, held);      // before encoder.encode()
 */
import { OPERATION, type ChangeTree, type Ref } from '@colyseus/schema';
import { $changes, $childType, treeOf, type ArrayInternals } from './schema-internals.ts';
import type { TurnRoot } from './turn-root.ts';

/** What clients hold of each array of primitives after the last patch; absent: nothing. */
export type HeldArrays = WeakMap<ChangeTree, unknown[]>;

/** What an array of objects went through since the last patch. */
export interface ArrayLife {
  replaced: boolean;
  reordered: boolean;
  readonly removed: Set<unknown>;
}

/** What is about to happen to an array. `replaced`: items that others take the place of. */
export interface ArrayStep {
  readonly removed?: readonly unknown[];
  readonly replaced?: readonly unknown[];
  readonly inserted?: readonly unknown[];
  readonly reordered?: boolean;
}

/** Marks an array of objects to be restated where what is about to happen makes a patch that goes wrong. */
export function foresee(array: ArrayInternals, step: ArrayStep): void {
  const tree = array[$changes];
  const root = tree.root as TurnRoot | undefined;
  if (root === undefined || typeof array[$childType] === 'string' || root.restate.has(tree)) return;
  const { removed = [], replaced = [], inserted = [], reordered = false } = step;
  const before = root.arrayLives.get(tree);
  if (before === undefined && removed.length === 0 && replaced.length === 0 && !reordered) return;
  const life = before ?? { replaced: false, reordered: false, removed: new Set() };
  for (const item of removed) life.removed.add(item);
  for (const item of replaced) life.removed.add(item);
  const returns = inserted.some((item) => life.removed.has(item));
  const wrong = life.reordered || (life.replaced && removed.length > 0) || (reordered && tree.has()) || returns;
  life.reordered ||= reordered;
  life.replaced ||= replaced.length > 0 || (removed.length > 0 && inserted.length > 0);
  if (wrong) root.restate.add(tree);
  root.arrayLives.set(tree, life);
}

/** Restates each changed array that clients would get wrong. Returns how many there were. */
export function repairArrays(root: TurnRoot, held: HeldArrays): number {
  const wrong = new Set<ChangeTree>();
  for (const tree of root.restate) if (root.holds(tree)) wrong.add(tree);
  for (let node = root.changes.next; node !== undefined; node = node.next) {
    const tree = node.changeTree;
    if (!tree.isArray || !tree.has()) continue;
    const array = tree.refTarget as unknown as ArrayInternals;
    if (typeof array[$childType] !== 'string') continue;
    const before = held.get(tree) ?? [];
    if (!wrong.has(tree) && appended(tree, before)) {
      held.set(tree, before);
      continue;
    }
    if (!sameItems(decoded(tree, before), array.items)) wrong.add(tree);
    held.set(tree, array.items.slice());
  }
  for (const tree of wrong) restate(tree);
  return wrong.size;
}

/** Notes that clients now hold an array as it is: after a full state. */
export function holdArray(tree: ChangeTree, held: HeldArrays): void {
  const array = tree.refTarget as unknown as ArrayInternals;
  if (tree.isArray && typeof array[$childType] === 'string') held.set(tree, array.items.slice());
}

/**
 * A CLEAR and an ADD per item, written where the array's changes are kept. (To clear and refill the array itself would
 * take its objects out of the tree and put them in again: schema then adds to what is pending in all below them, and of
 * an array there nothing comes out right.)
 */
function restate(tree: ChangeTree): void {
  const { items } = tree.refTarget as unknown as ArrayInternals;
  tree.discard();
  tree.operation(OPERATION.CLEAR);
  items.forEach((item, at) => {
    tree.indexedOperation(at, OPERATION.ADD);
    treeOf(item)?.setParentIndex(tree.ref as Ref, at);
  });
}

/** Follows pending changes that can only come out right, appended and overwritten items; false where there are others. */
function appended(tree: ChangeTree, items: unknown[]): boolean {
  const { items: now } = tree.refTarget as unknown as ArrayInternals;
  const { length } = items;
  let end = length;
  let simple = true;
  tree.forEach((index, operation) => {
    if (operation === OPERATION.ADD && index === end) end++;
    else if (operation !== OPERATION.REPLACE || index < 0 || index >= length) simple = false;
  });
  if (!simple || end !== now.length) return false;
  tree.forEach((index) => {
    items[index] = now[index];
  });
  return true;
}

/** What a client makes of the pending changes of `tree`: decodeArray of schema, for primitives. */
function decoded(tree: ChangeTree, before: readonly unknown[]): unknown[] {
  let items = before.slice();
  tree.forEach((index, operation) => {
    if (operation === OPERATION.CLEAR) items = [];
    else if (operation === OPERATION.REVERSE) items.reverse();
    else decodeItem(items, index, operation, tree.getValue(index) as unknown);
  });
  return items.filter((item) => item !== undefined);
}

function decodeItem(items: unknown[], index: number, operation: OPERATION, value: unknown): void {
  const previous = items[index];
  if ((operation & OPERATION.DELETE) === OPERATION.DELETE && operation !== OPERATION.DELETE_AND_ADD)
    items[index] = undefined;
  if (operation === OPERATION.DELETE || value === undefined || looksSame(value, previous)) return;
  if (operation === OPERATION.ADD && items[index] !== undefined) items.splice(index, 0, value);
  else if (operation === OPERATION.DELETE_AND_MOVE) items.splice(index, 1, value);
  else items[index] = value;
}

/** True when a client cannot tell the two apart: numbers may reach it as float32. */
function looksSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'number' && typeof b === 'number' && Math.fround(a) === Math.fround(b));
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, at) => Object.is(item, b[at]));
}
