/** What is over leaves nothing behind, and nobody's odd value keeps others from being told of an end. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import {
  call,
  cast,
  cancelTimer,
  exit,
  type ExitReason,
  genServer,
  isAlive,
  initOk,
  noreply,
  type Pid,
  receive,
  whichChildren,
  terminateChild,
  supervisor,
  restartChild,
  initStop,
  childSpec,
  sendRequest,
  receiveResponse,
  send,
  sendAfter,
  spawn,
  spawnMonitor,
  start,
  stopServer,
  sys,
  timeout as TIMEOUT,
  trapExit,
  useClock,
} from '../../src/otp/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { procOf } from '../../src/otp/runtime/proc.ts';
import { counter, downOf, failure, inProcess } from './stage.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Kilobytes that `work` leaves on the heap. */
async function kilobytesLeftBy(work: () => unknown): Promise<number> {
  collect();
  const before = process.memoryUsage().heapUsed;
  await work();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return (process.memoryUsage().heapUsed - before) / 1024;
}

test('PROC-06 timers that were cancelled are forgotten, though the process lives on', async () => {
  const pid = spawn(() => receive(() => false));
  const left = await kilobytesLeftBy(() => {
    for (let i = 0; i < 100_000; i++) cancelTimer(sendAfter(pid, 'late', 3_600_000));
  });
  expect(left).toBeLessThan(3_000);
  exit(pid, 'kill');
});

test('R-01 timeouts of calls may be of any number of lengths: one that nobody waits for is not kept', async () => {
  const slow = genServer({
    name: 'slow',
    init: () => 0,
    calls: {
      // Answered when the deadline stands already.
      ask: (state, _: undefined, { from }) => {
        setTimeout(() => from.answer(state), 1);
        return noreply(state);
      },
    },
  });
  const server = await start(slow);
  const left = await kilobytesLeftBy(async () => {
    for (let round = 0; round < 20; round++) {
      const timeout = (i: number): number => 10_000 + (round * 1000 + i) / 7;
      await Promise.all(
        Array.from({ length: 1000 }, (_, i) => call(server, 'ask', undefined, { timeout: timeout(i) })),
      );
    }
  });
  expect(left).toBeLessThan(2_000);
  await stopServer(server);
});

test('a reason that cannot be read is told like any other, and so is every end after it', async () => {
  const unreadable = {
    get why() {
      throw new Error('nobody reads this');
    },
  } as unknown as ExitReason;
  let traps = false;
  const stubborn = spawn(async () => {
    trapExit(true);
    traps = true;
    await receive();
    exit(unreadable);
  });
  await vi.waitUntil(() => traps);
  const error = await failure(stopServer(stubborn, { why: 'asked' }));
  expect(error.code).toBe('call_down');
  const down = await inProcess(() => {
    const { ref } = spawnMonitor(() => exit('told'));
    return downOf(ref);
  });
  expect(down).toBe('told');
});

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const unaskable = (): object => ({
  get then(): unknown {
    throw new Error('nobody asks this');
  },
});

for (const [what, make] of Object.entries({ 'a revoked Proxy': revoked, 'a getter that throws': unaskable })) {
  test(`a handler that returns ${what} ends its own process, and no other stands still`, async () => {
    const bad = genServer({
      name: 'bad',
      init: () => 0,
      calls: { give: () => make() as never, giveLater: async () => make() as never },
      casts: { give: () => make() as never },
    });
    const other = await start(counter, {});
    const [first, second, third] = [await start(bad), await start(bad), await start(bad)];
    expect((await failure(call(first, 'give'))).code).toBe('call_down');
    expect((await failure(call(second, 'giveLater'))).code).toBe('call_down');
    cast(third, 'give');
    expect(await call(other, 'get')).toBe(0);
    expect([first, second, third].map(isAlive)).toEqual([false, false, false]);
  });
}

test('a message that cannot be looked at ends who gets it at the most, and no other stands still', async () => {
  const server = await start(genServer({ name: 'server', trapExit: true, init: () => 0, info: (n) => noreply(n) }));
  send(server, {
    tag: 'EXIT',
    get from(): never {
      throw new Error('unreadable');
    },
  });
  const other = await start(counter, {});
  expect(await call(other, 'get')).toBe(0);
  expect(isAlive(server)).toBe(false);
});

