/** Part R, calls and replies, mailbox, ordering and timers: each rule as seen on Elixir. */
import { describe, expect, test } from 'vitest';
import {
  call,
  cancelTimer,
  cast,
  CallError,
  genServer,
  initOk,
  isAlive,
  isCrash,
  isDown,
  monitor,
  noreply,
  type Pid,
  processInfo,
  receive,
  registry,
  reply,
  replyTo,
  request,
  self,
  type Self,
  send,
  sendAfter,
  spawn,
  spawnMonitor,
  start,
  stop,
  stopReply,
  stopServer,
  sys,
  type TimerCancelled,
  timeout,
  type Call,
  via,
  whereis,
} from '../../src/otp/index.ts';
import { counter, downOf, endOf, failure, inProcess, mailbox, pause } from './stage.ts';

describe('calls and replies', () => {
  test('R-01 a call that times out fails in its caller; the server goes on and the late reply is dropped', async () => {
    const server = await start(counter, {});
    const left = await inProcess(async () => {
      const error = await failure(call(server, 'slow', 60, { timeout: 20 }));
      expect(error).toBeInstanceOf(CallError);
      expect(error.code).toBe('call_timeout');
      await pause(80);
      return { messages: await mailbox(), monitors: processInfo(self())!.monitors };
    });
    expect(left).toEqual({ messages: [], monitors: [] });
    expect(await call(server, 'get')).toBe(0);
  });

  test('R-01 GS-07 uncaught, the failure of a call is the exit reason of its caller: why, and which call', async () => {
    const server = await start(counter, {});
    expect(await endOf(() => call(server, 'slow', 100, { timeout: 10 }))).toEqual({
      kind: 'callFailed',
      reason: 'timeout',
      call: `call(${server}, 'slow')`,
    });
    const names = registry({ name: 'names-gs07' });
    await start(names);
    for (const target of [via<typeof counter>(names as never, 'nobody')]) {
      expect(await endOf(() => call(target, 'get'))).toMatchObject({ kind: 'callFailed', reason: 'noproc' });
    }
    const me = genServer({
      name: 'me',
      init: () => 0,
      calls: {
        self: async (state, _: void, c: Call) => reply(await failure(request(c.pid, 'self', undefined, 100)), state),
      },
    });
    expect((await call(await start(me), 'self')).code).toBe('call_self');
  });

  test('R-02 a call to what is gone fails at once, a cast and a send to it are silent, a send to an unknown name throws', async () => {
    const names = registry({ name: 'names-r02' });
    await start(names);
    const dead = await start(counter, {}, { name: via(names, 'dead') });
    await stopServer(dead);
    const began = performance.now();
    for (const target of [
      dead,
      via<typeof counter>(names as never, 'dead'),
      via<typeof counter>(names as never, 'unknown'),
    ]) {
      const error = await failure(call(target, 'get'));
      expect([error.code, error.reason]).toEqual(['call_noproc', 'noproc']);
      cast(target, 'add', 1);
    }
    // Waiting for one timeout would take 5 seconds.
    expect(performance.now() - began).toBeLessThan(2500);
    send(dead, 'anything');
    expect(() => send(via(names, 'unknown'), 'anything')).toThrow('nothing is registered');
  });

  test('R-03 EGS-13 a server that ends during a call: the caller gets the reason, also normal; a bad return ends both', async () => {
    const normal = await failure(call(await start(counter, {}), 'stop', 'normal'));
    expect([normal.code, normal.reason]).toEqual(['call_down', 'normal']);
    const crashed = await failure(call(await start(counter, {}), 'crash'));
    expect(isCrash(crashed.reason!)).toBe(true);
    expect((crashed.cause as Error).message).toBe('crashed on demand');
    const bad = genServer({ name: 'bad', init: () => 0, calls: { junk: (() => 'junk') as never } });
    const server = await start(bad);
    const error = await failure(request(server, 'junk', undefined, 1000));
    expect(error.reason).toEqual({ kind: 'badReturn', value: 'junk' });
    expect(isAlive(server)).toBe(false);
  });

  test('R-04 terminate runs before the reply of a stop is sent', async () => {
    const order: string[] = [];
    const last = genServer({
      name: 'last',
      init: () => 0,
      calls: { bye: (state) => stopReply('normal', 'bye', state) },
      terminate: async () => {
        await pause(20);
        order.push('terminate');
      },
    });
    order.push(await call(await start(last), 'bye'));
    expect(order).toEqual(['terminate', 'bye']);
  });

  test('R-05 EGS-60 a reply may come later and from any process; the first wins, later ones are dropped', async () => {
    const queue = genServer({
      name: 'queue',
      init: () => 0,
      calls: {
        later: (state, _: void, { from }: Call<string>) => {
          spawn(async () => {
            await pause(10);
            replyTo(from, 'deferred');
          });
          return noreply(state);
        },
        twice: (state, _: void, { from }: Call<number>) => {
          replyTo(from, 1);
          replyTo(from, 2);
          setTimeout(() => replyTo(from, 3), 10);
          return noreply(state);
        },
        both: (state, _: void, { from }: Call<number>) => {
          replyTo(from, 1);
          return reply(2, state);
        },
      },
    });
    const server = await start(queue);
    const seen = await inProcess(async () => {
      const replies = [
        await call(server, 'later'),
        await call(server, 'twice'),
        await call(server, 'twice', undefined, { timeout: Infinity }),
        await call(server, 'both'),
      ];
      return [replies, await mailbox(30)];
    });
    expect(seen).toEqual([['deferred', 1, 1, 1], []]);
  });

  test('R-05 the reply is data: the handler may go on using its call after it has answered', async () => {
    const after = genServer({
      name: 'after',
      init: () => 0,
      calls: {
        ask: (state, _: void, c: Call<string>) => {
          replyTo(c.from, String(c.pid));
          expect(c.from.open).toBe(false);
          expect(c.pid.id).toBeGreaterThan(0);
          expect(c.signal.aborted).toBe(false);
          return noreply(state);
        },
      },
    });
    const server = await start(after);
    expect(await call(server, 'ask')).toBe(String(server));
    expect(isAlive(server)).toBe(true);
  });

  test('R-06 EGS-27 a call to oneself fails at once', async () => {
    const own = genServer({
      name: 'own',
      init: () => 0,
      calls: {
        ask: async (state, _: void, c: Call) => {
          const error = await failure(request(c.pid, 'ask', undefined, 5000));
          return reply([error.code, error.reason], state);
        },
      },
    });
    expect(await call(await start(own), 'ask')).toEqual(['call_self', 'callingSelf']);
  });

  test('R-07 after many calls neither side keeps anything', async () => {
    const server = await start(counter, {});
    const left = await inProcess(async () => {
      for (let i = 0; i < 10_000; i++) await call(server, 'add', 1);
      const mine = processInfo(self())!;
      const theirs = processInfo(server)!;
      return [mine.monitors, mine.links, theirs.monitoredBy, theirs.links, theirs.messageQueueLength];
    });
    expect(left).toEqual([[], [], [], [], 0]);
  });

  test('R-08 GS-13 stop waits for the end; it fails on the dead, on a timeout, and for another reason', async () => {
    const slow = genServer({
      name: 'slow',
      init: () => 0,
      calls: {},
      terminate: async (reason) => {
        await pause(60);
        if (reason === 'other') throw new Error('failed in terminate');
      },
    });
    const one = await start(slow);
    expect((await failure(stopServer(one, 'normal', { timeout: 10 }))).code).toBe('call_timeout');
    expect(isAlive(one)).toBe(true);
    await pause(80);
    expect(isAlive(one)).toBe(false);
    expect((await failure(stopServer(one))).code).toBe('call_noproc');
    const two = await start(slow);
    expect((await failure(stopServer(two, 'other'))).code).toBe('call_down');
    const names = registry({ name: 'names-r08' });
    await start(names);
    await start(counter, {}, { name: via(names, 1) });
    expect(await stopServer(via(names, 1))).toBe(undefined);
    expect(whereis(via(names, 1))).toBe(undefined);
    expect((await failure(stopServer(via(names, 1)))).code).toBe('call_noproc');
    const own = genServer({
      name: 'own',
      init: () => 0,
      calls: { stop: async (s, _: void, c: Call) => reply((await failure(stopServer(c.pid))).code, s) },
    });
    expect(await call(await start(own), 'stop')).toBe('call_self');
  });

  test('R-09 a throw in a handler is a crash, never a return value', async () => {
    const thrower = genServer({
      name: 'thrower',
      init: () => 0,
      calls: {
        ask: (state): never => {
          throw reply('thrown', state) as unknown as Error;
        },
      },
    });
    const server = await start(thrower);
    const error = await failure(request(server, 'ask', undefined, 1000));
    expect(isCrash(error.reason!)).toBe(true);
    expect(isAlive(server)).toBe(false);
  });
});

