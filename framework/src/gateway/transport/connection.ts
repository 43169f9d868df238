/**
 * A connection: one client's WebSocket, as Colyseus's core (its `Client`), the shell (a `ClientPort`) and the transport
 * see it.
 *
 * Its life: seated (core checks the reservation, the shell lets the client in; what is sent waits) → JOIN sent →
 * acknowledged (what waited leaves, then the room's topic is subscribed) → closed.
 *
 * Invariants
 * - Frames leave in the order in which they were given, also those that waited for the acknowledgement.
 * - What cannot be sent closes the connection; no frame is left out. A client that comes back gets a full state.
 * - `close` is emitted once, never within a call of `send`, `end` or `close`.
 * - Bytes from the client never reach core's Room: `message` listeners on `ref` are never called.
 */
import { EventEmitter } from 'node:events';
import { ClientState } from '@colyseus/core';
import { ErrorCode, errorFrame, Protocol } from '../../room/frames.ts';
import { CloseCode } from '../close-codes.ts';
import type { Limits } from '../limits.ts';
import { type ClientFrame, readClientFrame } from '../protocol.ts';
import { type Bucket, fullBucket, spend } from '../rate-limit.ts';
import type { ClientPort } from '../shell/ports.ts';
import type { GatewayStats } from '../stats.ts';

/** What a transport gives for one WebSocket. No method throws, whatever state the socket is in. */
export interface Socket {
  /** False when the bytes were not taken: the client is too slow, or gone. */
  send(bytes: Uint8Array): boolean;
  /** Closes with a close frame. */
  end(code: number, reason: string): void;
  /** Cuts the line: the client sees 1006. */
  terminate(): void;
  subscribe(topic: string): void;
  /** To every subscriber of the topic but this socket. */
  publish(topic: string, bytes: Uint8Array): void;
}

/** Where the frames of a client that has joined go. */
export interface Receiver {
  cast(sessionId: string, type: string | number, payload?: Uint8Array): void;
  call(sessionId: string, requestId: number, type: string | number, payload?: Uint8Array): void;
}

/** The room's side of a connection. */
export interface Seat {
  readonly topic: string;
  readonly receiver: Receiver;
  /** The client has acknowledged its JOIN. */
  joined(connection: Connection): void;
}

const OPEN = 1;
const CLOSED = 3;
/** Longest reason a close frame can carry, in bytes. */
const MAX_REASON = 123;

export class Connection extends EventEmitter implements ClientPort {
  readonly sessionId: string;

  // What core's Room reads and writes of a Client.
  readonly id: string;
  ref: EventEmitter = this;
  state: ClientState = ClientState.JOINING;
  readyState: number = OPEN;
  reconnectionToken = '';
  auth: unknown;
  userData: unknown;
  _joinedAt = 0;
  /** Core reads it: who has it was never in the room, and has no seat to come back to. */
  _enqueuedMessages: readonly never[] | undefined = [];
  /** The token this client came back with. */
  returnedWith: string | undefined;

  readonly #socket: Socket;
  readonly #limits: Limits;
  readonly #stats: GatewayStats;
  readonly #report: (error: unknown) => void;
  readonly #bucket: Bucket;
  /** What waits for the JOIN's acknowledgement; undefined once that has come. */
  #kept: Uint8Array[] | undefined = [];
  #keptBytes = 0;
  #malformed = 0;
  #deadline: NodeJS.Timeout | undefined;
  #joinSent = false;
  #probe: Uint8Array | undefined;
  #stateKept = false;
  #told = false;
  #ending = false;
  #endedWith: number | undefined;
  #seat: Seat | undefined;

  constructor(
    sessionId: string,
    socket: Socket,
    gateway: { readonly limits: Limits; readonly stats: GatewayStats; readonly report: (error: unknown) => void },
  ) {
    super();
    this.sessionId = this.id = sessionId;
    this.#socket = socket;
    const { limits, stats } = gateway;
    this.#limits = limits;
    this.#stats = stats;
    this.#report = gateway.report;
    this.#bucket = fullBucket(limits, performance.now());
    stats.connections += 1;
    stats.connectionsTotal += 1;
  }

