/**
 * Seats: joins, leaves, drops and resumes in the Room.
 *
 * Invariants: a session is a member from the turn of its join to the turn of its leave; in its join's turn it gets its
 * full state before anything else. A join that is refused leaves nothing.
 */
import type { Incarnation } from './incarnation.ts';
import { type Arrived, Member } from './member.ts';
import { Refusal } from './refusal.ts';
import type { Handling } from './room-requests.ts';
import { unrefused } from './run-turn.ts';
import type { Turn } from './turn.ts';

export interface JoinRequest {
  readonly kind: 'join';
  readonly arrived: Arrived;
  /** What the player's `load` returned. */
  readonly loaded: unknown;
}

/** Closed with an error, on which the SDK does not reconnect (Colyseus's WITH_ERROR). */
const WITH_ERROR = 4002;

const NOTHING: Handling = { code: () => undefined, conclude: () => undefined };

export function joinRoom(
  room: Incarnation,
  turn: Turn,
  request: JoinRequest,
  sessionId: string,
  seq: number | undefined,
): Handling {
  const { maxClients = Infinity, join } = room.parts;
  if (room.members.has(sessionId)) return { ...NOTHING, conclude: () => void turn.arrivals.push(sessionId) };
  const player = new Member(request.arrived, room.running);
  return {
    code: () => {
      if (room.members.size >= maxClients) return new Refusal('room_full', 'This room is full.');
      room.members.set(sessionId, player);
      return join?.(room.handle, player, player.options, request.loaded);
    },
    conclude: (outcome) => {
      if (outcome instanceof Refusal) {
        room.members.delete(sessionId);
        room.taken.delete(sessionId);
        room.refused(turn, outcome);
        refuseJoin(room, turn, outcome, sessionId, seq);
        return;
      }
      turn.membersChanged = true;
      turn.arrivals.push(sessionId);
    },
  };
}

function refuseJoin(
  room: Incarnation,
  turn: Turn,
  { status, code, message }: Refusal,
  sessionId: string,
  seq: number | undefined,
): void {
  if (seq === undefined) {
    turn.orders.push({ order: 'disconnect', sessionId, code: WITH_ERROR, reason: `${code}: ${message}` });
    return;
  }
  // It is done by being refused, not by a record: that would let the session in.
  turn.done.splice(turn.done.indexOf(seq), 1);
  room.say({ kind: 'refused', roomId: room.id, seq, sessionId, code: status, reason: `${code}: ${message}` });
}

export function leaveRoom(room: Incarnation, turn: Turn, sessionId: string, consented: boolean): Handling {
  const player = room.members.get(sessionId);
  if (!player) return NOTHING;
  room.members.delete(sessionId);
  player.setConnected(false);
  return {
    code: () => room.parts.leave?.(room.handle, player, { consented }),
    conclude: (outcome) => {
      unrefused(outcome);
      room.state.removeClient(sessionId);
      room.taken.delete(sessionId);
      turn.membersChanged = true;
    },
  };
}

export function dropSeat(room: Incarnation, sessionId: string): Handling {
  const player = room.members.get(sessionId);
  if (!player) return NOTHING;
  player.setConnected(false);
  return { code: () => room.parts.drop?.(room.handle, player), conclude: unrefused };
}

export function resumeSeat(room: Incarnation, turn: Turn, sessionId: string): Handling {
  const player = room.members.get(sessionId);
  if (!player) return NOTHING;
  player.setConnected(true);
  return {
    code: () => room.parts.resume?.(room.handle, player),
    conclude: (outcome) => {
      unrefused(outcome);
      turn.arrivals.push(sessionId);
    },
  };
}
