/** Supervisors and dynamic supervisors: part R, rows SUP-, SUPE- and DS-. */
import { describe, expect, test } from 'vitest';
import {
  BadArgument,
  type ChildError,
  childSpec,
  type ChildSpec,
  countChildren,
  deleteChild,
  dynamicSupervisor,
  exit,
  type ExitReason,
  genServer,
  getChildSpec,
  ignore,
  initStop,
  isAlive,
  isExit,
  monitor,
  noreply,
  type Pid,
  processInfo,
  receive,
  registry,
  type Restart,
  restartChild,
  self,
  send,
  shutdown,
  sleep,
  start,
  startChild,
  StartError,
  StartIgnored,
  startLink,
  stopServer,
  type Strategy,
  supervisor,
  type SupervisorDefinition,
  terminateChild,
  trapExit,
  unlink,
  useClock,
  via,
  whereis,
  whichChildren,
} from '../../../src/otp/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { counter, downOf, failure, inProcess, mailbox, pause } from '../stage.ts';

const idle = (): Promise<void> => new Promise(() => {});
const worker = (id: string | number, options: Partial<ChildSpec> = {}): ChildSpec =>
  childSpec(counter, {}, { id, ...options });

/** A child that ends with the reason it is sent. */
const obedient = genServer({
  name: 'obedient',
  init: () => 0,
  info: (state, message) => {
    if (message !== 'stay') exit(message as ExitReason);
    return noreply(state);
  },
});
const ending = (id: string | number, options: Partial<ChildSpec> = {}): ChildSpec =>
  childSpec(obedient, undefined, { id, ...options });

/** A child whose nth start is decided by `decide`. */
function deciding(decide: (n: number) => 'ok' | 'ignore' | ExitReason): {
  spec: (id: string, o?: Partial<ChildSpec>) => ChildSpec;
  starts: () => number;
} {
  let n = 0;
  const behaviour = genServer({
    name: 'deciding',
    init: () => {
      const what = decide(++n);
      if (what === 'ok') return 0;
      return what === 'ignore' ? ignore() : initStop(what);
    },
    info: (state, message) => {
      exit(message as ExitReason);
      return noreply(state);
    },
  });
  return { spec: (id, o) => childSpec(behaviour, undefined, { id, ...o }), starts: () => n };
}

const sup = (children: readonly ChildSpec[], more: Partial<SupervisorDefinition<void>> = {}): Promise<Pid> =>
  start(supervisor({ name: 'sup', strategy: 'oneForOne', children, ...more }));
const dyn = (more: object = {}): Promise<Pid> => start(dynamicSupervisor({ name: 'dyn', ...more }));
async function child(of: Pid, id: string | number): Promise<Pid> {
  return (await whichChildren(of)).find((c) => c.id === id)!.pid!;
}
const ids = async (of: Pid): Promise<unknown[]> => (await whichChildren(of)).map((c) => c.id);
const pids = async (of: Pid): Promise<Record<string, Pid | undefined>> =>
  Object.fromEntries((await whichChildren(of)).map((c) => [String(c.id), c.pid]));
const code = async (promise: Promise<unknown>): Promise<string | undefined> => (await failure(promise)).code;

describe('intensity and restart', () => {
  test('R-40 SUPE-33 three restarts in five seconds are allowed, the fourth ends the supervisor with shutdown', async () => {
    const seen = await inProcess(async () => {
      const s = await sup([worker('a')]);
      const ref = monitor(s);
      for (let i = 0; i < 3; i++) {
        exit(await child(s, 'a'), 'x');
        await pause(1);
      }
      const alive = isAlive(s);
      exit(await child(s, 'a'), 'x');
      return [alive, await downOf(ref)];
    });
    expect(seen).toEqual([true, 'shutdown']);
  });

  test('R-40 SUPE-23 SUP-08 a permanent child that ends normally is restarted with its first state, and counts', async () => {
    const seen = await inProcess(async () => {
      const s = await sup([ending('a')], { intensity: { max: 1, period: 5000 } });
      const ref = monitor(s);
      const first = await child(s, 'a');
      send(first, 'normal');
      await pause(1);
      const again = await child(s, 'a');
      const alive = isAlive(s);
      send(again, 'normal');
      return [alive, again !== first, await downOf(ref)];
    });
    expect(seen).toEqual([true, true, 'shutdown']);
  });

  test('R-40 SUPE-66 restarts further apart than the period never exceed the intensity', async () => {
    const clock = new VirtualClock();
    const before = useClock(clock);
    try {
      const s = await sup([worker('a')], { intensity: { max: 1, period: 1000 } });
      for (let i = 0; i < 5; i++) {
        exit(await child(s, 'a'), 'x');
        await clock.advance(1001);
        expect(isAlive(s)).toBe(true);
      }
      exit(await child(s, 'a'), 'x');
      // The bound is inclusive: one just as long ago still counts.
      await clock.advance(1000);
      exit(await child(s, 'a'), 'x');
      await clock.settled();
      expect(isAlive(s)).toBe(false);
    } finally {
      useClock(before);
    }
  });

  test('R-41 SUPE-34 SUPE-78 a failed restart counts and is tried again through the mailbox', async () => {
    const forever = deciding((n) => (n === 1 ? 'ok' : 'no'));
    const seen = await inProcess(async () => {
      const s = await sup([worker('sibling'), forever.spec('a')]);
      const sibling = await child(s, 'sibling');
      const ref = monitor(s);
      exit(await child(s, 'a'), 'x');
      return [await downOf(ref), forever.starts(), isAlive(sibling)];
    });
    expect(seen).toEqual(['shutdown', 4, false]);
  });

  test('SUPE-78 SUPE-71 while a child is in a failing restart loop it shows as restarting; it can be terminated, the supervisor stopped', async () => {
    const loop = deciding((n) => (n === 1 ? 'ok' : 'no'));
    const s = await sup([loop.spec('a')], { intensity: { max: 1e9, period: 1000 } });
    exit(await child(s, 'a'), 'x');
    await pause(5);
    expect(await whichChildren(s)).toMatchObject([{ id: 'a', pid: undefined, restarting: true }]);
    expect(await countChildren(s)).toMatchObject({ specs: 1, active: 0, workers: 1 });
    expect(await code(restartChild(s, 'a'))).toBe('restarting');
    expect(await code(deleteChild(s, 'a'))).toBe('restarting');
    await terminateChild(s, 'a');
    const starts = loop.starts();
    await pause(5);
    expect(loop.starts()).toBe(starts);
    expect(await whichChildren(s)).toMatchObject([{ pid: undefined, restarting: false }]);
    const again = deciding((n) => (n === 1 ? 'ok' : 'no'));
    const other = await sup([again.spec('a')], { intensity: { max: 1e9, period: 1000 } });
    exit(await child(other, 'a'), 'x');
    await pause(5);
    await stopServer(other, 'shutdown');
  });

  test('SUPE-79 the same with restForOne: the earlier child stays up, the later one stays down', async () => {
    const loop = deciding((n) => (n === 1 ? 'ok' : 'no'));
    const s = await sup([worker('a'), loop.spec('b'), worker('c')], {
      strategy: 'restForOne',
      intensity: { max: 1e9, period: 1000 },
    });
    const before = await pids(s);
    exit(before['b']!, 'x');
    await pause(5);
    const now = await whichChildren(s);
    expect(now.map((c) => [c.id, c.pid === before['a'], c.restarting])).toEqual([
      ['c', false, false],
      ['b', false, true],
      ['a', true, false],
    ]);
    expect(now[0]!.pid).toBe(undefined);
    await terminateChild(s, 'b');
    await stopServer(s, 'shutdown');
  });

  for (const [restart, reason, outcome, id] of [
    ['permanent', 'shutdown', 'restarted', 'SUPE-26'],
    ['permanent', 'abnormal', 'restarted', 'SUPE-30'],
    ['transient', 'normal', 'down', 'SUPE-24'],
    ['transient', 'shutdown', 'down', 'SUPE-27'],
    ['transient', 'abnormal', 'restarted', 'SUPE-31'],
    ['temporary', 'normal', 'gone', 'SUPE-25'],
    ['temporary', 'shutdown', 'gone', 'SUPE-28'],
    ['temporary', 'abnormal', 'gone', 'SUPE-32'],
  ] as const) {
    test(`${id} a ${restart} child that ends with ${reason} is ${outcome}`, async () => {
      for (const why of reason === 'shutdown' ? ['shutdown', shutdown(1)] : [reason]) {
        const s = await sup([ending('a', { restart })]);
        const first = await child(s, 'a');
        send(first, why);
        await pause(2);
        const [now] = await whichChildren(s);
        if (outcome === 'gone') expect(now).toBe(undefined);
        else if (outcome === 'down') expect(now).toMatchObject({ id: 'a', pid: undefined, restarting: false });
        else expect([now!.pid !== undefined, now!.pid !== first]).toEqual([true, true]);
        await stopServer(s);
      }
    });
  }
});

