/**
 * PatchWriter: the bytes for clients, as whole WebSocket messages: patches and full states, StateViews included.
 *
 * Follows the SchemaSerializer of @colyseus/core, with these differences: bytes are copied out of schema's buffer, so
 * that they may be kept and transferred; a view writes only what the shared bytes do not; `.unreliable()`
 * fields, which a WebSocket cannot carry unreliably, go with the patch, behind a switch back to the root.
 *
 * Invariants
 * - After `flush` no change is pending.
 * - What a view does not hold is in no byte for its session.
 *
 *     const { shared, perClient } = patches.flush(sessionIds);
 */
import { Encoder, OPERATION, StateView, type ChangeTree } from '@colyseus/schema';
import { Protocol } from '../frames.ts';
import { holdArray, repairArrays, type HeldArrays } from './array-repair.ts';
import type { ClientViews } from './client-views.ts';
import { encodeEmptied } from './emptied.ts';
import { skipHalfHidden, writeHalfHidden } from './half-hidden.ts';
import { orderQueue } from './queue-order.ts';
import type { TurnRoot } from './turn-root.ts';

/** A patch. A session that is in `perClient` gets those bytes and not `shared`. */
export interface PatchFrames {
  /** For every session that `perClient` does not name; undefined when they have nothing to learn. */
  readonly shared: Uint8Array | undefined;
  readonly perClient: readonly { readonly sessionIds: readonly string[]; readonly bytes: Uint8Array }[];
}

const NOTHING: PatchFrames = { shared: undefined, perClient: [] };
/** SWITCH_TO_STRUCTURE and the refId of the root. */
const TO_ROOT = Uint8Array.of(255, 0);
const ONLY_HEADER = 1;

export class PatchWriter {
  readonly #encoder: Encoder;
  readonly #root: TurnRoot;
  readonly #views: ClientViews;
  readonly #held: HeldArrays = new WeakMap();
  #fullBuffer: Uint8Array = new Uint8Array(Encoder.BUFFER_SIZE);
  #fullLength = 0;

  constructor(encoder: Encoder, root: TurnRoot, views: ClientViews) {
    this.#encoder = encoder;
    this.#root = root;
    this.#views = views;
  }

