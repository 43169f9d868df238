/** A server whose rooms' own host fails, seen from outside: orders, readiness, and what a client is told. */
import { Client } from '@colyseus/sdk';
import { expect, onTestFinished, test, vi } from 'vitest';
import { serve } from '../../src/gateway/serve.ts';
import { mortal, stillborn } from '../testing/mortal-room.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test.each([
  ['is not told', { exposeErrors: false }, undefined, /^Room 'stillborn' did not start\. See/],
  ['is not told in production', {}, 'production', /^Room 'stillborn' did not start\. See/],
  ['is told in production where that is asked for', { exposeErrors: true }, 'production', /born dead/],
  ['is told elsewhere', {}, 'development', /born dead/],
])('why a room did not start %s; the log has it', async (_what, options, environment, message) => {
  vi.stubEnv('NODE_ENV', environment);
  onTestFinished(() => void vi.unstubAllEnvs());
  const log: string[] = [];
  const server = await serve({
    rooms: [stillborn],
    port: 0,
    signals: false,
    log: ({ text }) => void log.push(text),
    ...options,
  });
  onTestFinished(() => server.close());
  await expect(new Client(server.url).create('stillborn')).rejects.toMatchObject({
    code: 523,
    message: expect.stringMatching(message) as string,
  });
  expect(log).toContainEqual(expect.stringMatching(/is given up, and closed: crash: Error: born dead$/));
});

test('past the limit its rooms are closed, the server is not ready, and a join is refused and does not hang', async () => {
  const log: string[] = [];
  const server = await serve({
    rooms: [mortal, stillborn],
    port: 0,
    signals: false,
    operator: true,
    log: ({ text }) => void log.push(text),
  });
  onTestFinished(() => server.close());
  const client = new Client(server.url);
  const room = await client.joinOrCreate('mortal');
  const left: unknown[] = [];
  room.onLeave((code, reason) => void left.push([code, reason]));
  expect(await room.request('add', 5)).toBe(5);

  const crash = async (roomId: string, sessionId?: string): Promise<number> =>
    (await fetch(`${server.url}/genroom/crash/${roomId}`, { method: 'POST', body: JSON.stringify({ sessionId }) }))
      .status;
  expect(await crash(room.roomId, 'nobody')).toBe(404);
  expect(await crash(room.roomId, room.sessionId)).toBe(202);
  await expect(client.create('stillborn')).rejects.toThrow('born dead');
  expect(log.filter((text) => text.includes('is given up'))).toEqual([
    expect.stringMatching(/^room stillborn \S+ is given up, and closed: crash: Error: born dead$/),
  ]);

  const pidOf = async (): Promise<string | undefined> => (await server.tree()).rooms[0]?.pid;
  const ready = async (): Promise<number> => (await fetch(`${server.url}/readyz`)).status;
  for (let losses = 1; losses <= 5; losses++) {
    const pid = await pidOf();
    room.send('kill', 'node');
    await expect.poll(pidOf, { timeout: 8_000 }).not.toBe(pid);
    expect(await room.request('add', 1)).toBe(5 + losses);
  }
  expect([left, await ready()]).toEqual([[], 200]);
  room.send('kill', 'node');
  await expect.poll(() => left).toEqual([[4500, expect.stringContaining('supervisor ended')]]);
  expect(await ready()).toBe(503);
  const refused = client.joinOrCreate('mortal').catch((error: Error) => error.message);
  expect(await Promise.race([refused, pause(3_000)])).toMatch(/did not start/);
  expect((await server.tree()).rooms).toEqual([]);
}, 30_000);
