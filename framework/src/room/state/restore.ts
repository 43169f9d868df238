/**
 * Restore: rebuilds a state tree of the room's own classes from a snapshot.
 *
 * Each object gets its concrete class, its fields and its old refId before an encoder sees it, and new refIds go on from
 * the old ones. So a full state of the restored tree makes a client of the old one fire no callback for what did not
 * change, and later patches fit. Views hold what they held.
 *
 * Constructors and `initialize` are not run (schema's own `clone` and decoder do not either): what a constructor
 * computes beside fields, such as `#private` fields, belongs in `derived`.
 *
 *     const tracked = restoreState(definition.state(options), shadow.snapshot());
 *     tracked.state;          // another object than the one given, with the old refIds
 */
import {
  ArraySchema,
  CollectionSchema,
  MapSchema,
  Schema,
  SetSchema,
  TypeContext,
  type ChangeTree,
} from '@colyseus/schema';
import { $changes, $childType, $refId, $values, type ElementType, type SchemaClass } from './schema-internals.ts';
import type { ArrayInternals, IndexedInternals, MapInternals, SchemaInternals } from './schema-internals.ts';
import { markEmptied } from './emptied.ts';
import { snapshotMismatch } from './state-errors.ts';
import type {
  ArrayRecord,
  EntriesRecord,
  NodeRecord,
  ObjectRecord,
  StateSnapshot,
  TypeRecord,
} from './state-change.ts';
import { TrackedState } from './tracked-state.ts';
import type { FollowedTree } from './turn-root.ts';

/**
 * Rebuilds a tree and tracks it. Nothing is pending in it.
 *
 * @param like an object of the root's class, such as the room's `state` makes; it is only looked at
 * @throws GenroomError `state_snapshot_mismatch` when the code lacks a class or a field that the snapshot names
 */
export function restoreState<T extends Schema>(like: T, snapshot: StateSnapshot): TrackedState<T> {
  const rootClass = like.constructor as SchemaClass;
  const rebuild = new Rebuild(TypeContext.cache(rootClass), snapshot);
  const state = rebuild.object(0, undefined);
  if (state.constructor !== rootClass)
    throw snapshotMismatch(`its root is a ${state.constructor.name}, not a ${rootClass.name}`);
  const tracked = new TrackedState(state as T, snapshot);
  for (const { node, fields } of rebuild.emptied) {
    for (const index of fields) markEmptied((node as unknown as SchemaInternals)[$changes] as FollowedTree, index);
  }
  return tracked;
}

/** A class of the room's code for a type record: the same id where name and fields agree, else the only one that does. */
function classFor(record: TypeRecord, context: TypeContext): SchemaClass {
  const fits = (type: SchemaClass | undefined): boolean =>
    type !== undefined &&
    type.name === record.name &&
    record.fields.every((field) => field === '' || fieldIndex(type, field) !== undefined);
  const sameId = context.get(record.id) as SchemaClass | undefined;
  if (fits(sameId)) return sameId!;
  const others = [...context.schemas.keys()].filter((type) => fits(type as SchemaClass));
  if (others.length !== 1) {
    const found = others.length === 0 ? 'no class fits' : 'several classes fit';
    throw snapshotMismatch(`${found} ${record.name || '(anonymous)'} {${record.fields.join(', ')}}`);
  }
  return others[0] as SchemaClass;
}

function fieldIndex(type: SchemaClass, field: string): number | undefined {
  return type[Symbol.metadata]?.[field];
}

interface KnownType {
  readonly type: SchemaClass;
  /** Field index in the code by field index in the snapshot. */
  readonly indexes: readonly number[];
}

class Rebuild {
  readonly #records = new Map<number, NodeRecord>();
  readonly #types = new Map<number, KnownType>();
  readonly #nodes = new Map<number, object>();
  /** Objects with emptied fields, which are marked once they are followed. */
  readonly emptied: { readonly node: Schema; readonly fields: readonly number[] }[] = [];