  /** True when a flush may have something to send. */
  get pending(): boolean {
    if (this.#encoder.hasChanges || this.#encoder.hasUnreliableChanges) return true;
    for (const [, view] of this.#views.entries()) if (view.changes.size > 0) return true;
    return false;
  }

  /** Notes a turn. An array that joined the tree again is restated: clients may hold it as it was. */
  noteTurn(joined: Iterable<ChangeTree>): void {
    this.#fullLength = 0;
    for (const tree of joined) if (tree.isArray && !tree.isNew) this.#root.restate.add(tree);
  }

  /** The patch for the clients of `sessionIds`. */
  flush(sessionIds: ReadonlySet<string>): PatchFrames {
    if (!this.pending) return NOTHING;
    if (sessionIds.size === 0) {
      this.discard();
      return NOTHING;
    }
    repairArrays(this.#root, this.#held);
    this.#settle();
    orderQueue(this.#root);
    const patch = this.#encode(sessionIds);
    this.#drop();
    return patch;
  }

  /** Forgets what is pending: nobody holds an earlier state. */
  discard(): void {
    for (let node = this.#root.changes.next; node !== undefined; node = node.next)
      holdArray(node.changeTree, this.#held);
    for (const [, view] of this.#views.entries()) view.changes.clear();
    this.#settle();
    this.#drop();
  }

  /** Settles which shared objects are filtered, which schema puts off to its next pass, and stages changes for it. */
  #settle(): void {
    if (this.#root.pendingFilterRefresh.length > 0) this.#encoder.encodeUnreliable({ offset: 0 });
  }

  /** A full state frame, with what `view` shows beside what everybody sees. */
  fullState(view?: StateView): Uint8Array {
    if (this.#fullLength === 0) this.#encodeFull();
    const length = this.#fullLength;
    const emptied = encodeEmptied(this.#root);
    if (view === undefined || !this.#encoder.context.hasFilters)
      return joined(this.#fullBuffer.subarray(0, length), emptied);
    const bytes = this.#encoder.encodeAllView(view, length, { offset: length }, this.#fullBuffer);
    return joined(bytes, emptied, encodeEmptied(this.#root, view));
  }

  /** Writes what everybody sees to the buffer of full states. */
  #encodeFull(): void {
    this.#fullBuffer[0] = Protocol.ROOM_STATE;
    const it = { offset: ONLY_HEADER };
    const skipped = skipHalfHidden(this.#root, this.#encoder);
    const bytes = this.#encoder.encodeAll(it, this.#fullBuffer);
    const grown = bytes.buffer !== this.#fullBuffer.buffer;
    this.#fullBuffer = new Uint8Array(bytes.buffer);
    if (grown && skipped.length > 0) return this.#encodeFull(); // a walk that began anew has skipped nothing
    const rest = writeHalfHidden(skipped, this.#encoder);
    this.#fullLength = it.offset + rest.length;
    if (this.#fullLength > this.#fullBuffer.length) {
      const longer = new Uint8Array(this.#fullLength + Encoder.BUFFER_SIZE);
      longer.set(bytes);
      this.#fullBuffer = longer;
    }
    this.#fullBuffer.set(rest, it.offset);
  }

  #encode(sessionIds: ReadonlySet<string>): PatchFrames {
    const encoder = this.#encoder;
    encoder.sharedBuffer[0] = Protocol.ROOM_STATE_PATCH;
    const it = { offset: ONLY_HEADER };
    const shared = encoder.encode(it).slice();
    const late = this.#encodeLate();
    const everyView = encoder.hasUnreliableChanges || this.#hidesChanges();
    const perClient: { sessionIds: string[]; bytes: Uint8Array }[] = [];
    for (const [sessionId, view] of this.#views.entries()) {
      if (!encoder.context.hasFilters || !sessionIds.has(sessionId)) {
        view.changes.clear();
        continue;
      }
      if (!everyView && view.changes.size === 0) continue;
      encoder.sharedBuffer.set(shared);
      this.#leaveToShared(view);
      const own = encoder.encodeView(view, shared.length, { offset: shared.length });
      const ownLate = encoder.hasUnreliableChanges
        ? encoder.encodeUnreliableView(view, 0, { offset: 0 })
        : TO_ROOT.subarray(2);
      if (own.length > shared.length || ownLate.length > 0) {
        perClient.push({ sessionIds: [sessionId], bytes: joined(own, late, ownLate) });
      }
    }
    const all = joined(shared, late);
    return { shared: all.length > ONLY_HEADER ? all : undefined, perClient };
  }

  /** True when something changed that only views show. */
  #hidesChanges(): boolean {
    for (let node = this.#root.changes.next; node !== undefined; node = node.next) {
      if (node.changeTree.hasFilteredFields) return true;
    }
    return false;
  }

  /**
   * Takes from a view's own changes what every client gets anyway, and what the view holds no longer. (`view.add` restates
   * the whole object; of an array that changed in the same patch schema 5.0.34 then writes places that are not those the
   * client has. Of an array that is added, it writes also the items that are taken from the view in the same patch.)
   */
  #leaveToShared(view: StateView): void {
    for (const [refId, changes] of view.changes) {
      const tree = this.#root.changeTrees[refId];
      if (tree === undefined) continue;
      const { tags, isSchema } = tree.encDescriptor;
      for (const [index, operation] of Array.from(changes)) {
        const tag = isSchema ? tags[index as number] : undefined;
        if (tag === undefined && !tree.isFiltered) changes.delete(index);
        else if (isSchema && operation !== OPERATION.DELETE && !shows(view, tree, index as number))
          changes.delete(index);
        else if (tree.isArray && operation === OPERATION.DELETE) {
          changes.delete(index); // to stand behind the array as a whole
          changes.set(index, operation);
        }
      }
    }
  }

  /** What changed in `.unreliable()` fields that everybody sees, behind a switch back to the root. */
  #encodeLate(): Uint8Array {
    if (!this.#encoder.hasUnreliableChanges) return TO_ROOT.subarray(2);
    const bytes = this.#encoder.encodeUnreliable({ offset: 0 });
    return bytes.length === 0 ? bytes : joined(TO_ROOT, bytes);
  }

  #drop(): void {
    this.#encoder.discardChanges();
    this.#encoder.discardUnreliableChanges();
    this.#root.arrayLives.clear();
    this.#root.restate.clear();
    this.#fullLength = 0;
  }
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** True when a view holds a field that only views show. */
function shows(view: StateView, tree: ChangeTree, index: number): boolean {
  const { tags, filter } = tree.encDescriptor;
  if (tags[index] === undefined) return view.isChangeTreeVisible(tree);
  return filter === undefined || filter(tree.ref, index, view);
}
