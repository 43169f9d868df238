/**
 * Half-hidden objects: objects that are at a public place of the tree and at one that only views show.
 *
 * Schema's full state walks the tree in order of fields and writes an object where it first meets it. Is that the hidden
 * place, then a client gets the fields of an object that nothing has introduced, loses them, and no longer removes what
 * the full state lacks. So these objects are left out of schema's walk, and written after it.
 *
 *     const skipped = skipHalfHidden(root, encoder);   // before encodeAll
 *     writeHalfHidden(skipped, encoder);               // goes behind it
 */
import { encode, OPERATION, type ChangeTree, type Encoder, type Ref } from '@colyseus/schema';
import { $changes, refIdOf } from './schema-internals.ts';
import type { TurnRoot } from './turn-root.ts';

const FIRST_SIZE = 4096;

/** Marks the half-hidden objects as written for the next full state of `encoder`. */
export function skipHalfHidden(root: TurnRoot, encoder: Encoder): ChangeTree[] {
  const skipped: ChangeTree[] = [];
  const next = (encoder as unknown as { _fullSyncGen: number })._fullSyncGen + 1;
  for (const tree of root.shared) {
    if (tree.isFiltered || !holders(tree).some(isHidden)) continue;
    tree._fullSyncGen = next;
    skipped.push(tree);
  }
  return skipped;
}

/** The public fields of what was skipped and of all below it, as a full state has them. */
export function writeHalfHidden(skipped: readonly ChangeTree[], encoder: Encoder): Uint8Array {
  if (skipped.length === 0) return new Uint8Array(0);
  for (let size = FIRST_SIZE; ; size *= 2) {
    const bytes = new Uint8Array(size);
    const it = { offset: 0 };
    const written = new Set<ChangeTree>();
    for (const tree of skipped) write(tree, encoder, bytes, it, written);
    if (it.offset <= size) return bytes.subarray(0, it.offset);
  }
}

interface Holder {
  readonly ref: Ref;
  readonly index: number;
}

function holders(tree: ChangeTree): readonly Holder[] {
  return tree.getAllParents();
}

function isHidden({ ref, index }: Holder): boolean {
  const parent = ref[$changes]!;
  return parent.isFiltered || parent.encDescriptor.tags[index] !== undefined;
}

function write(
  tree: ChangeTree,
  encoder: Encoder,
  bytes: Uint8Array,
  it: { offset: number },
  written: Set<ChangeTree>,
): void {
  if (tree.isFiltered || written.has(tree)) return;
  written.add(tree);
  const { encoder: writeField, filter, metadata } = tree.encDescriptor;
  bytes[it.offset++] = 255;
  encode.number(bytes, refIdOf(tree)!, it);
  tree.forEachLive((index) => {
    if (filter !== undefined && !filter(tree.ref, index, undefined)) return;
    writeField(encoder, bytes, tree, index, OPERATION.ADD, it, true, false, metadata);
  });
  tree.forEachChild((child) => write(child, encoder, bytes, it, written));
}
