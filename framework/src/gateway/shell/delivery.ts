/**
 * Delivery: takes the frames of one finished turn to the connections, in the turn's order.
 *
 * Invariant: a connection gets nothing that is for all before its first full state (see Session.synced).
 */
import { Protocol, responseFrame } from '../../room/frames.ts';
import type { Frame } from '../../room/turn-record.ts';
import type { OpenCalls } from './open-calls.ts';
import type { RoomPort } from './ports.ts';
import type { Session, Sessions } from './session.ts';

/** The low five bits of byte 0 are the protocol code. */
const CODE_MASK = 0x1f;

export function isFullState(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & CODE_MASK) === Protocol.ROOM_STATE;
}

export class Delivery {
  readonly #room: RoomPort;
  readonly #sessions: Sessions;
  readonly #calls: OpenCalls;

  constructor(room: RoomPort, sessions: Sessions, calls: OpenCalls) {
    this.#room = room;
    this.#sessions = sessions;
    this.#calls = calls;
  }

  /** @param arrived sessions that this turn let in or back in */
  frames(frames: readonly Frame[], arrived: readonly Session[]): void {
    // A room without a state has no full state to wait for.
    if (arrived.length > 0 && !frames.some((frame) => frame.to !== 'caller' && isFullState(frame.bytes))) {
      for (const session of arrived) this.#sessions.markSynced(session);
    }
    for (const frame of frames) this.#frame(frame);
  }

  #frame(frame: Frame): void {
    switch (frame.to) {
      case 'all':
        if (isFullState(frame.bytes)) this.#syncAll(frame.except);
        this.#room.publish(frame.bytes, this.#sessions.excluded(frame.except));
        return;
      case 'one':
        this.#direct(frame.sessionId, frame.bytes);
        return;
      case 'some':
        for (const sessionId of frame.sessionIds) this.#direct(sessionId, frame.bytes);
        return;
      case 'caller': {
        const call = this.#calls.take(frame.seq);
        if (call) this.#direct(call.sessionId, responseFrame(call.requestId, frame.status, frame.payload));
      }
    }
  }

  #syncAll(except: readonly string[] | undefined): void {
    for (const session of this.#sessions.all()) {
      if (session.admitted && session.client && !except?.includes(session.sessionId))
        this.#sessions.markSynced(session);
    }
  }

  #direct(sessionId: string, bytes: Uint8Array): void {
    const session = this.#sessions.get(sessionId);
    if (!session?.client) return;
    if (isFullState(bytes)) this.#sessions.markSynced(session);
    session.client.send(bytes);
  }
}