describe('start and stop', () => {
  test('R-42 SUPE-85 children start in order; when one fails, those started are stopped in reverse; the error names it', async () => {
    const order: string[] = [];
    const logging = (id: string, fail = false): ChildSpec =>
      childSpec(
        genServer({
          name: id,
          trapExit: true,
          init: () => {
            order.push(`start ${id}`);
            return fail ? initStop('no') : 0;
          },
          terminate: () => order.push(`stop ${id}`),
        }),
      );
    const seen = await inProcess(async () => {
      trapExit(true);
      const error = (await failure(
        startLink(
          supervisor({
            name: 's',
            strategy: 'oneForOne',
            children: [logging('a'), logging('b'), logging('c', true), logging('d')],
          }),
        ),
      )) as StartError;
      return [error.reason, await mailbox(5)];
    });
    expect(seen).toEqual([{ kind: 'shutdown', value: { failedToStartChild: 'c', reason: 'no' } }, []]);
    expect(order).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a']);
  });

  test("R-43 SUPE-16 SUPE-17 SUPE-19 stop: shutdown, then the child's time, then kill; brutalKill at once", async () => {
    const trapping = (how: 'obey' | 'hang') =>
      genServer({ name: how, trapExit: true, init: () => 0, terminate: () => (how === 'hang' ? idle() : sleep(1)) });
    const seen = await inProcess(async () => {
      const s = await sup([
        childSpec(trapping('obey'), undefined, { id: 'a', shutdown: Infinity }),
        childSpec(trapping('hang'), undefined, { id: 'b', shutdown: 20 }),
        childSpec(trapping('obey'), undefined, { id: 'c', shutdown: 'brutalKill' }),
        childSpec(trapping('obey'), undefined, { id: 'd', shutdown: 500 }),
      ]);
      const names = new Map<unknown, unknown>();
      for (const { id, pid } of (await whichChildren(s)).reverse()) names.set(monitor(pid!), id);
      await stopServer(s);
      return (await mailbox(5)).map((m) => [names.get((m as { ref: unknown }).ref), (m as { reason: unknown }).reason]);
    });
    expect(seen).toEqual([
      ['d', 'shutdown'],
      ['c', 'killed'],
      ['b', 'killed'],
      ['a', 'shutdown'],
    ]);
  });

  test('R-44 SUPE-39 DS-34 a supervisor stops its children one after another, a dynamic one all together', async () => {
    const clock = new VirtualClock();
    const before = useClock(clock);
    try {
      const slow = genServer({ name: 'slow', trapExit: true, init: () => 0, terminate: () => sleep(150) });
      const time = async (s: Pid): Promise<number> => {
        const began = clock.now();
        let took = -1;
        void stopServer(s).then(() => (took = clock.now() - began));
        while (took < 0) await clock.advance(10);
        return took;
      };
      const one = await sup([1, 2, 3].map((id) => childSpec(slow, undefined, { id })));
      const all = await dyn();
      for (const id of [1, 2, 3]) await startChild(all, childSpec(slow, undefined, { id }));
      expect([await time(one), await time(all)]).toEqual([450, 150]);
    } finally {
      useClock(before);
    }
  });

  test('SUPE-01 SUP-10 a supervisor without children starts and stops with shutdown', async () => {
    const seen = await inProcess(async () => {
      trapExit(true);
      const s = await startLink(supervisor({ name: 'empty', strategy: 'oneForOne', children: () => [] }));
      expect(await whichChildren(s)).toEqual([]);
      exit(s, 'shutdown');
      return (await receive(isExit)).reason;
    });
    expect(seen).toBe('shutdown');
  });

  test('SUPE-02 a supervisor whose children function declines is ignored', async () => {
    const error = await failure(
      start(supervisor({ name: 'declines', strategy: 'oneForOne', children: () => ignore() })),
    );
    expect(error).toBeInstanceOf(StartIgnored);
    const left = await inProcess(async () => {
      trapExit(true);
      await failure(startLink(supervisor({ name: 'declines', strategy: 'oneForOne', children: () => ignore() })));
      return mailbox(2);
    });
    expect(left).toEqual([]);
  });

  test('SUPE-08 SUPE-09 a children function that throws or gives junk fails the start', async () => {
    const throwing = supervisor({
      name: 't',
      strategy: 'oneForOne',
      children: (): ChildSpec[] => {
        throw new Error('no children');
      },
    });
    expect((await failure(start(throwing))).message).toContain('no children');
    const junk = supervisor({ name: 'j', strategy: 'oneForOne', children: (() => [42]) as never });
    expect(await code(start(junk))).toBe('start_failed');
    const worse = supervisor({ name: 'w', strategy: 'oneForOne', children: (() => 'junk') as never });
    const seen = await inProcess(async () => {
      trapExit(true);
      const codes = [await code(startLink(throwing)), await code(startLink(junk)), await code(startLink(worse))];
      return [codes, await mailbox(2)];
    });
    expect(seen).toEqual([['start_failed', 'start_failed', 'start_failed'], []]);
  });

  test('SUPE-67 a child that unlinks itself cannot hang its supervisor', async () => {
    const unlinking = genServer({
      name: 'unlinking',
      init: (to: Pid) => to,
      info: (to, message) => {
        unlink(message as Pid);
        return noreply(to);
      },
    });
    const s = await sup([childSpec(unlinking, undefined as never, { id: 'a' })]);
    send(await child(s, 'a'), s);
    await pause(2);
    expect(processInfo(await child(s, 'a'))!.links).toEqual([]);
    await terminateChild(s, 'a');
    expect(await child(s, 'a')).toBe(undefined);
    await stopServer(s);
  });

  test('SUPE-21 children that end by themselves during the stop neither disturb it nor come back', async () => {
    for (const restart of ['permanent', 'transient', 'temporary'] as Restart[]) {
      for (const reason of ['normal', 'shutdown', 'abnormal', 'kill'] as ExitReason[]) {
        const s = await sup([1, 2, 3, 4].map((id) => ending(id, { restart })));
        const children = (await whichChildren(s)).map((c) => c.pid!);
        for (const pid of children) send(pid, reason);
        await stopServer(s, 'shutdown');
        expect(children.filter(isAlive)).toEqual([]);
      }
    }
  });

  test('SUPE-68 of a restarted supervisor the dynamic children are gone, the static ones back', async () => {
    const inner = supervisor({ name: 'inner', strategy: 'oneForOne', children: [worker('static')] });
    const s = await sup([childSpec(inner)]);
    const first = await child(s, 'inner');
    await startChild(first, worker('dynamic'));
    expect(await ids(first)).toEqual(['dynamic', 'static']);
    exit(first, 'kill');
    await pause(5);
    const second = await child(s, 'inner');
    expect(second).not.toBe(first);
    expect(await ids(second)).toEqual(['static']);
  });

  test('R-51 a supervisor runs the inits of its children in its own loop', async () => {
    const slow = genServer({
      name: 'slow',
      init: async () => {
        await pause(50);
        return 0;
      },
    });
    const s = await dyn();
    const starting = startChild(s, childSpec(slow));
    const began = performance.now();
    await whichChildren(s);
    expect(performance.now() - began).toBeGreaterThan(40);
    await starting;
  });

  test('a supervisor killed while a child function starts leaves no orphan', async () => {
    let started: Pid | undefined;
    const s = await dyn();
    const slow = {
      id: 'a',
      start: async () => {
        started = await start(counter, {});
        await pause(10);
        return started;
      },
    };
    void startChild(s, slow).catch(() => {});
    await pause(2);
    exit(s, 'kill');
    await pause(20);
    expect(isAlive(started!)).toBe(false);
  });
});

