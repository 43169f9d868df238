/**
 * `room({ … })`: what a kind of room is. A definition is a plain frozen object of functions over explicit state; each
 * of its rooms is a process of its own that runs them one message at a time.
 *
 * Invariants: names of `casts`, `calls` and `once` are names of `messages`; a message is a cast or a call, never both.
 * A wrong name, payload or state does not compile; a wrong part from JavaScript is refused with `BadDefinition`.
 *
 *     export const chat = room({
 *       name: 'chat',
 *       state: () => new ChatState(),
 *       messages: { post: z.object({ text: z.string().max(500) }) },
 *       casts: { post(room, player, { text }) { room.state.lines.push(line(player, text)); } },
 *     });
 */
import type { Schema } from '@colyseus/schema';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Intensity } from '../otp/index.ts';
import { checkRoom } from './definition-check.ts';
import type { Outcome, PlayerHandle, RoomHandle } from './handles.ts';
import type { AnyPlayerDefinition, AuthOf, LoadedOf, OptionsOf } from './player-definition.ts';

/** Message schemas by message type. */
export type Messages = Record<string, StandardSchemaV1>;

/** What a handler gets of a message: the schema's output. */
export type PayloadOf<M, N extends keyof M> = M[N] extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<M[N]>
  : never;

/** What a client sends of a message: the schema's input. */
export type InputOf<M, N extends keyof M> = M[N] extends StandardSchemaV1 ? StandardSchemaV1.InferInput<M[N]> : never;

export type PlayerOf<PD> = PlayerHandle<AuthOf<PD>, OptionsOf<PD>>;

type Handler<S, D, X, PD, V> = (room: RoomHandle<S, D, X, PlayerOf<PD>>, player: PlayerOf<PD>, payload: V) => unknown;
type Handlers<S, D, X, PD, M> = { readonly [N in keyof M]?: Handler<S, D, X, PD, PayloadOf<M, N>> };
type Only<H, M> = { readonly [N in Exclude<keyof H, keyof M>]: never };

/** The parts of a definition; see the parameters of `room`. */
export interface RoomParts<S extends Schema, O, D, X, M, PD, K, C> {
  /** The name that clients join by. */
  readonly name: string;
  /** `import.meta.url` of the module that exports this definition; a worker thread imports it. Needed for `nodes`. */
  readonly module?: string;
  /** How many may be joined at once, a whole number from 1 up; default: no limit. */
  readonly maxClients?: number;
  /** Join options that must agree for two clients to meet in one room; default: none, so any room will do. */
  readonly filterBy?: readonly string[];
  /** Whether a room ends when nobody is in it and no seat is kept; default true. */
  readonly autoDispose?: boolean;
  /** Milliseconds between patches of turns that send nothing else; default 50. */
  readonly patchRate?: number;
  /** Whether a room that cannot be restored may start anew as the last resort; default true. */
  readonly fresh?: boolean;
  /** Restarts before the room cools down; default 3 in 5,000 ms. */
  readonly intensity?: Intensity;
  /** The first state: a `@colyseus/schema` tree. `options` are those the room was created with. */
  readonly state: (options: O) => S;
  /** The first private data: structured-cloneable. */
  readonly data?: (options: O) => D;
  /**
   * Builds what is not saved (physics worlds, caches), on a fresh start and on each restore. A turn that is refused
   * does not undo what it changed in it.
   */
  readonly derived?: (room: RoomHandle<S, D, undefined, PlayerOf<PD>>) => X;
  /** Standard Schemas by message type; checked in the player's process, before the room sees the message. */
  readonly messages?: M;
  /**
   * Milliseconds in which `derived`, `init` and `restore` must finish what they await; else the process crashes with
   * `start_timed_out`. After the second time in a row the room counts as crashed past its intensity. Default 15,000.
   */
  readonly startTimeout?: number;
  /** Runs once in the life of a room, on its fresh start. */
  readonly init?: (room: RoomHandle<S, D, X, PlayerOf<PD>>, options: O) => unknown;
  /** Runs after each restart, when state, data, players and timers are back. */
  readonly restore?: (room: RoomHandle<S, D, X, PlayerOf<PD>>) => unknown;
  /** A player comes in. `loaded` is what the player's `load` returned. Refusing turns it away. */
  join?(
    room: RoomHandle<S, D, X, PlayerOf<PD>>,
    player: PlayerOf<PD>,
    options: OptionsOf<PD>,
    loaded: LoadedOf<PD>,
  ): unknown;
  /**
   * A player has gone for good. Where it went while the room was down, only its `sessionId` is known: `auth` and
   * `options` are undefined.
   */
  readonly leave?: (
    room: RoomHandle<S, D, X, PlayerOf<PD>>,
    player: PlayerOf<PD>,
    how: { readonly consented: boolean },
  ) => unknown;
  /** A player's socket has gone; the seat is kept. */
  readonly drop?: (room: RoomHandle<S, D, X, PlayerOf<PD>>, player: PlayerOf<PD>) => unknown;
  /** The player is back on its seat. */
  readonly resume?: (room: RoomHandle<S, D, X, PlayerOf<PD>>, player: PlayerOf<PD>) => unknown;
  /** Messages without an answer. */
  readonly casts?: K & Handlers<S, D, X, PD, M> & Only<K, M>;
  /** Messages with an answer: the returned value, or that of a returned `room.task`. */
  readonly calls?: C & Handlers<S, D, X, PD, M> & Only<C, M>;
  /** Operation ids by message type: a repeat of an id gets the first reply, also after a restart. */
  readonly once?: { readonly [N in keyof M]?: (player: PlayerOf<PD>, payload: PayloadOf<M, N>) => string | undefined };
  /** What named timers do. */
  readonly timers?: Readonly<Record<string, (room: RoomHandle<S, D, X, PlayerOf<PD>>, payload: never) => unknown>>;
  /** The room's beat: `step` runs `hz` (up to 1000) times a second with `dt` milliseconds; a late one catches up some. */
  readonly tick?: {
    readonly hz: number;
    readonly step: (room: RoomHandle<S, D, X, PlayerOf<PD>>, dt: number) => unknown;
  };
  /** Code that runs in each player's own process. */
  readonly player?: PD;
}

