/** `serve` in a process of its own: both transports, both placements, the unmodified SDK, every way to fail. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, type Room } from '@colyseus/sdk';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CloseCode } from '../../src/gateway/close-codes.ts';
import type { TreeView } from '../../src/gateway/http/operator.ts';
import type { ServeOptions } from '../../src/gateway/serve-options.ts';
import { transports, until } from './small-room.ts';

interface Served {
  readonly url: string;
  readonly process: ChildProcess;
  /** What it logged, parsed. */
  readonly log: Record<string, unknown>[];
  /** What it wrote that is no entry of the log. */
  readonly noise: string[];
  /** Resolves with the exit code and the signal. */
  readonly exit: Promise<[number | null, string | null]>;
}

const script = fileURLToPath(new URL('./server-process.ts', import.meta.url));
const running: Served[] = [];

async function server(options: Partial<ServeOptions> = {}, flags: readonly string[] = []): Promise<Served> {
  const child = spawn(process.execPath, [...flags, script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: Record<string, unknown>[] = [];
  const noise: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('{')) log.push(JSON.parse(line) as Record<string, unknown>);
    else noise.push(line);
  });
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  const [url] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exit.then(() => Promise.reject(new Error(`the server ended: ${noise.join('\n')}`))),
  ])) as [string];
  const served = { url, process: child, log, noise, exit };
  running.push(served);
  return served;
}

const join = (url: string, name: string, channel = 'a'): Promise<Room> =>
  new Client(url).joinOrCreate('chat', { name, channel }).then((room) => {
    room.onMessage('*', () => {});
    return room;
  });
const linesOf = (room: Room): string[] =>
  [...(room.state as { lines: { text: string }[] }).lines].map(({ text }) => text);
const post = (room: Room, text: string): Promise<unknown> => room.request('post', { id: crypto.randomUUID(), text });

beforeEach(() => {
  for (const level of ['info', 'warn'] as const) vi.spyOn(console, level).mockImplementation(() => {});
});
afterEach(async () => {
  for (const { process: child, exit } of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exit;
  }
  vi.restoreAllMocks();
});

const everywhere = transports.flatMap((transport) => [0, 1].map((nodes) => ({ transport, nodes })));

describe.each(everywhere)('$transport, nodes: $nodes', ({ transport, nodes }) => {
  test('each way to throw ends one process and no more: sockets, other rooms and what was acknowledged stay', async () => {
    const { url, log, noise } = await server({ transport, nodes });
    const [one, two] = await Promise.all([join(url, 'one'), join(url, 'two')]);
    const other = await join(url, 'other', 'b');
    const ends: unknown[] = [];
    for (const room of [one, two, other]) room.onLeave((...end) => ends.push(end));
    const acknowledged: string[] = [];
    const flowing: number[] = [];
    const enough = new AbortController();
    const stream = (async () => {
      for (let n = 0; !enough.signal.aborted; n++) {
        await other.request('post', { id: `${n}`, text: `${n}` }, { timeout: 1000 });
        flowing.push(n);
      }
    })();
    for (const how of ['throw', 'reject', 'timer', 'await']) {
      const crashes = log.filter(({ event }) => event === 'crash').length;
      two.send('fail', { how });
      await until(() => log.filter(({ event }) => event === 'crash').length > crashes, `the crash by ${how}`, 5000);
      await post(one, how);
      acknowledged.push(how);
    }
    enough.abort();
    await stream;
    const kept = ['throw', 'half of reject', 'reject', 'half of timer', 'timer', 'await'];
    await until(() => linesOf(one).length === kept.length && linesOf(two).length === kept.length, 'the lines');
    expect(linesOf(one)).toEqual(kept); // the turns of reject and timer had ended well before those failed
    expect(linesOf(two)).toEqual(kept);
    expect(linesOf(other)).toEqual(flowing.map(String));
    expect(ends).toEqual([]);
    const crashes = log.filter(({ event }) => event === 'crash');
    expect(crashes.map(({ at }) => at)).toEqual(
      Array.from({ length: 4 }, () => expect.stringMatching(/chat-room\.ts:\d+:\d+$/)),
    );
    expect(crashes[0]).toMatchObject({
      room: 'chat',
      roomId: one.roomId,
      session: two.sessionId,
      type: 'fail',
      restart: { n: 1, of: 100 },
      error: { name: 'Error', message: 'asked to throw' },
    });
    expect(noise).toEqual([]);
  });

  test('the tree, the crash button and the metrics tell what happened; sockets do not notice', async () => {
    const { url, log } = await server({ transport, nodes });
    const room = await join(url, 'one');
    await post(room, 'before');
    const tree = async (): Promise<TreeView> => (await (await fetch(`${url}/genroom/tree`)).json()) as TreeView;
    const before = await tree();
    expect(before).toMatchObject({
      transport,
      connections: 1,
      rooms: [{ name: 'chat', phase: 'running', sessions: 1 }],
    });
    expect(before.nodes).toHaveLength(1);
    expect(JSON.stringify(before.nodes[0]!.tree)).toContain(before.rooms[0]!.pid);
    expect(await (await fetch(`${url}/readyz`)).text()).toBe('ready');
    expect(
      (await fetch(`${url}/genroom/crash/${room.roomId}`, { method: 'POST', body: '{"error":"the button"}' })).status,
    ).toBe(202);
    await until(() => log.some(({ event }) => event === 'crash'), 'the crash', 5000);
    await post(room, 'after');
    const after = await tree();
    expect(after.connections).toBe(1);
    expect(after.rooms[0]!.pid).not.toBe(before.rooms[0]!.pid);
    expect(linesOf(room)).toEqual(['before', 'after']);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('genroom_connections 1\n');
    expect(metrics).toContain('genroom_rooms{room="chat"} 1\n');
    expect(metrics).toContain('genroom_crashes_total{room="chat",process="room"} 1\n');
  });

  test('SIGTERM ends the rooms with 4001, then the process with 0', async () => {
    const { url, process: child, exit } = await server({ transport, nodes });
    const rooms = await Promise.all([join(url, 'one'), join(url, 'two', 'b')]);
    const ends = rooms.map((room) => new Promise((resolve) => room.onLeave((code) => resolve(code))));
    child.kill('SIGTERM');
    expect(await Promise.all(ends)).toEqual([CloseCode.SERVER_SHUTDOWN, CloseCode.SERVER_SHUTDOWN]);
    expect(await exit).toEqual([0, null]);
  });
});

