/** What JavaScript adds to OTP: async handlers, signals during an await, what is left behind, throws, bounded slices and queues. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, test } from 'vitest';
import {
  call,
  cast,
  type CrashReport,
  crashOf,
  demonitor,
  describeReason,
  exit,
  type ExitReason,
  genServer,
  initOk,
  initStop,
  isAlive,
  isCrash,
  link,
  monitor,
  noreply,
  type Pid,
  processInfo,
  receive,
  receiveResponse,
  reply,
  replyTo,
  request,
  self,
  type Self,
  send,
  sendAfter,
  sendRequest,
  sleep,
  spawn,
  start,
  type StartError,
  startLink,
  stop,
  stopServer,
  task,
  trapExit,
  unlink,
  useClock,
  type Call,
} from '../../src/otp/index.ts';
import { SLICE_MESSAGES } from '../../src/otp/runtime/scheduler.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { counter, downOf, failure, inProcess, mailbox, pause } from './stage.ts';

const never = (): Promise<never> => new Promise(() => {});

/** Awaits in every handler; notes when each begins and ends. */
const awaiting = genServer({
  name: 'awaiting',
  init: async (log: string[]) => {
    await pause(1);
    log.push('init');
    return initOk({ log }, { continue: 'continue' });
  },
  continue: (s, what) => step(s, String(what)),
  calls: {
    ask: async (s, n: number) => {
      await step(s, `call ${n}`);
      return reply(n, s);
    },
  },
  casts: { tell: (s, n: number) => step(s, `cast ${n}`) },
  info: (s, message) => step(s, `info ${String(message)}`),
});

async function step<S extends { log: string[] }>(state: S, what: string): Promise<ReturnType<typeof noreply<S>>> {
  state.log.push(`${what} begins`);
  await Promise.resolve();
  await pause(1);
  state.log.push(`${what} ends`);
  return noreply(state);
}

describe('async handlers', () => {
  test('one message at a time, in their order, whatever awaits in between', async () => {
    const log: string[] = [];
    const server = await start(awaiting, log);
    const answers: Promise<number>[] = [];
    for (let n = 0; n < 5; n++) {
      cast(server, 'tell', n);
      answers.push(call(server, 'ask', n));
      send(server, n);
    }
    expect(await Promise.all(answers)).toEqual([0, 1, 2, 3, 4]);
    await stopServer(server);
    const expected = ['continue', ...[0, 1, 2, 3, 4].flatMap((n) => [`cast ${n}`, `call ${n}`, `info ${n}`])];
    expect(log).toEqual(['init', ...expected.flatMap((what) => [`${what} begins`, `${what} ends`])]);
  });

  test('every signal takes effect while a handler awaits: exits, ends of links, unlink, monitor and demonitor', async () => {
    const hanging = genServer({ name: 'hanging', init: () => 0, casts: { hang: () => never() } });
    const ends: ExitReason[] = [];
    for (const reason of ['kill', 'shutdown', 'any']) {
      const server = await start(hanging);
      cast(server, 'hang');
      for (let n = 0; n < 1000; n++) cast(server, 'hang');
      await pause(1);
      ends.push(
        await inProcess(async () => {
          const ref = monitor(server);
          exit(server, reason);
          // Not a slice later: when exit returns, it has ended.
          expect(isAlive(server)).toBe(false);
          return downOf(ref);
        }),
      );
    }
    expect(ends).toEqual(['killed', 'shutdown', 'any']);
    const linked = await inProcess(async () => {
      const server = await start(hanging);
      cast(server, 'hang');
      await pause(1);
      const peer = spawn(async () => {
        link(server);
        await receive();
        exit('of the link');
      });
      const other = spawn(async () => {
        link(server);
        await receive();
        unlink(server);
        exit('unlinked before');
      });
      const [kept, dropped] = [monitor(server), monitor(server)];
      await pause(1);
      send(other, 'end');
      await pause(1);
      const after = isAlive(server);
      expect(demonitor(dropped)).toBe(true);
      expect(processInfo(server)!.monitoredBy).toHaveLength(1);
      send(peer, 'end');
      return [after, await downOf(kept), await mailbox(2)];
    });
    expect(linked).toEqual([true, 'of the link', []]);
  });

  test('a kill takes effect at once on a process that is not awaiting but has 100,000 messages queued', async () => {
    let handled = 0;
    const busy = genServer({
      name: 'busy',
      init: () => 0,
      casts: {
        work: (s) => {
          handled++;
          return noreply(s);
        },
      },
    });
    const server = await start(busy);
    for (let n = 0; n < 100_000; n++) cast(server, 'work');
    const killedAt = await inProcess(() => {
      exit(server, 'kill');
      return handled;
    });
    await pause(5);
    expect([isAlive(server), handled]).toEqual([false, killedAt]);
    expect(handled).toBeLessThan(100_000);
  });
});

