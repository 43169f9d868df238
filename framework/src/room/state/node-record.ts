/**
 * Node records: a live object or collection, read whole into plain data.
 *
 * A child is named by its refId, which `link` gives; `link` is also where a caller learns which children there are.
 *
 *     const record = recordOf(tree, { type: (tree) => 0, link: (child) => refIdOf(child)! });
 */
import { ArraySchema, CollectionSchema, MapSchema, Schema, SetSchema, type ChangeTree } from '@colyseus/schema';
import { emptiedFields } from './emptied.ts';
import { ownFields } from './own-fields.ts';
import { $childType, $values, refIdOf, targetOf, treeOf } from './schema-internals.ts';
import type {
  ArrayInternals,
  ElementType,
  IndexedInternals,
  MapInternals,
  SchemaInternals,
} from './schema-internals.ts';
import { uncloneable } from './state-errors.ts';
import type { ArrayRecord, EntriesRecord, NodeRecord, ObjectRecord } from './state-change.ts';
import type { FollowedTree } from './turn-root.ts';

export interface RecordContext {
  /** The id of the concrete class of the tree's object. */
  type(tree: ChangeTree): number;
  /** The refId of a child. */
  link(child: ChangeTree): number;
}

export type EntriesKind = EntriesRecord['kind'];

/** Reads a node whole. */
export function recordOf(tree: ChangeTree, context: RecordContext): NodeRecord {
  const node: unknown = targetOf(tree);
  if (node instanceof Schema) return objectRecord(tree, node, context);
  if (node instanceof ArraySchema) return arrayRecord(tree, node as unknown as ArrayInternals, context);
  return entriesRecord(tree, context);
}

function objectRecord(tree: ChangeTree, node: Schema, context: RecordContext): ObjectRecord {
  const fields: unknown[] = [];
  const links: number[] = [];
  const values = (node as unknown as SchemaInternals)[$values];
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === undefined) continue;
    const child = treeOf(value);
    if (child === undefined) fields.push(index, carried(tree, value));
    else links.push(index, context.link(child));
  }
  return {
    kind: 'object',
    id: refIdOf(tree)!,
    type: context.type(tree),
    fields,
    links,
    emptied: emptiedFields(tree as FollowedTree),
    extras: ownFields(node),
  };
}

function arrayRecord(tree: ChangeTree, node: ArrayInternals, context: RecordContext): ArrayRecord {
  return {
    kind: 'array',
    id: refIdOf(tree)!,
    refs: holdsRefs(node),
    items: node.items.map((item) => itemOf(tree, item, context)),
  };
}

function entriesRecord(tree: ChangeTree, context: RecordContext): EntriesRecord {
  const kind = entriesKind(tree);
  const indexes: number[] = [];
  const items: unknown[] = [];
  const keys: string[] = [];
  const node = targetOf(tree) as unknown as MapInternals & IndexedInternals;
  for (const [key, item] of node.$items as Map<string | number, unknown>) {
    indexes.push(kind === 'map' ? node.journal.indexByKey[key as string]! : (key as number));
    if (kind === 'map') keys.push(key as string);
    items.push(itemOf(tree, item, context));
  }
  const record = { kind, id: refIdOf(tree)!, refs: holdsRefs(node), indexes, items, next: nextIndexOf(tree) };
  return kind === 'map' ? { ...record, keys } : record;
}

/** Which kind of keyed or indexed collection a tree is of. */
export function entriesKind(tree: ChangeTree): EntriesKind {
  const node: unknown = tree.refTarget;
  if (node instanceof MapSchema) return 'map';
  if (node instanceof SetSchema) return 'set';
  if (node instanceof CollectionSchema) return 'collection';
  throw new TypeError(`not a collection of @colyseus/schema: ${String((node as object).constructor?.name)}`);
}

/** The wire index that the next entry of a keyed or indexed collection gets. */
export function nextIndexOf(tree: ChangeTree): number {
  const node = targetOf(tree) as unknown as MapInternals & IndexedInternals;
  return entriesKind(tree) === 'map' ? node.journal.nextIndex : node.$refId;
}

/** True when the items of a collection are objects of the tree. */
export function holdsRefs(node: { [$childType]: ElementType }): boolean {
  return typeof node[$childType] === 'function';
}

/** An item as it is carried: a refId, -1 for a hole among refIds, or a value. */
export function itemOf(tree: ChangeTree, item: unknown, context: RecordContext): unknown {
  const child = treeOf(item);
  if (child !== undefined) return context.link(child);
  if (item === undefined && holdsRefs(tree.refTarget as { [$childType]: ElementType })) return -1;
  return carried(tree, item);
}

/** A value as it is carried: a primitive as it is, the value of a custom type as a clone. */
export function carried(tree: ChangeTree, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  try {
    return structuredClone(value);
  } catch (cause) {
    throw uncloneable(tree.ref.constructor.name, cause);
  }
}
