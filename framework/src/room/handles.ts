/**
 * Handles: what user code holds of a room and of a player.
 *
 * A handle belongs to one incarnation of its process, and its effects belong to a turn: they leave together when the
 * turn has ended well, and not at all when it throws. A handle whose process has ended throws `IncarnationEnded` and
 * reaches nobody; one that is used between turns (in a bare `setTimeout`, after a promise that nobody awaited) throws
 * `OutsideTurn`.
 */
import type { StateView } from '@colyseus/schema';
import type { Refusal } from './refusal.ts';

declare const outcome: unique symbol;

/** Waiting that was handed away by `room.task`. Return it from a call to answer with the continuation's value. */
export interface Task<V> {
  readonly [outcome]?: V;
}

/** A player as its room sees it. */
export interface PlayerHandle<A = unknown, O = unknown> {
  readonly sessionId: string;
  /** What `auth` returned; undefined where the room's player has no `auth`. */
  readonly auth: A;
  /** The options the client joined with, as validated by the player's `options`. */
  readonly options: O;
  /** False while the socket is gone and the seat is kept. */
  readonly connected: boolean;
  /** Sends a message to this client. It leaves when the turn has ended well, after the turn's patch. */
  send(type: string | number, message?: unknown): void;
}

/** Who is left out of a broadcast. */
export interface BroadcastOptions {
  readonly except?: PlayerHandle | readonly PlayerHandle[];
}

/** A room, in its own handlers. */
export interface RoomHandle<S = unknown, D = unknown, X = unknown, P extends PlayerHandle = PlayerHandle> {
  /** The room's id, as clients see it. */
  readonly id: string;
  /** The definition's name. */
  readonly name: string;
  /** The synchronised state: change it in place. */
  readonly state: S;
  /** Private data: replace it, never change it in place (it is deep-frozen). */
  data: D;
  /** What `derived` built in this incarnation. Never saved. */
  readonly derived: X;
  /** Who has joined and not left, by session id. */
  readonly players: ReadonlyMap<string, P>;
  /** Sends a message to every player. It leaves when the turn has ended well, after the turn's patch. */
  broadcast(type: string | number, message?: unknown, options?: BroadcastOptions): void;
  /**
   * Sets the timer `name` (one of the definition's `timers`) to fire in `ms` milliseconds, instead of when it was set to
   * fire. It is kept by due time: after a restart it fires when it was due. `payload` is plain data. Throws `bad_delay`
   * unless `ms` is a finite number from 0 up.
   */
  after(name: string, ms: number, payload?: unknown): void;
  /** Cancels the timer `name`; false when it was not set. */
  cancel(name: string): boolean;
  /**
   * Waits for `promise` without holding the mailbox; `continuation` then runs as a turn of its own. Without `failure` a
   * rejection crashes the room. A task dies with its incarnation.
   */
  task<T, V, W = never>(
    promise: PromiseLike<T>,
    continuation: (room: RoomHandle<S, D, X, P>, result: T) => V,
    failure?: (room: RoomHandle<S, D, X, P>, error: unknown) => W,
  ): Task<Outcome<V | W>>;
  /**
   * The player's view of the state, made on first use; what it holds is kept over a restart. Schema's rule: adding an
   * object also shows its ancestors to this client, their untagged `view()` fields included.
   */
  view(player: P): StateView;
  /** Closes a player's connection. `code`: 4000 (the default) to 4999; the SDK does not reconnect on it. */
  disconnect(player: P, reason?: string, code?: number): void;
  /** Takes the room out of matchmaking, or puts it back. */
  lock(): void;
  unlock(): void;
  /** What matchmaking lists about the room; plain data. */
  setMetadata(value: unknown): void;
  /** Milliseconds since the epoch, by the room's clock. */
  now(): number;
}

/** A player, in its own handlers (`player({ … })`). */
export interface PlayerSelf<Q = unknown, A = unknown, O = unknown> {
  readonly sessionId: string;
  readonly roomId: string;
  readonly auth: A;
  readonly options: O;
  /** The player's own state, private: replace it, never change it in place. It is kept over a restart. */
  state: Q;
  /** Sends a message to this client, when the turn has ended well. */
  send(type: string | number, message?: unknown): void;
  /** As `room.after`, for the player's own `timers`. */
  after(name: string, ms: number, payload?: unknown): void;
  cancel(name: string): boolean;
  now(): number;
}

/** What a handler's value comes to: promises awaited, tasks finished, refusals left out. */
export type Outcome<V> = Awaited<V> extends infer U ? (U extends unknown ? OutcomeOf<U> : never) : never;

type OutcomeOf<U> = typeof outcome extends keyof U
  ? U extends Task<infer T>
    ? T
    : never
  : U extends Refusal
    ? never
    : U;
