/** A room that hangs its thread again and again: it is the one that is given up, and not the node with all its rooms. */
import { Client } from '@colyseus/sdk';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type GenroomServer, serve } from '../../src/gateway/index.ts';
import { defaultRestartLimit } from '../../src/cluster/index.ts';
import type { LogEntry } from '../../src/telemetry/index.ts';
import { board } from '../testing/board.ts';
import { spinner, stuck } from './spinning-room.ts';

async function open(log: LogEntry[]): Promise<GenroomServer> {
  const server = await serve({
    rooms: [spinner, stuck, board],
    nodes: 1,
    hangTimeout: 500,
    port: 0,
    signals: false,
    log: (entry) => void log.push(entry),
    recovery: { firstDelay: 10, maxDelay: 10, shadowAttempts: 3, freshAttempts: 0 },
  });
  onTestFinished(() => server.close(1_000));
  vi.spyOn(console, 'info').mockImplementation(() => {});
  return server;
}

const steps = (log: readonly LogEntry[], step: string): LogEntry[] =>
  log.filter(({ event, fields }) => event === 'node' && fields['step'] === step);

test('a room that always hangs is closed at last; its neighbour and all sockets stay', async () => {
  const log: LogEntry[] = [];
  const { url } = await open(log);
  const neighbour = await new Client(url).joinOrCreate('board', { name: 'Ada' });
  const ends: unknown[] = [];
  neighbour.onMessage('*', () => {});
  neighbour.onDrop((code) => ends.push(code));
  neighbour.onLeave((code) => ends.push(code));
  expect(await neighbour.request('post', { text: 'before' })).toEqual({ posts: 1 });
  const bad = await new Client(url).joinOrCreate('spinner');
  const over = new Promise((resolve) => bad.onLeave((code) => resolve(code)));
  bad.send('arm');
  expect(await over).toBe(4500);
  // More than any node is allowed to be lost by itself.
  expect(steps(log, 'lost').length).toBeGreaterThan(defaultRestartLimit.max);
  expect(steps(log, 'givenUp')).toEqual([]);
  expect(
    log.filter(({ event }) => event === 'lost-at-work').map(({ fields }) => [fields['room'], fields['ran']]),
  ).toEqual(steps(log, 'lost').map(() => ['spinner', true]));
  // A thread that gets no CPU may not say so in time.
  expect(steps(log, 'lost').map(({ text }) => text)).toContainEqual(
    expect.stringMatching(
      /hung for 500 ms in genServer room room spinner\/\S+ <node-1-\S+> at .*spinning-room\.ts:\d+:\d+/,
    ),
  );
  await vi.waitUntil(() => steps(log, 'up').length === steps(log, 'lost').length, { timeout: 10_000 });
  expect(await neighbour.request('post', { text: 'after' })).toEqual({ posts: 2 });
  expect(ends).toEqual([]);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test('a room that hangs at its first start is refused after some tries', async () => {
  const log: LogEntry[] = [];
  const { url } = await open(log);
  await expect(new Client(url).create('stuck')).rejects.toMatchObject({
    code: 523,
    message: expect.stringContaining('hung for 500 ms') as string,
  });
  expect(steps(log, 'lost')).toHaveLength(4);
  expect(steps(log, 'givenUp')).toEqual([]);
  await vi.waitUntil(() => steps(log, 'up').length === 4, { timeout: 10_000 });
  const neighbour = await new Client(url).joinOrCreate('board', { name: 'Ada' });
  neighbour.onMessage('*', () => {});
  expect(await neighbour.request('post', { text: 'there' })).toEqual({ posts: 1 });
});