  constructor(context: TypeContext, snapshot: StateSnapshot) {
    for (const record of snapshot.nodes) this.#records.set(record.id, record);
    for (const record of snapshot.types) {
      const type = classFor(record, context);
      this.#types.set(record.id, {
        type,
        indexes: record.fields.map((field) => (field === '' ? -1 : fieldIndex(type, field)!)),
      });
    }
  }

  /** The object of a refId, made at its first mention; `parent` is the tree that holds it, at `at`. */
  object(id: number, parent: ChangeTree | undefined, at = 0): Schema {
    const node = this.#nodes.get(id) ?? this.#make(id, this.#record(id, 'object'));
    if (!(node instanceof Schema)) throw snapshotMismatch(`${id} is a collection where an object is needed`);
    if (parent !== undefined) (node as unknown as SchemaInternals)[$changes].setParent(parent.ref, undefined, at);
    return node;
  }

  #record<K extends NodeRecord['kind']>(id: number, ...kinds: K[]): Extract<NodeRecord, { kind: K }> {
    const record = this.#records.get(id);
    if (record === undefined) throw snapshotMismatch(`object ${id} is missing`);
    if (!kinds.includes(record.kind as K))
      throw snapshotMismatch(`${id} is a ${record.kind}, not a ${kinds.join(' or ')}`);
    return record as Extract<NodeRecord, { kind: K }>;
  }

  #make(id: number, record: ObjectRecord): Schema {
    const known = this.#types.get(record.type);
    if (known === undefined) throw snapshotMismatch(`class ${record.type} of object ${id} is missing`);
    const node = Object.create(known.type.prototype as object) as Schema;
    Schema.initialize(node);
    this.#enter(id, node);
    const { [$values]: values, [$changes]: tree } = node as unknown as SchemaInternals;
    for (let i = 0; i < record.fields.length; i += 2)
      values[known.indexes[record.fields[i] as number]!] = record.fields[i + 1];
    for (let i = 0; i < record.links.length; i += 2) {
      const index = known.indexes[record.links[i]!]!;
      values[index] = this.#child(tree, index, record.links[i + 1]!);
    }
    if (record.emptied.length > 0)
      this.emptied.push({ node, fields: record.emptied.map((index) => known.indexes[index]!) });
    for (let i = 0; i < record.extras.length; i += 2) {
      (node as unknown as Record<string, unknown>)[record.extras[i] as string] = record.extras[i + 1];
    }
    return node;
  }

  /** Gives a node its refId, as schema itself does: not enumerable. */
  #enter(id: number, node: object): void {
    Object.defineProperty(node, $refId, { value: id, enumerable: false, writable: true });
    this.#nodes.set(id, node);
  }

  #child(parent: ChangeTree, index: number, id: number): object {
    const type = parent.encDescriptor.types[index] as ElementType | Record<string, ElementType>;
    if (typeof type === 'function') return this.object(id, parent, index);
    if (typeof type === 'string')
      throw snapshotMismatch(`field ${index} of ${parent.ref.constructor.name} holds no object`);
    const [kind, elements] = Object.entries(type)[0]!;
    const made = this.#nodes.get(id) ?? this.#collection(id, kind, elements);
    (made as SchemaInternals)[$changes].setParent(parent.ref, undefined, index);
    return made;
  }

  #collection(id: number, kind: string, elements: ElementType): object {
    if (kind === 'array') return this.#array(this.#record(id, 'array'), elements);
    const record = this.#record(id, 'map', 'set', 'collection');
    if (record.kind !== kind) throw snapshotMismatch(`${id} is a ${record.kind}, not a ${kind}`);
    return kind === 'map' ? this.#map(record, elements) : this.#indexed(record, elements);
  }

  #items(record: ArrayRecord | EntriesRecord, tree: ChangeTree, indexes?: readonly number[]): unknown[] {
    if (!record.refs) return record.items.slice();
    return record.items.map((id, at) => (id === -1 ? undefined : this.object(id as number, tree, indexes?.[at] ?? at)));
  }

  #array(record: ArrayRecord, elements: ElementType): object {
    const array = new ArraySchema();
    const target = (array as unknown as SchemaInternals)[$changes].refTarget as unknown as ArrayInternals;
    this.#enter(record.id, target);
    this.#nodes.set(record.id, array);
    target[$childType] = elements;
    target.items = this.#items(record, target[$changes]);
    target.tmpItems = target.items.slice();
    return array;
  }

  #map(record: EntriesRecord, elements: ElementType): object {
    const map = new MapSchema();
    const target = map as unknown as MapInternals;
    this.#enter(record.id, map);
    target[$childType] = elements;
    Object.setPrototypeOf(target.journal.indexByKey, null);
    const keys = record.keys ?? [];
    this.#items(record, target[$changes], record.indexes).forEach((item, at) => target.$items.set(keys[at]!, item));
    const order = record.indexes.map((index, at) => ({ index, key: keys[at]! })).sort((a, b) => a.index - b.index);
    for (const { index, key } of order) {
      target.journal.keyByIndex.set(index, key);
      target.journal.indexByKey[key] = index;
    }
    target.journal.nextIndex = record.next;
    return map;
  }

  #indexed(record: EntriesRecord, elements: ElementType): object {
    const made = record.kind === 'set' ? new SetSchema() : new CollectionSchema();
    const target = made as unknown as IndexedInternals;
    this.#enter(record.id, made);
    target[$childType] = elements;
    this.#items(record, target[$changes], record.indexes).forEach((item, at) =>
      target.$items.set(record.indexes[at]!, item),
    );
    target.$refId = record.next;
    return made;
  }
}
