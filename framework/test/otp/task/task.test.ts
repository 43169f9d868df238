/** Tasks and their supervisors: rows TASK-, TS- and rule R-64. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, test } from 'vitest';
import {
  childSpec,
  countChildren,
  type CrashReport,
  describeReason,
  exit,
  type ExitReason,
  isAlive,
  isCrash,
  isDown,
  isTaskResult,
  type Outcome,
  type Pid,
  processes,
  processInfo,
  receive,
  registry,
  self,
  send,
  setLabel,
  start,
  startChild,
  stopServer,
  supervisor,
  task,
  type Task,
  taskSup,
  taskSupervisor,
  terminateChild,
  trapExit,
  via,
  whichChildren,
} from '../../../src/otp/index.ts';
import { endOf, failure, inProcess, mailbox, pause, reasons } from '../stage.ts';

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

const idle = (): Promise<never> => new Promise(() => {});
const tags = (messages: unknown[]): unknown[] =>
  messages.map((m) => (isTaskResult(m) ? m.value : isDown(m) ? `DOWN ${describeReason(m.reason)}` : m));
const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });
const out = (reason: ExitReason): Outcome<never> => ({ ok: false, reason });

describe('task', () => {
  test('TASK-001 TASK-002 a task is a child, temporary unless told otherwise', async () => {
    const ran: string[] = [];
    const s = await start(
      supervisor({ name: 's', strategy: 'oneForOne', children: [task.childSpec(() => void ran.push('ran'))] }),
    );
    await pause(2);
    expect([ran, await whichChildren(s)]).toEqual([['ran'], []]);
    expect(task.childSpec(idle, { id: 7, restart: 'transient' })).toMatchObject({ id: 7, restart: 'transient' });
  });

  test('TASK-003 TASK-004 R-64 async gives a linked handle, and its result and then DOWN normal to its owner', async () => {
    const seen = await inProcess(async () => {
      const t = task.async(() => 42);
      const handle = [t.owner === self(), processInfo(self())!.links[0] === t.pid];
      const messages = await mailbox();
      const refs = messages.map((m) => (m as { ref: unknown }).ref === t.ref);
      const plus = (a: number, b: number): number => a + b;
      return [handle, tags(messages), refs, await task.await(task.async(() => plus(1, 2)))];
    });
    expect(seen).toEqual([[true, true], [42, 'DOWN normal'], [true, true], 3]);
  });

  test('TASK-005 TASK-011 TS-08 TS-18 the chain of callers goes on through tasks and supervisors', async () => {
    const seen = await inProcess(async () => {
      const me = self();
      const sup = await start(taskSupervisor({ name: 'ts' }));
      const nested = (): Promise<readonly Pid[]> => task.await(task.async(() => task.callers()));
      const one = task.async(nested);
      const chain = await task.await(one);
      task.startLink(() => send(me, task.callers()));
      const linked = await receive(Array.isArray);
      const under = await taskSup.async(sup, () => [task.callers(), processInfo(self())!.parent === sup]);
      await taskSup.startChild(sup, () => send(me, task.callers()));
      const kept = await receive(Array.isArray);
      return [
        chain.map((pid) => (pid === me ? 'me' : pid === one.pid ? 'one' : 'other')),
        (linked as Pid[]).map((pid) => pid === me),
        (await task.await(under)).map((part) => (Array.isArray(part) ? part.map((pid) => pid === me) : part)),
        (kept as Pid[]).map((pid) => pid === me),
      ];
    });
    expect(seen).toEqual([['one', 'me'], [true], [[true], true], [true]]);
  });

  test('TASK-006 TASK-007 TASK-009 TASK-010 start is not linked and tells nobody; startLink is linked', async () => {
    const seen = await inProcess(async () => {
      const loose = task.start(idle);
      const before = processInfo(self())!.links.length;
      const linked = task.startLink(idle);
      const after = processInfo(self())!.links;
      task.startLink(() => 'nobody hears');
      return [before, after.length, after[0] === linked, isAlive(loose), await mailbox()];
    });
    expect(seen).toEqual([0, 1, true, true, []]);
  });

  test('TASK-008 TASK-017 a completed task has its value and no process', async () => {
    const seen = await inProcess(async () => {
      const t = task.completed(7);
      return [
        t.pid,
        await task.await(t),
        await task.yield(t),
        task.ignore(t),
        await task.awaitMany([t, task.async(() => 8)]),
      ];
    });
    expect(seen).toEqual([undefined, 7, ok(7), ok(7), [7, 8]]);
  });

  test('TASK-012 TASK-013 TASK-014 TASK-015 ignore gives what is there, and drops what comes later', async () => {
    const seen = await inProcess(async () => {
      trapExit(true);
      const all: unknown[] = [];
      const done = task.async(() => 1);
      const bad = task.async(() => exit('bad'));
      await pause(5);
      all.push(task.ignore(done), task.ignore(bad));
      await mailbox(5);
      const late = task.async(() => pause(5));
      const lateBad = task.async(async () => {
        await pause(5);
        exit('late');
      });
      all.push(task.ignore(late), task.ignore(lateBad));
      return [all, await mailbox(20)];
    });
    expect(seen).toEqual([[ok(1), out('bad'), undefined, undefined], []]);
  });

  test('TASK-018 TASK-019 TS-20 R-64 await times out: the caller fails, nothing arrives later', async () => {
    const seen = await inProcess(async () => {
      const t = task.async(() => pause(20));
      const error = await failure(task.await(t, { timeout: 5 }));
      return [error.code, error.reason, await mailbox(40), processInfo(self())!.messageQueueLength];
    });
    expect(seen).toEqual(['call_timeout', 'timeout', [], 0]);
    expect(await endOf(() => task.await(task.async(idle), { timeout: 5 }))).toMatchObject({
      kind: 'callFailed',
      reason: 'timeout',
    });
  });

  test('TASK-020 TASK-021 TASK-022 TASK-025 TS-21 TS-22 TS-23 await fails with the reason the task ended with', async () => {
    for (const under of [false, true]) {
      const seen = await inProcess(async () => {
        trapExit(true);
        const sup = await start(taskSupervisor({ name: 'ts' }));
        const begin = async (body: () => unknown): Promise<Task> =>
          under ? taskSup.async(sup, body) : task.async(body);
        const reason = async (body: () => unknown): Promise<ExitReason> =>
          (await failure(task.await(await begin(body)))).reason!;
        const thrown = await reason(() => {
          throw 'ball';
        });
        const error = await reason(() => {
          throw new RangeError('x');
        });
        return [
          await reason(() => exit('normal')),
          await reason(() => exit('own')),
          (thrown as { error: Error }).error.cause,
          [(error as { error: Error }).error.message, (error as { error: Error }).error.stack!.includes('task.test')],
        ];
      });
      expect(seen).toEqual(['normal', 'own', 'ball', ['x', true]]);
    }
  });

  test('TASK-028 TASK-042 TASK-047 TASK-054 TASK-070 only the owner may wait', async () => {
    const seen = await inProcess(async () => {
      const t = task.async(idle);
      return task.await(
        task.async(async () => {
          const codes: unknown[] = [];
          for (const act of [
            () => task.await(t),
            () => task.awaitMany([t]),
            () => task.yield(t),
            () => task.yieldMany([t]),
            () => task.shutdown(t),
            async () => task.ignore(t),
          ]) {
            codes.push(await (async () => act())().catch((e: { code: string }) => e.code));
          }
          return [...new Set(codes)];
        }),
      );
    });
    expect(seen).toEqual(['not_owner']);
  });

  test('TASK-029 TASK-030 TASK-031 TASK-032 awaitMany: values in the order of the tasks; other messages stay', async () => {
    const seen = await inProcess(async () => {
      send(self(), 'other');
      const slow = task.async(async () => {
        await pause(10);
        return 'slow';
      });
      const values = await task.awaitMany([slow, task.async(() => 'fast')]);
      return [values, await task.awaitMany([]), await mailbox()];
    });
    expect(seen).toEqual([['slow', 'fast'], [], ['other']]);
  });

  test('TASK-033 another message under the reference of a task stays in the mailbox once its result is there', async () => {
    const seen = await inProcess(async () => {
      const tasks = [task.async(() => 1), task.async(() => 2)];
      const faked = { tag: 'TASK', ref: tasks[0]!.ref, value: 'another' };
      for (const one of tasks) while (isAlive(one.pid!)) await pause(1);
      send(self(), faked);
      const values = await task.awaitMany(tasks);
      return [values, await mailbox(), faked];
    });
    expect(seen.slice(0, 2)).toEqual([[1, 2], [seen[2]]]);
  });

  test('TASK-034 TASK-035 TASK-036 TASK-037 TASK-038 TASK-039 awaitMany: one deadline; the first failure ends it and clears all', async () => {
    for (const [body, expected] of [
      [idle, (r: ExitReason) => r === 'timeout'],
      [() => exit('unusual'), (r: ExitReason) => r === 'unusual'],
      [
        () => {
          throw new Error('x');
        },
        isCrash,
      ],
      [
        () => {
          throw 'ball';
        },
        isCrash,
      ],
    ] as const) {
      const seen = await inProcess(async () => {
        trapExit(true);
        const others = [task.async(idle), task.async(idle)];
        const began = performance.now();
        const error = await failure(
          task.awaitMany([others[0]!, task.async<unknown>(body), others[1]!], { timeout: 30 }),
        );
        const left = (await mailbox(5)).filter((m) => isDown(m) || isTaskResult(m));
        for (const t of others) exit(t.pid!, 'kill');
        return [
          expected(error.reason!),
          performance.now() - began < 4000,
          error.message.includes(String(others[1]!.pid)),
          left,
          reasons(await mailbox(5)).length,
        ];
      });
      expect(seen).toEqual([true, true, true, [], 2]);
    }
  });

  test('TASK-043 TASK-044 TASK-045 yield: the result wins over DOWN; undefined on timeout, and the task lives; an exit', async () => {
    const seen = await inProcess(async () => {
      const done = task.async(() => 1);
      await pause(2);
      const first = await task.yield(done);
      const slow = task.async(async () => {
        await pause(15);
        return 2;
      });
      const none = await task.yield(slow, { timeout: 2 });
      return [first, none, await task.yield(slow), await task.yield(task.async(() => exit('normal'))), await mailbox()];
    });
    expect(seen).toEqual([ok(1), undefined, ok(2), out('normal'), []]);
  });

  test('TASK-048 TASK-049 TASK-052 TASK-055 TASK-059 yieldMany: each in its place, results before DOWN', async () => {
    const seen = await inProcess(async () => {
      const tasks: Task[] = [task.async(() => 1), task.async(idle), task.async(() => exit('normal'))];
      await pause(2);
      const some = await task.yieldMany(tasks, { timeout: 10 });
      const all = await task.yieldMany<unknown>([task.async(() => pause(5)), task.async(() => 3)], {
        timeout: Infinity,
      });
      return [some, all, await mailbox(), isAlive(tasks[1]!.pid!)];
    });
    expect(seen).toEqual([[ok(1), undefined, out('normal')], [ok(undefined), ok(3)], [], true]);
  });

  test('TASK-050 TASK-051 TASK-056 TASK-057 TASK-058 yieldMany: killTask, ignore and limit', async () => {
    const seen = await inProcess(async () => {
      const killed = task.async(idle);
      const one = await task.yieldMany([killed, task.async(() => 1)], { timeout: 5, onTimeout: 'killTask' });
      const ignored = task.async(() => pause(10));
      const two = await task.yieldMany([ignored], { timeout: 2, onTimeout: 'ignore' });
      const lives = isAlive(ignored.pid!);
      const slow = task.async(idle);
      const three = await task.yieldMany([task.async(() => 1), slow, task.async(() => 2)], {
        limit: 2,
        onTimeout: 'killTask',
        timeout: 500,
      });
      const four = await task.yieldMany([task.async(() => 1)], { limit: 5 });
      return [one, isAlive(killed.pid!), two, lives, three, isAlive(slow.pid!), four, await mailbox(20)];
    });
    expect(seen).toEqual([[undefined, ok(1)], false, [undefined], true, [ok(1), undefined, ok(2)], true, [ok(1)], []]);
  });

  for (const brutalKill of [false, true]) {
    const obeyed = brutalKill ? 'killed' : 'shutdown';
    test(`${brutalKill ? 'TASK-073 TASK-074 TASK-075 TASK-076 TASK-077 TASK-078 TASK-079 TASK-082' : 'TASK-060 TASK-061 TASK-062 TASK-064 TASK-065 TASK-066 TASK-067 TASK-069 TASK-072'} shutdown: what it gives`, async () => {
      const seen = await inProcess(async () => {
        trapExit(true);
        const after = async (end: ExitReason | undefined, value?: number): Promise<unknown> => {
          const t = value === undefined ? task.async(() => exit(end!)) : task.async(() => value);
          await pause(2);
          return task.shutdown(t, { brutalKill });
        };
        const gone = task.async(() => 1);
        await pause(2);
        await mailbox(2);
        const results = [
          await after(undefined, 5),
          await after('abnormal'),
          await after('normal'),
          await after('shutdown'),
          await after('killed'),
        ];
        results.push(await task.shutdown(gone, { brutalKill }));
        return [results, (await mailbox(5)).filter((m) => isDown(m) || isTaskResult(m))];
      });
      const expected = [ok(5), out('abnormal'), out('normal'), out('shutdown'), out('killed')].map((o) =>
        !o.ok && o.reason === obeyed ? undefined : o,
      );
      expect(seen).toEqual([[...expected, out('noproc')], []]);
    });
  }

  test('TASK-063 TASK-071 TASK-081 shutdown ends who runs: asked, killed, or killed after the timeout', async () => {
    const seen = await inProcess(async () => {
      const obeys = task.async(idle);
      const traps = (): Promise<never> => {
        trapExit(true);
        return idle();
      };
      const one = task.async(traps);
      const two = task.async(traps);
      await pause(2);
      return [
        await task.shutdown(obeys),
        await task.shutdown(one, { brutalKill: true }),
        await task.shutdown(two, { timeout: 5 }),
        await mailbox(5),
      ];
    });
    expect(seen).toEqual([undefined, undefined, out('killed'), []]);
  });
});

describe('task.asyncStream', () => {
  const wait = async (ms: number): Promise<number> => {
    await pause(ms);
    return ms;
  };

  for (const under of [false, true]) {
    const make = async (link = true): Promise<{ supervisor?: Pid; link: boolean }> =>
      under ? { supervisor: await start(taskSupervisor({ name: 'ts' })), link } : { link };

    test(`${under ? 'TS-24 TS-25 TS-26 TS-27 TS-37 TS-38 TS-39 TS-40' : 'TASK-094 TASK-095 TASK-096 TASK-097 TASK-084 TASK-086'} streams: ordered or not, with fewer, as many and more tasks than items`, async () => {
      for (const link of [true, false]) {
        for (const maxConcurrency of [1, 4, 9]) {
          const seen = await inProcess(async () => {
            const options = { ...(await make(link)), maxConcurrency, timeout: Infinity };
            let running = 0;
            let most = 0;
            const work = async (ms: number): Promise<number> => {
              most = Math.max(most, ++running);
              await pause(ms);
              running--;
              return ms;
            };
            const ordered = await collect(task.asyncStream([16, 8, 4, 0], work, options));
            const any = await collect(task.asyncStream([90, 80, 70, 0], wait, { ...options, ordered: false }));
            return [
              ordered,
              most,
              any.length,
              maxConcurrency >= 4 && any[0],
              await mailbox(5),
              processInfo(self())!.links.length,
            ];
          });
          expect(seen).toEqual([
            [16, 8, 4, 0].map(ok),
            Math.min(4, maxConcurrency),
            4,
            maxConcurrency >= 4 && ok(0),
            [],
            0,
          ]);
        }
      }
    });

    test(`${under ? 'TS-28 TS-34 TS-41' : 'TASK-098 TASK-113'} failing tasks are outcomes for who traps exits, with their items if asked`, async () => {
      for (const link of under ? [true, false] : [true]) {
        const seen = await inProcess(async () => {
          if (link) trapExit(true);
          const options = await make(link);
          const work = (n: number): number => (n === 2 ? exit('two') : n);
          const plain = await collect(task.asyncStream([1, 2, 3], work, options));
          const zipped = await collect(task.asyncStream([2], work, { ...options, zipInputOnExit: true }));
          return [plain, zipped, await mailbox(5)];
        });
        expect(seen).toEqual([[ok(1), out('two'), ok(3)], [{ ok: false, reason: 'two', input: 2 }], []]);
      }
    });

    test(`${under ? 'TS-29 TS-30 TS-35 TS-42 TS-43' : 'TASK-099 TASK-100 TASK-107 TASK-110 TASK-111 TASK-114'} a consumer that stops early ends the running tasks; nothing is left; the source is closed`, async () => {
      const seen = await inProcess(async () => {
        trapExit(true);
        const options = { ...(await make()), maxConcurrency: 4, zipInputOnExit: true };
        let closed = false;
        const source = function* (): Generator<number> {
          try {
            for (let i = 0; ; i++) yield i;
          } finally {
            closed = true;
          }
        };
        const before = processes().length;
        let ended = false;
        const below = async function* <T>(items: AsyncIterable<T>): AsyncGenerator<T> {
          try {
            yield* items;
          } finally {
            ended = true;
          }
        };
        for await (const outcome of below(task.asyncStream(source(), (n) => (n === 0 ? 'first' : idle()), options))) {
          if (outcome.ok) break;
        }
        return [closed, ended, processes().length - before, await mailbox(5), processInfo(self())!.links];
      });
      expect(seen).toEqual([true, true, 0, [], []]);
    });
  }

  test('TASK-083 TASK-085 TASK-112 a task that takes too long fails the consumer, or is killed and the rest goes on', async () => {
    const seen = await inProcess(async () => {
      const before = processes().length;
      const error = await failure(collect(task.asyncStream([50, 0], wait, { timeout: 10 })));
      const left = processes().length - before;
      const rest = await collect(task.asyncStream([100, 0, 1], wait, { timeout: 30, onTimeout: 'killTask' }));
      const any = await collect(
        task.asyncStream([100, 0], wait, { timeout: 30, onTimeout: 'killTask', ordered: false }),
      );
      return [error.code, left, rest, any, await mailbox(5)];
    });
    expect(seen).toEqual(['call_timeout', 0, [out('timeout'), ok(0), ok(1)], [ok(0), out('timeout')], []]);
  });

  test('TASK-087 TASK-088 TASK-089 bad options are refused', () => {
    for (const bad of [{ maxConcurrency: 0 }, { onTimeout: 'explode' as never }, { timeout: -1 }]) {
      expect(() => task.asyncStream([], wait, bad)).toThrow('of a stream is');
    }
  });

  test('TASK-090 TASK-091 TASK-092 TS-32 TS-33 foreign DOWNs do not confuse it; callers are known; another process may consume', async () => {
    const seen = await inProcess(async () => {
      send(self(), { tag: 'DOWN', ref: {}, pid: self(), reason: 'fake' });
      const me = self();
      const values = await collect(task.asyncStream([1], () => task.callers()[0] === me, {}));
      const mine = task.asyncStream([1, 2], (n) => n * 2, {});
      const consumed = await task.await(task.async(() => collect(mine)));
      const sup = await start(taskSupervisor({ name: 'ts' }));
      const theirs = task.asyncStream([1], () => task.callers()[0] === me, { supervisor: sup });
      const other = await task.await(task.async(() => collect(theirs)));
      return [values, consumed, other, (await mailbox()).length];
    });
    expect(seen).toEqual([[ok(true)], [ok(2), ok(4)], [ok(false)], 1]);
  });

  test('TASK-093 TASK-101 TASK-103 streams compose: in lock step, and with a source that ends early', async () => {
    const seen = await inProcess(async () => {
      const [a, b] = [task.asyncStream([8, 0, 4], wait), task.asyncStream([0, 8, 4], wait)];
      const pairs: unknown[] = [];
      for (;;) {
        const [x, y] = [await a.next(), await b.next()];
        if (x.done || y.done) break;
        pairs.push([x.value, y.value]);
      }
      const halting = async function* (): AsyncGenerator<number> {
        for await (const outcome of task.asyncStream([1, 2, 3], (n) => n)) {
          if (outcome.ok && outcome.value === 2) return;
          if (outcome.ok) yield outcome.value;
        }
      };
      return [pairs, await collect(task.asyncStream(halting(), (n) => n * 10)), await mailbox(5)];
    });
    expect(seen).toEqual([
      [
        [ok(8), ok(0)],
        [ok(0), ok(8)],
        [ok(4), ok(4)],
      ],
      [ok(10)],
      [],
    ]);
  });

  test('TASK-102 TASK-104 TASK-105 TASK-106 TASK-108 TASK-109 streams that halt early, inside and outside, with failures and slow items', async () => {
    const take = async function* <T>(items: AsyncIterable<T>, many: number): AsyncGenerator<T> {
      let left = many;
      for await (const item of items) {
        yield item;
        if (--left === 0) return;
      }
    };
    const endless = function* (first: number): Generator<number> {
      for (let i = first; ; i++) yield i;
    };
    const seen = await inProcess(async () => {
      trapExit(true);
      const before = processes().length;
      const work = async (n: number): Promise<number> => {
        await pause(n === 0 ? 8 : 1);
        return n === 1 ? exit('one') : n;
      };
      const inner = await collect(
        task.asyncStream(
          take(task.asyncStream(endless(0), work, { maxConcurrency: 4 }), 3),
          (outcome) => outcome.ok,
          {},
        ),
      );
      const outer = await collect(take(task.asyncStream(endless(0), work, { maxConcurrency: 4 }), 3));
      const [a, b] = [task.asyncStream([0, 1], work), task.asyncStream([1, 0], work)];
      const pairs = [
        [(await a.next()).value, (await b.next()).value],
        [(await a.next()).value, (await b.next()).value],
      ];
      await Promise.all([a.return(), b.return()]);
      return [inner, outer, pairs, processes().length - before, await mailbox(5)];
    });
    expect(seen).toEqual([
      [ok(true), ok(false), ok(true)],
      [ok(0), out('one'), ok(2)],
      [
        [ok(0), out('one')],
        [out('one'), ok(0)],
      ],
      0,
      [],
    ]);
  });

  test('TASK-115 TASK-116 the crash report of a task names it, its label, who started it and why', async () => {
    const reports: CrashReport[] = [];
    const hear = (report: unknown): void => void reports.push(report as CrashReport);
    subscribe('genroom:process:crash', hear);
    let owner: Pid | undefined;
    try {
      await inProcess(async () => {
        owner = self();
        task.start(() => {
          setLabel('cook');
          throw new Error('burnt');
        });
        await pause(2);
      });
    } finally {
      unsubscribe('genroom:process:crash', hear);
    }
    expect(reports).toMatchObject([
      { behaviour: 'task cook', label: 'cook', parent: owner, error: { message: 'burnt' } },
    ]);
  });

  test("R-64 a crash in a linked stream is its consumer's too", async () => {
    expect(await endOf(() => collect(task.asyncStream([1], () => exit('task failed'))))).toBe('task failed');
  });
});

describe('taskSupervisor', () => {
  test('TS-01 TS-03 TS-04 it is a child, known by name, and counts its tasks', async () => {
    const names = registry({ name: 'names-ts' });
    await start(names);
    const s = await start(
      supervisor({
        name: 's',
        strategy: 'oneForOne',
        children: [
          childSpec(taskSupervisor({ name: 'a' }), undefined, { name: via(names, 'a') }),
          childSpec(taskSupervisor({ name: 'b' })),
        ],
      }),
    );
    expect((await whichChildren(s)).map((c) => c.id)).toEqual(['b', 'a']);
    expect((await failure(startChild(s, childSpec(taskSupervisor({ name: 'b' }))))).code).toBe('already_started');
    const pid = await taskSup.startChild(via(names, 'a'), idle);
    expect(await countChildren(via(names, 'a'))).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
    expect((await whichChildren(via(names, 'a')))[0]!.pid).toBe(pid);
  });

  test('TS-05 TS-09 TS-10 TS-13 R-64 async links supervisor and owner, asyncNolink the supervisor only; result, then DOWN', async () => {
    for (const linked of [true, false]) {
      const seen = await inProcess(async () => {
        const sup = await start(taskSupervisor({ name: 'ts' }));
        const t = await (linked ? taskSup.async : taskSup.asyncNolink)(sup, async () => {
          await receive();
          return 'value';
        });
        const links = processInfo(t.pid!)!.links;
        const shown = [links.includes(sup), links.includes(self()), (await countChildren(sup)).active];
        send(t.pid!, 'go');
        const messages = tags(await mailbox(5));
        const bad = linked ? undefined : await task.yield(await taskSup.asyncNolink(sup, () => exit('bad')));
        return [shown, messages, bad, await mailbox(5)];
      });
      expect(seen).toEqual([[true, linked, 1], ['value', 'DOWN normal'], linked ? undefined : out('bad'), []]);
    }
    expect(
      await endOf(async () => {
        const sup = await start(taskSupervisor({ name: 'ts' }));
        await taskSup.async(sup, () => exit('shared'));
        await idle();
      }),
    ).toBe('shared');
  });

  test('TS-06 TS-11 TS-16 the time to stop is honoured when the supervisor ends', async () => {
    const seen = await inProcess(async () => {
      trapExit(true);
      const sup = await start(taskSupervisor({ name: 'ts' }));
      const stubborn = async (): Promise<never> => {
        trapExit(true);
        return idle();
      };
      const tasks = [
        await taskSup.async(sup, stubborn, { shutdown: 'brutalKill' }),
        await taskSup.asyncNolink(sup, stubborn, { shutdown: 5 }),
      ];
      await taskSup.startChild(sup, stubborn, { shutdown: 5 });
      await pause(2);
      const began = performance.now();
      await stopServer(sup);
      return [performance.now() - began < 500, await Promise.all(tasks.map((t) => task.yield(t))), isAlive(sup)];
    });
    expect(seen).toEqual([true, [out('killed'), out('killed')], false]);
  });

  test('TS-07 TS-12 TS-31 TS-44 beyond maxChildren a task is refused; a stream cleans up', async () => {
    const seen = await inProcess(async () => {
      const sup = await start(taskSupervisor({ name: 'ts', maxChildren: 1 }));
      const held = await taskSup.asyncNolink(sup, idle);
      const codes = [
        (await failure(taskSup.async(sup, idle))).code,
        (await failure(taskSup.asyncNolink(sup, idle))).code,
      ];
      await task.shutdown(held, { brutalKill: true });
      for (const link of [true, false]) {
        const stream = task.asyncStream([1, 2, 3], idle, { supervisor: sup, maxConcurrency: 3, link });
        codes.push((await failure(stream.next())).code);
        await pause(2);
      }
      return [codes, (await countChildren(sup)).active, await mailbox(5)];
    });
    expect(seen).toEqual([Array(4).fill('max_children'), 0, []]);
  });

  test('TS-04 TS-19 TS-37 TS-41 taskSup: its children, an end of one by its pid, and streams under it, linked or not', async () => {
    const seen = await inProcess(async () => {
      const sup = await start(taskSupervisor({ name: 'own' }));
      const pid = await taskSup.startChild(sup, idle);
      const before = await taskSup.children(sup);
      await taskSup.terminateChild(sup, pid);
      const ok = await collect(taskSup.asyncStream(sup, [1, 2], (n) => n * 2));
      const loose = await collect(taskSup.asyncStreamNolink(sup, [1], () => exit('failed')));
      return [before.length, before[0] === pid, await taskSup.children(sup), ok, loose, await mailbox(5)];
    });
    const values = [2, 4].map((value) => ({ ok: true, value }));
    expect(seen).toEqual([1, true, [], values, [{ ok: false, reason: 'failed' }], []]);
    const linked = await endOf(async () => {
      const sup = await start(taskSupervisor({ name: 'own' }));
      await collect(taskSup.asyncStream(sup, [1], () => exit('failed')));
    });
    expect(linked).toBe('failed');
  });

  test('TS-14 TS-15 TS-17 TS-19 startChild: unattended, restarted if told so, ended by terminateChild', async () => {
    const sup = await start(taskSupervisor({ name: 'ts', intensity: { max: 2, period: 1000 } }));
    let runs = 0;
    const pid = await taskSup.startChild(sup, idle);
    await taskSup.startChild(
      sup,
      () => {
        runs++;
        if (runs < 3) throw new Error('again');
        return idle();
      },
      { restart: 'transient' },
    );
    // One that has ended before its supervisor looks ended as what it is: nothing is restarted.
    let once = 0;
    await taskSup.startChild(sup, () => void once++, { restart: 'transient' });
    await pause(5);
    expect([runs, once, (await countChildren(sup)).active]).toEqual([3, 1, 2]);
    await terminateChild(sup, pid);
    expect([isAlive(pid), (await failure(terminateChild(sup, pid))).code]).toEqual([false, 'not_found']);
  });

  test('TS-36 a bad time to stop is refused', async () => {
    const sup = await start(taskSupervisor({ name: 'ts' }));
    const code = await inProcess(async () => (await failure(taskSup.async(sup, idle, { shutdown: -1 }))).code);
    expect(code).toBe('invalid_shutdown');
  });
});

test('a task is waited for once at a time: a second wait is refused, the first gets the outcome', async () => {
  await inProcess(async () => {
    const { promise, resolve: finish } = Promise.withResolvers<number>(); // there before the task has begun
    const one = task.async(() => promise);
    const waiting = task.await(one, { timeout: 10_000 });
    for (const second of [task.await(one, { timeout: 1 }), task.yield(one, { timeout: 1 })])
      expect(await failure(second)).toMatchObject({ code: 'wait_pending' });
    finish(7);
    expect(await waiting).toBe(7);
  });
});
