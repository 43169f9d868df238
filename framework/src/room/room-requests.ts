/**
 * Requests: what a Room does with a client's message that its Player has checked.
 *
 * Invariant: every request ends: its seq is done, or it is said to be refused; a call is answered, now or by a task.
 */
import { currentClock } from '../otp/index.ts';
import type { PlayerHandle, RoomHandle } from './handles.ts';
import type { Incarnation } from './incarnation.ts';
import { operationKey } from './operations.ts';
import { Refusal } from './refusal.ts';
import { answer, answerLater, repeatReply, turnAway } from './room-replies.ts';
import { dropSeat, joinRoom, leaveRoom, resumeSeat, type JoinRequest } from './room-seats.ts';
import { RoomTask } from './room-task.ts';
import type { Turn } from './turn.ts';

interface Head {
  readonly epoch: number;
  /** Absent where the room itself asked for it (a session comes back to a room that started fresh). */
  readonly seq: number | undefined;
  readonly sessionId: string;
}

export type MessageRequest = Head & {
  readonly kind: 'cast' | 'call';
  readonly seq: number;
  readonly type: string | number;
  readonly payload: unknown;
  readonly deadline?: number | undefined;
};

export type ClientRequest =
  | ({ readonly type?: undefined } & Head &
      (JoinRequest | { readonly kind: 'drop' | 'resume' } | { readonly kind: 'leave'; readonly consented: boolean }))
  | MessageRequest;

/** User code to run, and what its outcome means. */
export interface Handling {
  readonly code: () => unknown;
  readonly conclude: (outcome: unknown) => void;
}

export function takeRequest(room: Incarnation, turn: Turn, request: ClientRequest): Handling {
  if (request.seq !== undefined) turn.done.push(request.seq);
  switch (request.kind) {
    case 'join':
      return joinRoom(room, turn, request, request.sessionId, request.seq);
    case 'leave':
      return leaveRoom(room, turn, request.sessionId, request.consented);
    case 'drop':
      return dropSeat(room, request.sessionId);
    case 'resume':
      return resumeSeat(room, turn, request.sessionId);
    case 'cast':
    case 'call':
      return takeMessage(room, turn, request);
  }
}

function takeMessage(room: Incarnation, turn: Turn, request: MessageRequest): Handling {
  const refusal = cannotTake(room, request);
  if (refusal) return { code: () => refusal, conclude: () => turnAway(turn, request, refusal) };
  const player = room.members.get(request.sessionId)!;
  let operation: string | undefined;
  return {
    code: () => {
      const id = idOf(room, player, request);
      operation = id === undefined ? undefined : operationKey(request.type, id);
      if (operation !== undefined && repeatReply(room, turn, request, operation)) return REPEATED;
      return handlerOf(room, request.type)!(room.handle, player, request.payload);
    },
    conclude: (outcome) => {
      if (outcome === REPEATED) return;
      if (outcome instanceof Refusal) room.refused(turn, outcome);
      if (outcome instanceof RoomTask) answerLater(room, turn, outcome, request, operation);
      else answer(turn, request, operation, outcome);
    },
  };
}

const REPEATED = Symbol('genroom.room.repeated');

function idOf(
  { parts: { once } }: Incarnation,
  player: PlayerHandle,
  { type, payload }: MessageRequest,
): string | undefined {
  return once && Object.hasOwn(once, type) ? once[type]!(player, payload) : undefined;
}

type Handler = (room: RoomHandle, player: PlayerHandle, payload: unknown) => unknown;

/** A client may ask for an answer to a cast (it gets none but that it is done), and drop that of a call. */
export function handlerOf(
  { parts: { casts, calls } }: Pick<Incarnation, 'parts'>,
  type: string | number,
): Handler | undefined {
  if (casts && Object.hasOwn(casts, type)) return (...args) => nothingFrom(casts[type]!(...args));
  return calls && Object.hasOwn(calls, type) ? calls[type] : undefined;
}

/** A cast's value is nobody's, but a refusal is. */
function nothingFrom(value: unknown): unknown {
  if (value instanceof Refusal) return value;
  if (typeof value === 'object' && value !== null && 'then' in value)
    return (value as PromiseLike<unknown>).then(nothingFrom);
  return undefined;
}

function cannotTake(room: Incarnation, { sessionId, type, kind, deadline }: MessageRequest): Refusal | undefined {
  if (!room.members.has(sessionId)) return new Refusal('not_joined', 'You are not in this room.');
  if (!handlerOf(room, type)) return new Refusal('unknown_message', `This room takes no message '${type}'.`);
  if (kind === 'call' && deadline !== undefined && currentClock().wall() > deadline) {
    return new Refusal('call_timeout', 'The room came to your request too late, and has not done it.');
  }
  return undefined;
}