describe('strategies', () => {
  const three = (strategy: Strategy): Promise<Pid> => sup([worker('a'), worker('b'), worker('c')], { strategy });

  for (const [strategy, id, replaced] of [
    ['oneForOne', 'SUPE-33', { a: false, b: true, c: false }],
    ['oneForAll', 'SUPE-35', { a: true, b: true, c: true }],
    ['restForOne', 'SUPE-43', { a: false, b: true, c: true }],
  ] as const) {
    test(`${id} ${strategy} replaces the right children`, async () => {
      const s = await three(strategy);
      const before = await pids(s);
      exit(before['b']!, 'x');
      await pause(2);
      const now = await pids(s);
      expect(Object.fromEntries(Object.keys(replaced).map((k) => [k, now[k] !== before[k]]))).toEqual(replaced);
      expect(Object.values(now).every((pid) => pid && isAlive(pid))).toBe(true);
    });
  }

  test('R-45 SUPE-37 SUPE-45 a sibling that fails in the joint restart: oneForAll starts all again, restForOne from the failed one on', async () => {
    for (const [strategy, expected] of [
      ['oneForAll', [4, 4]],
      ['restForOne', [2, 4]],
    ] as const) {
      const a = deciding(() => 'ok');
      const b = deciding((n) => (n === 2 || n === 3 ? 'no' : 'ok'));
      const s = await sup([a.spec('a'), b.spec('b')], { strategy });
      exit(await child(s, 'a'), 'x');
      await pause(5);
      expect([isAlive(s), a.starts(), b.starts()]).toEqual([true, ...expected]);
    }
  });

  test('SUPE-36 SUPE-44 a sibling that cannot be restarted ends the supervisor', async () => {
    for (const strategy of ['oneForAll', 'restForOne'] as const) {
      const b = deciding((n) => (n === 1 ? 'ok' : 'no'));
      const reason = await inProcess(async () => {
        const s = await sup([worker('a'), b.spec('b')], { strategy });
        const ref = monitor(s);
        exit(await child(s, 'a'), 'x');
        return downOf(ref);
      });
      expect(reason).toBe('shutdown');
    }
  });

  test('R-46 SUPE-76 a temporary bystander is stopped with shutdown and not restarted', async () => {
    for (const strategy of ['oneForAll', 'restForOne'] as const) {
      const seen = await inProcess(async () => {
        const s = await sup([worker('a'), worker('b'), worker('t', { restart: 'temporary' })], { strategy });
        const before = await pids(s);
        const ref = monitor(before['t']!);
        const other = monitor(before['b']!);
        exit(before['a']!, 'x');
        return [await downOf(ref), await downOf(other), await ids(s)];
      });
      expect(seen).toEqual(['shutdown', 'shutdown', ['b', 'a']]);
    }
  });

  test('SUPE-85 SUPE-43 the joint restart stops in reverse and starts in order', async () => {
    const order: string[] = [];
    const logging = (id: string): ChildSpec =>
      childSpec(
        genServer({
          name: id,
          trapExit: true,
          init: () => {
            order.push(`+${id}`);
            return 0;
          },
          terminate: () => order.push(`-${id}`),
        }),
      );
    const s = await sup(['a', 'b', 'c', 'd'].map(logging), { strategy: 'restForOne' });
    order.length = 0;
    exit(await child(s, 'b'), 'kill');
    await pause(5);
    expect(order).toEqual(['-d', '-c', '+b', '+c', '+d']);
  });
});

