/** The door to the matchmaker, over raw HTTP: bodies, rates, the number of rooms, and rooms nobody comes to. */
import { Client } from '@colyseus/sdk';
import { describe, expect, test, vi } from 'vitest';
import { matchmakingDoor } from '../../src/gateway/http/matchmaking.ts';
import { defaultLimits } from '../../src/gateway/limits.ts';
import { party, transports, until } from './small-room.ts';

// Read by core when it is loaded: seconds for which a seat is kept for who asked for it.
vi.hoisted(() => (process.env['COLYSEUS_SEAT_RESERVATION_TIME'] = '3'));

interface Answer {
  readonly status: number;
  readonly cors: string | null;
  readonly retryAfter: string | null;
  readonly body: { readonly code?: number; readonly error?: string; readonly sessionId?: string };
}

async function ask(url: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${url}/matchmake/${path}`, { method: 'POST', ...init });
  return {
    status: response.status,
    cors: response.headers.get('access-control-allow-origin'),
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Answer['body'],
  };
}

describe.each(transports)('the %s transport', (transport) => {
  test('a body that is no JSON object is refused; an empty one is a join without options', async () => {
    await using at = await party({ transport });
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      for (const body of ['{{{', 'null', '[]', '1', '"text"', '{"a":1', 'a=1', '\0']) {
        const answer = await ask(at.url, 'joinOrCreate/small', { body, headers: { 'content-type': type } });
        expect([type, body, answer.status, answer.body]).toEqual([
          type,
          body,
          400,
          { code: 400, error: expect.stringContaining('JSON object') },
        ]);
      }
    expect(at.shells).toEqual([]);
    for (const body of [undefined, '', '{}', ' {"channel":"a"} ']) {
      const answer = await ask(at.url, 'joinOrCreate/small', body === undefined ? {} : { body });
      expect([answer.status, answer.body.sessionId, answer.cors]).toEqual([200, expect.any(String), '*']);
    }
    expect(at.shells).toHaveLength(2); // one of channel a, one without
    expect(at.errors).toEqual([]);
  });

  test('one address asks so often and no more; who waits may ask again', async () => {
    await using at = await party({ transport, limits: { matchmakingPerSecond: 1 } });
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(at.url, 'create/small')));
    const seconds = Math.ceil((performance.now() - began) / 1000);
    const refused = answers.filter(({ status }) => status === 429);
    const taken = answers.filter(({ status }) => status === 200).length;
    expect(taken).toBe(40 - refused.length);
    expect(taken).toBeGreaterThanOrEqual(4);
    expect(taken).toBeLessThanOrEqual(4 + seconds);
    expect(refused[0]).toMatchObject({
      cors: '*',
      retryAfter: '1',
      body: { code: 429, error: expect.stringContaining('Too many') },
    });
    expect((await fetch(`${at.url}/matchmake/create/small`, { method: 'OPTIONS' })).status).toBe(204);
    // A second may pass between two requests, and one more may come: so the SDK tries until it is refused.
    const join = (): Promise<unknown> => new Client(at.url).joinOrCreate('small').then(() => 'joined', String);
    const outcomes = [];
    while (outcomes.length < 30 && (outcomes.at(-1) ?? 'joined') === 'joined') outcomes.push(await join());
    expect(outcomes.at(-1)).toContain('Too many');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await ask(at.url, 'create/small')).status).toBe(200);
  });

  test('what a client asks for makes core write nothing to the console', async () => {
    const levels = ['debug', 'log', 'info', 'warn', 'error'] as const;
    const spies = levels.map((level) => vi.spyOn(console, level).mockImplementation(() => {}));
    await using at = await party({ transport });
    expect((await ask(at.url, 'reconnect/x')).body.error).toContain('disposed');
    const roomId = ((await ask(at.url, 'create/small')).body as { roomId?: string }).roomId!;
    const body = '{"reconnectionToken":"none"}';
    expect((await ask(at.url, `reconnect/${roomId}`, { body })).body.error).toContain('expired');
    await ask(at.url, 'create/unknown');
    await ask(at.url, 'nonsense/small');
    const written = spies.flatMap((spy) => spy.mock.calls);
    vi.restoreAllMocks();
    expect(written).toEqual([]);
    expect(at.errors).toEqual([]);
  });

  test('so many rooms and no more; those nobody comes to go by themselves and make place', async () => {
    await using at = await party({ transport, limits: { maxRooms: 3 } });
    const create = (body = '{}') => ask(at.url, 'create/small', { body });
    expect((await create('{"failCreate":true}')).status).not.toBe(200); // counts for nothing
    const answers = await Promise.all(Array.from({ length: 6 }, () => create()));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 429, 429, 429]);
    expect(answers.find(({ status }) => status === 429)!.body).toEqual({
      code: 429,
      error: expect.stringContaining('too many rooms'),
    });
    expect((await ask(at.url, 'joinOrCreate/small')).status).toBe(200); // into one that is there
    // Core disposes of the one that failed at its creation as well, at its own time.
    await until(() => at.log.filter(([what]) => what === 'close').length >= 4, 'the end of the empty rooms', 9000);
    expect((await create()).status).toBe(200);
  }, 15_000);
});

test('addresses are counted apart, and no more of them are remembered than there is place for', async () => {
  const door = matchmakingDoor({ ...defaultLimits, matchmakingPerSecond: 1 }, () => 0);
  const asks = async (address: string): Promise<boolean> =>
    (await door(new Request('http://x/', { method: 'POST' }), address)) instanceof Request;
  for (let n = 0; n < 4; n++) expect(await asks('10.0.0.1')).toBe(true);
  expect(await asks('10.0.0.1')).toBe(false);
  expect(await asks('10.0.0.2')).toBe(true);
  for (let n = 0; n < 10_000; n++) await asks(`other ${n}`);
  expect(await asks('10.0.0.1')).toBe(true); // forgotten, so it begins anew
});