describe('mailbox, ordering, timers', () => {
  test('R-10 SIG-31 messages and the end of one sender keep their order', async () => {
    expect(
      await inProcess(async () => {
        const me = self();
        spawn(() => {
          for (let i = 0; i < 10_000; i++) send(me, i);
        });
        const got: unknown[] = [];
        for (let i = 0; i < 10_000; i++) got.push(await receive());
        return got.every((n, i) => n === i);
      }),
    ).toBe(true);
    const first = await inProcess(async () => {
      const me = self();
      const kinds = new Set<string>();
      for (let i = 0; i < 200; i++) {
        spawnMonitor(() => send(me, 'message'));
        kinds.add(isDown(await receive()) ? 'down' : 'message');
        await receive(isDown);
      }
      return [...kinds];
    });
    expect(first).toEqual(['message']);
  });

  test('R-11 SIG-26 the name of a dead process is free before its DOWN is there', async () => {
    const names = registry({ name: 'names-r11' });
    await start(names);
    const seen = await inProcess(async () => {
      const found = new Set<unknown>();
      for (let i = 0; i < 100; i++) {
        const pid = await start(counter, {}, { name: via(names, 'n') });
        const ref = monitor(pid);
        cast(pid, 'stop', 'normal');
        await downOf(ref);
        found.add(whereis(via(names, 'n')));
      }
      return [...found];
    });
    expect(seen).toEqual([undefined]);
  });

  const idler = genServer({
    name: 'idler',
    init: (to: Pid) => to,
    calls: { arm: (to, ms: number) => reply('ok', to, { timeout: ms }) },
    casts: {
      arm: (to, ms: number) => noreply(to, { timeout: ms }),
      hold: async (to, ms: number) => {
        await pause(ms);
        return noreply(to, { timeout: 0 });
      },
      block: (to, { milliseconds, then }: { milliseconds: number; then: () => void }) => {
        const until = performance.now() + milliseconds;
        while (performance.now() < until);
        then();
        return noreply(to);
      },
    },
    info: (to, message) => {
      send(to, message === timeout ? { timeoutAt: performance.now() } : { other: message });
      return noreply(to);
    },
  });
  const isTimeout = (m: unknown): boolean => (m as { timeoutAt?: number }).timeoutAt !== undefined;

  test('R-12 EGS-18 EGS-20 any message cancels a timeout, which is not armed again by itself', async () => {
    const seen = await inProcess(async () => {
      const server = await start(idler, self());
      cast(server, 'arm', 40);
      send(server, 'ping');
      const cancelled = await mailbox(80);
      await call(server, 'arm', 30);
      const fired = [await receive(isTimeout, { timeout: 2000 }), ...(await mailbox(60))];
      return [cancelled, fired.length, isTimeout(fired[0])];
    });
    expect(seen).toEqual([[{ other: 'ping' }], 1, true]);
  });

  test('R-12 a timeout that fires while messages are queued before it is cancelled by them', async () => {
    const seen = await inProcess(async () => {
      const server = await start(idler, self());
      const blocker = await start(idler, self());
      cast(server, 'arm', 5);
      await pause(1);
      // Its slice outlasts the burst: the server's message waits for the next one, and the timer fires before that.
      cast(blocker, 'block', { milliseconds: 15, then: () => send(server, 'first') });
      return mailbox(40);
    });
    expect(seen).toEqual([{ other: 'first' }]);
  });

  test('R-13 a system message does not cancel a timeout but starts its full period again', async () => {
    const took = await inProcess(async () => {
      const server = await start(idler, self());
      const began = performance.now();
      await call(server, 'arm', 60);
      await pause(40);
      await sys.getState(server);
      const fired = (await receive(isTimeout, { timeout: 500 })) as { timeoutAt: number };
      return fired.timeoutAt - began;
    });
    expect(took).toBeGreaterThanOrEqual(98);
    expect(took).toBeLessThan(450);
  });

  test('R-14 timeout 0: a queued message goes first and the timeout is lost; with none it comes at once', async () => {
    const seen = await inProcess(async () => {
      const server = await start(idler, self());
      cast(server, 'hold', 20);
      send(server, 'ping');
      const lost = await mailbox(60);
      cast(server, 'arm', 0);
      const came = await mailbox(20);
      return [lost, came.map(isTimeout)];
    });
    expect(seen).toEqual([[{ other: 'ping' }], [true]]);
  });

  test('R-15 EGS-22 a continuation runs before anything queued, from init, call, cast, info and itself', async () => {
    const chain = genServer({
      name: 'chain',
      init: (to: Pid, { pid }: Self) => {
        send(pid, 'early');
        return initOk({ to }, { continue: 'init' });
      },
      calls: {
        reply: (s, _: void, c: Call) => {
          send(c.pid, 'sent');
          return reply('replied', s, { continue: 'call' });
        },
        later: (s, _: void, { from }: Call<string>) => {
          replyTo(from, 'ok');
          return noreply(s, { continue: 'callNoreply' });
        },
      },
      casts: {
        go: (s, _: void, me) => {
          send(me.pid, 'sent');
          return noreply(s, { continue: 'cast' });
        },
        end: (s) => noreply(s, { continue: 'stop' }),
      },
      info: (s, message) => {
        send(s.to, message);
        return message === 'more' ? noreply(s, { continue: 'info' }) : noreply(s);
      },
      continue: (s, what) => {
        send(s.to, what);
        if (what === 'stop') return stop('stopped in continue', s);
        return what === 'cast' ? noreply(s, { continue: 'again' }) : noreply(s);
      },
    });
    const seen = await inProcess(async () => {
      const server = await start(chain, self());
      const all = [await mailbox()];
      await call(server, 'reply');
      all.push(await mailbox());
      await call(server, 'later');
      all.push(await mailbox());
      cast(server, 'go');
      all.push(await mailbox());
      send(server, 'more');
      send(server, 'next');
      all.push(await mailbox());
      const ref = monitor(server);
      cast(server, 'end');
      return [all, await downOf(ref)];
    });
    expect(seen).toEqual([
      [['init', 'early'], ['call', 'sent'], ['callNoreply'], ['cast', 'again', 'sent'], ['more', 'info', 'next']],
      'stopped in continue',
    ]);
  });

  test('R-16 PROC-11 PROC-09 cancelling a timer gives what it had left, or false once its message is delivered', async () => {
    const seen = await inProcess(async () => {
      const long = sendAfter(self(), 'long', 1000);
      expect(long.remaining as number).toBeGreaterThan(900);
      const left = cancelTimer(long);
      const short = sendAfter(self(), 'short', 5);
      await pause(20);
      return [left !== false && left > 900, cancelTimer(long), short.remaining, cancelTimer(short), await mailbox()];
    });
    expect(seen).toEqual([true, false, false, false, ['short']]);
    const later = await inProcess(async () => {
      const timer = sendAfter(self(), 'long', 1000);
      const now = [cancelTimer(timer, { async: true }), cancelTimer(timer, { async: true })];
      const quiet = [cancelTimer(timer, { info: false }), cancelTimer(timer, { async: true, info: false })];
      const [first, second] = (await mailbox(2)) as TimerCancelled[];
      return [now, quiet, first!.tag, first!.timer === timer, (first!.result as number) > 900, second!.result];
    });
    const none = [undefined, undefined];
    expect(later).toEqual([none, none, 'CANCEL_TIMER', true, true, false]);
  });

  test('R-17 EGS-47 half a million messages queued at the caller do not slow its calls', async () => {
    const server = await start(counter, {});
    const ratio = await inProcess(async () => {
      const time = async (): Promise<number> => {
        let best = Infinity;
        for (let round = 0; round < 7; round++) {
          const began = performance.now();
          for (let i = 0; i < 1000; i++) await call(server, 'get');
          best = Math.min(best, performance.now() - began);
        }
        return best;
      };
      await time();
      const empty = await time();
      for (let i = 0; i < 500_000; i++) send(self(), i);
      return (await time()) / empty;
    });
    expect(ratio).toBeLessThan(10);
  });
});
