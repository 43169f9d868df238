/**
 * A turn record: all that one turn of a Room or a Player did.
 *
 * A turn is the handling of one message. Nothing of a turn is visible outside its process until the turn has ended
 * well; then its record, one structured-cloneable value, goes to the shell in the gateway, which applies it to the
 * room's shadow and sends the frames. If the turn throws there is no record, so nothing of it is left.
 *
 * Invariants
 * - Records of one incarnation are numbered 1, 2, 3 … by `turn`, without gaps.
 * - `frames` leave in the order given: a turn's patch before its broadcasts, those before its replies.
 * - `done` names the client messages that this turn finished; the shell never hands those to a successor.
 */
import type { StateChange } from './state/state-change.ts';

/**
 * Which protocol bytes go to whom. `bytes` is a whole WebSocket message: byte 0 is the protocol code.
 * `all` is every member as of this record: a session whose join is not done gets nothing of it. (In the turn of its
 * join a newcomer gets its full state before anything that is for all.)
 */
export type Frame =
  | { readonly to: 'all'; readonly bytes: Uint8Array; readonly except?: readonly string[] }
  | { readonly to: 'one'; readonly sessionId: string; readonly bytes: Uint8Array }
  | { readonly to: 'some'; readonly sessionIds: readonly string[]; readonly bytes: Uint8Array }
  /**
   * The answer to a client's call. `payload` is msgpack; the shell adds the header and forgets the call. It may come in
   * a later turn than the one that names its seq as done (`room.task`): until then the call waits in the shell, and if
   * the incarnation ends first it has been applied, so that its outcome is in doubt, not rejected.
   */
  | { readonly to: 'caller'; readonly seq: number; readonly status: ReplyStatus; readonly payload?: Uint8Array };

/** ROOM_RESPONSE status of the wire protocol (shared-types Protocol.ts): 0 OK, 1 REJECTED, 2 ERROR. */
export type ReplyStatus = 0 | 1 | 2;

/** A named timer as it is kept: by due time, so that a restarted room fires it when it was due. */
export interface TimerRecord {
  readonly name: string;
  /** Milliseconds since the epoch, on the wall clock of the room's clock. */
  readonly due: number;
  readonly payload?: unknown;
}

export interface RoomTurn {
  readonly turn: number;
  /** Sequence numbers of the client messages that this turn finished. */
  readonly done: readonly number[];
  /** What changed in `state`; absent when nothing did. */
  readonly change?: StateChange;
  /** `data` as it is now, present (boxed) when the turn replaced it. */
  readonly data?: { readonly value: unknown };
  /** All named timers as they are now, present when the turn touched one. */
  readonly timers?: readonly TimerRecord[];
  /** Sessions whose `join` has run and whose `leave` has not, present when the turn changed that. */
  readonly members?: readonly string[];
  /**
   * Replies to remember by operation id; a repeat of the id gets the same reply, also after a restart. A later reply to
   * the same id replaces the earlier one; the shadow keeps the last `OPERATIONS_KEPT`.
   */
  readonly operations?: readonly OperationReply[];
  readonly frames: readonly Frame[];
}

/** How many replies by operation id a room remembers, in its process and in its shadow. */
export const OPERATIONS_KEPT = 10_000;

export interface OperationReply {
  readonly id: string;
  readonly status: ReplyStatus;
  readonly payload?: Uint8Array;
}

export interface PlayerTurn {
  readonly turn: number;
  readonly sessionId: string;
  /** Client messages that ended in the Player: refused, or casts of the Player's own. */
  readonly done: readonly number[];
  /** The Player's `state`, present (boxed) when the turn replaced it. */
  readonly state?: { readonly value: unknown };
  /** What `auth` returned, present (boxed) once, when it has. */
  readonly auth?: { readonly value: unknown };
  /** With `auth`: the join options as their schema made them, boxed. They take the place of the client's in the record. */
  readonly options?: { readonly value: unknown };
  readonly timers?: readonly TimerRecord[];
  readonly frames: readonly Frame[];
}
