/**
 * TurnRoot: the encoder's root, which also remembers what the running turn did.
 *
 * Schema's own change sets live from one patch to the next, and a patch may be several turns late. So a turn's changes
 * are recorded beside them, at the two places that every change passes: an object's ChangeTree (`TurnTree`) and a
 * collection's methods (`tracked-collections.ts`). Both are put in place when a node joins the tree, by replacing the
 * prototype of that one ChangeTree or collection: no class of the user's and nothing global is altered.
 *
 * Invariants
 * - What is recorded costs in proportion to what the turn does, not to the tree nor to what waits for the next patch.
 * - Also recorded is what schema leaves out of its patches: fields of the full state only, and changes made while
 *   tracking is paused.
 * - A node outside the tree records nothing: it is carried whole when it joins.
 *
 *     const root = new TurnRoot(TypeContext.cache(ChatState));
 *     const encoder = new Encoder(state, root);
 */
import { ChangeTree, Root, Schema, type OPERATION, type Ref, type TypeContext } from '@colyseus/schema';
import { claimOwnFields } from './own-fields.ts';
import { $changes, refIdOf, type ArrayInternals, type SchemaClass } from './schema-internals.ts';
import { followCollection, type CollectionTurn } from './tracked-collections.ts';
import type { ArrayLife } from './array-repair.ts';
import { clearEmptied, markEmptied } from './emptied.ts';
import { streamField, unknownClass } from './state-errors.ts';

/** A tree whose node is followed: `turn…` is what the running turn changed in it. */
export interface FollowedTree extends ChangeTree {
  turnLow: number;
  turnHigh: number;
  /** Fields that were set once and are empty now, as bits: see `emptied.ts`. */
  emptyLow: number;
  emptyHigh: number;
  turn?: CollectionTurn;
}

/** An object's ChangeTree that marks the fields a turn changes, as bits (schema allows 63 fields). */
class TurnTree extends ChangeTree {
  declare turnLow: number;
  declare turnHigh: number;
  declare emptyLow: number;
  declare emptyHigh: number;

  override change(index: number, operation?: OPERATION): void {
    markField(this, index);
    if ((this.emptyLow | this.emptyHigh) !== 0) clearEmptied(this, index);
    super.change(index, operation);
  }

  override delete(index: number, operation?: OPERATION): unknown {
    markField(this, index);
    markEmptied(this, index);
    return super.delete(index, operation);
  }

  /** A known parent gets its new index. (Schema 5.0.34 gives it to the primary parent, whichever that is.) */
  override addParent(parent: Ref, index: number): void {
    if (this.indexInParent(parent) === undefined) super.addParent(parent, index);
    else this.setParentIndex(parent, index);
  }
}

function markField(tree: TurnTree, index: number): void {
  const root = tree.root as TurnRoot | undefined;
  if (root === undefined) return;
  if (tree.turnLow === 0 && tree.turnHigh === 0) root.objects.push(tree);
  if (index < 32) tree.turnLow |= 1 << index;
  else tree.turnHigh |= 1 << (index - 32);
}

export class TurnRoot extends Root {
  /** Objects with a changed field, each once; may hold some that left the tree since. */
  objects: FollowedTree[] = [];
  /** Collections with a changed entry, each once; may hold some that left the tree since. */
  collections: FollowedTree[] = [];
  /** Pairs: tree, name of an untracked field that changed. */
  extras: (ChangeTree | string)[] = [];
  /** Objects with an emptied field; may hold some that left the tree since. */
  readonly emptied = new Set<FollowedTree>();
  /** What joined the tree, by refId; may hold some that left it again. */
  attached = new Map<number, ChangeTree>();
  /** What left the tree, by refId; may hold some that joined it again. */
  detached = new Map<number, ChangeTree>();
  /** What arrays of objects went through since the last patch: see `array-repair.ts`. */
  readonly arrayLives = new Map<ChangeTree, ArrayLife>();
  /** Arrays that the next patch is to restate: see `array-repair.ts`. */
  readonly restate = new Set<ChangeTree>();
  /** What is at more than one place of the tree. */
  readonly shared = new Set<ChangeTree>();
  /** The number of the running turn. */
  turn = 1;

  constructor(types: TypeContext, nextRefId = 0) {
    super(types, nextRefId);
  }

  /** The refId that the next new node gets. */
  get nextRefId(): number {
    return this.nextUniqueId;
  }

