/**
 * Shadow: the state of a room, kept outside the room's process from what its turns changed.
 *
 * It needs none of the room's classes. Apply every change in order; `snapshot()` is then the tree as it was after the
 * last one.
 *
 * Invariants
 * - A shadow shares no mutable data with a change it was given nor with a snapshot it gave.
 * - Applying a change costs in proportion to the change.
 *
 *     const shadow = new Shadow();
 *     shadow.apply(change);
 *     link.send({ kind: 'boot', shadow: { state: shadow.snapshot(), … } });
 */
import { snapshotMismatch } from './state-errors.ts';
import type {
  ArrayChange,
  EntriesChange,
  EntriesRecord,
  NodeRecord,
  StateChange,
  StateSnapshot,
  TypeRecord,
  ViewChange,
  ViewRecord,
} from './state-change.ts';

interface ObjectNode {
  readonly kind: 'object';
  readonly type: number;
  /** By field index. A field is in one of the two. */
  readonly fields: unknown[];
  readonly links: (number | undefined)[];
  readonly emptied: Set<number>;
  readonly extras: Map<string, unknown>;
}

interface ArrayNode {
  readonly kind: 'array';
  readonly refs: boolean;
  items: unknown[];
}

interface EntriesNode {
  readonly kind: EntriesRecord['kind'];
  readonly refs: boolean;
  /** By key (map) or wire index: wire index and item. */
  readonly entries: Map<string | number, { readonly index: number; readonly item: unknown }>;
  next: number;
}

type Node = ObjectNode | ArrayNode | EntriesNode;

export class Shadow {
  readonly #types = new Map<number, TypeRecord>();
  readonly #nodes = new Map<number, Node>();
  /** By session and refId: bits, mask. */
  readonly #views = new Map<string, Map<number, readonly [number, number]>>();
  #nextRefId = 0;

  /** A shadow that begins at `snapshot`, or empty: the first change of a tree carries all of it. */
  constructor(snapshot?: StateSnapshot) {
    if (snapshot === undefined) return;
    this.apply({
      nextRefId: snapshot.nextRefId,
      types: snapshot.types,
      created: snapshot.nodes,
      views: snapshot.views,
    });
  }

  /** @throws GenroomError `state_snapshot_mismatch` when a change before this one is missing. */
  apply(change: StateChange): void {
    this.#nextRefId = change.nextRefId;
    for (const type of change.types ?? []) this.#types.set(type.id, type);
    for (const record of change.created ?? []) this.#nodes.set(record.id, nodeOf(record));
    this.#applyFields(change.fields ?? [], change.links ?? [], change.extras ?? []);
    for (const collection of change.collections ?? []) {
      if (collection.kind === 'array') this.#applyArray(collection);
      else this.#applyEntries(collection);
    }
    for (const refId of change.removed ?? []) this.#nodes.delete(refId);
    for (const view of change.views ?? []) this.#applyView(view);
  }

  /** The whole tree: what is reachable from its root. */
  snapshot(): StateSnapshot {
    const nodes: NodeRecord[] = [];
    const reached = new Set<number>();
    const waiting = this.#nodes.has(0) ? [0] : [];
    while (waiting.length > 0) {
      const id = waiting.pop()!;
      if (id < 0 || reached.has(id)) continue;
      reached.add(id);
      const record = recordFrom(id, this.#node(id));
      nodes.push(record);
      const children = childrenOf(record);
      for (let i = children.length - 1; i >= 0; i--) waiting.push(children[i]!);
    }
    return { nextRefId: this.#nextRefId, types: [...this.#types.values()], nodes, views: this.#viewRecords(reached) };
  }

  #node(id: number): Node {
    const node = this.#nodes.get(id);
    if (node === undefined) throw snapshotMismatch(`there is no object ${id} in the shadow`);
    return node;
  }

  #object(id: number): ObjectNode {
    const node = this.#node(id);
    if (node.kind !== 'object') throw snapshotMismatch(`${id} is a ${node.kind}, not an object`);
    return node;
  }

