/**
 * TestClient: a client of a room under test. It speaks the bytes of the real protocol: what it sends is msgpack, what it
 * gets is decoded by the real schema decoder with the rules of Colyseus's SDK (a full state reconciles what is known).
 *
 *     const ada = await room.join({ name: 'Ada' });
 *     ada.send('post', { text: 'hi' });
 *     await room.settled();
 *     ada.state.lines[0].text; ada.received('pinged'); ada.closed
 */
import { decode, type Decoder, type Iterator, Reflection } from '@colyseus/schema';
import { unpack } from 'msgpackr';
import type { ClientPort, ShellPort } from '../gateway/shell/ports.ts';
import { mayReconnect } from '../gateway/close-codes.ts';
import { GenroomError } from '../platform/errors.ts';
import type { CallsOf, ReplyOf, StateOf } from '../room/definition.ts';
import { packPayload, Protocol, ResponseStatus } from '../room/frames.ts';
import type { CastType, PayloadArgs, Sent } from './message-types.ts';

/** How a call of a client ended when it was not answered with a value. */
export class CallRefused extends GenroomError {
  /** What the room refused it with, or `{ code, message }` of the failure. */
  readonly reason: unknown;

  constructor(status: number, reason: unknown) {
    const told = reason as { code?: unknown; message?: unknown } | undefined;
    const code =
      typeof told?.code === 'string' ? told.code : status === ResponseStatus.REJECTED ? 'rejected' : 'call_failed';
    const message = typeof told?.message === 'string' ? told.message : 'The call was not answered with a value.';
    super(code, message, { remedy: 'See `reason`.' });
    this.reason = reason;
  }
}

/** A message that the server sent. */
export interface Received {
  readonly type: string | number;
  readonly payload: unknown;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const CODE_MASK = 0x1f;

export class TestClient<R> {
  readonly sessionId: string;
  /** What came from the server, one word a frame, in order: `state`, `patch`, `message`, `answer`, `error`. */
  readonly frames: string[] = [];
  /** ERROR frames: the SDK gives them to `room.onError`. */
  readonly errors: { readonly code: number; readonly message: string }[] = [];
  readonly #shell: ShellPort;
  readonly #messages: Received[] = [];
  readonly #calls = new Map<number, Waiting>();
  #decoder: Decoder | undefined;
  /** What came before the handshake. */
  #early: Uint8Array[] = [];
  #requests = 0;
  #port: ClientPort | undefined;
  #closed: { readonly code: number; readonly reason: string } | undefined;

  /** For `TestRoom.join`. */
  constructor(shell: ShellPort, sessionId: string) {
    this.#shell = shell;
    this.sessionId = sessionId;
  }

  /** The state as this client has it. */
  get state(): StateOf<R> {
    return this.decoder.state as StateOf<R>;
  }

