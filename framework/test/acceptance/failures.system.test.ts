/**
 * Let it crash, from outside: a server in a process of its own, real sockets, the unmodified SDK. Whatever way a room or
 * a player fails in, the others go on and no socket closes; on both transports and in both placements.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client, type Room } from '@colyseus/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { handlerWayNames, strayWayNames } from './failing-rooms.ts';

const placements = [
  { transport: 'uws', nodes: 0 },
  { transport: 'ws', nodes: 0 },
  { transport: 'uws', nodes: 1 },
  { transport: 'ws', nodes: 1 },
];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`It never came to this: ${what}`);
    await pause(5);
  }
}

describe.each(placements)('on $transport with $nodes nodes', ({ transport, nodes }) => {
  let server: ChildProcess;
  let client: Client;
  let url: string;
  let log = '';

  beforeAll(async () => {
    const args = [join(import.meta.dirname, 'failing-server.ts'), transport, String(nodes)];
    server = spawn(process.execPath, [...process.execArgv.filter((arg) => !arg.startsWith('--inspect')), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    server.stderr!.on('data', (data) => (log += data));
    const [line] = (await Promise.race([
      once(server.stdout!, 'data'),
      once(server, 'exit').then(() => Promise.reject(new Error(log))),
    ])) as [Buffer];
    const told = JSON.parse(String(line)) as { url: string; transport: string };
    expect(told.transport).toBe(transport);
    url = told.url;
    client = new Client(url);
  });

  afterAll(async () => {
    if (server.exitCode === null && server.kill('SIGTERM')) await once(server, 'exit');
  });

  const joined: { room: Room; closed: number[] }[] = [];
  async function join1(name: string): Promise<Room> {
    const room = await client.create(name);
    watch(room);
    return room;
  }
  function watch(room: Room): void {
    const entry = { room, closed: [] as number[] };
    room.onLeave((code) => entry.closed.push(code));
    room.onDrop((code) => entry.closed.push(code));
    room.onError(() => {});
    joined.push(entry);
  }
  const closings = (): number[] => joined.flatMap(({ closed }) => closed);

  test.each([
    ...handlerWayNames.map((way) => ['fail', way] as const),
    ...strayWayNames.map((way) => ['stray', way] as const),
    ['timer', 'timer'] as const,
    ['task', 'task'] as const,
    ['tick', 'tick'] as const,
  ])('%s: a room that fails by %s', async (type, way) => {
    const bad = await join1('failing');
    const good = await join1('steady');
    let answers = 0;
    const flowing = { on: true };
    const flow = (async () => {
      while (flowing.on) {
        expect(await good.request('count', {})).toBe(++answers);
        await pause(1);
      }
    })();
    await until(() => answers > 3, 'the steady room answers');
    bad.send(type, type === 'fail' || type === 'stray' ? { way } : {});
    await until(
      async () => ((await bad.request('marks', {})) as { restored: number }).restored > 0,
      'the room was restored',
    );
    const before = answers;
    await until(() => answers > before + 3, 'the steady room goes on');
    flowing.on = false;
    await flow;
    // A timer is the room's own work, so it is tried once more before it is given up; a client's message never is.
    const restored = type === 'timer' ? 2 : 1;
    await until(
      async () => ((await bad.request('marks', {})) as { restored: number }).restored === restored,
      'it settles',
    );
    expect(await bad.request('marks', {})).toEqual({ marks: [], restored });
    await until(() => (bad.state as { restored: number }).restored === restored, 'the client has the restored state');
    expect(closings()).toEqual([]);
    await bad.leave();
    await good.leave();
    joined.length = 0;
  });

  test('a client that crashes its Player 100 times closes no socket, and its room never notices', async () => {
    const one = await join1('fragile');
    const other = await client.joinById(one.roomId);
    watch(other);
    for (let i = 1; i <= 100; i++) {
      one.send('fall', {});
      if (i % 10 === 0) expect(await other.request('count', {})).toBe(i / 10);
    }
    expect(await one.request('count', {})).toBe(11);
    expect(closings()).toEqual([]);
    await one.leave();
    await other.leave();
    joined.length = 0;
  });

  test('ten rooms given up at once close no other socket', async () => {
    const good = await join1('steady');
    const bad = await Promise.all(Array.from({ length: 10 }, () => client.create('doomed')));
    const ends = bad.map((room) => {
      room.onError(() => {});
      return new Promise<number>((resolve) => room.onLeave(resolve));
    });
    await Promise.all(bad.map((room) => fetch(`${url}/genroom/crash/${room.roomId}`, { method: 'POST' })));
    const codes = await Promise.all(ends);
    expect(new Set(codes).size).toBe(1);
    expect(codes[0]).toBeGreaterThanOrEqual(4000);
    expect(codes[0]).not.toBe(4010);
    expect(await good.request('count', {})).toBe(1);
    expect(closings()).toEqual([]);
    await good.leave();
    joined.length = 0;
  });

  test('clients that joined or left shortly before a crash are right after it', async () => {
    const first = await join1('steady');
    const others = await Promise.all(Array.from({ length: 5 }, () => client.joinById(first.roomId)));
    const leaving = others.slice(0, 2).map((room) => room.leave());
    const joining = Array.from({ length: 3 }, () => client.joinById(first.roomId));
    await fetch(`${url}/genroom/crash/${first.roomId}`, { method: 'POST' });
    await Promise.all(leaving);
    const late = await Promise.all(joining);
    for (const room of [first, ...others.slice(2), ...late])
      expect(await room.request('count', {})).toBeTypeOf('number');
    const tree: unknown = await (await fetch(`${url}/genroom/tree`)).json();
    expect(JSON.stringify(tree)).toContain(late[0]!.sessionId);
    expect(JSON.stringify(tree)).not.toContain(others[0]!.sessionId);
    expect(closings()).toEqual([]);
    for (const room of [first, ...others.slice(2), ...late]) await room.leave();
    joined.length = 0;
  });
});
