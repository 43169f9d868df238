/**
 * TrackedState: the state tree of a room's process, with all that leaves it: the change of each turn for the shadow, and
 * the bytes for clients.
 *
 * `commit` and `flush` are apart. A commit reads the turn's own record (see `turn-root.ts`); a patch is encoded once per
 * flush from schema's change sets, however many turns it covers. The other way, to encode each turn and join the bytes
 * with a switch back to the root (255, 0), decodes too; but a field written in every turn is then sent as often, to
 * every client, and every view is encoded in every turn.
 *
 * Invariants
 * - `commit` is called at the end of each good turn; `flush` and `fullState` only between turns (else they throw).
 * - A client gets `handshake` and a full state before its first patch. A patch is for those who had the one before it.
 * - Once `trackState` has run, the tree belongs to this object: no other Encoder may watch it.
 *
 *     const tracked = trackState(new ChatState());
 *     tracked.addClient(sessionId);
 *     …                                       // a turn mutates tracked.state
 *     const change = tracked.commit();
 *     const patch = tracked.flush();
 *     send(sessionId, tracked.fullState(sessionId));
 */
import { Encoder, Reflection, TypeContext, type Schema, type StateView } from '@colyseus/schema';
import { ClientViews } from './client-views.ts';
import { recordOf } from './node-record.ts';
import { PatchWriter, type PatchFrames } from './patch-writer.ts';
import { refIdOf, type SchemaClass } from './schema-internals.ts';
import { childrenOf } from './shadow.ts';
import { disposedState, outOfOrder } from './state-errors.ts';
import type { NodeRecord, StateChange, StateSnapshot, TypeRecord } from './state-change.ts';
import { takeChange, typeRecord, type KnownNodes } from './turn-change.ts';
import { TurnRoot } from './turn-root.ts';

export class TrackedState<T extends Schema> {
  readonly state: T;
  readonly #root: TurnRoot;
  readonly #encoder: Encoder<T>;
  readonly #patches: PatchWriter;
  readonly #views: ClientViews;
  readonly #known: KnownNodes = { nodes: new Set(), types: new Set() };
  readonly #clients = new Set<string>();
  #handshake: Uint8Array | undefined;
  #disposed = false;

  /** Use `trackState` or `restoreState`. `from`: what `state` was rebuilt from; its nodes have their refIds already. */
  constructor(state: T, from?: StateSnapshot) {
    this.state = state;
    this.#root = new TurnRoot(TypeContext.cache(state.constructor as SchemaClass), from?.nextRefId);
    this.#encoder = new Encoder(state, this.#root);
    this.#views = new ClientViews(this.#root);
    this.#patches = new PatchWriter(this.#encoder as Encoder, this.#root, this.#views);
    if (from !== undefined) {
      this.#root.nextTurn();
      for (const node of from.nodes) this.#known.nodes.add(node.id);
      for (const type of from.types) this.#known.types.add(type.id);
    }
    this.#patches.discard();
    if (from !== undefined) this.#views.restore(from.views);
  }

  /**
   * Ends a turn: what it changed, or undefined when nothing did. The first change of a fresh tree carries all of it.
   *
   * @throws GenroomError `state_value_uncloneable` for a value that no shadow can hold
   */
  commit(): StateChange | undefined {
    this.#check();
    this.#root.reclaim();
    const { attached, detached } = this.#root;
    const isFirst = this.#known.nodes.size === 0; // what joins a fresh tree is known to nobody
    if (this.#root.hasTurn) this.#patches.noteTurn(isFirst ? [] : attached.values());
    const views = this.#views.takeChanges(attached.values(), detached.values());
    return takeChange(this.#root, this.#known, views);
  }

  /** A session's client is to get patches from now on. */
  addClient(sessionId: string): void {
    this.#check();
    this.#clients.add(sessionId);
  }

  /** A session's client is gone, and its view with it. */
  removeClient(sessionId: string): void {
    this.#check();
    this.#clients.delete(sessionId);
    this.#views.remove(sessionId);
  }

  /** The StateView of a session, made at the first call. Without one a client sees no field marked `.view()`. */
  viewOf(sessionId: string): StateView {
    this.#check();
    return this.#views.of(sessionId);
  }

  /** True when `flush` may have something to send. */
  get pending(): boolean {
    return this.#patches.pending;
  }

  /**
   * The patch of everything that changed since the last flush.
   *
   * @throws GenroomError `state_out_of_order` in the middle of a turn
   */
  flush(): PatchFrames {
    this.#between('a patch');
    return this.#patches.flush(this.#clients);
  }

  /**
   * A full state frame, for a session with what its view shows, else with what everybody sees.
   *
   * @throws GenroomError `state_out_of_order` while changes wait for `commit` or `flush`
   */
  fullState(sessionId?: string): Uint8Array {
    this.#between('a full state');
    if (this.#patches.pending) throw outOfOrder('a full state was asked for', 'flush()');
    return this.#patches.fullState(sessionId === undefined ? undefined : this.#views.get(sessionId));
  }

  /** The reflection of the state's types, for the handshake of a client that joins. */
  handshake(): Uint8Array {
    this.#check();
    return (this.#handshake ??= Reflection.encode(this.#encoder as never).slice());
  }

  /** The whole tree, as a shadow that applied every change would give it. */
  snapshot(): StateSnapshot {
    this.#between('a snapshot');
    const types = new Map<number, TypeRecord>();
    const nodes: NodeRecord[] = [];
    const reached = new Set<number>();
    const waiting = [0];
    while (waiting.length > 0) {
      const id = waiting.pop()!;
      const tree = this.#root.changeTrees[id];
      if (tree === undefined || reached.has(id)) continue;
      reached.add(id);
      const record = recordOf(tree, {
        type: (object) => {
          const type = object.ref.constructor as SchemaClass;
          const typeId = this.#root.types.getTypeId(type);
          if (!types.has(typeId)) types.set(typeId, typeRecord(typeId, type, object));
          return typeId;
        },
        link: (child) => refIdOf(child) ?? -1,
      });
      nodes.push(record);
      waiting.push(...childrenOf(record).reverse());
    }
    return { nextRefId: this.#root.nextRefId, types: [...types.values()], nodes, views: this.#views.records() };
  }

  /** Gives up views and buffers. Every later call throws `state_disposed`. */
  dispose(): void {
    if (this.#disposed) return;
    this.#views.dispose();
    this.#clients.clear();
    this.#disposed = true;
  }

  #check(): void {
    if (this.#disposed) throw disposedState();
  }

  #between(asked: string): void {
    this.#check();
    if (this.#root.hasTurn) throw outOfOrder(`${asked} was asked for`, 'commit()');
  }
}

/**
 * Begins to track a fresh tree.
 *
 * @param state the root, which is part of no other tree
 * @throws GenroomError `state_field_untracked`, `state_field_shadowed`, `state_class_unknown`
 */
export function trackState<T extends Schema>(state: T): TrackedState<T> {
  return new TrackedState(state);
}
