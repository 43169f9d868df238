/**
 * The codec's data: a whole state tree (`StateSnapshot`) and what one turn changed in it (`StateChange`).
 *
 * Both are structured-cloneable and keep what the encoder's bytes lose: every field (view fields and fields outside the
 * full state too), numbers without loss, the concrete class, shared references, refIds. Neither needs the room's
 * classes: a node is named by its refId, a class by its type record, a field by its index in that record.
 *
 * Invariants
 * - A refId names the same object for the life of the room and is never used for another one.
 * - Applying a room's changes in order to its first snapshot gives the snapshot of its tree (see `Shadow`).
 * - Values are primitives, except in fields of custom types, where they are clones.
 *
 *     const change = tracked.commit();             // in the room
 *     if (change) shadow.apply(change);            // in the gateway
 *     restoreState(new ChatState(), shadow.snapshot())   // in the room's next life
 */

/** A Schema class as the tree names it. `id` is its id in the type context of the root's class. */
export interface TypeRecord {
  readonly id: number;
  /** The class's name; may be empty for an anonymous class. */
  readonly name: string;
  /** Field names by field index; an empty string where the class has a gap. */
  readonly fields: readonly string[];
}

/** A Schema object, whole. */
export interface ObjectRecord {
  readonly kind: 'object';
  readonly id: number;
  /** Id of its concrete class. */
  readonly type: number;
  /** Pairs: field index, value. */
  readonly fields: readonly unknown[];
  /** Pairs: field index, refId of the child. */
  readonly links: readonly number[];
  /** Indexes of fields that held something once and are empty now: a client may not know yet. */
  readonly emptied: readonly number[];
  /** Pairs: name, value of the primitive properties that the schema does not track (`noSync`). */
  readonly extras: readonly unknown[];
}

/** An ArraySchema, whole. `refs`: the items are refIds. A hole is `undefined` (a value) or -1 (a refId). */
export interface ArrayRecord {
  readonly kind: 'array';
  readonly id: number;
  readonly refs: boolean;
  readonly items: readonly unknown[];
}

/**
 * A MapSchema, SetSchema or CollectionSchema, whole. `indexes`, `items` and (for a map) `keys` run in
 * parallel, in iteration order; `next` is the wire index that the next new entry gets.
 */
export interface EntriesRecord {
  readonly kind: 'map' | 'set' | 'collection';
  readonly id: number;
  readonly refs: boolean;
  readonly keys?: readonly string[];
  readonly indexes: readonly number[];
  readonly items: readonly unknown[];
  readonly next: number;
}

export type NodeRecord = ObjectRecord | ArrayRecord | EntriesRecord;

/** What one turn did to an array: its items from scratch, or splices in order. */
export interface ArrayChange {
  readonly kind: 'array';
  readonly id: number;
  readonly whole?: readonly unknown[];
  /** Triples: start, number of items removed, items inserted; a start beyond the end leaves holes. */
  readonly splices?: readonly unknown[];
}

/** What one turn did to a keyed or indexed collection: clear, then delete, then set, in this order. */
export interface EntriesChange {
  readonly kind: 'map' | 'set' | 'collection';
  readonly id: number;
  readonly cleared: boolean;
  /** Keys (of a map) or wire indexes (of the others). */
  readonly deleted: readonly (string | number)[];
  readonly keys?: readonly string[];
  readonly indexes: readonly number[];
  readonly items: readonly unknown[];
  readonly next: number;
}

export type CollectionChange = ArrayChange | EntriesChange;

/** What a session's view holds. Triples: refId, bits (1 visible, 2 subscribed), mask of its tags. */
export interface ViewRecord {
  readonly sessionId: string;
  readonly entries: readonly number[];
}

/** What changed in a session's view: triples as in `ViewRecord`, bits and mask 0 for what it no longer holds. */
export interface ViewChange extends ViewRecord {
  /** The session's view is gone, or began anew: forget what it held before `entries`. */
  readonly reset?: boolean;
  readonly gone?: boolean;
}

/** What one turn changed. The flat lists keep a clone of many small changes cheap. */
export interface StateChange {
  /** The refId that the next new object gets. */
  readonly nextRefId: number;
  /** Classes that no change before this one has named. */
  readonly types?: readonly TypeRecord[];
  /** Objects and collections that became part of the tree, whole, as they are after the turn. */
  readonly created?: readonly NodeRecord[];
  /** Triples: refId, field index, value (`undefined` where the field was emptied). */
  readonly fields?: readonly unknown[];
  /** Triples: refId, field index, refId of the child. */
  readonly links?: readonly number[];
  /** Triples: refId, name, value. */
  readonly extras?: readonly unknown[];
  readonly collections?: readonly CollectionChange[];
  /** RefIds of what left the tree. */
  readonly removed?: readonly number[];
  readonly views?: readonly ViewChange[];
}

/** A whole state tree. The root has refId 0. Holds what is reachable from it, nothing else. */
export interface StateSnapshot {
  readonly nextRefId: number;
  readonly types: readonly TypeRecord[];
  readonly nodes: readonly NodeRecord[];
  readonly views: readonly ViewRecord[];
}