  /** The schema decoder, e.g. for `getDecoderStateCallbacks`. */
  get decoder(): Decoder {
    if (!this.#decoder) throw new Error(`Client ${this.sessionId} has not joined.`);
    return this.#decoder;
  }

  /** Why the server ended the connection; undefined while it is open, or while the client itself has dropped it. */
  get closed(): { readonly code: number; readonly reason: string } | undefined {
    return this.#closed;
  }

  /** Whether a connection is open. */
  get connected(): boolean {
    return this.#port !== undefined;
  }

  /** Payloads of the messages of this type, in order. */
  received(type: string | number): unknown[] {
    return this.#messages.filter((message) => message.type === type).map((message) => message.payload);
  }

  /** Sends a message that has no answer. */
  send<N extends CastType<R>>(type: N, ...[payload]: PayloadArgs<Sent<R, N>>): void {
    this.#shell.cast(this.sessionId, type, packPayload(payload));
  }

  /** Sends bytes as a message of any type, as a faulty client may. */
  sendRaw(type: string | number, payload?: Uint8Array): void {
    this.#shell.cast(this.sessionId, type, payload);
  }

  /** Sends a call. Rejects with CallRefused when the room refuses it, crashes, or is too late. */
  call<N extends keyof CallsOf<R> & string>(type: N, ...[payload]: PayloadArgs<Sent<R, N>>): Promise<ReplyOf<R, N>> {
    const requestId = this.#requests++;
    const { promise, ...waiting } = Promise.withResolvers<unknown>();
    this.#calls.set(requestId, waiting);
    this.#shell.call(this.sessionId, requestId, type, packPayload(payload));
    return promise as Promise<ReplyOf<R, N>>;
  }

  /** Leaves for good. */
  leave(): void {
    this.#disconnect();
    this.#shell.leave(this.sessionId, true);
  }

  /** Hangs up as a lost line does; the seat is kept. */
  drop(): void {
    this.#disconnect();
    this.#shell.drop(this.sessionId);
  }

  /** Comes back to its seat on a new connection. */
  async resume(): Promise<void> {
    await this.#shell.resume(this.#connect());
  }

  /** Joins; for `TestRoom.join`. */
  async enter(options: unknown, token: string | undefined): Promise<void> {
    const connection = { ip: '127.0.0.1', headers: {}, ...(token !== undefined && { token }) };
    try {
      await this.#shell.join(this.#connect(), options, connection);
    } catch (error) {
      this.#disconnect();
      throw error;
    }
    this.#decoder = Reflection.decode(this.#shell.handshake!);
    for (const bytes of this.#early.splice(0)) this.#take(bytes);
  }

  /** What is published to all; for TestRoom. */
  receive(bytes: Uint8Array): void {
    this.#port?.send(bytes);
  }

  /** The server ends the connection; for TestRoom. */
  end(code: number, reason: string): void {
    this.#port?.close(code, reason);
  }

  /** The server's end of a new connection; what comes on one that is over is lost. */
  #connect(): ClientPort {
    this.#closed = undefined;
    const port: ClientPort = {
      sessionId: this.sessionId,
      send: (bytes) => {
        if (port !== this.#port) return;
        if (this.#decoder) this.#take(bytes);
        else this.#early.push(bytes);
      },
      close: (code, reason) => {
        if (port !== this.#port) return;
        this.#disconnect();
        this.#closed = { code, reason };
        if (mayReconnect(code)) this.#shell.drop(this.sessionId);
        else this.#shell.leave(this.sessionId, false);
      },
    };
    this.#port = port;
    return port;
  }

  #disconnect(): void {
    this.#port = undefined;
    for (const { reject } of this.#calls.values()) {
      reject(
        new GenroomError('connection_closed', 'The connection closed before the answer came', { remedy: 'Resume.' }),
      );
    }
    this.#calls.clear();
  }

  #take(bytes: Uint8Array): void {
    const it: Iterator = { offset: 1 };
    switch ((bytes[0] ?? 0) & CODE_MASK) {
      case Protocol.ROOM_STATE:
        this.frames.push('state');
        // As the SDK: what a full state does not hold any more was removed while this client was not told.
        if (this.decoder.root.refs.size > 1) this.decoder.decodeResync(bytes, it);
        else this.decoder.decode(bytes, it);
        return;
      case Protocol.ROOM_STATE_PATCH:
        this.frames.push('patch');
        this.decoder.decode(bytes, it);
        return;
      case Protocol.ROOM_DATA: {
        this.frames.push('message');
        const type = decode.stringCheck(bytes, it) ? decode.string(bytes, it) : decode.number(bytes, it);
        this.#messages.push({ type, payload: payloadAt(bytes, it) });
        return;
      }
      case Protocol.ROOM_RESPONSE: {
        this.frames.push('answer');
        const requestId = decode.number(bytes, it);
        const status = bytes[it.offset++]!;
        const waiting = this.#calls.get(requestId);
        this.#calls.delete(requestId);
        const payload = payloadAt(bytes, it);
        if (status === ResponseStatus.OK) waiting?.resolve(payload);
        else waiting?.reject(new CallRefused(status, payload));
        return;
      }
      case Protocol.ERROR:
        this.frames.push('error');
        this.errors.push({ code: decode.number(bytes, it), message: decode.string(bytes, it) });
        return;
      default:
        throw new Error(`A client cannot read a frame of code ${bytes[0]}.`);
    }
  }
}

function payloadAt(bytes: Uint8Array, it: Iterator): unknown {
  return it.offset < bytes.byteLength ? unpack(bytes.subarray(it.offset)) : undefined;
}
