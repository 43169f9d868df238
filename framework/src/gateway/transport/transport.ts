/**
 * What both transports share: seating a new WebSocket in its room, and answering HTTP on the same port.
 *
 * A client comes with `ws://host/<processId>/<roomId>?sessionId=…[&reconnectionToken=…][&skipHandshake]`, the address
 * that the matchmaker gave it. One without a session and a room is the SDK's latency probe.
 *
 * Invariants: nothing a client sends makes a method here throw or leaves a rejected promise behind; a socket that gets
 * no seat is told why (an ERROR frame) and closed.
 */
import {
  type AuthContext,
  type Client,
  type ClientPrivate,
  connectClientToRoom,
  createAuthContext,
  matchMaker,
  Room,
  type Router,
  ServerError,
  Transport,
} from '@colyseus/core';
import { GenroomError } from '../../platform/errors.ts';
import { ErrorCode, Protocol } from '../../room/frames.ts';
import { CloseCode } from '../close-codes.ts';
import { type HttpHandler, type Peer, respond } from '../http/handler.ts';
import { matchmakingDoor } from '../http/matchmaking.ts';
import { type Limits, limitsOf } from '../limits.ts';
import { type GatewayStats, newStats } from '../stats.ts';
import { Connection, type Socket } from './connection.ts';

export interface TransportOptions {
  readonly limits?: Partial<Limits>;
  /** Where to count; default: counters of its own. */
  readonly stats?: GatewayStats;
  /** Answer before Colyseus's own routes do, in this order. */
  readonly handlers?: readonly HttpHandler[];
  /** Whether X-Forwarded-For and its like name the client. Default false: they are the client's to forge. */
  readonly trustProxy?: boolean;
  /** Told of what failed here and is nobody's: a handler that threw, a join that broke. */
  readonly report?: (error: unknown) => void;
}

/** A request to upgrade, as both transports read it. */
export interface Upgrade {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Record<string, string>;
  readonly address: string;
}

const roomPath = /^\/[\w-]{1,64}\/([\w-]{1,64})$/;
const sessionName = /^[\w-]{1,64}$/;
/**
 * A message over the limit is refused with a code by the connection; one over this many times the limit is not even
 * read, and the transport's library closes in its own way (uWebSockets cuts the line, `ws` says 1009).
 */
export const HARD_LIMIT = 2;
/** Milliseconds for which a latency probe may stay. */
const PROBE_TIME = 1000;
/** A room that was asked for and is not here, or a seat that is nobody's. */
const SEAT_EXPIRED = 524;

export abstract class GatewayTransport extends Transport {
  abstract readonly kind: 'uws' | 'ws';
  readonly limits: Limits;
  readonly stats: GatewayStats;
  readonly #handlers: readonly HttpHandler[];
  readonly #trustProxy: boolean;
  /** Told of what failed here and is nobody's. */
  readonly report: (error: unknown) => void;
  #colyseus: HttpHandler = () => undefined;

  constructor(options: TransportOptions = {}) {
    super();
    this.limits = limitsOf(options.limits);
    this.stats = options.stats ?? newStats();
    this.#handlers = options.handlers ?? [];
    this.#trustProxy = options.trustProxy ?? false;
    this.report = options.report ?? ((error) => console.error(error));
  }

  /** The port that is listened on, once it is. */
  abstract readonly port: number;

  /** To every subscriber of a topic, after all that was sent to each before, and before all that is sent after. */
  abstract publish(topic: string, bytes: Uint8Array): void;

  /** Core hands over its matchmaking routes here. */
  override bindRouter(router: Router): void {
    const door = matchmakingDoor(this.limits);
    this.#colyseus = async (request, peer) => {
      const cors = {
        ...matchMaker.controller.DEFAULT_CORS_HEADERS,
        ...matchMaker.controller.getCorsHeaders(request.headers),
      };
      const path = new URL(request.url).pathname;
      if (request.method === 'OPTIONS' && router.findRoute('POST', path)) {
        return new Response(null, { status: 204, headers: cors });
      }
      if (router.findRoute(request.method, path) === undefined) return undefined;
      const joining = path.startsWith(`/${matchMaker.controller.matchmakeRoute}/`);
      const checked = joining ? await door(request, this.#addressOf(request, peer)) : request;
      const response = checked instanceof Response ? checked : await router.handler(checked);
      for (const [name, value] of Object.entries(cors)) response.headers.set(name, value);
      return response;
    };
  }