describe('children', () => {
  test('R-47 SUP-16 SUPE-60 the life of a child: start, terminate, restart, delete, with their refusals', async () => {
    const s = await sup([worker('a')]);
    const a = await child(s, 'a');
    const again = (await failure(startChild(s, worker('a')))) as ChildError;
    expect([again.code, again.pid === a]).toEqual(['already_started', true]);
    expect(await code(restartChild(s, 'a'))).toBe('running');
    expect(await code(deleteChild(s, 'a'))).toBe('running');
    await terminateChild(s, 'a');
    await terminateChild(s, 'a');
    await pause(2);
    expect(await whichChildren(s)).toMatchObject([{ id: 'a', pid: undefined }]);
    expect(await countChildren(s)).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
    expect(await code(startChild(s, worker('a')))).toBe('already_present');
    const b = await restartChild(s, 'a');
    expect(isAlive(b)).toBe(true);
    await terminateChild(s, 'a');
    await deleteChild(s, 'a');
    expect(await whichChildren(s)).toEqual([]);
    for (const act of [terminateChild(s, 'x'), restartChild(s, 'x'), deleteChild(s, 'x')])
      expect(await code(act)).toBe('not_found');
    await stopServer(s);
    for (const act of [startChild(s, worker('a')), whichChildren(s), countChildren(s), terminateChild(s, 'a')])
      expect(await code(act)).toBe('call_noproc');
  });

  test('R-47 SUPE-03 SUPE-04 SUPE-05 a child that ignores is kept without a pid, unless it is temporary', async () => {
    const ignoring = deciding(() => 'ignore');
    const s = await sup([ignoring.spec('p'), ignoring.spec('t', { restart: 'temporary' }), worker('w')]);
    expect(await ids(s)).toEqual(['w', 'p']);
    expect(await countChildren(s)).toMatchObject({ specs: 2, active: 1 });
    expect(await code(startChild(s, ignoring.spec('q')))).toBe('child_ignored');
    expect(await code(startChild(s, ignoring.spec('r', { restart: 'temporary' })))).toBe('child_ignored');
    expect(await code(restartChild(s, 'q'))).toBe('child_ignored');
    expect(await ids(s)).toEqual(['q', 'w', 'p']);
  });

  test('SUPE-10 SUPE-11 a child that fails to start is refused with its reason and nothing is kept; restartChild keeps the spec', async () => {
    const failing = deciding((n) => (n === 2 ? 'ok' : 'no'));
    const s = await sup([]);
    const error = (await failure(startChild(s, failing.spec('a')))) as ChildError;
    expect([error.code, error.reason, await ids(s)]).toEqual(['child_start_failed', 'no', []]);
    await startChild(s, failing.spec('a'));
    await terminateChild(s, 'a');
    expect(((await failure(restartChild(s, 'a'))) as ChildError).reason).toBe('no');
    expect(await whichChildren(s)).toMatchObject([{ id: 'a', pid: undefined }]);
  });

  test('SUPE-13 SUPE-14 SUP-02 SUP-03 the defaults of a spec, seen through getChildSpec', async () => {
    const s = await sup([worker('w'), childSpec(supervisor({ name: 'inner', strategy: 'oneForOne', children: [] }))]);
    expect(await getChildSpec(s, 'w')).toMatchObject({
      id: 'w',
      restart: 'permanent',
      shutdown: 5000,
      type: 'worker',
      significant: false,
    });
    expect(await getChildSpec(s, 'inner')).toMatchObject({
      restart: 'permanent',
      shutdown: Infinity,
      type: 'supervisor',
    });
    expect(await code(getChildSpec(s, 'x'))).toBe('not_found');
    const d = await dyn();
    const pid = await startChild(d, worker('w', { restart: 'transient' }));
    expect(await getChildSpec(d, pid)).toMatchObject({ id: 'w', restart: 'transient' });
    expect(await code(getChildSpec(d, s))).toBe('not_found');
  });

  test('GS-01 SUP-01 SUP-02 DS-03 a definition gives a spec with its own name as id, overridable', () => {
    expect(childSpec(counter, {})).toMatchObject({ id: 'counter', behaviour: counter, arg: {} });
    expect(childSpec(counter, {}, { id: 7, restart: 'temporary', shutdown: 1 })).toMatchObject({
      id: 7,
      restart: 'temporary',
      shutdown: 1,
    });
    expect(childSpec(supervisor({ name: 'inner', strategy: 'oneForOne', children: [] }))).toMatchObject({
      id: 'inner',
    });
    expect(childSpec(dynamicSupervisor({ name: 'dyn' }))).toMatchObject({ id: 'dyn' });
  });

  test('SUP-14 SUPE-15 SUPE-63 SUPE-64 DS-15 DS-30 bad specs are refused in the caller, each by its code; the supervisor lives', async () => {
    for (const s of [await sup([]), await dyn()]) {
      for (const [spec, expected] of [
        [undefined, 'bad_child_spec'],
        [['a', counter, 'permanent', 5000, 'worker', []], 'missing_id'],
        [{ behaviour: counter }, 'missing_id'],
        [{ id: 'a' }, 'missing_start'],
        [{ ...worker('a'), restart: 'sometimes' }, 'invalid_restart'],
        [{ ...worker('a'), shutdown: -1 }, 'invalid_shutdown'],
        [{ ...worker('a'), type: 'manager' }, 'invalid_child_type'],
        [{ ...worker('a'), significant: true }, 'invalid_significant'],
      ] as const) {
        const error = await (async () => startChild(s, spec as never))().catch((e: unknown) => e as BadArgument);
        expect([error instanceof BadArgument, (error as BadArgument).code]).toEqual([true, expected]);
      }
      expect(await code(startChild(s, worker('a', { restart: 'transient', significant: true })))).toBe(
        'child_start_failed',
      );
      expect(isAlive(s)).toBe(true);
      // Keys that mean nothing are ignored.
      await startChild(s, { ...worker('odd'), colour: 'red' } as ChildSpec);
    }
    expect(await code(sup([worker('a'), worker('a')]))).toBe('start_failed');
    expect(await code(sup([{ ...worker('a'), id: undefined } as never]))).toBe('start_failed');
    expect(await code(sup([worker('a', { restart: 'transient', significant: true })]))).toBe('start_failed');
  });

  test('SUP-15 DS-29 shutdown times 0 and 1 are legal', async () => {
    for (const s of [await sup([]), await dyn()]) {
      const hanging = genServer({ name: 'hanging', trapExit: true, init: () => 0, terminate: idle });
      for (const time of [0, 1]) {
        const pid = await startChild(s, childSpec(hanging, undefined, { id: time, shutdown: time }));
        const reason = await inProcess(async () => {
          const ref = monitor(pid);
          await terminateChild(s, (await ids(s)).includes(time) ? time : pid);
          return downOf(ref);
        });
        expect(reason).toBe('killed');
      }
    }
  });

  test('SUP-03 SUPE-65 bad flags are refused, unknown ones ignored', () => {
    const make = (flags: object) => () =>
      supervisor({ name: 's', strategy: 'oneForOne', children: [], ...flags } as never);
    for (const [flags, expected] of [
      [{ strategy: 'all' }, 'invalid_strategy'],
      [{ strategy: undefined }, 'invalid_strategy'],
      [{ intensity: { max: -1, period: 1 } }, 'invalid_intensity'],
      [{ intensity: { max: 1, period: 0 } }, 'invalid_period'],
      [{ autoShutdown: 'sometimes' }, 'invalid_auto_shutdown'],
    ] as const) {
      let got: unknown;
      try {
        make(flags)();
      } catch (error) {
        got = (error as BadArgument).code;
      }
      expect(got).toBe(expected);
    }
    expect(make({ colour: 'red' })).not.toThrow();
  });

  test('R-50 the list of children is in reverse start order', async () => {
    const s = await sup([worker('a'), { id: 'f', restart: 'temporary', start: () => start(counter, {}) }]);
    const [f, a] = await whichChildren(s);
    expect([f, a]).toEqual([
      { id: 'f', pid: f!.pid, type: 'worker', behaviour: undefined, restarting: false },
      { id: 'a', pid: a!.pid, type: 'worker', behaviour: 'counter', restarting: false },
    ]);
    expect([f, a].map((one) => isAlive(one!.pid!))).toEqual([true, true]);
    expect(await ids(await sup([worker(1), worker(2), worker(3)]))).toEqual([3, 2, 1]);
  });

  test('SUPE-74 the id of a temporary child is free again after any end', async () => {
    const s = await sup([]);
    for (const end of ['normal', 'x', 'terminate'] as const) {
      const pid = await startChild(s, ending('t', { restart: 'temporary' }));
      if (end === 'terminate') await terminateChild(s, 't');
      else send(pid, end);
      await pause(2);
      expect(await ids(s)).toEqual([]);
    }
  });

  test('SUP-06 two supervisors may have one key, each in a registry of its own', async () => {
    const supervisors = await Promise.all(
      ['here', 'everywhere'].map(async (name) => {
        const names = registry({ name: `names-sup06-${name}` });
        await start(names);
        await start(supervisor({ name: 'named', strategy: 'oneForOne', children: [worker(name)] }), undefined, {
          name: via(names, 's'),
        });
        return via(names, 's');
      }),
    );
    expect(await Promise.all(supervisors.map((name) => whichChildren(name)))).toMatchObject([
      [{ id: 'here' }],
      [{ id: 'everywhere' }],
    ]);
  });

  test('SUP-05 SUP-07 SUP-12 SUP-13 a supervisor has a name by which it is asked', async () => {
    const names = registry({ name: 'names-sup05' });
    await start(names);
    await start(supervisor({ name: 'named', strategy: 'oneForOne', children: [worker('a')] }), undefined, {
      name: via(names, 's'),
    });
    expect(await ids(whereis(via(names, 's'))!)).toEqual(['a']);
    await startChild(via(names, 's'), { id: 'b', start: () => startLink(counter, {}) });
    expect(await countChildren(via(names, 's'))).toEqual({ specs: 2, active: 2, supervisors: 0, workers: 2 });
    await stopServer(via(names, 's'));
    expect(whereis(via(names, 's'))).toBe(undefined);
  });

  test('SUPE-77 SUP-08 a named child comes back under its name', async () => {
    const names = registry({ name: 'names-supe77' });
    await start(names);
    const s = await sup([worker('a', { name: via(names, 'a') })]);
    const first = whereis(via(names, 'a'))!;
    for (const reason of ['kill', 'x']) {
      exit(whereis(via(names, 'a'))!, reason);
      await pause(2);
    }
    await terminateChild(s, 'a');
    expect(whereis(via(names, 'a'))).toBe(undefined);
    const last = await restartChild(s, 'a');
    expect([whereis(via(names, 'a')), last !== first]).toEqual([last, true]);
    // A supervisor and its child too, however it ends.
    const inner = supervisor({
      name: 'inner',
      strategy: 'oneForOne',
      children: [worker('b', { name: via(names, 'b') })],
    });
    await sup([childSpec(inner, undefined, { name: via(names, 'inner') })]);
    for (const reason of ['kill', 'x'] as const) {
      const before = [whereis(via(names, 'inner'))!, whereis(via(names, 'b'))!];
      expect(await ids(via(names, 'inner') as never)).toEqual(['b']);
      if (reason === 'kill') exit(before[0]!, reason);
      else await stopServer(before[0]!, reason);
      await pause(5);
      const after = [whereis(via(names, 'inner')), whereis(via(names, 'b'))];
      expect(after.map((pid, i) => pid && isAlive(pid) && pid !== before[i])).toEqual([true, true]);
    }
  });
});

