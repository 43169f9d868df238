/**
 * The transport on uWebSockets.js: WebSockets and HTTP on one port, native publish.
 *
 * Why not Colyseus's: that one loops over clients to broadcast, loses frames of slow clients silently, and cannot be
 * installed without access to a code host. Here the backpressure limit closes a connection, a publish is one native
 * call, and `ws.send` drains what was published to that socket before (WebSocket.h of uWebSockets), so that both kinds
 * stay in the order of the calls.
 *
 * Invariants: lives on the main thread only (ending a worker that holds it aborts the process); an inbound buffer is
 * not used after the callback; no response is touched after it was aborted.
 */
import { STATUS_CODES } from 'node:http';
import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
} from 'uWebSockets.js';
import type { Uws } from '../../platform/uws.ts';
import { CloseCode } from '../close-codes.ts';
import { buildRequest, text } from '../http/handler.ts';
import type { Connection, Socket } from './connection.ts';
import { listenFailed } from './listen-failed.ts';
import { GatewayTransport, HARD_LIMIT, type TransportOptions, type Upgrade } from './transport.ts';

interface UserData {
  readonly upgrade: Upgrade;
  connection?: Connection;
}

/** Return value of `ws.send` for a message that was not taken. */
const DROPPED = 2;

export class UwsTransport extends GatewayTransport {
  readonly kind = 'uws';
  readonly #uws: Uws;
  readonly #app: TemplatedApp;
  #listening: us_listen_socket | undefined;
  #port = 0;

  /** @param uws the module, as `loadUws()` gave it */
  constructor(uws: Uws, options: TransportOptions = {}) {
    super(options);
    this.#uws = uws;
    this.#app = uws.App();
    this.#app.ws<UserData>('/*', {
      compression: uws.DISABLED,
      maxPayloadLength: HARD_LIMIT * this.limits.maxPayload,
      maxBackpressure: this.limits.maxBackpressure,
      closeOnBackpressureLimit: true,
      idleTimeout: this.limits.idleTimeout,
      sendPingsAutomatically: true,
      upgrade: (res, req, context) => this.#upgrade(res, req, context),
      open: (ws) => {
        const data = ws.getUserData();
        data.connection = this.open(new UwsSocket(ws), data.upgrade);
      },
      message: (ws, message) => ws.getUserData().connection?.receive(new Uint8Array(message)),
      dropped: (ws) => ws.getUserData().connection?.overflow(),
      close: (ws, code) => ws.getUserData().connection?.closed(code),
    });
    this.#app.any('/*', (res, req) => this.#http(res, req));
  }

  get port(): number {
    return this.#port;
  }

  override publish(topic: string, bytes: Uint8Array): void {
    this.#app.publish(topic, bytes, true, false);
  }

  override listen(port: number, hostname = '127.0.0.1', _backlog?: number, listening?: (error?: Error) => void): this {
    // Exclusively: two servers that share a port by accident would each get half of the clients. The typings know host
    // and options only apart, the module takes both.
    const listen = this.#app.listen as unknown as (
      this: TemplatedApp,
      host: string,
      port: number,
      options: number,
      done: (socket: us_listen_socket | false) => void,
    ) => void;
    listen.call(this.#app, hostname, port, 1, (socket) => {
      if (!socket) return listening?.(listenFailed(hostname, port));
      this.#listening = socket;
      this.#port = this.#uws.us_socket_local_port(socket);
      listening?.();
    });
    return this;
  }

  /** Stops listening and cuts what is still connected. */
  override shutdown(): void {
    if (!this.#listening) return;
    this.#listening = undefined;
    this.#app.close();
  }

  #upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    const headers: Record<string, string> = {};
    req.forEach((key, value) => (headers[key] = value));
    const upgrade: Upgrade = {
      path: req.getUrl(),
      query: new URLSearchParams(req.getQuery()),
      headers,
      address: addressOf(res),
    };
    res.upgrade<UserData>(
      { upgrade },
      req.getHeader('sec-websocket-key'),
      req.getHeader('sec-websocket-protocol'),
      req.getHeader('sec-websocket-extensions'),
      context,
    );
  }

  #http(res: HttpResponse, req: HttpRequest): void {
    const exchange = { aborted: false };
    res.onAborted(() => (exchange.aborted = true));
    const headers = new Headers();
    req.forEach((key, value) => headers.append(key, value));
    const method = req.getCaseSensitiveMethod();
    const query = req.getQuery();
    const target = query ? `${req.getUrl()}?${query}` : req.getUrl();
    const address = addressOf(res);
    const answer = async (body: Uint8Array<ArrayBuffer> | undefined): Promise<void> => {
      const request = buildRequest({ method, target, headers, ...(body ? { body } : {}) });
      const response = request ? await this.answer(request, { address }) : text(400, 'Bad request.');
      await write(res, method, response, exchange);
    };
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') void answer(undefined);
    else
      this.#readBody(
        res,
        exchange,
        (body) => void (body instanceof Response ? write(res, method, body, exchange) : answer(body)),
      );
  }

  #readBody(
    res: HttpResponse,
    exchange: { aborted: boolean },
    done: (body: Uint8Array<ArrayBuffer> | Response) => void,
  ): void {
    const chunks: Uint8Array[] = [];
    let size = 0;
    let over = false;
    const finish = (result: Uint8Array<ArrayBuffer> | Response): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      if (!exchange.aborted) done(result);
    };
    const late = (): void =>
      finish(text(408, 'The body of the request did not arrive in time.', { connection: 'close' }));
    const timer = setTimeout(late, this.limits.bodyTimeout);
    res.onData((chunk, isLast) => {
      if (over) return;
      size += chunk.byteLength;
      if (size > this.limits.maxBody)
        return finish(text(413, 'The body of the request is too large.', { connection: 'close' }));
      chunks.push(new Uint8Array(chunk.slice(0)));
      if (isLast) finish(new Uint8Array(Buffer.concat(chunks)));
    });
  }
}

class UwsSocket implements Socket {
  readonly #ws: WebSocket<UserData>;

  constructor(ws: WebSocket<UserData>) {
    this.#ws = ws;
  }

  // The module throws when the socket is already closed, which its close handler has told or is about to tell.

  send(bytes: Uint8Array): boolean {
    try {
      return this.#ws.send(bytes, true, false) !== DROPPED;
    } catch {
      return true;
    }
  }

  end(code: number, reason: string): void {
    try {
      if (code === CloseCode.NORMAL && !reason) this.#ws.end(code);
      else this.#ws.end(code, reason);
    } catch {}
  }

  terminate(): void {
    try {
      this.#ws.close();
    } catch {}
  }

  subscribe(topic: string): void {
    try {
      this.#ws.subscribe(topic);
    } catch {}
  }

  publish(topic: string, bytes: Uint8Array): void {
    try {
      this.#ws.publish(topic, bytes, true, false);
    } catch {}
  }
}

async function write(
  res: HttpResponse,
  method: string,
  response: Response,
  exchange: { aborted: boolean },
): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  if (exchange.aborted) return;
  res.cork(() => {
    res.writeStatus(`${response.status} ${response.statusText || (STATUS_CODES[response.status] ?? '')}`);
    response.headers.forEach((value, key) => {
      if (key !== 'content-length' && key !== 'transfer-encoding') res.writeHeader(key, value);
    });
    if (method === 'HEAD') res.endWithoutBody(Number(response.headers.get('content-length') ?? body.byteLength));
    else res.end(body, response.headers.get('connection') === 'close');
  });
}

function addressOf(res: HttpResponse): string {
  return Buffer.from(res.getRemoteAddressAsText()).toString();
}
