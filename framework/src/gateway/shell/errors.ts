/**
 * The errors that a shell gives to clients: answers to their calls, refused joins, and ERROR frames.
 *
 * A call's error payload is `{ code, message }`; the codes are stable and tell whether the call was applied:
 * `room_crashed`, `player_crashed`, `room_recovering`, `overloaded`, `room_closed` were not; `call_in_doubt` may have
 * been; `call_timeout` says in its message which of the two.
 */
import { GenroomError } from '../../platform/errors.ts';
import { packPayload } from '../../room/frames.ts';

/** Numbers of the ERROR frames that a shell sends (`room.onError(code, message)` in the SDK); they mirror HTTP's. */
export const ShellErrorCode = { OVERLOADED: 429, ROOM_RECOVERING: 503 } as const;

/** HTTP-like status of a join that failed without a reason of the room's own (Colyseus's MATCHMAKE_UNHANDLED). */
const UNHANDLED = 523;
/** Colyseus's MATCHMAKE_EXPIRED: there is no such seat. */
const EXPIRED = 524;

/** A join or a reconnection was refused. `status` is what the client gets as error code. */
export class JoinRefused extends GenroomError {
  readonly status: number;

  constructor(code: string, status: number, message: string, remedy: string) {
    super(code, message, { remedy });
    this.status = status;
  }
}

export const joinRefused = {
  byRoom: (status: number, reason: string) =>
    new JoinRefused('join_refused', status, reason, 'The room or its auth refused this join; ask for another room.'),
  crashed: () =>
    new JoinRefused('room_crashed', UNHANDLED, 'The room crashed while it handled the join', 'Join again.'),
  playerCrashed: () =>
    new JoinRefused('player_crashed', UNHANDLED, 'The player crashed while it handled the join', 'Join again.'),
  recovering: () =>
    new JoinRefused('room_recovering', UNHANDLED, 'The room is recovering from crashes', 'Join again in some seconds.'),
  closed: () => new JoinRefused('room_closed', UNHANDLED, 'The room is closed', 'Join another room.'),
  left: () => new JoinRefused('client_left', UNHANDLED, 'The client left before its join was finished', 'Join again.'),
  taken: () => new JoinRefused('seat_taken', EXPIRED, 'This session has joined already', 'Reconnect to it instead.'),
  noSeat: () => new JoinRefused('no_seat', EXPIRED, 'There is no seat for this session', 'Join anew.'),
};

export type CallFailure = keyof typeof callMessages;

const callMessages = {
  room_crashed:
    'The room crashed while it handled this call; nothing of it was applied. Send it again if it still makes sense.',
  player_crashed:
    'Your player crashed while it handled this call; nothing of it was applied. Send it again if it still makes sense.',
  room_recovering: 'The room is recovering from crashes; nothing of this call was applied. Try again in some seconds.',
  room_closed: 'The room is closed; nothing of this call was applied. Join another room.',
  overloaded: 'Too many of your messages are waiting; nothing of this call was applied. Send less, then try again.',
  call_in_doubt:
    'The room crashed before it answered; the call may have been applied. Read the state, or repeat it with its operation id.',
  call_timeout_unapplied: 'The room was down until the deadline; nothing of this call was applied. Try again.',
  call_timeout:
    'The room did not answer before the deadline; the call may be applied yet. Read the state, or repeat it with its operation id.',
} as const;

/** The msgpack payload of a ROOM_RESPONSE with status ERROR. */
export function callFailure(failure: CallFailure): Uint8Array | undefined {
  const code = failure === 'call_timeout_unapplied' ? 'call_timeout' : failure;
  return packPayload({ code, message: callMessages[failure] });
}