test('a worker thread that ends takes no socket along: its rooms start on another, from their shadow', async () => {
  const { url, noise, process: child } = await server({ nodes: 1 });
  const [one, two] = await Promise.all([join(url, 'one'), join(url, 'two', 'b')]);
  const ends: unknown[] = [];
  for (const room of [one, two]) room.onLeave((...end) => ends.push(end));
  await Promise.all([post(one, 'before'), post(two, 'before')]);
  const pids = async (): Promise<unknown[]> =>
    ((await (await fetch(`${url}/genroom/tree`)).json()) as TreeView).rooms.map(({ pid }) => pid);
  const before = await pids();
  one.send('fail', { how: 'exit' });
  await Promise.all([post(one, 'after'), post(two, 'after')]);
  expect(linesOf(one)).toEqual(['before', 'after']);
  expect(linesOf(two)).toEqual(['before', 'after']);
  expect(await pids()).not.toEqual(before);
  expect(await (await fetch(`${url}/readyz`)).text()).toBe('ready');
  expect([ends, child.exitCode, noise]).toEqual([[], null, []]);
});

test('a worker thread that hangs in a handler is ended: its rooms start on another, and no socket is closed', async () => {
  const { url, log, noise } = await server({ nodes: 1, hangTimeout: 1_000 });
  const [one, two] = await Promise.all([join(url, 'one'), join(url, 'two', 'b')]);
  const ends: unknown[] = [];
  for (const room of [one, two]) room.onLeave((...end) => ends.push(end));
  await Promise.all([post(one, 'before'), post(two, 'before')]);
  one.send('fail', { how: 'hang' });
  await Promise.all([post(one, 'after'), post(two, 'after')]);
  expect([linesOf(one), linesOf(two), ends]).toEqual([['before', 'after'], ['before', 'after'], []]);
  expect(log.filter(({ event }) => event === 'node')).toMatchObject([
    { step: 'lost', node: 'node-1', rooms: 2, reason: expect.stringContaining('hung for 1000 ms') },
    { step: 'up', node: 'node-1' },
  ]);
  expect(log.filter(({ event }) => event === 'lost-at-work')).toMatchObject([
    { room: 'chat', roomId: one.roomId, session: one.sessionId, work: 'cast fail' },
  ]);
  expect(noise).toEqual([]);
});

test('a main thread that hangs is named by the watchdog, with the process and the line, and the server ends', async () => {
  const { url, log, exit } = await server({ watchdog: 1_000 });
  const room = await join(url, 'one');
  const closed = new Promise((resolve) => room.onDrop((code) => resolve(code)));
  room.send('fail', { how: 'hang' });
  expect(await exit).toEqual([null, 'SIGKILL']);
  expect(await closed).toBe(1006);
  await until(() => log.some(({ event }) => event === 'hang'), 'the word of the watchdog');
  expect(log.filter(({ event }) => event === 'hang')).toMatchObject([
    {
      level: 'error',
      at: expect.stringMatching(/chat-room\.ts:\d+:\d+$/),
      process: expect.stringContaining(`genServer room room chat/${room.roomId} <main.`),
      text: expect.stringContaining('the main thread hung for 1000 ms'),
    },
  ]);
});