declare const types: unique symbol;

/** A kind of room; the type parameters carry the types of its messages and replies to the test kit and to clients. */
export interface RoomDefinition<
  S extends Schema = Schema,
  D = unknown,
  M = Messages,
  PD = unknown,
  K = unknown,
  C = unknown,
> {
  readonly kind: 'room';
  readonly name: string;
  readonly parts: AnyRoomParts;
  readonly [types]?: { state: S; data: D; messages: M; player: PD; casts: K; calls: C };
}

/** The parts as the behaviour reads them, their types forgotten. */
export interface AnyRoomParts {
  readonly name: string;
  readonly module?: string;
  readonly maxClients?: number;
  readonly patchRate?: number;
  readonly fresh?: boolean;
  readonly intensity?: Intensity;
  readonly startTimeout?: number;
  readonly state: (options: unknown) => Schema;
  readonly data?: (options: unknown) => unknown;
  readonly derived?: (room: RoomHandle) => unknown;
  readonly messages?: Messages;
  readonly init?: (room: RoomHandle, options: unknown) => unknown;
  readonly restore?: (room: RoomHandle) => unknown;
  readonly join?: (room: RoomHandle, player: PlayerHandle, options: unknown, loaded: unknown) => unknown;
  readonly leave?: (room: RoomHandle, player: PlayerHandle, how: { readonly consented: boolean }) => unknown;
  readonly drop?: (room: RoomHandle, player: PlayerHandle) => unknown;
  readonly resume?: (room: RoomHandle, player: PlayerHandle) => unknown;
  readonly casts?: AnyHandlers;
  readonly calls?: AnyHandlers;
  readonly once?: Readonly<Record<string, (player: PlayerHandle, payload: unknown) => string | undefined>>;
  readonly timers?: Readonly<Record<string, (room: RoomHandle, payload: unknown) => unknown>>;
  readonly tick?: { readonly hz: number; readonly step: (room: RoomHandle, dt: number) => unknown };
  readonly player?: AnyPlayerDefinition;
}
type AnyHandlers = Readonly<Record<string, (room: RoomHandle, player: PlayerHandle, payload: unknown) => unknown>>;

export type StateOf<R> =
  R extends RoomDefinition<infer S, infer _D, infer _M, infer _P, infer _K, infer _C> ? S : never;
export type DataOf<R> = R extends RoomDefinition<infer _S, infer D, infer _M, infer _P, infer _K, infer _C> ? D : never;
export type MessagesOf<R> =
  R extends RoomDefinition<infer _S, infer _D, infer M, infer _P, infer _K, infer _C> ? M : never;
export type CallsOf<R> =
  R extends RoomDefinition<infer _S, infer _D, infer _M, infer _P, infer _K, infer C> ? C : never;
/** What a call of `R` is answered with. */
export type ReplyOf<R, N extends keyof CallsOf<R>> = CallsOf<R>[N] extends (...args: never[]) => infer V
  ? Outcome<V>
  : never;

/**
 * Defines a kind of room.
 *
 * @throws BadDefinition for a part that does not exist, is of the wrong kind or out of range; see definition-check.ts
 */
export function room<S extends Schema, O, D, X, M extends Messages, PD, K, C>(
  parts: RoomParts<S, O, D, X, M, PD, K, C>,
): RoomDefinition<S, D, M, PD, K, C> {
  checkRoom(parts);
  const erased = parts as unknown as AnyRoomParts;
  return Object.freeze({ kind: 'room', name: parts.name, parts: Object.freeze({ ...erased }) });
}
