/**
 * What the codec reads of `@colyseus/schema` 5 beyond its public types, in one place.
 *
 * Invariant: every name here is one that schema 5.0.34 uses at run time (its own comments call the symbols shared
 * over bundles by `Symbol.for`); a test of this folder fails if one of them goes away.
 *
 *     const values = (state as unknown as SchemaInternals)[$values];
 */
import { $changes, $childType, $refId, $values, type ChangeTree, type Ref, type Schema } from '@colyseus/schema';

export { $changes, $childType, $refId, $values };
/** On an ArraySchema (which users hold as a Proxy): the array behind it. */
export const $proxyTarget: unique symbol = Symbol.for('$proxyTarget') as never;

/** A collection's element type, or a field's. */
export type ElementType = string | SchemaClass;
export type SchemaClass = typeof Schema & { readonly prototype: Schema };

export interface SchemaInternals {
  readonly [$changes]: ChangeTree;
  readonly [$values]: unknown[];
  [$refId]?: number;
}

export interface ArrayInternals {
  readonly [$changes]: ChangeTree;
  [$childType]: ElementType;
  [$refId]?: number;
  items: unknown[];
  tmpItems: unknown[];
  /** Which of `tmpItems` the current patch has removed. */
  readonly deletedIndexes: boolean[];
}

export interface JournalInternals {
  readonly keyByIndex: Map<number, string>;
  readonly indexByKey: Record<string, number>;
  nextIndex: number;
}

export interface MapInternals {
  readonly [$changes]: ChangeTree;
  [$childType]: ElementType;
  [$refId]?: number;
  readonly $items: Map<string, unknown>;
  readonly journal: JournalInternals;
}

/** SetSchema and CollectionSchema: `$refId` (a string key) is the next wire index. */
export interface IndexedInternals {
  readonly [$changes]: ChangeTree;
  [$childType]: ElementType;
  [$refId]?: number;
  readonly $items: Map<number, unknown>;
  $refId: number;
}

/** The ChangeTree of a value that is a node of a tree, else undefined. */
export function treeOf(value: unknown): ChangeTree | undefined {
  return typeof value === 'object' && value !== null ? (value as Partial<SchemaInternals>)[$changes] : undefined;
}

/** The refId of a tree's node; undefined before its first attachment. */
export function refIdOf(tree: ChangeTree): number | undefined {
  return (tree.refTarget as SchemaInternals)[$refId];
}

/** A tree's node without the Proxy that arrays have. */
export function targetOf(tree: ChangeTree): Ref {
  return tree.refTarget as Ref;
}
