/**
 * The types of a room's messages as its clients see them: what may be sent, and what a call is answered with. Taken from
 * the definition alone.
 */
import type { InputOf, RoomDefinition } from '../room/definition.ts';
import type { PlayerDefinition } from '../room/player-definition.ts';

type MessagesIn<R> = R extends RoomDefinition<infer _S, infer _D, infer M, infer _P, infer _K, infer _C> ? M : never;
type CastsIn<R> = R extends RoomDefinition<infer _S, infer _D, infer _M, infer _P, infer K, infer _C> ? K : never;
type PlayerIn<R> = R extends RoomDefinition<infer _S, infer _D, infer _M, infer P, infer _K, infer _C> ? P : never;
type MessagesOfPlayer<P> = P extends PlayerDefinition<infer _O, infer _A, infer _L, infer _Q, infer M> ? M : never;

/** Message types that a client sends without waiting for an answer: the room's casts and its player's. */
export type CastType<R> = (keyof CastsIn<R> | keyof MessagesOfPlayer<PlayerIn<R>>) & string;

/** What a client sends with a message of this type. */
export type Sent<R, N> = N extends keyof MessagesIn<R>
  ? InputOf<MessagesIn<R>, N>
  : N extends keyof MessagesOfPlayer<PlayerIn<R>>
    ? InputOf<MessagesOfPlayer<PlayerIn<R>>, N>
    : never;

/** The parameters after the message's type: none where the schema takes undefined, else the payload. */
export type PayloadArgs<V> = undefined extends V ? [payload?: V] : [payload: V];
