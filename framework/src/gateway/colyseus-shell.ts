/**
 * The Colyseus side of a room: a Room of core's without code of a user's. Core gives it the matchmaker's listing, seats,
 * the JOIN and the reconnection's seat; all else it hands to the room's shell.
 *
 * Invariants
 * - A session that the shell has let in is told to it as left exactly once. One whose line is cut while it is let in is
 *   told as left at once, whatever the shell is waiting for.
 * - `state` stays unset, so core sends no state and looks for no patches; its patch timer is as slow as a timer can be.
 * - `onUncaughtException` is not defined: core would answer a throwing request with OK (colyseus-0.18.md, 1).
 *
 *     matchMaker.defineRoomType('chat', colyseusShell({ name: 'chat', transport, openShell, … }))
 */
import { type AuthContext, type Client, matchMaker, Room, ServerError } from '@colyseus/core';
import { GenroomError } from '../platform/errors.ts';
import type { ConnectionInfo } from '../room/link.ts';
import { CloseCode, mayReconnect } from './close-codes.ts';
import type { RoomPort, ShellPort } from './shell/ports.ts';
import type { Connection, Seat } from './transport/connection.ts';
import type { GatewayTransport } from './transport/transport.ts';

/** What is asked for when a room is created. */
export interface RoomOpening {
  readonly roomId: string;
  readonly name: string;
  /** As the creating client sent them; plain data. */
  readonly options: unknown;
  readonly port: RoomPort;
}

export interface ColyseusShellConfig {
  readonly name: string;
  readonly transport: GatewayTransport;
  /** Clients at most; the matchmaker then opens another room. Default: no limit. */
  readonly maxClients?: number;
  /** Seconds for which the seat of a client whose line went is kept. 0: it leaves at once. */
  readonly reconnection: number;
  /** Whether the room ends when nobody is in it any more. Default true. */
  readonly autoDispose?: boolean;
  readonly openShell: (opening: RoomOpening) => ShellPort;
  /** Rooms of the gateway that are open or about to be, counted here; `limits.maxRooms` bounds it. */
  readonly open: { rooms: number };
  readonly report: (error: unknown) => void;
}

/** As slow as a timer can be; core's timers of a room only serve rooms with a state of core's. */
const NEVER = 0x7fff_ffff;
const CANNOT_CREATE = 523;
const TOO_MANY = 429;

/** A Room class of core's for one kind of room. */
export function colyseusShell(config: ColyseusShellConfig): new () => ColyseusShell {
  return class extends ColyseusShell {
    constructor() {
      super(config);
    }
  };
}

export abstract class ColyseusShell extends Room {
  override patchRate: number | null = NEVER;
  override maxClients: number;
  override autoDispose: boolean;

  readonly #config: ColyseusShellConfig;
  readonly #connections = new WeakMap<object, ConnectionInfo>();
  /** Sessions that the shell has let in and has not been told the end of. */
  readonly #inside = new Set<string>();
  readonly #joining = new Set<Connection>();
  readonly #joined = new Map<string, Connection>();
  #shell: ShellPort | undefined;
  #over = false;
  #counted = false;

  constructor(config: ColyseusShellConfig) {
    super();
    this.#config = config;
    this.maxClients = config.maxClients ?? Infinity;
    this.autoDispose = config.autoDispose ?? true;
  }