test('the load and the strays of a worker node are at /metrics, over its threads; a busy room there is named', async () => {
  const { url, log } = await server({ nodes: 1 });
  const metrics = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
  const figure = (text: string, name: string): number =>
    Number(new RegExp(`^genroom_${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
  const room = await join(url, 'one');
  room.send('fail', { how: 'reject' });
  await post(room, 'there');
  const messages = 'process_messages_total{node="node-1",behaviour="genServer room"}';
  const strays = 'strays_total{node="node-1",owned="true"}';
  await vi.waitUntil(async () => figure(await metrics(), strays) === 1, { timeout: 10_000 });
  const before = figure(await metrics(), messages);
  expect(before).toBeGreaterThan(2);
  room.send('fail', { how: 'exit' });
  await post(room, 'on another thread');
  expect(figure(await metrics(), messages)).toBeGreaterThanOrEqual(before);
  expect(figure(await metrics(), strays)).toBe(1);

  const busy = (): Record<string, unknown> | undefined => log.find(({ event }) => event === 'busy');
  await vi.waitUntil(() => (room.send('hold', { ms: 45 }), busy()), { timeout: 20_000, interval: 40 });
  expect(busy()).toMatchObject({
    process: 'genServer room',
    pid: expect.stringMatching(/^<node-1-/),
    waits: true,
    shards: expect.any(Number),
    text: expect.stringMatching(/room chat\/.* is \d+ % busy for 5 s .* shards by key/),
  });
  const text = await metrics();
  expect(figure(text, 'process_utilisation{node="node-1",behaviour="genServer room"}')).toBeGreaterThan(0.8);
  expect(figure(text, 'process_service_seconds_total{node="node-1",behaviour="genServer room"}')).toBeGreaterThan(3);
});

describe('a failure that no process owns', () => {
  test('is reported, and ends nothing', async () => {
    const { url, log, noise, process: child } = await server();
    const room = await join(url, 'one');
    for (const way of ['rejection', 'timer']) await fetch(`${url}/stray/${way}`, { method: 'POST' });
    await until(() => log.filter(({ event }) => event === 'unowned').length === 2, 'two reports', 5000);
    await post(room, 'still here');
    expect(child.exitCode).toBeNull();
    expect(log.map(({ at }) => at)).toEqual(
      Array.from({ length: 2 }, () => expect.stringContaining('server-process.ts')),
    );
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'genroom_strays_total{node="main",owned="false"} 2\n',
    );
    expect(noise).toEqual([]);
  });

  test.each([0, 1])(
    'with unowned: exit and nodes: %i, closes the server and ends the process with 1',
    async (nodes) => {
      const { url, exit, log, noise } = await server({ unowned: 'exit', nodes });
      const room = await join(url, 'one');
      const end = new Promise((resolve) => room.onLeave((code) => resolve(code)));
      room.send('fail', { how: 'unowned' });
      expect(await end).toBe(CloseCode.SERVER_SHUTDOWN);
      expect(await exit).toEqual([1, null]);
      expect(log.map(({ event }) => event)).toEqual(['unowned']);
      expect(noise).toEqual([]);
    },
  );
});

test('--inspect suspends the deadlines of calls', async () => {
  const slow = (served: Served, room: Room): Promise<unknown> =>
    room.request('wait', { ms: 300 }).then(
      () => 'answered',
      (error: Error & { code?: string }) => error.code ?? error.message,
    );
  const plain = await server({ callTimeout: 100 });
  expect(await slow(plain, await join(plain.url, 'one'))).toBe('call_timeout');
  const inspected = await server({ callTimeout: 100 }, ['--inspect=127.0.0.1:0']);
  expect(await slow(inspected, await join(inspected.url, 'one'))).toBe('answered');
  expect(inspected.log.map(({ event }) => event)).toContain('inspect');
});

test('where uWebSockets.js cannot load, the fallback says why and what to do, and serves', async () => {
  // With the cure turned off an old glibc cannot load it; on a newer one it loads, and there is nothing to warn of.
  process.env['GENROOM_GLIBC_CURE'] = 'off';
  const served = await server().finally(() => delete process.env['GENROOM_GLIBC_CURE']);
  const { transport } = (await (await fetch(`${served.url}/genroom/tree`)).json()) as TreeView;
  const warning = served.log.find(({ event }) => event === 'transport');
  if (transport === 'uws') expect(warning).toBeUndefined();
  else expect(warning).toMatchObject({ level: 'warn', text: expect.stringMatching(/falling back.*glibc.*doctor/) });
  await post(await join(served.url, 'one'), 'either way');
});

test('what cannot be served says so', async () => {
  const refused = (options: Partial<ServeOptions>): Promise<unknown> =>
    server(options).then(
      () => 'served',
      (error: Error) => error.message,
    );
  const { url } = await server();
  expect(await refused({ port: Number(new URL(url).port) })).toContain('Cannot listen on 127.0.0.1');
  expect(await refused({ host: '203.0.113.7' })).toContain('Cannot listen on 203.0.113.7');
});