  #applyFields(fields: readonly unknown[], links: readonly number[], extras: readonly unknown[]): void {
    for (let i = 0; i < fields.length; i += 3) {
      const node = this.#object(fields[i] as number);
      const index = fields[i + 1] as number;
      node.fields[index] = fields[i + 2];
      if (fields[i + 2] === undefined || fields[i + 2] === null) node.emptied.add(index);
      else if (node.emptied.size > 0) node.emptied.delete(index);
      if (node.links[index] !== undefined) node.links[index] = undefined;
    }
    for (let i = 0; i < links.length; i += 3) {
      const node = this.#object(links[i]!);
      const index = links[i + 1]!;
      node.links[index] = links[i + 2];
      node.fields[index] = undefined;
      node.emptied.delete(index);
    }
    for (let i = 0; i < extras.length; i += 3) {
      this.#object(extras[i] as number).extras.set(extras[i + 1] as string, extras[i + 2]);
    }
  }

  #applyArray(change: ArrayChange): void {
    const node = this.#node(change.id);
    if (node.kind !== 'array') throw snapshotMismatch(`${change.id} is a ${node.kind}, not an array`);
    if (change.whole !== undefined) node.items = change.whole.slice();
    const { splices = [] } = change;
    for (let i = 0; i < splices.length; i += 3) {
      const start = splices[i] as number;
      while (node.items.length < start) node.items.push(node.refs ? -1 : undefined);
      spliceItems(node.items, start, splices[i + 1] as number, splices[i + 2] as unknown[]);
    }
  }

  #applyEntries(change: EntriesChange): void {
    const node = this.#node(change.id);
    if (node.kind === 'object' || node.kind === 'array') throw snapshotMismatch(`${change.id} is not a ${change.kind}`);
    if (change.cleared) node.entries.clear();
    for (const key of change.deleted) node.entries.delete(key);
    change.indexes.forEach((index, at) =>
      node.entries.set(change.keys?.[at] ?? index, { index, item: change.items[at] }),
    );
    node.next = change.next;
  }

  #applyView(change: ViewChange): void {
    if (change.gone || change.reset) this.#views.delete(change.sessionId);
    if (change.gone) return;
    let view = this.#views.get(change.sessionId);
    if (view === undefined) this.#views.set(change.sessionId, (view = new Map()));
    const { entries } = change;
    for (let i = 0; i < entries.length; i += 3) {
      const bits = entries[i + 1]!;
      const mask = entries[i + 2]!;
      if (bits === 0 && mask === 0) view.delete(entries[i]!);
      else view.set(entries[i]!, [bits, mask]);
    }
  }

  #viewRecords(reached: ReadonlySet<number>): ViewRecord[] {
    return Array.from(this.#views, ([sessionId, view]) => ({
      sessionId,
      entries: Array.from(view)
        .filter(([refId]) => reached.has(refId))
        .flatMap(([refId, [bits, mask]]) => [refId, bits, mask]),
    }));
  }
}

/** Splices in parts: an argument list has its limit. */
function spliceItems(items: unknown[], start: number, removed: number, inserted: readonly unknown[]): void {
  const PART = 10_000;
  items.splice(start, removed, ...inserted.slice(0, PART));
  for (let at = PART; at < inserted.length; at += PART) items.splice(start + at, 0, ...inserted.slice(at, at + PART));
}

/** The refIds that a record refers to, in order. */
export function childrenOf(record: NodeRecord): number[] {
  if (record.kind === 'object') return record.links.filter((_, at) => at % 2 === 1);
  return record.refs ? (record.items as number[]) : [];
}

function nodeOf(record: NodeRecord): Node {
  if (record.kind === 'array') return { kind: 'array', refs: record.refs, items: record.items.slice() };
  if (record.kind !== 'object') {
    const { kind, refs, next, keys, items } = record;
    return {
      kind,
      refs,
      next,
      entries: new Map(record.indexes.map((index, at) => [keys?.[at] ?? index, { index, item: items[at] }])),
    };
  }
  const node: ObjectNode = {
    kind: 'object',
    type: record.type,
    fields: [],
    links: [],
    emptied: new Set(record.emptied),
    extras: new Map(),
  };
  for (let i = 0; i < record.fields.length; i += 2) node.fields[record.fields[i] as number] = record.fields[i + 1];
  for (let i = 0; i < record.links.length; i += 2) node.links[record.links[i]!] = record.links[i + 1];
  for (let i = 0; i < record.extras.length; i += 2) node.extras.set(record.extras[i] as string, record.extras[i + 1]);
  return node;
}

function recordFrom(id: number, node: Node): NodeRecord {
  if (node.kind === 'array') return { kind: 'array', id, refs: node.refs, items: node.items.slice() };
  if (node.kind !== 'object') {
    const entries = [...node.entries.values()];
    const { kind, refs, next } = node;
    const record = {
      kind,
      id,
      refs,
      indexes: entries.map((entry) => entry.index),
      items: entries.map((entry) => entry.item),
      next,
    };
    return kind === 'map' ? { ...record, keys: [...node.entries.keys()] as string[] } : record;
  }
  const fields: unknown[] = [];
  const links: number[] = [];
  node.fields.forEach((value, index) => {
    if (value !== undefined) fields.push(index, value);
  });
  node.links.forEach((child, index) => {
    if (child !== undefined) links.push(index, child);
  });
  return {
    kind: 'object',
    id,
    type: node.type,
    fields,
    links,
    emptied: [...node.emptied].sort((a, b) => a - b),
    extras: [...node.extras].flat(1),
  };
}