  override async onCreate(options: unknown): Promise<void> {
    this.#count();
    const handshake = (): Uint8Array | undefined => this.#shell?.handshake;
    this.setSerializer({
      get id() {
        return handshake() ? 'schema' : 'none';
      },
      reset: () => {},
      getFullState: () => new Uint8Array(),
      applyPatches: () => false,
      handshake: () => handshake() as Uint8Array, // core allows for undefined, its typings do not
    });
    try {
      const { name, openShell } = this.#config;
      this.#shell = openShell({ roomId: this.roomId, name, options, port: this.#port() });
      await this.#shell.ready;
    } catch (error) {
      this.#uncount();
      throw refusal(error, CANNOT_CREATE, this.#config.report);
    }
  }

  override onAuth(client: Client, _options: unknown, context: AuthContext): boolean {
    const headers = Object.fromEntries(context.headers.entries());
    this.#connections.set(client, {
      ip: context.ip ?? '',
      headers,
      ...(context.token ? { token: context.token } : {}),
    });
    return true;
  }

  override async onJoin(client: Client, options: unknown): Promise<void> {
    const connection = connectionOf(client);
    const shell = this.#sit(connection);
    const late = setTimeout(() => this.#turnAway(connection), this.#config.transport.limits.admissionTimeout);
    try {
      const info = this.#connections.get(client) ?? { ip: '', headers: {} };
      await unlessClosed(connection, shell.join(connection, options, info));
    } catch (error) {
      this.#rise(connection);
      if (!connection.isOpen) shell.leave(connection.sessionId, false); // it may still be about to let the client in
      throw refusal(error, CANNOT_CREATE, this.#config.report);
    } finally {
      clearTimeout(late);
    }
    this.#inside.add(connection.sessionId);
  }

  override onDrop(client: Client): void {
    const connection = connectionOf(client);
    this.#rise(connection);
    if (!this.#inside.has(connection.sessionId) || !this.#keepsSeat(connection)) return; // core goes on with onLeave
    this.#shell?.drop(connection.sessionId);
    this.allowReconnection(client, this.#config.reconnection).catch(() => {}); // core goes on with onLeave
  }

  override async onReconnect(client: Client): Promise<void> {
    const connection = connectionOf(client);
    connection.resumed();
    await unlessClosed(connection, this.#sit(connection).resume(connection));
  }

  override onLeave(client: Client, code?: number): void {
    const connection = connectionOf(client);
    this.#rise(connection);
    if (this.#inside.delete(connection.sessionId))
      this.#shell?.leave(connection.sessionId, code === CloseCode.CONSENTED);
  }

  /** The server closes; core waits until the room is disposed of. */
  override onBeforeShutdown(): void {
    this.#end(CloseCode.SERVER_SHUTDOWN, 'The server is closing.');
  }

  override async onDispose(): Promise<void> {
    this.#over = true;
    this.#uncount();
    await this.#shell?.close('disposed');
  }

  #count(): void {
    const { open, transport } = this.#config;
    if (open.rooms >= transport.limits.maxRooms)
      throw new ServerError(TOO_MANY, 'There are too many rooms; try again later.');
    open.rooms += 1;
    this.#counted = true;
  }

  #uncount(): void {
    if (this.#counted) this.#config.open.rooms -= 1;
    this.#counted = false;
  }

  get #topic(): string {
    return `room/${this.roomId}`;
  }

  #keepsSeat(connection: Connection): boolean {
    const ended = connection.endedWith;
    if (this.#over || this.#config.reconnection <= 0) return false;
    if (connection._enqueuedMessages !== undefined) return false; // never acknowledged a JOIN: it has no token
    return ended === undefined || mayReconnect(ended);
  }

  #sit(connection: Connection): ShellPort {
    const shell = this.#shell;
    if (!shell || this.#over) throw new ServerError(CANNOT_CREATE, 'The room is over.');
    const seat: Seat = {
      topic: this.#topic,
      receiver: shell,
      joined: () => {
        this.#joining.delete(connection);
        this.#joined.set(connection.sessionId, connection);
      },
    };
    connection.take(seat);
    this.#joining.add(connection);
    return shell;
  }

  #turnAway(connection: Connection): void {
    connection.error(CANNOT_CREATE, 'The room did not let you in, in time.');
    connection.end(CloseCode.JOIN_TIMEOUT, 'The room did not let you in, in time.');
  }

  #rise(connection: Connection): void {
    this.#joining.delete(connection);
    if (this.#joined.get(connection.sessionId) === connection) this.#joined.delete(connection.sessionId);
  }

  #port(): RoomPort {
    const settle = (done: unknown): void => void Promise.resolve(done).catch(this.#config.report);
    return {
      publish: (bytes, except) => this.#publish(bytes, except),
      lock: (locked) => settle(locked ? this.lock() : this.unlock()),
      setMetadata: (value) => settle(this.setMetadata(value)),
      dispose: (code, reason) => this.#end(code, reason),
    };
  }

  #publish(bytes: Uint8Array, except: readonly string[] = []): void {
    const { transport } = this.#config;
    if (this.#joining.size > 0) this.#publishToJoining(bytes, new Set(except));
    const left = except.flatMap((sessionId) => this.#joined.get(sessionId) ?? []);
    const count = this.#joined.size - left.length;
    if (count === 0) return;
    if (left.length > 1) {
      const out = new Set(left);
      for (const connection of this.#joined.values()) if (!out.has(connection)) connection.send(bytes);
      return;
    }
    transport.stats.publishes += 1;
    transport.stats.messagesOut += count;
    transport.stats.bytesOut += count * bytes.byteLength;
    if (left[0]) left[0].publishToOthers(this.#topic, bytes);
    else transport.publish(this.#topic, bytes);
  }

  #publishToJoining(bytes: Uint8Array, except: ReadonlySet<string>): void {
    for (const connection of this.#joining) if (!except.has(connection.sessionId)) connection.send(bytes);
  }

  /** Core closes without a reason, so the connections are ended here first. */
  #end(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    for (const connection of [...this.#joined.values(), ...this.#joining]) connection.end(code, reason);
    if (matchMaker.getLocalRoomById(this.roomId) === this) void this.disconnect(code).catch(this.#config.report);
  }
}

/** Every client of a gateway's room is a Connection of its transport. */
function connectionOf(client: Client): Connection {
  return client as unknown as Connection;
}

/** What was awaited for a client, or a rejection as soon as its connection is closed. */
async function unlessClosed(connection: Connection, awaited: Promise<void>): Promise<void> {
  const closed = Promise.withResolvers<never>();
  const onClose = (): void => closed.reject(new ServerError(CloseCode.WITH_ERROR, 'The connection was closed.'));
  if (!connection.isOpen) onClose();
  connection.once('close', onClose);
  awaited.catch(() => {}); // it may fail after the connection did, and then nobody waits for it
  try {
    await Promise.race([awaited, closed.promise]);
  } finally {
    connection.off('close', onClose);
  }
}

/** What core and the client are told of a failure: its words when they were meant to be read, else only that it failed. */
function refusal(error: unknown, status: number, report: (error: unknown) => void): ServerError {
  if (error instanceof ServerError) return error;
  if (!(error instanceof GenroomError)) {
    report(error);
    return new ServerError(status, 'The room failed to take this in; the log of the server has the reason.');
  }
  const own = (error as { status?: unknown }).status;
  return new ServerError(typeof own === 'number' ? own : status, error.message);
}
