/** What happens on a worker thread is in the server's own log, whatever that is. */
import { Client } from '@colyseus/sdk';
import { expect, onTestFinished, test, vi } from 'vitest';
import { serve } from '../../src/gateway/index.ts';
import type { LogEntry } from '../../src/telemetry/index.ts';
import { board } from '../testing/board.ts';

const WAIT = { timeout: 20_000, interval: 20 };

test('a crash on a worker thread reaches a log that is a function, once and before the end of its thread', async () => {
  vi.spyOn(console, 'info').mockImplementation(() => {});
  const log: LogEntry[] = [];
  const server = await serve({
    rooms: [board],
    nodes: 1,
    port: 0,
    signals: false,
    log: (entry) => void log.push(entry),
  });
  onTestFinished(() => server.close(1_000));
  const room = await new Client(server.url).joinOrCreate('board', { name: 'Ada' });
  room.onMessage('*', () => {});
  await expect(room.request('crashNow', 'throw')).rejects.toMatchObject({ code: 'room_crashed' });
  await vi.waitUntil(() => log.length > 0, WAIT);
  room.send('exit', 7);
  await vi.waitUntil(() => log.some(({ event, fields }) => event === 'node' && fields['step'] === 'up'), WAIT);
  expect(log.map(({ event }) => event)).toEqual(['crash', 'node', 'lost-at-work', 'node']);
  expect(log[0]).toMatchObject({
    level: 'error',
    text: expect.stringMatching(/^crash at .*board\.ts:\d+:\d+ Error: crash now · room board /) as string,
    fields: { room: 'board', pid: expect.stringMatching(/^<node-1-/) as string },
  });
});
