/**
 * HTTP in the gateway: a request of the web standard in, a response out, whichever transport carried it.
 *
 *     const hello: HttpHandler = (request) => (new URL(request.url).pathname === '/hello' ? new Response('hi') : undefined)
 */

/** The other end of a request's connection. */
export interface Peer {
  /** Address of the socket's other end: the client's, or the last proxy's. */
  readonly address: string;
}

/** Answers a request, or leaves it to the next handler by `undefined`. A body is read whole before it is sent. */
export type HttpHandler = (request: Request, peer: Peer) => Promise<Response | undefined> | Response | undefined;

/** The first handler that answers; 404 when none does; 500, and a report, when one throws. */
export async function respond(
  handlers: readonly HttpHandler[],
  request: Request,
  peer: Peer,
  report: (error: unknown) => void,
): Promise<Response> {
  try {
    for (const handler of handlers) {
      const response = await handler(request, peer);
      if (response) return response;
    }
    return text(404, 'Not found.');
  } catch (error) {
    report(error);
    return text(500, 'The server failed to answer; its log has the reason.');
  }
}

/** A plain-text response. */
export function text(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } });
}

/** A request from its parts; undefined where they make no URL or no request. */
export function buildRequest(parts: {
  method: string;
  target: string;
  headers: Headers;
  body?: Uint8Array<ArrayBuffer>;
}): Request | undefined {
  if (!parts.target.startsWith('/')) return undefined;
  try {
    const bodiless = parts.method === 'GET' || parts.method === 'HEAD';
    return new Request(`http://${parts.headers.get('host') ?? 'localhost'}${parts.target}`, {
      method: parts.method,
      headers: parts.headers,
      ...(bodiless || parts.body === undefined ? {} : { body: parts.body }),
    });
  } catch {
    return undefined;
  }
}