  /** The close code that the server chose, once it has. */
  get endedWith(): number | undefined {
    return this.#endedWith;
  }

  get isOpen(): boolean {
    return this.readyState === OPEN;
  }

  /** Puts the connection into a room. */
  take(seat: Seat): void {
    this.#seat = seat;
  }

  /**
   * The client is back on its seat. Its token stays the one it has: were it given a new one, and cut off before that
   * arrived, it could not come back any more.
   */
  resumed(): void {
    this._enqueuedMessages = undefined;
    this.reconnectionToken = this.returnedWith ?? this.reconnectionToken;
  }

  /** A latency probe is in no room: each of its messages is answered by these bytes. */
  answerWith(bytes: Uint8Array): void {
    this.#probe = bytes;
  }

  /** One message of the client. `bytes` need only be valid during the call. */
  receive(bytes: Uint8Array): void {
    if (this.readyState !== OPEN) return;
    this.#stats.messagesIn += 1;
    this.#stats.bytesIn += bytes.byteLength;
    if (bytes.byteLength > this.#limits.maxPayload) return this.end(CloseCode.TOO_BIG, 'The message is too large.');
    if (!spend(this.#bucket, this.#limits, bytes.byteLength, performance.now())) {
      this.#stats.closed.flood += 1;
      this.end(CloseCode.FLOOD, 'Too many messages. Send fewer, or smaller ones.');
      return;
    }
    if (this.#probe) return this.raw(this.#probe);
    try {
      this.#dispatch(readClientFrame(bytes));
    } catch (error) {
      this.#report(error); // a fault of the shell; thrown on, it would look like a stray of nobody's
      this.error(ErrorCode.APPLICATION_ERROR, 'The server failed to take this message.');
    }
  }

  /** Sends at once, whether the client has joined or not. */
  raw(bytes: Uint8Array, _options?: unknown, done?: () => void): void {
    if (this.readyState === OPEN) {
      if (bytes[0] === Protocol.JOIN_ROOM) this.#awaitAcknowledgement();
      this.#write(bytes);
    }
    if (done) process.nextTick(done);
  }

  /** Sends, or keeps until the JOIN is acknowledged. A patch before the first full state is part of that state. */
  send(bytes: Uint8Array): void {
    if (this.readyState !== OPEN) return;
    if (this.#kept === undefined) this.#write(bytes);
    else this.#keep(bytes);
  }

  /** Core's name for `send`. */
  enqueueRaw(bytes: Uint8Array): void {
    this.send(bytes);
  }

  /** An ERROR frame: reaches the SDK's `room.onError`; the connection stays. */
  error(code: number, message = '', done?: () => void): void {
    this.raw(errorFrame(code, message), undefined, done);
  }

  /** Core's way to close. */
  leave(code: number = CloseCode.NORMAL, reason = ''): void {
    this.end(code, reason);
  }

  close(code: number, reason: string): void {
    this.end(code, reason);
  }

  /** To every client of the room but this one. */
  publishToOthers(topic: string, bytes: Uint8Array): void {
    this.#socket.publish(topic, bytes);
  }

  /** Closes with a code and a reason; with 1005 or 1006 the line is cut instead. */
  end(code: number, reason: string): void {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSED;
    this.#endedWith = code;
    this.#ending = true; // uWebSockets tells of the close within these calls
    if (code === CloseCode.NO_STATUS || code === CloseCode.ABNORMAL) this.#socket.terminate();
    else this.#socket.end(code, clip(reason));
    this.#ending = false;
    queueMicrotask(() => this.closed(code));
  }

  /** The socket is closed; said by the transport, or after `end`. */
  closed(code: number): void {
    if (this.#told || this.#ending) return;
    this.#told = true;
    this.readyState = CLOSED;
    clearTimeout(this.#deadline);
    this.#stats.connections -= 1;
    this.emit('close', this.#endedWith ?? code);
  }

  /** The client reads too slowly. What is behind the limit is lost, so the client must come back for a full state. */
  overflow(): void {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSED;
    this.#endedWith = CloseCode.ABNORMAL;
    this.#stats.closed.slow += 1;
    setImmediate(() => {
      this.#socket.terminate();
      this.closed(CloseCode.ABNORMAL);
    });
  }

  toJSON(): object {
    return { sessionId: this.sessionId, readyState: this.readyState };
  }

  #dispatch(frame: ClientFrame): void {
    switch (frame.kind) {
      case 'cast':
        if (!this.#isIn()) return this.#refuse('a message before the JOIN');
        return this.#seat?.receiver.cast(this.sessionId, frame.type, frame.payload?.slice());
      case 'call':
        if (!this.#isIn()) return this.#refuse('a request before the JOIN');
        return this.#seat?.receiver.call(this.sessionId, frame.requestId, frame.type, frame.payload?.slice());
      case 'ping':
        return this.raw(Uint8Array.of(Protocol.PING));
      case 'joined':
        return this.#acknowledged();
      case 'leave':
        return this.end(CloseCode.CONSENTED, '');
      case 'malformed':
        return this.#refuse(frame.reason);
    }
  }

  /**
   * Whether messages are taken. One that follows the JOIN acknowledges it: the SDK calls `onReconnect` before it writes
   * the acknowledgement, so what is sent in there comes first.
   */
  #isIn(): boolean {
    this.#acknowledged();
    return this.state === ClientState.JOINED;
  }

  #refuse(reason: string): void {
    this.#stats.malformed += 1;
    this.#malformed += 1;
    this.error(ErrorCode.INVALID_PAYLOAD, `Not understood: ${reason}.`);
    if (this.#malformed < this.#limits.malformed) return;
    this.#stats.closed.malformed += 1;
    this.end(CloseCode.MALFORMED, 'Too many malformed frames.');
  }

  #awaitAcknowledgement(): void {
    this.#joinSent = true;
    this.#deadline = setTimeout(
      () => this.#giveUpJoin('The JOIN was not acknowledged in time.'),
      this.#limits.joinTimeout,
    );
  }

  #acknowledged(): void {
    if (!this.#joinSent || this.state !== ClientState.JOINING) return;
    clearTimeout(this.#deadline);
    this.state = ClientState.JOINED;
    const waiting = this.#kept ?? [];
    this._enqueuedMessages = undefined;
    this.#kept = undefined;
    for (const bytes of waiting) this.#write(bytes);
    if (this.readyState !== OPEN || !this.#seat) return;
    this.#socket.subscribe(this.#seat.topic);
    this.#seat.joined(this);
  }

  #keep(bytes: Uint8Array): void {
    if (bytes[0] === Protocol.ROOM_STATE) this.#stateKept = true;
    else if (bytes[0] === Protocol.ROOM_STATE_PATCH && !this.#stateKept) return;
    this.#kept!.push(bytes);
    this.#keptBytes += bytes.byteLength;
    if (this.#keptBytes > this.#limits.joinBuffer)
      this.#giveUpJoin('Too much was waiting for the JOIN to be acknowledged.');
  }

  #giveUpJoin(reason: string): void {
    this.#stats.closed.joinTimeout += 1;
    this.end(CloseCode.JOIN_TIMEOUT, reason);
  }

  #write(bytes: Uint8Array): void {
    if (this.readyState !== OPEN) return;
    if (!this.#socket.send(bytes)) return this.overflow();
    this.#stats.messagesOut += 1;
    this.#stats.bytesOut += bytes.byteLength;
  }
}

/** A close reason may have 123 bytes; cut between characters. */
function clip(reason: string): string {
  if (Buffer.byteLength(reason) <= MAX_REASON) return reason;
  let clipped = reason.slice(0, MAX_REASON);
  while (Buffer.byteLength(clipped) > MAX_REASON) clipped = clipped.slice(0, -1);
  return clipped.replace(/[\uD800-\uDBFF]$/, '');
}