  /** True while `tree` is part of the state. */
  holds(tree: ChangeTree): boolean {
    const refId = refIdOf(tree);
    return refId !== undefined && this.changeTrees[refId] === tree;
  }

  override add(tree: ChangeTree): boolean {
    if (this.refCount[refIdOf(tree) ?? -1] === 0) this.#holdAgain(tree);
    const isNew = super.add(tree);
    const refId = refIdOf(tree)!;
    if (this.refCount[refId] === 1) {
      if (!(tree instanceof TurnTree) && (tree as FollowedTree).turnLow === undefined)
        this.#follow(tree as FollowedTree);
      this.attached.set(refId, tree);
      if (((tree as FollowedTree).emptyLow | (tree as FollowedTree).emptyHigh) !== 0)
        this.emptied.add(tree as FollowedTree);
    }
    if (this.refCount[refId]! > 1) this.shared.add(tree);
    return isNew;
  }

  override remove(tree: ChangeTree): number {
    const refId = refIdOf(tree)!;
    if (this.refCount[refId] === 1) this.#giveUpTwins(tree);
    const refCount = super.remove(tree);
    if (refCount <= 1) this.shared.delete(tree);
    if (refCount <= 0) {
      this.detached.set(refId, tree);
      this.emptied.delete(tree as FollowedTree);
    }
    return refCount;
  }

  /**
   * Takes back what schema took out of the tree although the tree holds it. (An array or map outside the tree whose item
   * is replaced takes the old one out of the tree, wherever else it is.)
   */
  reclaim(): void {
    for (const [refId, tree] of this.detached) {
      if (this.changeTrees[refId] !== undefined) continue;
      for (const { ref, index } of tree.getAllParents()) {
        const holder = ref[$changes]!;
        if (this.holds(holder) && holdsAt(holder, index, tree.ref)) tree.setParent(ref, this, index);
      }
    }
  }

  /** Notes that the running turn changed a collection. */
  changed(tree: FollowedTree, turn: CollectionTurn): void {
    tree.turn = turn;
    this.collections.push(tree);
  }

  /** Forgets the running turn and begins the next. */
  nextTurn(): void {
    for (const tree of this.objects) tree.turnLow = tree.turnHigh = 0;
    for (const tree of this.collections) tree.turn = undefined;
    this.objects = [];
    this.collections = [];
    this.extras = [];
    if (this.attached.size > 0) this.attached = new Map();
    if (this.detached.size > 0) this.detached = new Map();
    this.turn++;
  }

  /** True when the running turn has changed the tree. */
  get hasTurn(): boolean {
    return (
      this.objects.length > 0 ||
      this.collections.length > 0 ||
      this.attached.size > 0 ||
      this.detached.size > 0 ||
      this.extras.length > 0
    );
  }

  /** Notes the places in what comes back. (Schema forgot them when it left, and notes one for each object only.) */
  #holdAgain(tree: ChangeTree): void {
    tree.forEachChild((child, index: number) => {
      if (child.indexInParent(tree.ref as Ref) === undefined) child.addParent(tree.ref as Ref, index);
    });
  }

  /** Of an object that is more than once in what leaves, and elsewhere too, schema gives up one place only. */
  #giveUpTwins(tree: ChangeTree): void {
    const seen = new Set<ChangeTree>();
    tree.forEachChild((child) => {
      const refId = refIdOf(child)!;
      if (!(this.refCount[refId]! > 1)) return;
      const elsewhere = child.extraParents !== undefined || child.parentRef?.[$changes] !== tree;
      if (seen.has(child) && elsewhere) this.refCount[refId]!--;
      seen.add(child);
    });
  }

  #follow(tree: FollowedTree): void {
    const node: unknown = tree.ref;
    if (node instanceof Schema) {
      const type = node.constructor as SchemaClass;
      if (!this.types.has(type)) throw unknownClass(type.name);
      if (tree.encDescriptor.hasAnyStream) throw streamField(type.name);
      Object.setPrototypeOf(tree, TurnTree.prototype);
      claimOwnFields(node, tree);
    } else {
      followCollection(tree);
    }
    tree.turnLow = tree.turnHigh = 0;
    tree.emptyLow = tree.emptyHigh = 0;
  }
}

/** True when `child` is at a place of `holder`; of an array, which does not keep its items' places, at any. */
function holdsAt(holder: ChangeTree, index: number, child: Ref): boolean {
  if (holder.isArray) return (holder.refTarget as unknown as ArrayInternals).items.includes(child);
  return holder.getValue(index) === child;
}
