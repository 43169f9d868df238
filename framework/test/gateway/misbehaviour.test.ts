/** What a client that means no good, or reads too slowly, can and cannot do. Both transports, real sockets. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { Client } from '@colyseus/sdk';
import fc from 'fast-check';
import { unpack } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { CloseCode } from '../../src/gateway/close-codes.ts';
import { dataFrame } from '../../src/room/frames.ts';
import { bareClient } from './bare-client.ts';
import { type Party, party, rawHttp, transports, until } from './small-room.ts';

describe.each(transports)('the %s transport and', (transport) => {
  let at: Party | undefined;
  const start = async (options: Parameters<typeof party>[0] = {}): Promise<Party> =>
    (at = await party({ transport, ...options }));

  beforeEach(() => {
    for (const level of ['info', 'warn'] as const) vi.spyOn(console, level).mockImplementation(() => {});
  });
  afterEach(async () => {
    await at?.[Symbol.asyncDispose]();
    at = undefined;
    vi.restoreAllMocks();
  });

  test('a client that reads too slowly: it is closed with 1006 and a prefix of the frames, without gaps', async () => {
    const { url, gateway, shells, log } = await start({ limits: { maxBackpressure: 256 * 1024 } });
    const slow = await bareClient(url);
    const quick = await bareClient(url);
    await until(() => shells[0]!.clients.size === 2, 'both');
    await pings(slow.ws);
    await pings(quick.ws);
    slow.ws.pause();
    const frames = 400;
    for (let n = 0; n < frames; n++) {
      shells[0]!.port.publish(dataFrame('n', { n, pad: 'x'.repeat(60_000) }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => gateway.transport.stats.closed.slow === 1, 'the close of the slow client');
    await until(() => log.some(([what, id]) => what === 'drop' && id === slow.sessionId), 'its drop');
    slow.ws.resume();
    expect((await slow.closed).code).toBe(CloseCode.ABNORMAL);
    const numbers = slow.frames.filter(isNumbered).map(numberOf);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(numbers.length).toBeLessThan(frames);
    await until(() => quick.frames.filter(isNumbered).length === frames, 'the quick client');
    expect(quick.ws.readyState).toBe(WebSocket.OPEN);
  });

  test('a slow client of direct sends: the same', async () => {
    const { url, gateway, shells } = await start({ limits: { maxBackpressure: 256 * 1024 } });
    const slow = await bareClient(url);
    await pings(slow.ws);
    slow.ws.pause();
    for (let n = 0; n < 400; n++) {
      shells[0]!.clients.get(slow.sessionId)?.send(dataFrame('n', { n, pad: 'x'.repeat(60_000) }));
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => gateway.transport.stats.closed.slow === 1, 'the close');
    slow.ws.resume();
    expect((await slow.closed).code).toBe(CloseCode.ABNORMAL);
    const numbers = slow.frames.filter(isNumbered).map(numberOf);
    expect(numbers).toEqual(numbers.map((_, index) => index));
  });

  test('a flood of messages: closed with a code and a reason, its seat is not kept', async () => {
    const { url, log } = await start({ limits: { messagesPerSecond: 50 } });
    const other = await bareClient(url);
    const flooder = await bareClient(url);
    for (let n = 0; n < 150; n++) flooder.ws.send(dataFrame('echo', n));
    expect(await flooder.closed).toEqual({
      code: CloseCode.FLOOD,
      reason: expect.stringContaining('Too many messages'),
    });
    await until(() => log.some(([what]) => what === 'leave'), 'its leave');
    expect(log.filter(([what]) => what === 'cast').length).toBeLessThanOrEqual(100);
    expect(log.filter(([what]) => what === 'drop')).toEqual([]);
    expect(other.ws.readyState).toBe(WebSocket.OPEN);
  });

  test('a flood of bytes, and a message too large: closed with a code', async () => {
    const { url } = await start({ limits: { bytesPerSecond: 100_000 } });
    const flooder = await bareClient(url);
    for (let n = 0; n < 5; n++) flooder.ws.send(dataFrame('echo', 'x'.repeat(60_000)));
    expect((await flooder.closed).code).toBe(CloseCode.FLOOD);
    const large = await bareClient(url);
    large.ws.send(dataFrame('echo', 'x'.repeat(70_000)));
    expect((await large.closed).code).toBe(CloseCode.TOO_BIG);
  });

  test('a JOIN that is never acknowledged: closed in time, the session left', async () => {
    const { url, log, gateway } = await start({ limits: { joinTimeout: 150 } });
    const silent = await bareClient(url, {}, false);
    expect(await silent.closed).toEqual({
      code: CloseCode.JOIN_TIMEOUT,
      reason: expect.stringContaining('not acknowledged'),
    });
    await until(() => log.some(([what]) => what === 'leave'), 'its leave');
    expect(log.filter(([what]) => what === 'drop')).toEqual([]);
    expect(silent.frames.map(([code]) => code)).toEqual([10]);
    expect(gateway.transport.stats.closed.joinTimeout).toBe(1);
  });

  test('more waiting for the JOIN than its buffer holds: closed', async () => {
    const { url } = await start({ limits: { joinBuffer: 50 * 1024 } });
    const silent = await bareClient(url, { flood: 100 }, false);
    expect((await silent.closed).code).toBe(CloseCode.JOIN_TIMEOUT);
  });

  test('a line cut while the join is under way: the shell hears at once that it left, and the room can end', async () => {
    const { url, log } = await start();
    const first = await bareClient(url);
    await bareClient(url, { never: true }, false, (ws) => setTimeout(() => ws.terminate(), 30));
    await until(() => log.some(([what]) => what === 'leave'), 'its leave');
    expect(log.filter(([what]) => what === 'join')).toHaveLength(1);
    first.ws.send(Uint8Array.of(12));
    await until(() => log.some(([what]) => what === 'close'), 'the end of the room');
  });

  test('a room that lets nobody in: the client is told after the time for that', async () => {
    const { url, log } = await start({ limits: { admissionTimeout: 100 } });
    await bareClient(url);
    const waiting = await bareClient(url, { never: true }, false);
    expect((await waiting.closed).code).toBe(CloseCode.JOIN_TIMEOUT);
    expect(waiting.frames.map(([code]) => code)).toEqual([11]);
    expect(log.filter(([what]) => what === 'leave')).toEqual([['leave', waiting.sessionId, false]]);
  });

  test('a line cut again before the return was acknowledged: the seat is kept, with the same token', async () => {
    const { url, gateway, log } = await start();
    const first = await bareClient(url);
    const token = tokenOf(first.frames[0]!);
    const back = `ws://127.0.0.1:${gateway.port}/p/${first.roomId}?sessionId=${first.sessionId}&reconnectionToken=${token}&skipHandshake`;
    await pings(first.ws);
    first.ws.terminate();
    for (const patience of ['none', 'none', 'stays']) {
      const again = new WebSocket(back);
      const [join] = (await once(again, 'message')) as [Buffer];
      expect([join[0], tokenOf(join)]).toEqual([10, token]);
      if (patience === 'none') again.terminate();
      else again.send(Uint8Array.of(10));
      if (patience === 'stays') expect(((await once(again, 'message')) as [Buffer])[0][0]).toBe(14);
    }
    expect(log.map(([what]) => what)).toEqual(['join', 'drop', 'resume', 'drop', 'resume', 'drop', 'resume']);
  });

  test('messages before the JOIN, and frames of no kind: an error frame, then the close', async () => {
    const { url, log } = await start({ limits: { malformed: 3 } });
    const early = await bareClient(url, { slow: 200 }, false, (ws) => ws.send(dataFrame('echo', 'too early')));
    expect(early.frames.map(([code]) => code)).toEqual([11, 10]);
    early.ws.send(Uint8Array.of(99));
    early.ws.send(Buffer.alloc(0));
    expect((await early.closed).code).toBe(CloseCode.MALFORMED);
    expect(log.filter(([what]) => what === 'cast')).toEqual([]);
  });

  test('a message in place of the acknowledgement: it acknowledges, as the SDK means it in onReconnect', async () => {
    const { url } = await start();
    const early = await bareClient(url, {}, false);
    early.ws.send(dataFrame('echo', 'early'));
    early.ws.send(Uint8Array.of(10));
    await until(() => early.frames.length === 4, 'the answer');
    expect(early.frames.map(([code]) => code)).toEqual([10, 14, 13, 13]);
    const room = await new Client(url).joinOrCreate('small', {});
    room.onMessage('welcome', () => {});
    room.reconnection.minUptime = 0;
    const answer = new Promise((resolve) => void room.onReconnect(() => resolve(room.request('double', 4))));
    room.connection.close(4010);
    expect(await answer).toBe(8);
  });

  test('rubbish: no bytes bring the server down, and others go on', { timeout: 20_000 }, async () => {
    const { url, errors } = await start({ limits: { malformed: 1e9, messagesPerSecond: 1e6, bytesPerSecond: 1e9 } });
    const stray: unknown[] = [];
    const caught = (error: unknown): number => stray.push(error);
    process.on('uncaughtExceptionMonitor', caught);
    const rubber = await bareClient(url);
    const strange = fc.sample(fc.oneof(fc.uint8Array({ maxLength: 40 }), framish()), 400);
    for (const bytes of strange) if (bytes[0] !== undefined && (bytes[0] & 31) !== 12) rubber.ws.send(bytes);
    rubber.ws.send('text, not bytes');
    await pings(rubber.ws);
    const good = await new Client(url).joinOrCreate('small', {});
    expect(await good.request('double', 3)).toBe(6);
    process.off('uncaughtExceptionMonitor', caught);
    expect({ stray, errors }).toEqual({ stray: [], errors: [] });
  });

  test('strange addresses, seats and HTTP: refused, with nothing thrown', { timeout: 20_000 }, async () => {
    const { url, gateway, errors } = await start();
    const good = await new Client(url).joinOrCreate('small', {});
    const root = `ws://127.0.0.1:${gateway.port}`;
    const addresses = [
      `/p/${good.roomId}?sessionId=constructor`,
      `/p/${good.roomId}?sessionId=__proto__`,
      `/p/${good.roomId}?sessionId=constructor&reconnectionToken=constructor`,
      `/p/${good.roomId}?sessionId=${good.sessionId}`,
      `/p/${good.roomId}?sessionId=${good.sessionId}&reconnectionToken=wrong`,
      '/p/constructor?sessionId=a',
      '/p/__proto__?sessionId=a',
      `/p/${good.roomId}`,
      '/%00/%ff?sessionId=%ff',
      '/a/b/c/d?sessionId=x',
      '/?sessionId=x',
    ];
    for (const address of addresses) {
      const ws = new WebSocket(root + address);
      ws.on('error', () => {});
      const frames: Buffer[] = [];
      ws.on('message', (data: Buffer) => frames.push(data));
      const code = await new Promise((resolve) => ws.once('close', resolve));
      expect([address, code]).toEqual([address, address.includes('Token') ? 4003 : 4002]);
      expect(frames.map((frame) => frame[0])).toEqual([11]);
    }
    for (const raw of [
      'GET / HTTP/1.1\r\nHost: a b c\r\n\r\n',
      'GET //evil/.. HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET http://other/ HTTP/1.1\r\nHost: x\r\n\r\n',
      'FROB /matchmake/x/y HTTP/1.1\r\nHost: x\r\n\r\n',
      'TRACE / HTTP/1.1\r\nHost: x\r\n\r\n',
      'POST /matchmake/joinOrCreate/small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      '\x00\xff\r\n\r\n',
    ]) {
      await rawHttp(gateway.port, raw);
    }
    expect(await good.request('double', 3)).toBe(6);
    expect(errors).toEqual([]);
  });

  test('a body that never comes: 408; an aborted request: nothing', async () => {
    const { url, gateway, errors } = await start({ limits: { bodyTimeout: 100 } });
    const answer = await new Promise<number>((resolve, reject) => {
      const slow = request(`${url}/matchmake/joinOrCreate/small`, {
        method: 'POST',
        headers: { 'content-length': '10' },
      });
      slow.on('response', (response) => resolve(response.statusCode!));
      slow.on('error', reject);
      slow.flushHeaders();
    });
    expect(answer).toBe(408);
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('POST /matchmake/joinOrCreate/small HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await fetch(`${url}/__healthcheck`)).status).toBe(200);
    expect(errors).toEqual([]);
  });
});

/** Bytes that begin as a frame of the protocol does. */
function framish(): fc.Arbitrary<Uint8Array> {
  const code = fc.constantFrom(10, 11, 13, 14, 15, 17, 18, 19, 20, 21, 22, 0x8d, 0xff);
  const tag = fc.constantFrom(0xa0, 0xa1, 0xbf, 0xd9, 0xda, 0xdb, 0xca, 0xcb, 0xcf, 0xd3, 0xc0, 0xe0, 0x05);
  return fc
    .tuple(code, tag, fc.uint8Array({ maxLength: 12 }))
    .map(([first, second, rest]) => Uint8Array.of(first, second, ...rest));
}

/** Until a PING has come back, so that all that was sent before has been handled. */
function pings(ws: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const heard = (data: Buffer): void => {
      if (data[0] !== 18) return;
      ws.off('message', heard);
      resolve();
    };
    ws.on('message', heard);
    ws.send(Uint8Array.of(18));
  });
}

/** The reconnection token in a JOIN frame. */
function tokenOf(join: Uint8Array): string {
  return Buffer.from(join.subarray(2, 2 + join[1]!)).toString();
}

const isNumbered = (frame: Uint8Array): boolean => frame[0] === 13 && frame[1] === 0xa1 && frame[2] === 0x6e;

/** The n of `dataFrame('n', { n, … })`: what follows the code and the type is msgpack. */
function numberOf(frame: Uint8Array): number {
  return (unpack(frame.subarray(3)) as { n: number }).n;
}
