/** A client without the SDK: takes a seat over HTTP, then owns the WebSocket, so that it can misbehave. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Bare {
  readonly ws: WebSocket;
  readonly sessionId: string;
  readonly roomId: string;
  /** Every message received, whole. */
  readonly frames: Uint8Array[];
  readonly closed: Promise<{ code: number; reason: string }>;
}

/** A seat, and a socket on it. Acknowledges the JOIN unless told not to; `opened` gets the socket before the join. */
export async function bareClient(
  url: string,
  wish: object = {},
  acknowledge = true,
  opened: (ws: WebSocket) => void = () => {},
): Promise<Bare> {
  const response = await fetch(`${url}/matchmake/joinOrCreate/small`, {
    method: 'POST',
    body: JSON.stringify(wish),
    headers: { 'content-type': 'application/json' },
  });
  const seat = (await response.json()) as { sessionId: string; roomId: string; processId: string };
  const ws = new WebSocket(`${url.replace('http', 'ws')}/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`);
  const frames: Uint8Array[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  const joined = Promise.withResolvers<void>();
  ws.on('error', () => {});
  ws.on('message', (data: Buffer) => {
    frames.push(new Uint8Array(data));
    if (data[0] !== 10) return;
    if (acknowledge) ws.send(Uint8Array.of(10));
    joined.resolve();
  });
  await once(ws, 'open');
  opened(ws);
  await Promise.race([joined.promise, closed]);
  return { ws, sessionId: seat.sessionId, roomId: seat.roomId, frames, closed };
}