describe('automatic shutdown', () => {
  const significant = (id: string, restart: Restart = 'transient'): ChildSpec =>
    ending(id, { restart, significant: true });
  const ends = (
    mode: 'anySignificant' | 'allSignificant',
    children: ChildSpec[],
    act: (s: Pid) => Promise<void>,
  ): Promise<ExitReason> =>
    inProcess(async () => {
      const s = await sup(children, { autoShutdown: mode });
      const ref = monitor(s);
      await act(s);
      return downOf(ref, 150);
    });
  const tell =
    (...orders: [string, ExitReason][]) =>
    async (s: Pid): Promise<void> => {
      for (const [id, reason] of orders) {
        send(await child(s, id), reason);
        await pause(2);
      }
    };

  test('R-49 SUPE-49 a significant transient child: any or all, only a normal end, not terminateChild', async () => {
    const both = [worker('w'), significant('b'), significant('c')];
    expect(await ends('anySignificant', both, tell(['b', 'normal']))).toBe('shutdown');
    expect(await ends('allSignificant', both, tell(['b', 'normal']))).toBe('alive');
    expect(await ends('allSignificant', both, tell(['b', 'normal'], ['c', 'shutdown']))).toBe('shutdown');
    expect(await ends('anySignificant', both, tell(['b', 'crash']))).toBe('alive');
    expect(await ends('anySignificant', both, (s) => terminateChild(s, 'b'))).toBe('alive');
  });

  test('SUPE-48 a significant temporary child: any end, not terminateChild', async () => {
    const both = [significant('b', 'temporary'), significant('c', 'temporary')];
    expect(await ends('anySignificant', both, tell(['b', 'crash']))).toBe('shutdown');
    expect(await ends('allSignificant', both, tell(['b', 'crash']))).toBe('alive');
    expect(await ends('allSignificant', both, tell(['b', 'crash'], ['c', 'normal']))).toBe('shutdown');
    expect(await ends('anySignificant', both, (s) => terminateChild(s, 'b'))).toBe('alive');
  });

  test('SUPE-46 SUPE-47 children that are not significant never count', async () => {
    for (const mode of ['anySignificant', 'allSignificant'] as const) {
      for (const restart of ['temporary', 'transient'] as const) {
        expect(await ends(mode, [worker('w'), ending('b', { restart })], tell(['b', 'normal']))).toBe('alive');
      }
    }
  });

  test('SUPE-51 a significant child stopped because of a sibling does not count', async () => {
    const reason = await inProcess(async () => {
      const s = await sup([worker('w'), significant('b', 'temporary')], {
        autoShutdown: 'anySignificant',
        strategy: 'oneForAll',
      });
      const ref = monitor(s);
      exit(await child(s, 'w'), 'x');
      return downOf(ref, 150);
    });
    expect(reason).toBe('alive');
  });

  test('SUPE-52 the automatic shutdown of a significant supervisor goes on upwards, that of another does not', async () => {
    for (const [counts, expected] of [
      [true, 'shutdown'],
      [false, 'alive'],
    ] as const) {
      const inner = supervisor({
        name: 'inner',
        strategy: 'oneForOne',
        autoShutdown: 'anySignificant',
        children: [significant('leaf')],
      });
      const outer = [worker('w'), childSpec(inner, undefined, { restart: 'transient', significant: counts })];
      expect(
        await ends('anySignificant', outer, async (s) => send(await child(await child(s, 'inner'), 'leaf'), 'normal')),
      ).toBe(expected);
    }
  });

  test('SUPE-50 a dynamic supervisor has neither automatic shutdown nor significant children', async () => {
    for (const mode of ['anySignificant', 'allSignificant'])
      expect(() => dynamicSupervisor({ name: 'd', autoShutdown: mode as 'never' })).toThrow(
        expect.objectContaining({ code: 'invalid_auto_shutdown' }),
      );
    const d = await dyn({ autoShutdown: 'never', maxChildren: 0 });
    const refused = (await failure(startChild(d, significant('b')))) as ChildError;
    expect([refused.code, refused.reason]).toEqual(['child_start_failed', expect.stringContaining('significant')]);
    expect(await code(startChild(d, ending('c')))).toBe('max_children');
  });
});

