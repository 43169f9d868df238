/** Fairness: whatever processes do, sockets and timers get their turn, and no process waits for ever. */
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { call, cast, exit, genServer, noreply, type Pid, reply, start } from '../../../src/otp/index.ts';
import { pause } from '../stage.ts';

const busy = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

const flooder = genServer({
  name: 'flooder',
  init: () => ({ peer: undefined as Pid | undefined, n: 0 }),
  calls: { count: (s) => reply(s.n, s) },
  casts: {
    peer: (s, peer: Pid) => noreply({ ...s, peer }),
    flood: (s) => {
      // Two for one: the queues only grow.
      if (s.n < 200_000) for (let i = 0; i < 2; i++) (cast as (t: Pid, n: string) => void)(s.peer!, 'flood');
      (cast as (t: Pid, n: string) => void)(s.peer!, 'flood');
      return noreply({ ...s, n: s.n + 1 });
    },
  },
});

test('a socket is served while ten processes flood each other, and each of them gets its turns', async () => {
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const servers = await Promise.all(Array.from({ length: 10 }, () => start(flooder)));
  servers.forEach((s, i) => cast(s, 'peer', servers[(i + 1) % 10]!));
  const socket = connect((echo.address() as { port: number }).port, '127.0.0.1');
  await once(socket, 'connect');
  servers.forEach((s) => cast(s, 'flood'));
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    const began = performance.now();
    socket.write('x');
    await once(socket, 'data');
    waits.push(performance.now() - began);
  }
  const counts = await Promise.all(servers.map((s) => call(s, 'count')));
  servers.forEach((s) => exit(s, 'kill'));
  socket.destroy();
  echo.close();
  waits.sort((a, b) => a - b);
  // A round trip takes a few turns of the event loop, each after a burst of 8 ms. The flood itself never ends: without
  // those turns not one would come back. The bound is wide, for a busy machine.
  expect(waits[10]).toBeLessThan(3000);
  expect(Math.min(...counts)).toBeGreaterThan(Math.max(...counts) / 4);
  expect(Math.min(...counts)).toBeGreaterThan(0);
});

test('a burst is bounded in time: a timer fires while slow handlers queue up', async () => {
  const slow = genServer({
    name: 'slow',
    init: () => 0,
    casts: {
      work: (s) => {
        busy(5);
        done++;
        return noreply(s);
      },
    },
  });
  let done = 0;
  const server = await start(slow);
  for (let i = 0; i < 60; i++) cast(server, 'work');
  await pause(1);
  // Two handlers fill a burst of 8 ms; some bursts pass until the timer's turn.
  expect(done).toBeLessThan(20);
  while (done < 3) await pause(1);
  exit(server, 'kill');
});

test('processes that only await each other cannot starve timers', async () => {
  const pong = genServer({
    name: 'pong',
    init: () => 0,
    calls: {
      ping: async (s) => {
        await Promise.resolve();
        return reply(s, s);
      },
    },
  });
  const server = await start(pong);
  let stop = false;
  let calls = 0;
  const loop = (async () => {
    while (!stop) {
      await call(server, 'ping');
      calls++;
    }
  })();
  // Each of these timers fires, or the test never ends; and the calls go on meanwhile.
  while (calls < 100) await pause(1);
  stop = true;
  await loop;
  exit(server, 'kill');
});