test('R-13 SYS-05 an idle timeout that passes while the server is suspended starts anew when it is resumed', async () => {
  const clock = new VirtualClock();
  const before = useClock(clock);
  try {
    const got: unknown[] = [];
    const idle = genServer({
      name: 'idle',
      init: () => initOk(0, { timeout: 50 }),
      info: (state, message) => {
        got.push(message);
        return noreply(state, message === 'arm' ? { timeout: 50 } : undefined);
      },
    });
    const passes = async (server: Pid, milliseconds: number): Promise<void> => {
      await clock.advance(milliseconds);
      expect(isAlive(server)).toBe(true);
    };
    const alone = await start(idle);
    await sys.suspend(alone);
    await passes(alone, 100);
    await sys.resume(alone);
    expect(got).toEqual([]);
    await passes(alone, 60);
    expect(got).toEqual([TIMEOUT]);
    // The same with a message that arms a timeout of its own, before the one that has passed.
    got.length = 0;
    const busy = await start(idle);
    await sys.suspend(busy);
    send(busy, 'arm');
    await passes(busy, 100);
    await sys.resume(busy);
    await passes(busy, 60);
    expect(got).toEqual(['arm', TIMEOUT]);
  } finally {
    useClock(before);
  }
});

const mute = genServer({ name: 'mute', init: () => 0, calls: { ask: (state) => noreply(state) } });

test('a call without a deadline that is never answered goes with its caller', async () => {
  const server = await start(mute);
  const callers = Array.from({ length: 100 }, () =>
    spawn(() => call(server, 'ask', undefined, { timeout: Infinity }).then(() => {})),
  );
  // Some end before the event loop has been round once, the others after it.
  for (let i = 0; i < 1000; i++) await Promise.resolve();
  for (const caller of callers.slice(0, 50)) exit(caller, 'kill');
  await vi.waitFor(() => expect(procOf(server)!.openCalls).toBeDefined());
  for (const caller of callers.slice(50)) exit(caller, 'kill');
  expect(procOf(server)!.openCalls).toBeUndefined();
  exit(server, 'kill');
});

test('EGS-14 a request that was given up is kept by nobody', async () => {
  const server = await start(mute);
  await inProcess(async () => {
    const request = sendRequest(server, 'ask');
    await vi.waitFor(() => expect(procOf(server)!.openCalls).toBeDefined());
    expect(await receiveResponse(request, { timeout: 1 })).toBeUndefined();
    expect(procOf(server)!.openCalls).toBeUndefined();
    // Nor if that is before the event loop has been round.
    await receiveResponse(sendRequest(server, 'ask'), { timeout: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(procOf(server)!.openCalls).toBeUndefined();
  });
  exit(server, 'kill');
});

test('of two retries for one child only the last counts, though it was restarted by hand between them', async () => {
  /** How the inits of the second child end, and how many messages its supervisor had queued at each. */
  const outcomes = [true, false, true, false, true];
  const queued: number[] = [];
  const late = genServer({
    name: 'late',
    init: () => {
      queued.push(sup ? procOf(sup)!.mailbox.size : 0);
      return outcomes.shift() ? 0 : initStop('not yet');
    },
  });
  let sup: Pid | undefined;
  const early = genServer({ name: 'early', init: () => 0 });
  const children = [childSpec(early, undefined, { id: 'early' }), childSpec(late, undefined, { id: 'late' })];
  sup = await start(
    supervisor({ name: 'sup', strategy: 'restForOne', intensity: { max: 10, period: 5000 }, children }),
  );
  const pids = new Map((await whichChildren(sup)).map(({ id, pid }) => [id, pid!]));
  exit(pids.get('late')!, 'kill');
  const asked = [terminateChild(sup, 'late'), restartChild(sup, 'late')];
  exit(pids.get('early')!, 'kill');
  await Promise.all(asked);
  await vi.waitFor(() => expect(outcomes).toEqual([]));
  // At the last one no other retry waits.
  expect(queued.at(-1)).toBe(0);
  exit(sup, 'kill');
});
