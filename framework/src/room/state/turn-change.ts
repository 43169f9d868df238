/**
 * The end of a turn: reads what the turn changed into a `StateChange`.
 *
 * `KnownNodes` mirrors which nodes and classes the shadow has. A node that a change refers to and that the shadow does
 * not have is carried whole; one that left the tree is named in `removed`.
 *
 *     const change = takeChange(root, known, views);   // undefined when the turn changed nothing
 */
import type { ChangeTree } from '@colyseus/schema';
import { carried, entriesKind, itemOf, nextIndexOf, recordOf, type RecordContext } from './node-record.ts';
import { $values, refIdOf, targetOf, treeOf } from './schema-internals.ts';
import type { IndexedInternals, MapInternals, SchemaClass, SchemaInternals } from './schema-internals.ts';
import type { ArrayInternals } from './schema-internals.ts';
import type {
  ArrayChange,
  CollectionChange,
  EntriesChange,
  NodeRecord,
  StateChange,
  TypeRecord,
  ViewChange,
} from './state-change.ts';
import type { ArrayTurn, EntriesTurn } from './tracked-collections.ts';
import type { FollowedTree, TurnRoot } from './turn-root.ts';

/** What the shadow has. */
export interface KnownNodes {
  readonly nodes: Set<number>;
  readonly types: Set<number>;
}

type Draft = { -readonly [K in keyof StateChange]: StateChange[K] };

/** Ends the running turn of `root`. Undefined when neither the tree nor a view changed. */
export function takeChange(root: TurnRoot, known: KnownNodes, views: readonly ViewChange[]): StateChange | undefined {
  if (!root.hasTurn && views.length === 0) return undefined;
  const change: Draft = { nextRefId: root.nextRefId };
  if (root.hasTurn) {
    new TurnReader(root, known).into(change);
    root.nextTurn();
    change.nextRefId = root.nextRefId;
  }
  if (views.length > 0) change.views = views;
  return change;
}

/** The record of a class. */
export function typeRecord(id: number, type: SchemaClass, tree: ChangeTree): TypeRecord {
  const fields = Array.from(tree.encDescriptor.names, (name: string | undefined) => name ?? '');
  return { id, name: type.name, fields };
}

class TurnReader implements RecordContext {
  readonly #root: TurnRoot;
  readonly #known: KnownNodes;
  readonly #types: TypeRecord[] = [];
  readonly #created: NodeRecord[] = [];
  readonly #whole = new Set<number>();

  constructor(root: TurnRoot, known: KnownNodes) {
    this.#root = root;
    this.#known = known;
  }