describe('what a process leaves behind', () => {
  test('its AbortSignal fires with the reason, for whichever end, once', async () => {
    for (const [end, expected] of [
      [(pid: Pid) => exit(pid, 'kill'), 'killed'],
      [(pid: Pid) => exit(pid, 'asked'), 'asked'],
      [(pid: Pid) => void stopServer(pid, 'stopped'), 'stopped'],
      [(pid: Pid) => void failure(request(pid, 'crash', undefined, 100)), 'crash'],
    ] as const) {
      const fired: unknown[] = [];
      const server = await start(
        genServer({
          name: 'signalled',
          init: (_: void, me: Self) => {
            me.signal.addEventListener('abort', () => fired.push(me.signal.reason));
            return 0;
          },
          calls: {
            crash: (): never => {
              throw new Error('crash');
            },
          },
        }),
      );
      expect(fired).toEqual([]);
      end(server);
      while (isAlive(server)) await pause(1);
      expect(fired.map((reason) => (isCrash(reason as ExitReason) ? 'crash' : reason))).toEqual([expected]);
    }
    const late: boolean[] = [];
    const pid = spawn((me) => void pause(5).then(() => late.push(me.signal.aborted)));
    await pause(10);
    expect([isAlive(pid), late]).toEqual([false, [true]]);
  });

  test('no timer of it is left: of messages, receive, sleep, steps, tasks, stops and requests', async () => {
    const clock = new VirtualClock();
    const before = useClock(clock);
    try {
      const target = await start(genServer({ name: 'never', init: () => 0, calls: { ask: () => never() } }));
      const idle = genServer({ name: 'idle', init: () => initOk(0, { timeout: 5000 }) });
      const endless = genServer({ name: 'endless', init: () => 0, terminate: never });
      const bodies: (() => unknown)[] = [
        () => (sendAfter(self(), 'x', 5000), receive()),
        () => receive(undefined, { timeout: 5000 }),
        () => sleep(5000),
        () => task.await(task.async(() => never())),
        () => task.yieldMany([task.async(() => never())]),
        () => receiveResponse(sendRequest(target, 'ask'), { timeout: 5000 }),
        async () => stopServer(await start(endless), 'normal', { timeout: 5000 }),
      ];
      for (const body of bodies) {
        const pid = spawn(body);
        await clock.advance(1);
        expect(clock.timers).toBe(1);
        exit(pid, 'kill');
        expect(clock.timers).toBe(0);
      }
      const server = await start(idle);
      expect(clock.timers).toBe(1);
      exit(server, 'kill');
      expect(clock.timers).toBe(0);
    } finally {
      useClock(before);
    }
  });

  test('nothing of it changes the state of its successor, or answers for it', async () => {
    const gates: ((value: unknown) => void)[] = [];
    const gated = genServer({
      name: 'gated',
      init: () => ({ n: 0 }),
      calls: {
        get: (s) => reply(s.n, s),
        add: async (s, by: number, { from }: Call<number>) => {
          await new Promise((resolve) => gates.push(resolve));
          replyTo(from, -1);
          return reply(s.n + by, { n: s.n + by });
        },
      },
    });
    const first = await start(gated);
    const lost = failure(call(first, 'add', 5));
    await pause(1);
    exit(first, 'kill');
    const second = await start(gated);
    const again = call(second, 'add', 7);
    await pause(1);
    gates[0]!(undefined);
    await pause(2);
    expect((await lost).code).toBe('call_down');
    gates[1]!(undefined);
    expect(await again).toBe(-1);
    expect(await call(second, 'get')).toBe(7);
  });
});

