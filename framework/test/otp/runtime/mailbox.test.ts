/** Mailbox, steps and deadlines: against plain models, and under misuse. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  call,
  cast,
  genServer,
  isAlive,
  noreply,
  receive,
  reply,
  request,
  sendAfter,
  self,
  start,
  timeout,
  useClock,
} from '../../../src/otp/index.ts';
import { CAST, INFO, Mailbox, SYSTEM } from '../../../src/otp/runtime/mailbox.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { counter, failure, inProcess } from '../stage.ts';

describe('mailbox', () => {
  const contents = (mailbox: Mailbox): unknown[] =>
    Array.from({ length: mailbox.size }, (_, i) => [mailbox.headAt(i), mailbox.bodyAt(i), mailbox.markAt(i)]);

  test('does what a plain array does, through any sequence of operations', () => {
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.record({ op: fc.constant('push' as const), times: fc.integer({ min: 1, max: 40 }) }) },
      { weight: 4, arbitrary: fc.record({ op: fc.constant('drop' as const), times: fc.integer({ min: 1, max: 40 }) }) },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), at: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('moveToFront' as const), at: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('flood' as const) }) },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('drain' as const), but: fc.integer({ min: 0, max: 40 }) }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('clear' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const mailbox = new Mailbox();
        let model: unknown[][] = [];
        let n = 0;
        const push = (): void => {
          const message = [
            [{ message: n }, undefined, INFO],
            [`cast ${n}`, n, CAST],
            [(): number => n, n, SYSTEM],
            // Of a call's From the mailbox asks for its name.
            [`call ${n}`, n, { name: `call ${n}` }],
          ][n++ % 4] as [unknown, unknown, unknown];
          mailbox.push(...message);
          model.push(message);
        };
        for (const step of operations) {
          if (step.op === 'push') for (let i = 0; i < step.times; i++) push();
          else if (step.op === 'flood') for (let i = 0; i < 2100; i++) push();
          else if (step.op === 'drain') {
            while (model.length > step.but) {
              expect(mailbox.first() === INFO ? mailbox.second() : mailbox.headAt(0)).toBe(model.shift()![0]);
              mailbox.drop();
            }
          } else if (step.op === 'clear') {
            mailbox.clear();
            model = [];
          } else if (step.op === 'drop') {
            for (let i = 0; i < step.times && model.length > 0; i++) {
              expect([mailbox.headAt(0), mailbox.bodyAt(0), mailbox.markAt(0)]).toEqual(model.shift());
              mailbox.drop();
            }
          } else if (model.length > 0) {
            const at = step.at % model.length;
            const [taken] = model.splice(at, 1);
            if (step.op === 'remove') mailbox.remove(at);
            else {
              mailbox.moveToFront(at);
              model.unshift(taken!);
            }
          }
          expect(mailbox.size).toBe(model.length);
        }
        expect(contents(mailbox)).toEqual(model);
      }),
      { numRuns: 150 },
    );
  });
});

describe('steps', () => {
  test('a step that is kept and returned again crashes its own process and never touches the state of another', async () => {
    const kept: { step?: unknown } = {};
    const keeper = genServer({
      name: 'keeper',
      init: () => 'keeper',
      casts: {
        keep: (state) => (kept.step = noreply(state)) as never,
        again: () => kept.step as never,
      },
      calls: { get: (state) => reply(state, state) },
    });
    const other = genServer({
      name: 'other',
      init: () => 'other',
      casts: { later: async () => noreply('changed by other') },
      calls: { get: (state) => reply(state, state) },
    });
    const [one, two] = [await start(keeper), await start(other)];
    cast(one, 'keep');
    expect(await call(one, 'get')).toBe('keeper');
    // Other's step is on its way while keeper returns what may be the very same object.
    cast(two, 'later');
    cast(one, 'again');
    expect((await failure(call(one, 'get'))).code).toMatch(/call_down|call_noproc/);
    expect(isAlive(one)).toBe(false);
    expect(await call(two, 'get')).toBe('changed by other');
  });

  test('a thousand servers with sync and async handlers between each other keep their own states', async () => {
    const mixed = genServer({
      name: 'mixed',
      init: (id: number) => ({ id, n: 0 }),
      calls: {
        sync: (s) => reply(s.id, { ...s, n: s.n + 1 }),
        async: async (s) => {
          const step = reply(s.id, { ...s, n: s.n + 1 });
          await Promise.resolve();
          return step;
        },
        get: (s) => reply([s.id, s.n], s),
      },
    });
    const servers = await Promise.all(Array.from({ length: 1000 }, (_, id) => start(mixed, id)));
    const answers = await Promise.all(
      servers.flatMap((s, i) => [call(s, 'async'), call(s, i % 2 ? 'sync' : 'async'), call(s, 'sync')]),
    );
    expect(answers).toEqual(servers.flatMap((_, id) => [id, id, id]));
    expect(await Promise.all(servers.map((s) => call(s, 'get')))).toEqual(servers.map((_, id) => [id, 3]));
  });
});

describe('deadlines under a virtual clock', () => {
  test('R-01 PROC-06 calls, timers and receives of many lengths fire at their time and not before', async () => {
    const clock = new VirtualClock();
    const before = useClock(clock);
    try {
      const server = await start(counter, {});
      const fired: [string, number][] = [];
      for (const ms of [5000, 100, 30, 100, 2 ** 32]) {
        void request(server, 'never', undefined, ms).catch((e: { code: string }) =>
          fired.push([`${e.code} ${ms}`, clock.now()]),
        );
      }
      const waited = inProcess(async () => {
        sendAfter(self(), 'timer', 50);
        const at: [unknown, number][] = [];
        at.push([await receive(undefined, { timeout: 1000 }), clock.now()]);
        at.push([await receive(undefined, { timeout: 1000 }), clock.now()]);
        return at;
      });
      await clock.advance(29);
      expect(fired).toEqual([]);
      await clock.advance(1);
      expect(fired).toEqual([['call_timeout 30', 30]]);
      await clock.advance(20_000);
      expect(fired.slice(1)).toEqual([
        ['call_timeout 100', 100],
        ['call_timeout 100', 100],
        ['call_timeout 5000', 5000],
      ]);
      expect(await waited).toEqual([
        ['timer', 50],
        [timeout, 1050],
      ]);
      await clock.advance(2 ** 32);
      expect(fired.at(-1)).toEqual([`call_timeout ${2 ** 32}`, 2 ** 32]);
      expect(clock.timers).toBe(0);
    } finally {
      useClock(before);
    }
  });
});
