/**
 * `player({ … })`: code of the user's that runs in each player's own process, beside the room. A throw in it restarts
 * that Player only; its seat, its socket and the room are untouched.
 *
 *     const guest = player({
 *       options: z.object({ name: z.string().min(1).max(30) }),
 *       auth: async (connection) => accounts.verify(connection.token),       // refuse(…) turns the client away
 *       load: (player) => profiles.read(player.auth.id),                      // waits here; the room does not
 *       state: () => ({ muted: [] as string[] }),
 *       messages: { mute: z.string() },
 *       casts: { mute(self, name) { self.state = { muted: [...self.state.muted, name] }; } },
 *     });
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Intensity } from '../otp/index.ts';
import type { Messages, PayloadOf } from './definition.ts';
import { checkPlayer } from './definition-check.ts';
import type { PlayerSelf } from './handles.ts';
import type { ConnectionInfo } from './link.ts';
import type { Refusal } from './refusal.ts';

/** What is known of a player before it has joined. */
export interface Arrival<A, O> {
  readonly sessionId: string;
  readonly auth: A;
  readonly options: O;
}

type Only<H, M> = { readonly [N in Exclude<keyof H, keyof M>]: never };
type SelfHandlers<Q, A, O, M> = {
  readonly [N in keyof M]?: (self: PlayerSelf<Q, Known<A>, O>, payload: PayloadOf<M, N>) => unknown;
};

/** What a function returned when it did not refuse. */
export type Known<A> = Exclude<A, Refusal>;

/** A message on its way to the room. */
export interface ToRoom {
  readonly kind: 'cast' | 'call';
  readonly type: string | number;
  /** The schema's output. */
  readonly payload: unknown;
}

export interface PlayerParts<O, A, L, Q, M, K> {
  /** Checks the options that a client joins with; default: they are taken as they are. */
  readonly options?: StandardSchemaV1<unknown, O>;
  /** Who is it? Runs before the join reaches the room; `false` or a refusal turns the client away. */
  readonly auth?: (connection: ConnectionInfo, options: O) => A | Promise<A>;
  /** Reads what the player needs; the room does not wait. Its value reaches `state` and the room's `join`. */
  readonly load?: (arrival: Arrival<Known<A>, O>) => L | Promise<L>;
  /** The player's own first state: structured-cloneable. */
  readonly state?: (arrival: Arrival<Known<A>, O> & { readonly loaded: Known<L> }) => Q;
  /** Schemas of the messages that the player itself takes. */
  readonly messages?: M;
  /** The player's own casts. */
  readonly casts?: K & SelfHandlers<Q, A, O, M> & Only<K, M>;
  /**
   * Sees each of the client's messages to the room once it has been checked; a refusal ends the message here. The place
   * for rates: a flood then costs its sender's process and not the room. Seen again when the room crashed before it
   * had taken the message.
   */
  readonly admit?: (self: PlayerSelf<Q, Known<A>, O>, message: ToRoom) => unknown;
  readonly timers?: Readonly<Record<string, (self: PlayerSelf<Q, Known<A>, O>, payload: never) => unknown>>;
  /** Restarts before the session is closed; default 5 in 10,000 ms. */
  readonly intensity?: Intensity;
}

declare const types: unique symbol;

export interface PlayerDefinition<O = unknown, A = undefined, L = undefined, Q = undefined, M = Record<never, never>> {
  readonly kind: 'player';
  readonly parts: AnyPlayerParts;
  readonly [types]?: { options: O; auth: A; loaded: L; state: Q; messages: M };
}

/** The parts as the behaviour reads them, their types forgotten. */
export interface AnyPlayerParts {
  readonly options?: StandardSchemaV1;
  readonly auth?: (connection: ConnectionInfo, options: unknown) => unknown;
  readonly load?: (arrival: Arrival<unknown, unknown>) => unknown;
  readonly state?: (arrival: Arrival<unknown, unknown> & { readonly loaded: unknown }) => unknown;
  readonly messages?: Messages;
  readonly casts?: Readonly<Record<string, (self: PlayerSelf, payload: unknown) => unknown>>;
  readonly admit?: (self: PlayerSelf, message: ToRoom) => unknown;
  readonly timers?: Readonly<Record<string, (self: PlayerSelf, payload: unknown) => unknown>>;
  readonly intensity?: Intensity;
}
export interface AnyPlayerDefinition {
  readonly kind: 'player';
  readonly parts: AnyPlayerParts;
}

type TypesOf<PD> = PD extends { readonly [types]?: infer T } ? NonNullable<T> : never;
export type AuthOf<PD> = TypesOf<PD> extends { auth: infer A } ? A : undefined;
export type OptionsOf<PD> = TypesOf<PD> extends { options: infer O } ? O : unknown;
export type LoadedOf<PD> = TypesOf<PD> extends { loaded: infer L } ? L : undefined;

/**
 * Defines the players of a room.
 *
 * @throws BadDefinition for a part that does not exist or is of the wrong kind; see definition-check.ts
 */
export function player<O, A, L, Q, M extends Messages, K>(
  parts: PlayerParts<O, A, L, Q, M, K>,
): PlayerDefinition<O, Known<A>, Known<L>, Q, M> {
  checkPlayer(parts);
  const erased = parts as unknown as AnyPlayerParts;
  return Object.freeze({ kind: 'player', parts: Object.freeze({ ...erased }) });
}