describe('dynamic supervisors', () => {
  test('DS-01 DS-02 DS-06 a dynamic supervisor is a child, has a name, and is stopped by it', async () => {
    const names = registry({ name: 'names-ds01' });
    await start(names);
    const s = await sup([
      childSpec(dynamicSupervisor({ name: 'one' }), undefined, { name: via(names, 'one') }),
      childSpec(dynamicSupervisor({ name: 'two' })),
    ]);
    expect(await ids(s)).toEqual(['two', 'one']);
    // Its name is its id: so several of one definition fit under one supervisor.
    const many = dynamicSupervisor({ name: 'many' });
    const named = (key: string | number): ChildSpec => childSpec(many, undefined, { name: via(names, key) });
    expect(await ids(await sup([named('x'), named(7), childSpec(many)]))).toEqual(['many', 7, 'x']);
    expect(childSpec(many, undefined, { name: via(names, 'y'), id: 'own' }).id).toBe('own');
    expect(await code(startChild(s, childSpec(dynamicSupervisor({ name: 'two' }))))).toBe('already_started');
    await startChild(via(names, 'one'), worker('w'));
    expect(await countChildren(via(names, 'one'))).toMatchObject({ specs: 1, active: 1 });
    const seen = await inProcess(async () => {
      const d = await startLink(dynamicSupervisor({ name: 'three' }), undefined, { name: via(names, 3) });
      const linked = processInfo(self())!.links.includes(d);
      await stopServer(via(names, 3));
      return [linked, whereis(via(names, 3))];
    });
    expect(seen).toEqual([true, undefined]);
  });

  test('DS-04 DS-05 its defaults, and bad options', async () => {
    const d = await dyn();
    for (let i = 0; i < 200; i++) await startChild(d, worker(i));
    expect((await countChildren(d)).active).toBe(200);
    for (const [bad, expected] of [
      [{ maxChildren: -1 }, 'invalid_max_children'],
      [{ intensity: { max: 0.5, period: 1 } }, 'invalid_intensity'],
      [{ intensity: { max: 1, period: -1 } }, 'invalid_period'],
      [{ autoShutdown: 'anySignificant' }, 'invalid_auto_shutdown'],
      [{ extraArguments: 'none' }, 'invalid_extra_arguments'],
    ] as const) {
      let got: unknown;
      try {
        dynamicSupervisor({ name: 'd', ...(bad as object) });
      } catch (error) {
        got = (error as BadArgument).code;
      }
      expect(got).toBe(expected);
      const asked = await failure(start(dynamicSupervisor({ name: 'd', init: () => bad as object })));
      expect([asked.code, ((asked as StartError).cause as BadArgument).code]).toEqual(['start_failed', expected]);
    }
    const junk = await failure(start(dynamicSupervisor({ name: 'd', init: () => 'junk' as never })));
    expect((junk.cause as BadArgument).code).toBe('bad_flags');
    expect(await failure(start(dynamicSupervisor({ name: 'd', init: () => ignore() })))).toBeInstanceOf(StartIgnored);
  });

  test('DS-12 DS-13 DS-16 DS-17 SUPE-06 SUPE-07 SUPE-12 how a start may end: pid, ignore, error, throw; the supervisor lives', async () => {
    const d = await dyn();
    expect(isAlive(await startChild(d, worker('a')))).toBe(true);
    expect(isAlive(await startChild(d, { id: 'f', start: () => startLink(counter, {}) }))).toBe(true);
    for (const restart of ['permanent', 'temporary'] as const) {
      expect(await code(startChild(d, deciding(() => 'ignore').spec('i', { restart })))).toBe('child_ignored');
    }
    expect(((await failure(startChild(d, deciding(() => 'no').spec('e')))) as ChildError).reason).toBe('no');
    const throws = [
      (): Promise<Pid> => {
        throw new Error('thrown');
      },
      (): Promise<Pid> => Promise.reject(new Error('thrown')),
      (): Promise<Pid> => exit('thrown'),
      (): Promise<Pid> => Promise.resolve('junk' as never),
    ];
    for (const begin of throws) expect(await code(startChild(d, { id: 't', start: begin }))).toBe('child_start_failed');
    expect(await countChildren(d)).toMatchObject({ specs: 2, active: 2 });
  });

  test('R-48 DS-18 DS-23 DS-24 maxChildren counts running and restarting children, not ignored ones', async () => {
    const d = await dyn({ maxChildren: 1, intensity: { max: 1e9, period: 1000 } });
    expect(await code(startChild(d, deciding(() => 'ignore').spec('i')))).toBe('child_ignored');
    const loop = deciding((n) => (n === 1 || n > 400 ? 'ok' : 'no'));
    const pid = await startChild(d, loop.spec('a'));
    expect(await code(startChild(d, worker('b')))).toBe('max_children');
    exit(pid, 'x');
    expect(await code(startChild(d, worker('b')))).toBe('max_children');
    while ((await countChildren(d)).active === 0) await pause(1);
    expect(await code(startChild(d, worker('b')))).toBe('max_children');
    await terminateChild(d, (await whichChildren(d))[0]!.pid!);
    expect(isAlive(await startChild(d, worker('b')))).toBe(true);
  });

  test('R-46 DS-19 DS-20 DS-21 SUPE-38 who is restarted: temporary never, transient unless orderly, permanent always', async () => {
    for (const [restart, reason, again] of [
      ['temporary', 'x', false],
      ['transient', 'normal', false],
      ['transient', 'shutdown', false],
      ['transient', shutdown(1), false],
      ['transient', 'x', true],
      ['permanent', 'normal', true],
      ['permanent', 'shutdown', true],
      ['permanent', 'x', true],
    ] as const) {
      const d = await dyn();
      const other = await startChild(d, worker('other'));
      const pid = await startChild(d, ending('a', { restart }));
      send(pid, reason);
      await pause(2);
      expect((await whichChildren(d)).length).toBe(again ? 2 : 1);
      expect([isAlive(other), isAlive(pid)]).toEqual([true, false]);
    }
  });

  test('SUPE-89 a child that declines its restart is forgotten by a dynamic supervisor, whatever its type', async () => {
    for (const restart of ['transient', 'permanent'] as const) {
      const d = await dyn();
      const behaviour = deciding((n) => (n < 3 ? 'ok' : 'ignore'));
      const first = await startChild(d, behaviour.spec('a', { restart }));
      exit(first, 'kill');
      await pause(2);
      const [second] = await whichChildren(d);
      expect([second!.restarting, second!.pid === first, behaviour.starts()]).toEqual([false, false, 2]);
      exit(second!.pid!, 'kill');
      await pause(2);
      expect([await whichChildren(d), behaviour.starts(), isAlive(d)]).toEqual([[], 3, true]);
    }
  });

  test('SUPE-90 a child whose name another process has: already_started, with that process, and nothing is kept', async () => {
    const names = registry({ name: 'names-supe90' });
    await start(names);
    const holder = await start(counter, {}, { name: via(names, 'n') });
    for (const s of [await sup([]), await dyn()]) {
      for (const restart of ['permanent', 'temporary'] as const) {
        const taken = (await failure(startChild(s, worker('a', { restart, name: via(names, 'n') })))) as ChildError;
        expect([taken.code, taken.pid === holder]).toEqual(['already_started', true]);
      }
      expect(await whichChildren(s)).toEqual([]);
    }
    const s = await sup([worker('a', { name: via(names, 'm') })]);
    await terminateChild(s, 'a');
    const other = await start(counter, {}, { name: via(names, 'm') });
    const again = (await failure(restartChild(s, 'a'))) as ChildError;
    expect([again.code, again.pid === other]).toEqual(['already_started', true]);
    const first = (await failure(
      start(supervisor({ name: 's', strategy: 'oneForOne', children: [worker('b', { name: via(names, 'n') })] })),
    )) as StartError;
    expect(first.reason).toEqual(shutdown({ failedToStartChild: 'b', reason: { alreadyStarted: holder } }));
  });

  test('DS-22 a restart may end in another way: ignore drops, an error leaves the child restarting', async () => {
    for (const [second, expected] of [
      ['ignore', []],
      ['ok', [{ restarting: false }]],
    ] as const) {
      const d = await dyn();
      const pid = await startChild(d, deciding((n) => (n === 1 ? 'ok' : second)).spec('a'));
      exit(pid, 'x');
      await pause(2);
      expect(await whichChildren(d)).toMatchObject(expected);
    }
    const d = await dyn({ intensity: { max: 1e9, period: 1000 } });
    const pid = await startChild(d, deciding((n) => (n === 1 ? 'ok' : 'no')).spec('a'));
    exit(pid, 'x');
    await pause(5);
    expect(await whichChildren(d)).toMatchObject([{ pid: undefined, restarting: true }]);
    expect(await countChildren(d)).toMatchObject({ specs: 1, active: 0, workers: 1 });
    // So does a start function that gives junk.
    let starts = 0;
    const junk = (): Promise<Pid> => (++starts === 1 ? start(counter, {}) : Promise.resolve('junk' as never));
    const other = await dyn({ intensity: { max: 1e9, period: 1000 } });
    exit(await startChild(other, { id: 'j', start: junk }), 'x');
    await pause(5);
    expect(await whichChildren(other)).toMatchObject([{ pid: undefined, restarting: true }]);
    await stopServer(other);
    // Others get in between (DS-26), and it can be terminated by its last pid (DS-41).
    await startChild(d, worker('b'));
    await terminateChild(d, pid);
    expect((await countChildren(d)).specs).toBe(1);
  });

  test('DS-26 DS-41 SUPE-80 a failing restart is retried through the mailbox; the child can be terminated by its last pid', async () => {
    const loop = deciding((n) => (n === 1 ? 'ok' : 'no'));
    const d = await dyn({ intensity: { max: 1e9, period: 1000 } });
    const pid = await startChild(d, loop.spec('a'));
    exit(pid, 'x');
    await pause(5);
    expect(isAlive(await startChild(d, worker('between')))).toBe(true);
    await terminateChild(d, pid);
    const starts = loop.starts();
    await pause(5);
    expect([loop.starts(), (await countChildren(d)).specs]).toEqual([starts, 1]);
    await stopServer(d);
  });

  test('DS-27 DS-28 SUPE-41 too many restarts, failed ones too, end it with shutdown', async () => {
    for (const decide of [(): 'ok' => 'ok', (n: number) => (n === 1 ? 'ok' : 'no')] as const) {
      const reason = await inProcess(async () => {
        const d = await dyn({ intensity: { max: 2, period: 5000 } });
        const ref = monitor(d);
        await startChild(d, deciding(decide).spec('a'));
        for (let i = 0; i < 3; i++) {
          const pid = isAlive(d) ? (await whichChildren(d))[0]?.pid : undefined;
          if (pid) exit(pid, 'x');
          await pause(2);
        }
        return downOf(ref);
      });
      expect(reason).toBe('shutdown');
    }
  });

  const stopping = (how: 'obey' | 'hang' | 'normal' | 'own') =>
    genServer({
      name: how,
      trapExit: true,
      init: () => 0,
      terminate: () => {
        if (how === 'hang') return idle();
        if (how === 'normal') exit('normal');
        if (how === 'own') exit(shutdown('own'));
        return undefined;
      },
    });

  test('DS-31 DS-32 DS-33 DS-35 DS-36 DS-37 DS-38 SUPE-18 SUPE-20 SUPE-22 mixed children at shutdown, each ended in its way', async () => {
    const seen = await inProcess(async () => {
      const d = await dyn();
      const kinds = [
        ['brutal', stopping('obey'), 'brutalKill'],
        ['infinity', stopping('obey'), Infinity],
        ['own', stopping('own'), Infinity],
        ['ownTimed', stopping('own'), 500],
        ['timed', stopping('obey'), 500],
        ['hangs', stopping('hang'), 10],
        ['plain', counter, 500],
        ['normal', stopping('normal'), 500],
      ] as const;
      const names = new Map<unknown, string>();
      for (const [id, behaviour, time] of kinds) {
        names.set(monitor(await startChild(d, childSpec(behaviour as typeof counter, {}, { id, shutdown: time }))), id);
      }
      await stopServer(d, 'shutdown');
      return Object.fromEntries(
        (await mailbox(5)).map((m) => [names.get((m as { ref: unknown }).ref), (m as { reason: ExitReason }).reason]),
      );
    });
    expect(seen).toEqual({
      brutal: 'killed',
      infinity: 'shutdown',
      own: shutdown('own'),
      ownTimed: shutdown('own'),
      timed: 'shutdown',
      hangs: 'killed',
      plain: 'shutdown',
      normal: 'normal',
    });
  });

  test('DS-39 DS-40 SUPE-61 terminateChild by pid, gracefully or not; a second time not_found; nothing by id', async () => {
    const d = await dyn();
    for (const [time, expected] of [
      ['brutalKill', 'killed'],
      [500, 'shutdown'],
    ] as const) {
      const pid = await startChild(d, childSpec(stopping('obey'), undefined, { id: 'a', shutdown: time }));
      const reason = await inProcess(async () => {
        const ref = monitor(pid);
        await terminateChild(d, pid);
        return downOf(ref);
      });
      expect(reason).toBe(expected);
      expect(await code(terminateChild(d, pid))).toBe('not_found');
    }
    const { id } = await startChild(d, worker('a'));
    for (const act of [terminateChild(d, 'a'), restartChild(d, 'a'), deleteChild(d, 'a'), terminateChild(d, d)])
      expect(await code(act)).toBe('not_found');
    // Nor by the number in its pid.
    for (const act of [terminateChild(d, id), getChildSpec(d, id)]) expect(await code(act)).toBe('not_found');
    expect((await countChildren(d)).active).toBe(1);
  });

  test('SUPE-86 starting, stopping one by one and stopping all of many children of a supervisor is about linear', async () => {
    /** Milliseconds of this process's own work, so that a busy machine does not count. */
    const work = async (n: number): Promise<number> => {
      const s = await sup([]);
      const began = process.cpuUsage();
      for (let i = 0; i < n; i++) await startChild(s, worker(i));
      expect(await countChildren(s)).toMatchObject({ specs: n, active: n });
      for (let i = 0; i < n; i += 2) await terminateChild(s, i);
      for (let i = 0; i < n; i += 4) await deleteChild(s, i);
      expect((await ids(s)).slice(0, 3)).toEqual([n - 1, n - 2, n - 3]);
      await stopServer(s);
      const { user, system } = process.cpuUsage(began);
      return (user + system) / 1000;
    };
    await work(1000);
    const small = Math.max(5, Math.min(await work(1000), await work(1000), await work(1000)));
    // Forty times as many; with a scan of the list for each it would be more than a thousand times the work.
    let ratio = Infinity;
    for (let n = 0; n < 3 && ratio > 200; n++) ratio = Math.min(ratio, (await work(40_000)) / small);
    expect(ratio).toBeLessThan(200);
  }, 60_000);

  test('SUPE-69 SUPE-70 SUPE-75 counts with thousands of children; starting and stopping them is linear', async () => {
    /** Milliseconds of this process's own work, so that a busy machine does not count. */
    const work = async (n: number): Promise<number> => {
      const d = await dyn();
      const began = process.cpuUsage();
      for (let i = 0; i < n; i++) await startChild(d, worker('w', { restart: 'temporary' }));
      expect(await countChildren(d)).toEqual({ specs: n, active: n, supervisors: 0, workers: n });
      await stopServer(d);
      const { user, system } = process.cpuUsage(began);
      return (user + system) / 1000;
    };
    await work(1000);
    const small = Math.max(5, Math.min(await work(1000), await work(1000), await work(1000)));
    // Twenty times as many; with a scan of the children for each it would be four hundred times the work.
    let ratio = Infinity;
    for (let n = 0; n < 3 && ratio > 100; n++) ratio = Math.min(ratio, (await work(20_000)) / small);
    expect(ratio).toBeLessThan(100);
    const d = await dyn();
    const inner = supervisor({ name: 'inner', strategy: 'oneForOne', children: [] });
    for (let i = 0; i < 1000; i++) await startChild(d, childSpec(inner));
    expect(await countChildren(d)).toEqual({ specs: 1000, active: 1000, supervisors: 1000, workers: 0 });
  }, 60_000);
});
