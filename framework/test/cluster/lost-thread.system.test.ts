/** A thread with rooms on it ends while real clients post: no socket is closed, and nothing acknowledged is lost. */
import { channel } from 'node:diagnostics_channel';
import { Client, type Room } from '@colyseus/sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { serve, type GenroomServer } from '../../src/gateway/index.ts';
import type { DownReport } from '../../src/gateway/shell/index.ts';
import { board } from '../testing/board.ts';

const CLIENTS = 20;
const LOSSES = 3;

let server: GenroomServer;
beforeEach(async () => {
  vi.spyOn(console, 'info').mockImplementation(() => {});
  server = await serve({ rooms: [board], nodes: 1, port: 0, log: false, signals: false });
});
afterEach(() => server.close(1_000));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const texts = (room: Room): string[] =>
  [...(room.state as { lines: { text: string }[] }).lines].map((line) => line.text);

test('a lost thread closes no socket; what was acknowledged is there once', async () => {
  const ends: string[] = [];
  const failing: unknown[] = [];
  const note = (report: unknown): void => void failing.push((report as DownReport).failing?.type);
  channel('genroom:room:down').subscribe(note);
  const rooms = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, n) => {
      const room: Room = await new Client(server.url).joinOrCreate('board', { name: `client ${n}` });
      room.onMessage('*', () => {});
      room.onDrop((code) => ends.push(`drop ${code}`));
      room.onLeave((code) => ends.push(`leave ${code}`));
      return room;
    }),
  );
  const acknowledged: string[] = [];
  const failures = new Set<string>();
  let posting = true;
  const poster = async (room: Room, who: number): Promise<void> => {
    for (let n = 0; posting; n++) {
      const text = `${who}:${n}`;
      try {
        await room.request('post', { text });
        acknowledged.push(text);
      } catch (error) {
        failures.add((error as Error & { code: string }).code);
      }
      await pause(5);
    }
  };
  const posters = rooms.map(poster);
  for (let loss = 0; loss < LOSSES; loss++) {
    await pause(500);
    const before = acknowledged.length;
    rooms[loss]!.send('exit', 7);
    // It goes on after each loss.
    await vi.waitUntil(() => acknowledged.length > before + CLIENTS * 4, { timeout: 15_000 });
  }
  posting = false;
  channel('genroom:room:down').unsubscribe(note);
  await Promise.all(posters);
  await pause(200);

  expect(ends).toEqual([]);
  // What ended the thread is known, and not tried again.
  expect(failing).toEqual(['exit', 'exit', 'exit']);
  const [lines] = rooms.map(texts);
  for (const room of rooms) expect(texts(room)).toEqual(lines);
  expect(new Set(lines).size).toBe(lines!.length);
  const present = new Set(lines);
  expect(acknowledged.filter((text) => !present.has(text))).toEqual([]);
  // Calls end as answered, or as not applied: the others would be in doubt without need.
  expect([...failures].filter((code) => code !== 'room_crashed')).toEqual([]);
  await Promise.all(rooms.map((room) => room.leave()));
});
