/**
 * Client views: one StateView per session that asked for one, followed so that a crash takes nothing from a client and
 * shows it nothing new.
 *
 * What a view holds is kept by schema as bits on the ChangeTrees. A `FollowedView` notes each tree whose bits it
 * changes; `takeChanges` reads those at the end of a turn, in proportion to what changed. `restore` sets them again.
 *
 *     const view = views.of(sessionId);       // made at the first call
 *     view.add(player.hand);
 *     views.remove(sessionId);
 */
import { StateView, type ChangeTree, type Ref } from '@colyseus/schema';
import { $changes, refIdOf } from './schema-internals.ts';
import type { ViewChange, ViewRecord } from './state-change.ts';
import type { TurnRoot } from './turn-root.ts';

const NO_CHANGES: readonly ViewChange[] = [];
const VISIBLE = 1;
const SUBSCRIBED = 2;

/** Members of StateView that are private to TypeScript. */
interface ViewInternals {
  _bindRoot(root: TurnRoot): void;
  _setSubscribed(tree: ChangeTree): void;
}

class FollowedView extends StateView {
  /** Trees whose bits this view has changed since `takeChanges`. */
  readonly touched = new Set<ChangeTree>();
  readonly #noteTouch: (view: FollowedView) => void;

  constructor(noteTouch: (view: FollowedView) => void) {
    super(false);
    this.#noteTouch = noteTouch;
  }

  override markVisible(tree: ChangeTree): void {
    super.markVisible(tree);
    this.#touch(tree);
  }

  override unmarkVisible(tree: ChangeTree): void {
    super.unmarkVisible(tree);
    this.#touch(tree);
  }

  override addTag(tree: ChangeTree, tag: number): void {
    super.addTag(tree, tag);
    this.#touch(tree);
  }

  override removeTag(tree: ChangeTree, tag: number): void {
    super.removeTag(tree, tag);
    this.#touch(tree);
  }

  override removeAllTagsOnTree(tree: ChangeTree): void {
    super.removeAllTagsOnTree(tree);
    this.#touch(tree);
  }

  override subscribe(collection: Ref, priority?: ((element: unknown) => number) | null): this {
    super.subscribe(collection as never, priority as never);
    this.#touch(collection[$changes]!);
    return this;
  }

  override unsubscribe(collection: Ref): this {
    super.unsubscribe(collection);
    this.#touch(collection[$changes]!);
    return this;
  }

  /** What this view holds of `tree`: bits and mask of tags. */
  held(tree: ChangeTree): readonly [bits: number, mask: number] {
    let mask = 0;
    for (const tag of tree.tagViews?.keys() ?? []) if (this.hasTagOnTree(tree, tag)) mask |= tag;
    return [(this.isVisible(tree) ? VISIBLE : 0) | (this.isSubscribed(tree) ? SUBSCRIBED : 0), mask];
  }

  /** Holds `tree` as a record says. */
  hold(tree: ChangeTree, bits: number, mask: number): void {
    if (bits & VISIBLE) this.markVisible(tree);
    if (bits & SUBSCRIBED) (this as unknown as ViewInternals)._setSubscribed(tree);
    if (mask !== 0) this.addTag(tree, mask);
  }

  #touch(tree: ChangeTree): void {
    this.touched.add(tree);
    this.#noteTouch(this);
  }
}

export class ClientViews {
  readonly #root: TurnRoot;
  readonly #views = new Map<string, FollowedView>();
  readonly #touched = new Set<FollowedView>();
  readonly #begun = new Set<string>();
  readonly #gone = new Set<string>();

  constructor(root: TurnRoot) {
    this.#root = root;
  }

  /** The view of a session; made at the first call. */
  of(sessionId: string): StateView {
    return this.#views.get(sessionId) ?? this.#begin(sessionId);
  }

  /** The view of a session, if it has one. */
  get(sessionId: string): StateView | undefined {
    return this.#views.get(sessionId);
  }

  /** All views, by session. */
  entries(): IterableIterator<[string, StateView]> {
    return this.#views.entries();
  }

  /** Gives up the view of a session. */
  remove(sessionId: string): void {
    const view = this.#views.get(sessionId);
    if (view === undefined) return;
    view.dispose();
    this.#views.delete(sessionId);
    this.#touched.delete(view);
    this.#begun.delete(sessionId);
    this.#gone.add(sessionId);
  }

  /**
   * What changed in the views since the last call.
   *
   * @param joined nodes that joined the tree: an object that comes back is held as before it left
   * @param left nodes that left the tree
   */
  takeChanges(joined: Iterable<ChangeTree>, left: Iterable<ChangeTree>): readonly ViewChange[] {
    if (this.#views.size === 0 && this.#gone.size === 0) return NO_CHANGES;
    if (this.#views.size > 0) {
      for (const tree of joined) this.#touchHolders(tree);
      for (const tree of left) this.#touchHolders(tree);
    }
    const changes: ViewChange[] = Array.from(this.#gone, (sessionId) => ({ sessionId, gone: true, entries: [] }));
    this.#gone.clear();
    if (this.#touched.size === 0 && this.#begun.size === 0) return changes;
    for (const [sessionId, view] of this.#views) {
      const reset = this.#begun.has(sessionId);
      if (!reset && view.touched.size === 0) continue;
      const entries = Array.from(view.touched).flatMap((tree) => this.#entry(view, tree));
      view.touched.clear();
      if (entries.length > 0 || reset) changes.push(reset ? { sessionId, reset, entries } : { sessionId, entries });
    }
    this.#touched.clear();
    this.#begun.clear();
    return changes;
  }

  /** All that the views hold. */
  records(): ViewRecord[] {
    return Array.from(this.#views, ([sessionId, view]) => ({
      sessionId,
      entries: Object.values(this.#root.changeTrees).flatMap((tree) => {
        const [bits, mask] = view.held(tree);
        return bits === 0 && mask === 0 ? [] : [refIdOf(tree)!, bits, mask];
      }),
    }));
  }

  /** Holds what `records` say, in a tree that has just been restored. */
  restore(records: readonly ViewRecord[]): void {
    for (const { sessionId, entries } of records) {
      const view = this.#begin(sessionId);
      (view as unknown as ViewInternals)._bindRoot(this.#root);
      for (let i = 0; i < entries.length; i += 3) {
        const tree = this.#root.changeTrees[entries[i]!];
        if (tree !== undefined) view.hold(tree, entries[i + 1]!, entries[i + 2]!);
      }
      view.touched.clear();
    }
    this.#touched.clear();
    this.#begun.clear();
  }

  dispose(): void {
    for (const view of this.#views.values()) view.dispose();
    this.#views.clear();
  }

  #begin(sessionId: string): FollowedView {
    const view = new FollowedView((touched) => this.#touched.add(touched));
    this.#views.set(sessionId, view);
    this.#begun.add(sessionId);
    this.#gone.delete(sessionId);
    return view;
  }

  #touchHolders(tree: ChangeTree): void {
    if (tree.visibleViews === undefined && tree.tagViews === undefined && tree.subscribedViews === undefined) return;
    for (const view of this.#views.values()) {
      const [bits, mask] = view.held(tree);
      if (bits === 0 && mask === 0) continue;
      view.touched.add(tree);
      this.#touched.add(view);
    }
  }

  #entry(view: FollowedView, tree: ChangeTree): number[] {
    const refId = refIdOf(tree);
    if (refId === undefined) return [];
    return this.#root.holds(tree) ? [refId, ...view.held(tree)] : [refId, 0, 0];
  }
}
