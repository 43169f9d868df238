/**
 * What is thrown may be anything, and the log may fail: each costs one room a restart and the others nothing. A server
 * in a process of its own, since the test runner listens to stray failures itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client, type Room } from '@colyseus/sdk';
import { afterEach, expect, test } from 'vitest';
import { nasty } from './nasty-rooms.ts';

let server: ChildProcess | undefined;
let log = '';

afterEach(async () => {
  if (server && server.exitCode === null && server.kill('SIGKILL')) await once(server, 'exit');
  server = undefined;
  log = '';
});

async function startServer(way: string, nodes = 0): Promise<Client> {
  const flags = process.execArgv.filter((arg) => !arg.startsWith('--inspect'));
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, 'nasty-server.ts'), way, String(nodes)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server = child;
  child.stderr.on('data', (data) => (log += data));
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error(log))),
  ])) as [Buffer];
  return new Client(String(line).trim());
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`It never came to this: ${what}. The log:\n${log.slice(-3000)}`);
    await pause(5);
  }
}

/** Joins; what closes is noted. */
async function join1(client: Client, name: string, closed: string[]): Promise<Room> {
  const room = await client.create(name);
  room.onLeave((code) => closed.push(`${name} ${code}`));
  room.onDrop((code) => closed.push(`${name} dropped ${code}`));
  room.onError(() => {});
  return room;
}

async function inTime(answer: Promise<unknown>, what: string): Promise<unknown> {
  return Promise.race([
    answer,
    pause(4_000).then(() => Promise.reject(new Error(`no answer: ${what}. The log:\n${log.slice(-3000)}`))),
  ]);
}

const count = (text: string): number => log.split(text).length - 1;

test.each([
  ['text', 0],
  ['text', 1],
  ['sites', 0],
] as const)('whatever a handler throws, the next room answers on (log: %s, nodes: %d)', async (way, nodes) => {
  const client = await startServer(way, nodes);
  const closed: string[] = [];
  const bad = await join1(client, 'throwing', closed);
  const good = await join1(client, 'watching', closed);
  let answers = 0;
  for (const what of Object.keys(nasty)) {
    const before = count('crash ');
    const failed = bad.request('fail', { what }).then(
      () => 'answered',
      () => 'failed',
    );
    expect(await inTime(failed, what)).toBe('failed');
    expect(await inTime(good.request('count', {}), `the other room, after ${what}`)).toBe(++answers);
    // State that was not committed is gone, what was is there: the room starts from its shadow.
    expect(await inTime(bad.request('count', {}), `the room itself, after ${what}`)).toBe(answers);
    await until(() => count('crash ') > before, `a crash record of ${what}`);
    for (const type of ['stray', 'late']) {
      const seen = count('crash ');
      bad.send(type, { what });
      await until(() => count('crash ') > seen, `a crash record of ${type} ${what}`);
    }
    expect(await inTime(good.request('count', {}), `the other room, after strays of ${what}`)).toBe(++answers);
    expect(await inTime(bad.request('count', {}), `the room itself, after strays of ${what}`)).toBe(answers);
  }
  expect(closed).toEqual([]);
  expect(log).not.toContain('the host restarted');
  expect(log).not.toContain('the log failed');
  expect(log).toMatch(/crash at framework\/test\/acceptance\/nasty-rooms\.ts:\d+:\d+ Error: frozen/);
});

test.each(['throws', 'rejects', 'late'])(
  'a log that fails (%s) costs its entries, no room and no time',
  async (way) => {
    const client = await startServer(way);
    const closed: string[] = [];
    const bad = await join1(client, 'throwing', closed);
    const good = await join1(client, 'watching', closed);
    for (let i = 1; i <= 5; i++) {
      const failed = bad.request('fail', { what: 'a frozen error' }).then(
        () => 'answered',
        () => 'failed',
      );
      expect(await inTime(failed, 'the crash')).toBe('failed');
      bad.send('stray', { what: 'null' });
      expect(await inTime(good.request('count', {}), 'the other room')).toBe(i);
      expect(await inTime(bad.request('count', {}), 'the room itself')).toBe(i);
    }
    await until(() => log.includes('the log service is down'), 'the failure is told');
    await pause(300);
    const lines = log.split('\n').length;
    await pause(300);
    expect(log.split('\n').length).toBe(lines);
    expect(lines).toBeLessThan(100);
    expect(
      await inTime(
        client.create('watching').then(() => 'open'),
        'a new room',
      ),
    ).toBe('open');
    expect(closed).toEqual([]);
  },
);

test('a room that crashes while it closes is logged with its crash record', async () => {
  const client = await startServer('text');
  const room = await client.create('leaving');
  await room.leave();
  // A leave comes again by itself: it crashes the room once, and once more while that closes.
  await until(() => log.includes('closing room leaving'), 'the crash record of the closing room');
  expect(log).toMatch(
    /crash at \S+nasty-rooms\.ts:\d+:\d+ Error: leave always fails · closing room leaving \S+ · leave of \S+\n/,
  );
});
