/**
 * Emptied fields: fields of objects that held something once and are empty now.
 *
 * A full state says nothing of an empty field, and a client that resyncs removes entries of collections by what the full
 * state lacks, but no fields. So a client that missed the patch in which a field was emptied (it was away, or the room
 * crashed before that patch) would keep the old value. Full states therefore end with a DELETE for each emptied field;
 * for a client that has it empty this does nothing.
 *
 *     state.king = undefined;      // markEmptied
 *     encodeEmptied(root)          // 255, refId of the state, DELETE | index of king
 */
import { encode, OPERATION, type StateView } from '@colyseus/schema';
import { refIdOf } from './schema-internals.ts';
import type { FollowedTree, TurnRoot } from './turn-root.ts';

/** Widest switch to an object: 255, then a number. */
const SWITCH_SIZE = 10;

export function markEmptied(tree: FollowedTree, index: number): void {
  if (index < 32) tree.emptyLow |= 1 << index;
  else tree.emptyHigh |= 1 << (index - 32);
  (tree.root as TurnRoot | undefined)?.emptied.add(tree);
}

/** The field holds something again. */
export function clearEmptied(tree: FollowedTree, index: number): void {
  if (index < 32) tree.emptyLow &= ~(1 << index);
  else tree.emptyHigh &= ~(1 << (index - 32));
  if ((tree.emptyLow | tree.emptyHigh) === 0) (tree.root as TurnRoot | undefined)?.emptied.delete(tree);
}

/** Indexes of the emptied fields of an object, ascending. */
export function emptiedFields(tree: FollowedTree): number[] {
  const fields: number[] = [];
  for (let low = tree.emptyLow; low !== 0; low &= low - 1) fields.push(31 - Math.clz32(low & -low));
  for (let high = tree.emptyHigh; high !== 0; high &= high - 1) fields.push(63 - Math.clz32(high & -high));
  return fields;
}

/** A DELETE for each emptied field that everybody may see; with a view, for each that only this view shows. */
export function encodeEmptied(root: TurnRoot, view?: StateView): Uint8Array {
  let size = 0;
  const parts: { readonly refId: number; readonly fields: readonly number[] }[] = [];
  for (const tree of root.emptied) {
    if (tree.isPatchOnly || (view !== undefined && !view.isChangeTreeVisible(tree))) continue;
    const fields = emptiedFields(tree).filter((index) => isShown(tree, index, view));
    if (fields.length === 0) continue;
    parts.push({ refId: refIdOf(tree)!, fields });
    size += SWITCH_SIZE + fields.length;
  }
  const bytes = new Uint8Array(size);
  const it = { offset: 0 };
  for (const { refId, fields } of parts) {
    bytes[it.offset++] = 255;
    encode.number(bytes, refId, it);
    for (const index of fields) bytes[it.offset++] = OPERATION.DELETE | index;
  }
  return bytes.subarray(0, it.offset);
}

/** Schema's own rule for which pass writes a field, and whether a view gets it. */
function isShown(tree: FollowedTree, index: number, view: StateView | undefined): boolean {
  const { tags, filter } = tree.encDescriptor;
  const isFiltered = tree.isFiltered || tags[index] !== undefined;
  return isFiltered === (view !== undefined) && (filter === undefined || filter(tree.ref, index, view));
}
