/** Both transports, with the unmodified SDK and with bare sockets, over real connections. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { matchMaker } from '@colyseus/core';
import { Client } from '@colyseus/sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CloseCode } from '../../src/gateway/close-codes.ts';
import { type Party, party, transports, until } from './small-room.ts';

async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe.each(transports)('the %s transport', (transport) => {
  let at: Party | undefined;
  const start = async (options: Parameters<typeof party>[0] = {}): Promise<Party> =>
    (at = await party({ transport, ...options }));

  beforeEach(() => {
    for (const level of ['info', 'warn'] as const) vi.spyOn(console, level).mockImplementation(() => {}); // the SDK talks
  });
  afterEach(async () => {
    await at?.[Symbol.asyncDispose]();
    at = undefined;
    vi.restoreAllMocks();
  });

  test('a client joins, sends, asks and leaves', async () => {
    const { url, log } = await start();
    const room = await new Client(url).joinOrCreate('small', { channel: 'a' });
    const seen: unknown[] = [];
    room.onMessage('*', (type, message) => seen.push([type, message]));
    room.send('echo', { a: 1 });
    expect(await room.request('double', 21)).toBe(42);
    expect(seen).toEqual([
      ['welcome', 'before the ack'],
      ['echo', { a: 1 }],
    ]);
    await expect(room.request('nope')).rejects.toThrow('no call nope');
    room.sendBytes('echo', Uint8Array.of(1, 2, 3));
    await until(() => seen.length === 3, 'the bytes');
    expect(new Uint8Array((seen[2] as [string, Uint8Array])[1])).toEqual(Uint8Array.of(1, 2, 3));
    expect(await room.leave()).toBe(CloseCode.CONSENTED);
    await until(() => log.some(([what]) => what === 'leave'), 'leave');
    expect(log.filter(([what]) => what !== 'cast').slice(0, 2)).toEqual([
      ['join', room.sessionId, '127.0.0.1', undefined],
      ['leave', room.sessionId, true],
    ]);
  });

  test('what is published and what is sent arrives in the order of the calls', async () => {
    const { url } = await start();
    const rooms = await Promise.all([1, 2, 3].map(() => new Client(url).joinOrCreate('small', { channel: 'a' })));
    const seen = rooms.map((room) => {
      const numbers: number[] = [];
      room.onMessage('*', (type, message: { n: number }) => type === 'n' && numbers.push(message.n));
      return numbers;
    });
    await rooms[0]!.request('double', 1);
    await Promise.all(rooms.map((room) => room.request('double', 1))); // all have acknowledged
    const all = Array.from({ length: 300 }, (_, n) => n);
    rooms[0]!.send('mixed', all.length);
    await until(() => seen[0]!.length === 300 && seen[1]!.length === 200 && seen[2]!.length === 200, 'the frames');
    expect(seen[0]).toEqual(all);
    expect(seen[1]).toEqual(all.filter((n) => n % 3 !== 0));
    expect(seen[2]).toEqual(seen[1]);
  });

  test('a publish can leave out one client, or several', async () => {
    const { url } = await start();
    const rooms = await Promise.all([1, 2, 3].map(() => new Client(url).joinOrCreate('small', { channel: 'a' })));
    const seen = rooms.map((room) => {
      const heard: unknown[] = [];
      room.onMessage('*', (type, message) => type === 'shout' && heard.push(message));
      return heard;
    });
    await Promise.all(rooms.map((room) => room.request('double', 1)));
    rooms[0]!.send('others', 'one');
    await rooms[0]!.request('double', 1);
    rooms[0]!.send('but', [rooms[0]!.sessionId, rooms[1]!.sessionId, 'nobody']);
    rooms[0]!.send('shout', 'all');
    await until(() => seen.every((heard) => heard.at(-1) === 'all'), 'the shouts');
    expect(seen).toEqual([['all'], ['one', 'all'], ['one', 'but', 'all']]);
  });

  test('after its line is cut, the SDK comes back to its seat by itself', async () => {
    const { url, log } = await start();
    const room = await new Client(url).joinOrCreate('small', { channel: 'a' });
    room.reconnection.minUptime = 0;
    const seen: unknown[] = [];
    room.onMessage('*', (type, message) => seen.push([type, message]));
    await room.request('double', 1);
    cut(room);
    const back = Promise.withResolvers<void>();
    room.onReconnect(() => back.resolve());
    await back.promise;
    expect(await room.request('double', 4)).toBe(8);
    expect(seen.at(-1)).toEqual(['welcome', 'back']);
    expect(log.map(([what]) => what)).toEqual(['join', 'drop', 'resume']);
    const again = Promise.withResolvers<void>();
    room.onReconnect(() => again.resolve());
    cut(room);
    await again.promise;
    expect(await room.request('double', 4)).toBe(8);
  });

  test('a client comes back by its token from elsewhere, also while its old line is open', async () => {
    const { url, log } = await start();
    const room = await new Client(url).joinOrCreate('small', { channel: 'a' });
    await room.request('double', 1);
    room.reconnection.enabled = false;
    const left = new Promise<number>((resolve) => room.onLeave(resolve));
    const again = await new Client(url).reconnect(room.reconnectionToken);
    expect([again.sessionId, await again.request('double', 2)]).toEqual([room.sessionId, 4]);
    expect(await left).toBeGreaterThan(1000);
    cut(again);
    again.reconnection.enabled = false;
    const third = await new Client(url).reconnect(room.reconnectionToken);
    expect(await third.request('double', 3)).toBe(6);
    expect(log.map(([what]) => what)).toEqual(['join', 'drop', 'resume', 'drop', 'resume']);
    await expect(new Client(url).reconnect(`${room.roomId}:wrong`)).rejects.toMatchObject({ code: 524 });
  });

  test('a room that is locked takes nobody in; its metadata is listed', async () => {
    const { url } = await start();
    const join = () => new Client(url).joinOrCreate('small', { channel: 'a' });
    const room = await join();
    room.onMessage('*', () => {});
    room.send('lock', true);
    room.send('metadata', { map: 'desert' });
    await room.request('double', 1);
    expect((await join()).roomId).not.toBe(room.roomId);
    expect(await matchMaker.query({ roomId: room.roomId })).toMatchObject([
      { locked: true, metadata: { map: 'desert' } },
    ]);
    room.send('lock', false);
    await room.request('double', 1);
    expect((await matchMaker.query({ roomId: room.roomId }))[0]!.locked).toBe(false);
  });

  test('a client that comes back before its old line is seen to be dead replaces it', async () => {
    const { url, gateway, log } = await start();
    const room = await new Client(url).joinOrCreate('small', { channel: 'a' });
    await room.request('double', 1);
    const before = room.connection;
    const second = new WebSocket(
      `ws://127.0.0.1:${gateway.port}/p/${room.roomId}?sessionId=${room.sessionId}` +
        `&reconnectionToken=${room.reconnectionToken.split(':')[1]}&skipHandshake=1`,
    );
    second.binaryType = 'arraybuffer';
    room.reconnection.enabled = false;
    const left = new Promise<number>((resolve) => room.onLeave(resolve));
    const first = await new Promise<Uint8Array>((resolve) => {
      second.onmessage = (event) => resolve(new Uint8Array(event.data as ArrayBuffer));
    });
    expect(first[0]).toBe(10);
    expect(await left).toBe(CloseCode.ABNORMAL);
    expect(before.isOpen).toBe(false);
    expect(log.map(([what]) => what)).toEqual(['join', 'drop', 'resume']);
    second.close();
  });

  test('a seat that nobody comes back to is left, and the room goes with its last client', async () => {
    const { url, log } = await start({ reconnection: 0.2 });
    const room = await new Client(url).joinOrCreate('small', { channel: 'a' });
    room.reconnection.enabled = false;
    await room.request('double', 1);
    cut(room);
    await until(() => log.some(([what]) => what === 'close'), 'the end of the room', 4000);
    expect(log.map(([what]) => what)).toEqual(['join', 'drop', 'leave', 'close']);
    expect(log.find(([what]) => what === 'leave')).toEqual(['leave', room.sessionId, false]);
  });

  test('the room can close one client, and can end with a code and a reason', async () => {
    const { url, log } = await start();
    const [one, two] = await Promise.all([1, 2].map(() => new Client(url).joinOrCreate('small', { channel: 'a' })));
    await Promise.all([one!.request('double', 1), two!.request('double', 1)]);
    const ends = [one!, two!].map(
      (room) => new Promise((resolve) => room.onLeave((code, reason) => resolve([code, reason]))),
    );
    one!.send('kick');
    expect(await ends[0]).toEqual([4321, 'out']);
    await until(() => log.some(([what]) => what === 'leave'), 'leave');
    two!.send('over');
    expect(await ends[1]).toEqual([4500, 'the party is over']);
    await until(() => log.some(([what]) => what === 'close'), 'close');
    expect(log.filter(([what]) => what === 'leave')).toHaveLength(2);
  });

  test('a refused join tells why, a broken one does not tell the secrets of the server', async () => {
    const { url, errors, log } = await start();
    await new Client(url).joinOrCreate('small', { channel: 'a' });
    await expect(new Client(url).joinOrCreate('small', { channel: 'a', refuse: true })).rejects.toMatchObject({
      code: 525,
      message: 'You are not on the list. Ask the host.',
    });
    const broken = new Client(url).joinOrCreate('small', { channel: 'b', failCreate: true });
    await expect(broken).rejects.toMatchObject({ code: 523 });
    await expect(broken).rejects.not.toThrow('secret');
    expect(errors).toEqual([expect.objectContaining({ message: 'secret of the server' })]);
    expect(log.filter(([what]) => what === 'leave')).toEqual([]);
  });

  test('the matchmaker honours maxClients and filterBy', async () => {
    const { url } = await start({ maxClients: 2 });
    const join = (channel: string) => new Client(url).joinOrCreate('small', { channel });
    const rooms = [await join('a'), await join('b'), await join('a'), await join('a')];
    const [a, b, a2, a3] = rooms.map((room) => room.roomId);
    expect(a2).toBe(a);
    expect(b).not.toBe(a);
    expect(a3).not.toBe(a);
  });

  test('matchmaking errors are HTTP statuses with code and error', async () => {
    const { url } = await start();
    const post = async (path: string, body: string): Promise<[number, unknown]> => {
      const response = await fetch(url + path, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      return [response.status, await response.json().catch(() => undefined)];
    };
    expect(await post('/matchmake/joinOrCreate/none', '{}')).toMatchObject([520, { code: 520 }]);
    expect(await post('/matchmake/dance/small', '{}')).toMatchObject([520, { code: 520 }]);
    expect(await post('/matchmake/join/small', '{"channel":"x"}')).toMatchObject([521, { code: 521 }]);
    expect(await post('/matchmake/joinById/none', '{}')).toMatchObject([522, { code: 522 }]);
    expect(await post('/matchmake/joinById/__proto__', '{}')).toMatchObject([522, { code: 522 }]);
    expect(await post('/matchmake/joinOrCreate/__proto__', '{}')).toMatchObject([520, { code: 520 }]);
    expect((await post('/matchmake/joinOrCreate/small', '{"channel":'))[0]).toBe(400);
    expect((await post('/matchmake/joinOrCreate/small', JSON.stringify({ x: 'y'.repeat(70_000) })))[0]).toBe(413);
    for (const body of ['null', '7', '[]', '{"hasOwnProperty":1}', '{"__proto__":{"a":1}}']) {
      expect((await post('/matchmake/joinOrCreate/small', body))[0], body).toBeLessThan(600);
    }
    const options = await fetch(`${url}/matchmake/joinOrCreate/small`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('access-control-allow-methods')]).toEqual([
      204,
      expect.stringContaining('POST'),
    ]);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    expect(await new Client(url).joinOrCreate('small', { channel: 'a' })).toBeDefined();
  });

  test('a fault of the shell is reported and closes nothing', async () => {
    const { url, errors } = await start();
    const room = await new Client(url).joinOrCreate('small', {});
    const seen: unknown[] = [];
    room.onError((code, message) => seen.push([code, message]));
    const lost = room.request('throw', undefined, { timeout: 300 });
    await expect(lost).rejects.toThrow('timed out');
    expect(seen).toEqual([[526, 'The server failed to take this message.']]);
    expect(errors).toEqual([expect.objectContaining({ message: 'a fault of the shell' })]);
    expect(await room.request('double', 2)).toBe(4);
  });

  test('a state, its patches, and a state again after a return', async () => {
    const { url, shells } = await start();
    const room = await new Client(url).joinOrCreate<{ count: number }>('small', {});
    room.reconnection.minUptime = 0;
    room.onMessage('*', () => {});
    shells[0]!.count(); // may overtake the acknowledgement, and then comes out of the buffer
    await until(() => room.state.count === 1, 'the first patch');
    room.send('count');
    await until(() => room.state.count === 2, 'the second patch');
    cut(room);
    shells[0]!.count();
    await until(() => room.state.count === 3, 'the state after the return');
    shells[0]!.count();
    await until(() => room.state.count === 4, 'a patch after it');
  });

  test('limits that cannot be are refused before they are tried', async () => {
    const refused = (limits: object) =>
      expect(party({ transport, limits })).rejects.toMatchObject({ code: 'bad_limits' });
    await refused({ idleTimeout: 5 });
    await refused({ maxPayload: 0 });
    await refused({ messagesPerSecond: Number.NaN });
  });

  test('getLatency is answered', async () => {
    const { url } = await start();
    expect(await new Client(url).getLatency({ pingCount: 2 })).toBeGreaterThanOrEqual(0);
  });

  test('a server that ends with clients on it can be started again on its port at once', async () => {
    const port = await aFreePort(); // on port 0, uSockets asks the kernel for no reuse
    const first = await start({ port });
    const room = await new Client(first.url).joinOrCreate('small', {});
    room.onMessage('welcome', () => {});
    await first[Symbol.asyncDispose]();
    const second = await start({ port });
    expect(second.gateway.port).toBe(port);
    const join = () => new Client(second.url).joinOrCreate('small', {});
    const again = await join().catch(join); // fetch may have kept a connection to the first
    again.onMessage('welcome', () => {});
    expect(await again.request('double', 2)).toBe(4);
  });

  test('a port that is taken is an error that says so, and leaves nothing behind', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    await expect(party({ transport, port })).rejects.toMatchObject({
      code: 'listen_failed',
      message: expect.stringContaining(`:${port}`),
    });
    squatter.close();
    await once(squatter, 'close');
    const { gateway } = await start({ port });
    expect(gateway.port).toBe(port);
    await expect(party({ transport })).rejects.toMatchObject({ code: 'gateway_running' });
  });
});

/** Cuts the line under a client without a close frame. */
function cut(room: { connection: { transport: unknown } }): void {
  const { ws } = room.connection.transport as { ws: { terminate?(): void; close(): void } };
  if (ws.terminate) ws.terminate();
  else ws.close();
}
