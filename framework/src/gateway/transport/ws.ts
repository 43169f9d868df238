/**
 * The transport on `ws` and node:http, for where uWebSockets.js cannot load. It behaves as the other one does: the same
 * limits, the same closes, one port. It is slower: a publish is a loop over the subscribers.
 *
 * Invariant: a connection that was told to close is gone for the rest of the gateway at once, whether its client
 * answers the close frame or not.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { CloseCode } from '../close-codes.ts';
import { buildRequest, text } from '../http/handler.ts';
import type { Connection, Socket } from './connection.ts';
import { listenFailed } from './listen-failed.ts';
import { GatewayTransport, HARD_LIMIT, type TransportOptions, type Upgrade } from './transport.ts';

/** Milliseconds for a client to answer a close frame before the line is cut. */
const CLOSE_GRACE = 2_000;

/** The sockets of each topic. */
type Topics = Map<string, Set<WsSocket>>;

export class WsTransport extends GatewayTransport {
  readonly kind = 'ws';
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #topics: Topics = new Map();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(options: TransportOptions = {}) {
    super(options);
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: HARD_LIMIT * this.limits.maxPayload,
      clientTracking: true,
    });
    this.#http = createServer((req, res) => void this.#answer(req, res));
    this.#http.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  get port(): number {
    return (this.#http.address() as AddressInfo | null)?.port ?? 0;
  }

  override publish(topic: string, bytes: Uint8Array): void {
    for (const socket of this.#topics.get(topic) ?? []) socket.deliver(bytes);
  }

  override listen(port: number, hostname = '127.0.0.1', backlog?: number, listening?: (error?: Error) => void): this {
    const failed = (error: Error): void => listening?.(listenFailed(hostname, port, error));
    this.#http.once('error', failed);
    this.#http.listen(port, hostname, backlog, () => {
      this.#http.off('error', failed);
      this.#heartbeat = setInterval(() => this.#ping(), (this.limits.idleTimeout * 1000) / 2);
      this.#heartbeat.unref();
      listening?.();
    });
    return this;
  }

  /** Stops listening and cuts what is still connected. */
  override shutdown(): void {
    clearInterval(this.#heartbeat);
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.close();
    this.#http.closeAllConnections();
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [path = '/', query = ''] = (req.url ?? '/').split('?', 2);
    const upgrade: Upgrade = {
      path,
      query: new URLSearchParams(query),
      headers: plainHeaders(req),
      address: req.socket.remoteAddress ?? '',
    };
    this.#sockets.handleUpgrade(req, socket, head, (ws) => {
      const adapter = new WsSocket(ws, this.limits.maxBackpressure, this.#topics);
      const connection = this.open(adapter, upgrade);
      adapter.connection = connection;
      ws.on('message', (data: Buffer) => connection.receive(data));
      ws.on('error', () => {}); // a 'close' follows, which says enough
      ws.on('pong', () => (adapter.alive = true));
      ws.on('close', (code) => {
        adapter.forget();
        connection.closed(code);
      });
      adapters.set(ws, adapter);
    });
  }

  /** Twice per idle time: who has not answered the last ping is gone. */
  #ping(): void {
    for (const ws of this.#sockets.clients) {
      const adapter = adapters.get(ws);
      if (!adapter) continue;
      if (!adapter.alive) ws.terminate();
      else {
        adapter.alive = false;
        ws.ping(() => {});
      }
    }
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.on('error', () => {}); // the client has gone
    const method = req.method ?? 'GET';
    const body = await this.#readBody(req, method);
    const response = body instanceof Response ? body : await this.#respond(req, method, body);
    const content = Buffer.from(await response.arrayBuffer());
    if (res.destroyed) return;
    response.headers.forEach((value, key) => res.appendHeader(key, value)); // set-cookie may come more than once
    if (!res.hasHeader('content-length')) res.setHeader('content-length', content.byteLength);
    res.writeHead(response.status);
    res.end(method === 'HEAD' ? undefined : content);
  }

  async #respond(req: IncomingMessage, method: string, body: Uint8Array<ArrayBuffer> | undefined): Promise<Response> {
    const headers = new Headers(plainHeaders(req));
    const request = buildRequest({ method, target: req.url ?? '/', headers, ...(body ? { body } : {}) });
    return request ? this.answer(request, { address: req.socket.remoteAddress ?? '' }) : text(400, 'Bad request.');
  }

  #readBody(req: IncomingMessage, method: string): Promise<Uint8Array<ArrayBuffer> | Response | undefined> {
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const late = (): void =>
        resolve(text(408, 'The body of the request did not arrive in time.', { connection: 'close' }));
      const timer = setTimeout(late, this.limits.bodyTimeout);
      req.on('data', (chunk: Buffer) => {
        size += chunk.byteLength;
        if (size <= this.limits.maxBody) chunks.push(chunk);
        else resolve(text(413, 'The body of the request is too large.', { connection: 'close' }));
      });
      req.on('close', () => clearTimeout(timer));
      req.on('error', () => resolve(undefined));
      req.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))));
    });
  }
}

const adapters = new WeakMap<WebSocket, WsSocket>();

class WsSocket implements Socket {
  connection: Connection | undefined;
  /** Has answered since the last ping. */
  alive = true;
  readonly #ws: WebSocket;
  readonly #limit: number;
  readonly #topics: Topics;
  #topic: string | undefined;

  constructor(ws: WebSocket, limit: number, topics: Topics) {
    this.#ws = ws;
    this.#limit = limit;
    this.#topics = topics;
  }

  send(bytes: Uint8Array): boolean {
    if (this.#ws.readyState !== this.#ws.OPEN) return true; // its close is on the way
    if (this.#ws.bufferedAmount > this.#limit) return false;
    this.#ws.send(bytes, { binary: true }, () => {});
    return true;
  }

  /** A published frame: as `send`, but nobody looks at the result, so a slow client is closed from here. */
  deliver(bytes: Uint8Array): void {
    if (!this.send(bytes)) this.connection?.overflow();
  }

  end(code: number, reason: string): void {
    this.forget();
    if (code === CloseCode.NORMAL && !reason) this.#ws.close(code);
    else this.#ws.close(code, reason);
    const cut = setTimeout(() => this.#ws.terminate(), CLOSE_GRACE);
    this.#ws.once('close', () => clearTimeout(cut));
  }

  terminate(): void {
    this.forget();
    this.#ws.terminate();
  }

  subscribe(topic: string): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#topic = topic;
    const sockets = this.#topics.get(topic);
    if (sockets) sockets.add(this);
    else this.#topics.set(topic, new Set([this]));
  }

  publish(topic: string, bytes: Uint8Array): void {
    for (const socket of this.#topics.get(topic) ?? []) if (socket !== this) socket.deliver(bytes);
  }

  /** Leaves its topic; a topic without sockets is none. */
  forget(): void {
    if (this.#topic === undefined) return;
    const sockets = this.#topics.get(this.#topic);
    sockets?.delete(this);
    if (sockets?.size === 0) this.#topics.delete(this.#topic);
    this.#topic = undefined;
  }
}

function plainHeaders(req: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}