  into(change: Draft): void {
    for (const [refId, tree] of this.#root.attached) {
      if (this.#root.changeTrees[refId] === tree) this.#create(refId, tree);
    }
    this.#readObjects(change);
    this.#readCollections(change);
    this.#readExtras(change);
    const removed = this.#removed();
    if (removed.length > 0) change.removed = removed;
    if (this.#created.length > 0) change.created = this.#created;
    if (this.#types.length > 0) change.types = this.#types;
  }

  /** The id of an object's class; the class is named once, with its fields. */
  type(tree: ChangeTree): number {
    const type = tree.ref.constructor as SchemaClass;
    const id = this.#root.types.getTypeId(type);
    if (!this.#known.types.has(id)) {
      this.#known.types.add(id);
      this.#types.push(typeRecord(id, type, tree));
    }
    return id;
  }

  /** The refId of a child, which is carried whole where the shadow does not have it; -1 for one outside the tree. */
  link(child: ChangeTree): number {
    const refId = refIdOf(child);
    if (refId === undefined || this.#root.changeTrees[refId] !== child) return -1;
    if (!this.#known.nodes.has(refId)) this.#create(refId, child);
    return refId;
  }

  #create(refId: number, tree: ChangeTree): void {
    if (this.#whole.has(refId)) return;
    this.#whole.add(refId);
    this.#known.nodes.add(refId);
    this.#created.push(recordOf(tree, this));
  }

  /** True when a changed tree is part of the state and not carried whole already. */
  #isPart(tree: ChangeTree): boolean {
    return this.#root.holds(tree) && !this.#whole.has(refIdOf(tree)!);
  }

  #readObjects(change: Draft): void {
    const fields: unknown[] = [];
    const links: number[] = [];
    for (const tree of this.#root.objects) {
      if (!this.#isPart(tree)) continue;
      const values = (targetOf(tree) as unknown as SchemaInternals)[$values];
      const refId = refIdOf(tree)!;
      for (let low = tree.turnLow; low !== 0; low &= low - 1) {
        this.#readField(tree, refId, 31 - Math.clz32(low & -low), values, fields, links);
      }
      for (let high = tree.turnHigh; high !== 0; high &= high - 1) {
        this.#readField(tree, refId, 63 - Math.clz32(high & -high), values, fields, links);
      }
    }
    if (fields.length > 0) change.fields = fields;
    if (links.length > 0) change.links = links;
  }

  #readField(
    tree: ChangeTree,
    refId: number,
    index: number,
    values: unknown[],
    fields: unknown[],
    links: number[],
  ): void {
    const value = values[index];
    const child = treeOf(value);
    if (child === undefined) fields.push(refId, index, carried(tree, value));
    else links.push(refId, index, this.link(child));
  }

  #readExtras(change: Draft): void {
    const { extras } = this.#root;
    const read: unknown[] = [];
    for (let i = 0; i < extras.length; i += 2) {
      const tree = extras[i] as ChangeTree;
      const name = extras[i + 1] as string;
      if (this.#isPart(tree)) read.push(refIdOf(tree)!, name, (tree.ref as unknown as Record<string, unknown>)[name]);
    }
    if (read.length > 0) change.extras = read;
  }

  #readCollections(change: Draft): void {
    const collections: CollectionChange[] = [];
    for (const tree of this.#root.collections) {
      if (!this.#isPart(tree) || tree.turn === undefined) continue;
      collections.push(
        tree.turn.kind === 'array' ? this.#arrayChange(tree, tree.turn) : this.#entriesChange(tree, tree.turn),
      );
    }
    if (collections.length > 0) change.collections = collections;
  }

  #arrayChange(tree: FollowedTree, turn: ArrayTurn): ArrayChange {
    const id = refIdOf(tree)!;
    const carry = (item: unknown): unknown => itemOf(tree, item, this);
    if (turn.whole) return { kind: 'array', id, whole: (targetOf(tree) as unknown as ArrayInternals).items.map(carry) };
    const splices = turn.splices.map((part, at) => (at % 3 === 2 ? (part as unknown[]).map(carry) : part));
    return { kind: 'array', id, splices };
  }

  #entriesChange(tree: FollowedTree, turn: EntriesTurn): EntriesChange {
    const kind = entriesKind(tree);
    const node = targetOf(tree) as unknown as MapInternals & IndexedInternals;
    const live = node.$items as Map<string | number, unknown>;
    const deleted: (string | number)[] = [];
    const keys: string[] = [];
    const indexes: number[] = [];
    const items: unknown[] = [];
    for (const [key, touch] of turn.touched) {
      if (touch === 'gone' || touch === 'back') deleted.push(key);
      if (touch === 'gone') continue;
      indexes.push(kind === 'map' ? node.journal.indexByKey[key]! : (key as number));
      if (kind === 'map') keys.push(key as string);
      items.push(itemOf(tree, live.get(key), this));
    }
    const change = {
      kind,
      id: refIdOf(tree)!,
      cleared: turn.cleared,
      deleted,
      indexes,
      items,
      next: nextIndexOf(tree),
    };
    return kind === 'map' ? { ...change, keys } : change;
  }

  #removed(): number[] {
    const removed: number[] = [];
    for (const refId of this.#root.detached.keys()) {
      if (this.#root.changeTrees[refId] === undefined && this.#known.nodes.delete(refId)) removed.push(refId);
    }
    return removed;
  }
}
