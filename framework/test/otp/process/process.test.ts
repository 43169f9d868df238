/** Process: rows PROC-, aliases (SIG-) and crash reports (PLIB-). */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, test } from 'vitest';
import {
  alias,
  call,
  cast,
  type CrashReport,
  dictionary,
  exit,
  isAlive,
  type Pid,
  processInfo,
  receive,
  register,
  registry,
  send,
  sendAfter,
  self,
  setLabel,
  sleep,
  spawn,
  start,
  stopServer,
  unalias,
  unregister,
  useClock,
  via,
  whereis,
} from '../../../src/otp/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { counter, inProcess, mailbox, pause } from '../stage.ts';

describe('process', () => {
  test('PROC-01 the process dictionary', async () => {
    const seen = await inProcess(async () => {
      const before = [dictionary.put('a', 1), dictionary.put('a', 2), dictionary.put('b', 3)];
      await pause(1);
      const all = [dictionary.get('a'), dictionary.get('none'), dictionary.get('none', 'otherwise'), dictionary.keys()];
      const other = await inProcess(() => dictionary.keys());
      return [before, all, dictionary.remove('a'), dictionary.get('a'), other];
    });
    expect(seen).toEqual([[undefined, 1, undefined], [2, undefined, 'otherwise', ['a', 'b']], 2, undefined, []]);
    expect(() => dictionary.get('a')).toThrow('outside of a process');
  });

  test('PROC-05 PROC-06 sleep(0) returns; beyond 2^31 ms it sleeps as long as it was told', async () => {
    await inProcess(() => sleep(0));
    const clock = new VirtualClock();
    const before = useClock(clock);
    try {
      let woke = false;
      void inProcess(async () => {
        await sleep(2 ** 32);
        woke = true;
      });
      await clock.advance(2 ** 32 - 1);
      expect(woke).toBe(false);
      await clock.advance(1);
      expect(woke).toBe(true);
    } finally {
      useClock(before);
    }
    // With Node's own timers too: there 2^32 ms would overflow to 1.
    let woke = false;
    const sleeper = spawn(async () => {
      await sleep(2 ** 32);
      woke = true;
    });
    const timer = spawn(async () => {
      const ref = sendAfter(self(), 'x', 2 ** 32);
      await receive(undefined, { timeout: 20 });
      ref.cancel();
    });
    for (let n = 0; n < 200 && isAlive(timer); n++) await pause(5);
    expect([woke, isAlive(sleeper), isAlive(timer)]).toEqual([false, true, false]);
    exit(sleeper, 'kill');
  });

  test('PROC-10 a timer may be told when, instead of how long from now', async () => {
    const clock = new VirtualClock();
    const before = useClock(clock);
    try {
      await clock.advance(1000);
      const got: unknown[] = [];
      void inProcess(async () => {
        sendAfter(self(), 'at 1500', 1500, { abs: true });
        sendAfter(self(), 'past', 10, { abs: true });
        for (;;) got.push([await receive(), clock.now()]);
      });
      await clock.advance(0);
      expect(got).toEqual([['past', 1000]]);
      await clock.advance(499);
      expect(got).toHaveLength(1);
      await clock.advance(1);
      expect(got[1]).toEqual(['at 1500', 1500]);
    } finally {
      useClock(before);
    }
  });

  test('PROC-08 the registered names show, and are gone when given back', async () => {
    const names = registry({ name: 'names-proc08' });
    await start(names);
    await inProcess(() => {
      register(names, 'me');
      expect(processInfo(self())!.names).toEqual(['names-proc08/me']);
      unregister(names, 'me');
      expect(processInfo(self())!.names).toEqual([]);
    });
  });

  test('PROC-16 PROC-17 PROC-18 a label is set, and read from outside', async () => {
    const seen = await inProcess(() => {
      const before = processInfo(self())!.label;
      setLabel('cook');
      return [before, processInfo(self())!.label, processInfo(self())!.behaviour];
    });
    expect(seen).toEqual([undefined, 'cook', 'process cook']);
  });

  test('PROC-14 PROC-15 SIG-11 a message to a withdrawn alias is dropped; a reply alias accepts one', async () => {
    const seen = await inProcess(async () => {
      const plain = alias();
      send(plain, 1);
      send(plain, 2);
      const stood = [plain.active, unalias(plain), unalias(plain), plain.active, plain.pid === self()];
      send(plain, 3);
      const once = alias({ reply: true });
      send(once, 'a');
      send(once, 'b');
      return [stood, await mailbox(5)];
    });
    expect(seen).toEqual([
      [true, true, false, false, true],
      [1, 2, 'a'],
    ]);
  });

  test('SIG-15 registering twice, or from no process, is refused', async () => {
    const names = registry({ name: 'names-sig15' });
    await start(names);
    expect(() => register(names, 'a')).toThrow('outside of a process');
    await inProcess(() => {
      register(names, 'a');
      expect(register(names, 'a')).toBe(self());
      expect(() => send(via(names, 'nobody'), 1)).toThrow('nothing is registered');
      expect(whereis(via(names, 'a'))).toBe(self());
    });
  });

  test('PLIB-01 PLIB-02 a crash report names the process, its parent and the stack', async () => {
    const reports: CrashReport[] = [];
    const hear = (report: unknown): void => void reports.push(report as CrashReport);
    subscribe('genroom:process:crash', hear);
    let parent: Pid | undefined;
    try {
      await inProcess(async () => {
        parent = self();
        spawn(() => {
          setLabel('cook');
          throw new Error('burnt');
        });
        await pause(2);
      });
    } finally {
      unsubscribe('genroom:process:crash', hear);
    }
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ parent, label: 'cook', behaviour: 'process cook', error: { message: 'burnt' } });
    expect(reports[0]!.error!.stack).toContain('process.test');
  });

  test('code of a process that has ended can act no more', async () => {
    const codes: unknown[] = [];
    const target = await start(counter, {});
    const doomed = spawn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      for (const act of [
        () => send(target, 1),
        () => cast(target, 'add', 1),
        () => exit(target, 'x'),
        () => spawn(() => {}),
        () => sendAfter(target, 1, 1),
        () => call(target, 'get'),
        () => start(counter, {}),
        () => stopServer(target),
      ]) {
        codes.push(await (async () => act())().catch((e: { code: string }) => e.code));
      }
    });
    await pause(2);
    exit(doomed, 'kill');
    await pause(20);
    expect(codes).toEqual(Array(8).fill('process_ended'));
    expect([await call(target, 'get'), isAlive(target)]).toEqual([0, true]);
  });
});
