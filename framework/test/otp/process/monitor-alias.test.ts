/** Monitors whose reference is an address too, and monitors with a tag of their own: rows SIG-12 to SIG-14, SIG-21, SIG-27 to SIG-29, PROC-04. */
import { describe, expect, test } from 'vitest';
import {
  demonitor,
  exit,
  isDown,
  monitor,
  type Monitor,
  type MonitorAlias,
  processInfo,
  receive,
  self,
  send,
  spawn,
  spawnMonitor,
  unalias,
} from '../../../src/otp/index.ts';
import { downOf, inProcess, mailbox } from '../stage.ts';

const forever = (): Promise<unknown> => receive();
const shape = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && 'reason' in message ? 'DOWN' : message;

describe('a monitor as an alias', () => {
  test('SIG-12 PROC-04 its address ends with unalias, with the monitor, or with the first message, as it was told', async () => {
    const seen = await inProcess(async () => {
      const found: unknown[] = [];
      for (const alias of ['explicitUnalias', 'demonitor', 'replyDemonitor'] as MonitorAlias[]) {
        const ref = monitor(spawn(forever), { alias });
        send(ref, 'first');
        send(ref, 'second');
        found.push([alias, await mailbox(2), ref.active, processInfo(self())!.monitors.length]);
        demonitor(ref);
        send(ref, 'after demonitor');
        found.push([await mailbox(2), unalias(ref), unalias(ref)]);
        send(ref, 'after unalias');
        found.push(await mailbox(2));
      }
      return found;
    });
    expect(seen).toEqual([
      ['explicitUnalias', ['first', 'second'], true, 1],
      [['after demonitor'], true, false],
      [],
      ['demonitor', ['first', 'second'], true, 1],
      [[], false, false],
      [],
      ['replyDemonitor', ['first'], false, 0],
      [[], false, false],
      [],
    ]);
  });

  test('SIG-12 PROC-04 DOWN still comes; it ends the address too, but for explicitUnalias', async () => {
    const seen = await inProcess(async () => {
      const found: unknown[] = [];
      for (const alias of ['explicitUnalias', 'demonitor', 'replyDemonitor'] as MonitorAlias[]) {
        const pid = spawn(forever);
        const ref = monitor(pid, { alias });
        exit(pid, 'over');
        found.push([alias, await downOf(ref), ref.active]);
        send(ref, 'late');
        found.push(await mailbox(2));
        unalias(ref);
      }
      const plain = monitor(spawn(forever));
      send(plain, 'no address');
      found.push([plain.active, await mailbox(2)]);
      return found;
    });
    expect(seen).toEqual([
      ['explicitUnalias', 'over', true],
      ['late'],
      ['demonitor', 'over', false],
      [],
      ['replyDemonitor', 'over', false],
      [],
      [false, []],
    ]);
  });

  test('SIG-13 at spawn: the child may answer at once, and its end is seen', async () => {
    const seen = await inProcess(async () => {
      const found: unknown[] = [];
      for (const alias of ['explicitUnalias', 'demonitor', 'replyDemonitor'] as MonitorAlias[]) {
        const { ref } = spawnMonitor(
          async () => {
            const to = (await receive()) as Monitor;
            send(to, 'one');
            send(to, 'two');
          },
          { alias, tag: 'ENDED' },
        );
        send(ref.pid, ref);
        found.push((await mailbox(5)).map(shape), ref.active);
      }
      return found;
    });
    // The reply took the monitor away with the alias: no DOWN.
    expect(seen).toEqual([['one', 'two', 'DOWN'], true, ['one', 'two', 'DOWN'], false, ['one'], false]);
  });

  test('SIG-21 demonitor of a reference that its reply has spent is safe, with flush too', async () => {
    const seen = await inProcess(async () => {
      const ref = monitor(spawn(forever), { alias: 'replyDemonitor' });
      send(ref, 'reply');
      return [await receive(), demonitor(ref), demonitor(ref, { flush: true }), await mailbox(2)];
    });
    expect(seen).toEqual(['reply', false, false, []]);
  });

  test('SIG-28 after demonitor with flush no message by the alias arrives, however many were on their way', async () => {
    const left = await inProcess(async () => {
      for (let i = 0; i < 100; i++) {
        const { ref, pid } = spawnMonitor(async () => send((await receive()) as Monitor, i), {
          alias: 'replyDemonitor',
        });
        send(pid, ref);
        demonitor(ref, { flush: true });
      }
      return mailbox(10);
    });
    expect(left).toEqual([]);
  });

  test('SIG-29 after the reply by the alias no DOWN arrives', async () => {
    const left = await inProcess(async () => {
      for (let i = 0; i < 100; i++) {
        const { ref, pid } = spawnMonitor(async () => send((await receive()) as Monitor, i), {
          alias: 'replyDemonitor',
        });
        send(pid, ref);
        expect(await receive()).toBe(i);
      }
      return mailbox(10);
    });
    expect(left).toEqual([]);
  });
});

describe('a monitor with a tag', () => {
  test('SIG-14 its tag, any value, stands in the place of DOWN; also of a process that is gone, and flush finds it', async () => {
    const seen = await inProcess(async () => {
      const pid = spawn(forever);
      const ref = monitor(pid, { tag: { room: 7 } });
      exit(pid, 'over');
      const message = await receive();
      const gone = monitor(pid, { tag: 'GONE' });
      const late = await receive();
      const flushed = monitor(pid, { tag: 'FLUSHED' });
      demonitor(flushed, { flush: true });
      return [
        message,
        isDown(message),
        ref.tag,
        late,
        (late as { ref: unknown }).ref === gone,
        await mailbox(2),
        pid,
        ref,
      ];
    });
    const [, , , , , , pid, ref] = seen;
    expect(seen.slice(0, 6)).toEqual([
      { tag: { room: 7 }, ref, pid, reason: 'over' },
      false,
      { room: 7 },
      expect.objectContaining({ tag: 'GONE', pid, reason: 'noproc' }),
      true,
      [],
    ]);
  });

  test('SIG-27 each of many monitors on one process keeps its own', async () => {
    const seen = await inProcess(async () => {
      const pid = spawn(forever);
      const refs = Array.from({ length: 50 }, (_, n) => monitor(pid, n % 2 ? { tag: n } : undefined));
      exit(pid, 'over');
      const messages = (await mailbox(5)) as { tag: unknown; ref: unknown }[];
      return messages.map(({ tag, ref }, n) => [tag, ref === refs[n]]);
    });
    expect(seen).toEqual(Array.from({ length: 50 }, (_, n) => [n % 2 ? n : 'DOWN', true]));
  });
});