  override simulateLatency(): void {
    throw new GenroomError('latency_unsupported', 'This transport simulates no latency.', {
      remedy: 'Use a tool of the operating system, such as `tc qdisc … netem delay`.',
    });
  }

  /** Answers one HTTP request; never rejects. */
  protected answer(request: Request, peer: Peer): Promise<Response> {
    return respond([...this.#handlers, (...args) => this.#colyseus(...args)], request, peer, this.report);
  }

  /** A WebSocket has opened. */
  protected open(socket: Socket, upgrade: Upgrade): Connection {
    const sessionId = upgrade.query.get('sessionId') ?? '';
    const connection = new Connection(sessionId, socket, this);
    const roomId = roomPath.exec(upgrade.path)?.[1];
    if (!sessionId && !roomId) this.#probe(connection);
    else void this.#seat(connection, roomId, upgrade);
    return connection;
  }

  async #seat(connection: Connection, roomId: string | undefined, upgrade: Upgrade): Promise<void> {
    const token = upgrade.query.get('reconnectionToken') ?? undefined;
    connection.returnedWith = token;
    try {
      const room = roomId === undefined ? undefined : matchMaker.getLocalRoomById(roomId);
      const plain = sessionName.test(connection.sessionId) && !(connection.sessionId in Object.prototype);
      if (!(room instanceof Room) || !plain || (token !== undefined && token in Object.prototype)) {
        throw new ServerError(SEAT_EXPIRED, 'seat reservation expired.');
      }
      const joining = connectClientToRoom(
        room,
        connection as unknown as Client & ClientPrivate,
        this.#context(upgrade),
        {
          ...(token === undefined ? {} : { reconnectionToken: token }),
          skipHandshake: upgrade.query.has('skipHandshake'),
        },
      );
      if (token !== undefined) this.#endStale(room, connection, token);
      await joining;
    } catch (error) {
      this.#turnAway(connection, error, token === undefined ? CloseCode.WITH_ERROR : CloseCode.FAILED_TO_RECONNECT);
    }
  }

  /** The client is back before its old line was seen to be dead; core waits for that, so it is cut now. */
  #endStale(room: Room, connection: Connection, token: string): void {
    const stale = room.clients.get(connection.sessionId) as unknown as Connection | undefined;
    if (stale && stale !== connection && stale.reconnectionToken === token) stale.end(CloseCode.ABNORMAL, 'replaced');
  }

  #turnAway(connection: Connection, error: unknown, closeCode: number): void {
    const known = error instanceof ServerError || error instanceof GenroomError;
    if (!known && connection.isOpen) this.report(error);
    const code = known && typeof error.code === 'number' ? error.code : ErrorCode.APPLICATION_ERROR;
    const message = known ? error.message : 'The join failed.';
    connection.error(code, message);
    connection.end(closeCode, message);
  }

  #context(upgrade: Upgrade): AuthContext {
    const context = createAuthContext({
      headers: upgrade.headers,
      token: upgrade.query.get('_authToken'),
      remoteAddress: upgrade.address,
    });
    return this.#trustProxy ? context : { token: context.token!, ip: upgrade.address, headers: context.headers };
  }

  #addressOf(request: Request, { address }: Peer): string {
    if (!this.#trustProxy) return address;
    const { ip } = createAuthContext({ headers: request.headers, remoteAddress: address });
    return String(ip ?? address);
  }

  /** The SDK's `getLatency`: every message is answered by a ping, for a second. */
  #probe(connection: Connection): void {
    const timer = setTimeout(() => connection.end(CloseCode.NORMAL, ''), PROBE_TIME);
    connection.once('close', () => clearTimeout(timer));
    connection.answerWith(Uint8Array.of(Protocol.PING));
  }
}