describe('a throw', () => {
  const thrown = Object.assign(new Error('thrown'), { by: noreply(7) });
  const thrower = genServer({
    name: 'thrower',
    init: (where: string): { where: string } | ReturnType<typeof initStop> => {
      if (where === 'init') throw thrown;
      return { where };
    },
    continue: () => {
      throw noreply({ where: 'thrown' }) as unknown as Error;
    },
    calls: {
      sync: (): never => {
        throw reply('a reply', { where: 'thrown' }) as unknown as Error;
      },
      async: () => Promise.reject(reply('a reply', { where: 'thrown' }) as unknown as Error),
    },
    casts: {
      sync: (): never => {
        throw noreply({ where: 'thrown' }) as unknown as Error;
      },
      async: () => Promise.reject(stop('normal', { where: 'thrown' }) as unknown as Error),
      on: (s) => noreply(s, { continue: 1 }),
    },
    info: () => {
      throw stop('normal', 0) as unknown as Error;
    },
    terminate: (reason) => {
      if (reason === 'asked') throw noreply(0) as unknown as Error;
    },
  });

  test('R-09 is a crash and never a return value: in every callback, thrown or rejected, be it a step', async () => {
    const reasons = await inProcess(async () => {
      const found: ExitReason[] = [];
      const acts: ((pid: Pid) => unknown)[] = [
        (pid) => failure(request(pid, 'sync', undefined, 100)),
        (pid) => failure(request(pid, 'async', undefined, 100)),
        (pid) => (cast as (t: Pid, n: string) => void)(pid, 'sync'),
        (pid) => (cast as (t: Pid, n: string) => void)(pid, 'async'),
        (pid) => (cast as (t: Pid, n: string) => void)(pid, 'on'),
        (pid) => send(pid, 'info'),
        (pid) => failure(stopServer(pid, 'asked')),
      ];
      for (const act of acts) {
        const server = await start(thrower, 'later');
        const ref = monitor(server);
        await act(server);
        found.push(await downOf(ref));
      }
      return found;
    });
    expect(reasons.map(isCrash)).toEqual(Array(7).fill(true));
    const error = (await failure(start(thrower, 'init'))) as StartError;
    expect(crashOf(thrown)).toEqual(error.reason);
  });
});

describe('bounds', () => {
  test('a slice is bounded in messages: another process gets its turn after that many', async () => {
    const order: string[] = [];
    const noting = genServer({
      name: 'noting',
      init: (name: string) => name,
      casts: { note: (name) => (order.push(name), noreply(name)) },
    });
    const [long, short] = [await start(noting, 'long'), await start(noting, 'short')];
    for (let n = 0; n < 10 * SLICE_MESSAGES; n++) cast(long, 'note');
    cast(short, 'note');
    while (order.length < 10 * SLICE_MESSAGES + 1) await pause(1);
    expect(order.indexOf('short')).toBeLessThanOrEqual(SLICE_MESSAGES);
  });

  test('a mailbox is unbounded unless maxQueue is set; then too many messages end the process, which the report names', async () => {
    const free = await start(counter, {});
    for (let n = 0; n < 200_000; n++) cast(free, 'add', 1);
    expect(await call(free, 'get')).toBe(200_000);

    const reports: CrashReport[] = [];
    const hear = (report: unknown): void => void reports.push(report as CrashReport);
    subscribe('genroom:process:crash', hear);
    try {
      const bounded = genServer({ name: 'bounded', maxQueue: 10, init: () => 0, calls: { ask: (s) => reply(s, s) } });
      const server = await start(bounded);
      const calls = Array.from({ length: 10 }, () => failure(call(server, 'ask')));
      expect(isAlive(server)).toBe(true);
      const [tooMany] = [failure(call(server, 'ask'))];
      const errors = await Promise.all([...calls, tooMany]);
      expect(new Set(errors.map(({ code, reason }) => `${code} ${describeReason(reason!)}`))).toEqual(
        new Set(['call_down killed']),
      );
      expect(errors[0].message).toContain(String(server));
      expect(reports).toHaveLength(1);
      expect(reports[0]).toMatchObject({
        pid: server,
        reason: 'killed',
        lastMessage: { kind: 'overloaded', queued: 11 },
      });
    } finally {
      unsubscribe('genroom:process:crash', hear);
    }
  });
});

test('a starter that ends while its child starts is not resumed, and a linked child ends with it', async () => {
  let resumed = false;
  const slow = genServer({
    name: 'slow',
    init: async () => {
      await pause(10);
      return 0;
    },
  });
  const starter = spawn(async () => {
    trapExit(false);
    await startLink(slow);
    resumed = true;
  });
  await pause(2);
  const [child] = processInfo(starter)!.links;
  exit(starter, 'gone');
  await pause(20);
  expect([resumed, isAlive(child!)]).toEqual([false, false]);
});
