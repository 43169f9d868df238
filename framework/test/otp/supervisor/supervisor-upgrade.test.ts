/** Code change of supervisors; extra arguments; information beside the pid; what is kept of a temporary child. */
import { describe, expect, test } from 'vitest';
import {
  type AutoShutdown,
  type BadArgument,
  type Behaviour,
  call,
  childSpec,
  type ChildSpec,
  countChildren,
  dynamicSupervisor,
  exit,
  type ExitReason,
  genServer,
  getChildSpec,
  ignore,
  type Init,
  initStop,
  isAlive,
  monitor,
  noreply,
  type Pid,
  reply,
  type Ref,
  restartChild,
  send,
  start,
  startChild,
  startLink,
  supervisor,
  type SupervisorDefinition,
  sys,
  terminateChild,
  whichChildren,
} from '../../../src/otp/index.ts';
import { counter, downOf, failure, inProcess, pause } from '../stage.ts';

const worker = (id: string, options: Partial<ChildSpec> = {}): ChildSpec => childSpec(counter, {}, { id, ...options });
/** Ends with the reason it is sent. */
const obedient = genServer({
  name: 'obedient',
  init: () => 0,
  info: (state, message) => {
    exit(message as ExitReason);
    return noreply(state);
  },
});
const ending = (id: string, options: Partial<ChildSpec> = {}): ChildSpec =>
  childSpec(obedient, undefined, { id, ...options });
const ids = async (of: Pid): Promise<unknown[]> => (await whichChildren(of)).map((c) => c.id);
const pidOf = async (of: Pid, id: string): Promise<Pid | undefined> =>
  (await whichChildren(of)).find((c) => c.id === id)!.pid;

/** Suspends, changes the code and resumes; gives the code of the refusal's cause, if there was one. */
async function upgrade(of: Pid, change: sys.CodeChange): Promise<string | undefined> {
  await sys.suspend(of);
  try {
    await sys.changeCode(of, change);
    return undefined;
  } catch (error) {
    const cause = (error as Error).cause as BadArgument | undefined;
    return `${(error as BadArgument).code} ${cause?.code ?? cause?.message ?? ''}`.trim();
  } finally {
    await sys.resume(of);
  }
}

const version = (
  children: SupervisorDefinition<string>['children'],
  more: Partial<SupervisorDefinition<string>> = {},
): Behaviour<string> => supervisor<string>({ name: 'sup', strategy: 'oneForOne', children, ...more });

describe('code change of a supervisor', () => {
  test('SUPE-81 SUPE-82 it is asked again with its first argument: changed specs hold, added ones are not started, removed ones are kept', async () => {
    const asked: string[] = [];
    const listing =
      (...specs: ChildSpec[]) =>
      (arg: string): ChildSpec[] => {
        asked.push(arg);
        return specs;
      };
    const s = await start(version(listing(worker('a'), worker('b'), worker('c'))), 'first');
    const before = [await pidOf(s, 'a'), await pidOf(s, 'b'), await pidOf(s, 'c')];
    const next = version(listing(worker('new'), worker('c', { shutdown: 7 }), worker('a')), { strategy: 'oneForAll' });
    expect(await upgrade(s, { to: next })).toBe(undefined);
    expect(asked).toEqual(['first', 'first']);
    expect(await ids(s)).toEqual(['b', 'a', 'c', 'new']);
    expect([await pidOf(s, 'a'), await pidOf(s, 'b'), await pidOf(s, 'c')]).toEqual(before);
    expect(await pidOf(s, 'new')).toBe(undefined);
    expect((await getChildSpec(s, 'c')).shutdown).toBe(7);
    expect(isAlive(await restartChild(s, 'new'))).toBe(true);
    // The new strategy holds.
    exit(before[0]!, 'x');
    await pause(2);
    const after = [await pidOf(s, 'a'), await pidOf(s, 'b'), await pidOf(s, 'c')];
    expect(after.map((pid, i) => pid && isAlive(pid) && pid !== before[i])).toEqual([true, true, true]);
  });

  test('SUPE-81 a new intensity holds', async () => {
    const s = await start(version([worker('a')]), 'arg');
    expect(await upgrade(s, { to: version([worker('a')], { intensity: { max: 0, period: 1000 } }) })).toBe(undefined);
    const reason = await inProcess(async () => {
      const ref = monitor(s);
      exit((await pidOf(s, 'a'))!, 'x');
      return downOf(ref);
    });
    expect(reason).toBe('shutdown');
  });

  test('SUPE-81 SUPE-82 ignore keeps the old flags and children; every error leaves all as it is', async () => {
    const s = await start(version([worker('a')], { intensity: { max: 0, period: 1000 } }), 'arg');
    const a = await pidOf(s, 'a');
    const throwing = (): never => {
      throw new Error('not today');
    };
    const significant = worker('b', { restart: 'transient', significant: true });
    for (const [children, expected] of [
      [(): Init<never> => ignore(), undefined],
      [throwing, 'code_change_failed not today'],
      [(): Init<never> => initStop('no'), 'code_change_failed bad_children'],
      [(): never => 'junk' as never, 'code_change_failed bad_children'],
      [[{ ...worker('a'), restart: 'sometimes' } as never], 'code_change_failed invalid_restart'],
      [[worker('a', { shutdown: 1 }), worker('a')], 'code_change_failed duplicate_child_id'],
      [[worker('a', { shutdown: 1 }), significant], 'code_change_failed invalid_significant'],
    ] as const) {
      const next = version(children, { strategy: 'oneForAll', intensity: { max: 9, period: 1000 } });
      expect(await upgrade(s, { to: next })).toBe(expected);
      expect([await ids(s), await pidOf(s, 'a'), (await getChildSpec(s, 'a')).shutdown]).toEqual([['a'], a, 5000]);
    }
    const reason = await inProcess(async () => {
      const ref = monitor(s);
      exit(a!, 'x');
      return downOf(ref);
    });
    expect(reason).toBe('shutdown');
  });

  test('SUPE-81 only while suspended, and only into a supervisor', async () => {
    const s = await start(version([worker('a')]), 'arg');
    expect((await failure(sys.changeCode(s))).code).toBe('not_suspended');
    for (const to of [counter, dynamicSupervisor({ name: 'dyn' })])
      expect(await upgrade(s, { to })).toBe('code_change_failed');
    expect(await upgrade(s, {})).toBe(undefined);
    expect(await ids(s)).toEqual(['a']);
  });

  test('SUPE-81 a child whose restart is being tried again takes the new spec', async () => {
    let starts = 0;
    const failing = genServer({ name: 'failing', init: () => (++starts === 1 ? 0 : initStop('no')) });
    const endless = { intensity: { max: 1e9, period: 1000 } };
    const s = await start(version([childSpec(failing, undefined, { id: 'a' })], endless), 'arg');
    exit((await pidOf(s, 'a'))!, 'x');
    await pause(3);
    expect(await upgrade(s, { to: version([worker('a')], endless) })).toBe(undefined);
    await pause(3);
    expect(await whichChildren(s)).toMatchObject([{ id: 'a', restarting: false }]);
    expect(await call((await pidOf(s, 'a')) as Ref<typeof counter>, 'get')).toBe(0);
  });

  const significant = (id: string): ChildSpec => ending(id, { restart: 'transient', significant: true });
  const plain = (id: string): ChildSpec => ending(id, { restart: 'transient' });
  for (const [id, from, to, one, both] of [
    ['SUPE-53', 'never', 'anySignificant', 'shutdown', 'shutdown'],
    ['SUPE-54', 'anySignificant', 'never', 'alive', 'alive'],
    ['SUPE-55', 'never', 'allSignificant', 'alive', 'shutdown'],
    ['SUPE-56', 'allSignificant', 'never', 'alive', 'alive'],
    ['SUPE-57', 'anySignificant', 'allSignificant', 'alive', 'shutdown'],
    ['SUPE-58', 'allSignificant', 'anySignificant', 'shutdown', 'shutdown'],
  ] as [string, AutoShutdown, AutoShutdown, ExitReason, ExitReason][]) {
    test(`${id} autoShutdown may change from ${from} to ${to}, for running children too`, async () => {
      const children = (mode: AutoShutdown): ChildSpec[] => ['a', 'b'].map(mode === 'never' ? plain : significant);
      const seen = await inProcess(async () => {
        const s = await start(version(children(from), { autoShutdown: from }), 'arg');
        const ref = monitor(s);
        const pids = [(await pidOf(s, 'a'))!, (await pidOf(s, 'b'))!];
        expect(await upgrade(s, { to: version(children(to), { autoShutdown: to }) })).toBe(undefined);
        send(pids[0]!, 'normal');
        const first = await downOf(ref, 150);
        if (first !== 'alive') return [first, first];
        send(pids[1]!, 'normal');
        return [first, await downOf(ref, 150)];
      });
      expect(seen).toEqual([one, both]);
    });
  }

  test('SUPE-59 a child may become significant or stop being so; refused where the mode is never', async () => {
    const mode = { autoShutdown: 'anySignificant' } as const;
    const endOfA = (from: ChildSpec, to: ChildSpec): Promise<ExitReason> =>
      inProcess(async () => {
        const s = await start(version([from], mode), 'arg');
        const ref = monitor(s);
        expect(await upgrade(s, { to: version([to], mode) })).toBe(undefined);
        send((await pidOf(s, 'a'))!, 'normal');
        return downOf(ref, 150);
      });
    expect(await endOfA(plain('a'), significant('a'))).toBe('shutdown');
    expect(await endOfA(significant('a'), plain('a'))).toBe('alive');
    const s = await start(version([plain('a')]), 'arg');
    expect(await upgrade(s, { to: version([significant('a')]) })).toBe('code_change_failed invalid_significant');
    expect((await getChildSpec(s, 'a')).significant).toBe(false);
  });
});

describe('code change of a dynamic supervisor', () => {
  test('DS-10 maxChildren may be lowered: the children stay, later starts respect it', async () => {
    const d = await start(dynamicSupervisor({ name: 'dyn', maxChildren: 2 }));
    const pids = [await startChild(d, worker('a')), await startChild(d, worker('b'))];
    expect(await upgrade(d, { to: dynamicSupervisor({ name: 'dyn', maxChildren: 1 }) })).toBe(undefined);
    expect(pids.every(isAlive)).toBe(true);
    await terminateChild(d, pids[0]!);
    expect((await failure(startChild(d, worker('c')))).code).toBe('max_children');
    await terminateChild(d, pids[1]!);
    expect(isAlive(await startChild(d, worker('c')))).toBe(true);
  });

  test('DS-09 SUPE-83 SUPE-84 init is asked again with its first argument; bad flags are an error, ignore keeps the old ones', async () => {
    const answers: unknown[] = [
      { maxChildren: 1 },
      { maxChildren: -1 },
      { intensity: { max: -1, period: 1 } },
      'junk',
      ignore(),
      initStop('no'),
      { maxChildren: 2 },
    ];
    const asked: number[] = [];
    const definition = dynamicSupervisor({
      name: 'dyn',
      init: (arg: number) => {
        asked.push(arg);
        return answers.shift() as object;
      },
    });
    const d = await start(definition, 42);
    const first = await startChild(d, worker('a'));
    for (const expected of [
      'code_change_failed invalid_max_children',
      'code_change_failed invalid_intensity',
      'code_change_failed bad_flags',
      undefined,
      'code_change_failed bad_flags',
    ]) {
      expect(await upgrade(d, {})).toBe(expected);
      expect((await failure(startChild(d, worker('b')))).code).toBe('max_children');
      expect(isAlive(first)).toBe(true);
    }
    expect(await upgrade(d, {})).toBe(undefined);
    expect(isAlive(await startChild(d, worker('b')))).toBe(true);
    expect(new Set(asked)).toEqual(new Set([42]));
    expect(await upgrade(d, { to: version([]) })).toBe('code_change_failed');
  });

  test('SUPE-83 SUPE-84 what every child is given may change; it holds from the next start on, restarts too', async () => {
    const giving = (extra: string): Behaviour => dynamicSupervisor({ name: 'dyn', extraArguments: [extra] });
    const told = genServer({
      name: 'told',
      init: (arg: [string, number]) => arg,
      calls: { arg: (state) => reply(state, state) },
    });
    const d = await start(giving('old') as Behaviour<void>);
    const pid = await startChild(d, { id: 'a', behaviour: told, arg: 1 });
    expect(await upgrade(d, { to: giving('new') })).toBe(undefined);
    expect(await call(pid as Ref<typeof told>, 'arg')).toEqual(['old', 1]);
    exit(pid, 'x');
    await pause(2);
    const again = (await whichChildren(d)).at(0)?.pid;
    expect(await call(again as Ref<typeof told>, 'arg')).toEqual(['new', 1]);
  });
});

describe('how children are started', () => {
  test('DS-14 DS-25 extra arguments come before those of each child, at the start and at a restart', async () => {
    const told = genServer({
      name: 'told',
      init: (arg: [string, number, string]) => arg,
      calls: { arg: (state) => reply(state, state) },
    });
    const d = await start(dynamicSupervisor({ name: 'dyn', extraArguments: ['one', 2] }));
    for (const spec of [
      { id: 'a', behaviour: told, arg: 'own' },
      { id: 'f', start: (a: string, b: number) => startLink(told, [a, b, 'own']) },
    ]) {
      const pid = await startChild(d, spec);
      expect(await call(pid as Ref<typeof told>, 'arg')).toEqual(['one', 2, 'own']);
      exit(pid, 'x');
      await pause(2);
      const again = (await whichChildren(d)).at(0)!.pid!;
      expect(again).not.toBe(pid);
      expect(await call(again as Ref<typeof told>, 'arg')).toEqual(['one', 2, 'own']);
      await terminateChild(d, again);
    }
  });

  /** A child whose start tells how often it was started. */
  const informing = (id: string): ChildSpec<{ starts: number }> => {
    let starts = 0;
    return { id, start: async () => ({ pid: await startLink(counter, {}), info: { starts: ++starts } }) };
  };

  test('SUPE-62 DS-16 what a start function tells beside the pid comes back from startChild and restartChild unchanged', async () => {
    for (const s of [await start(version([]), 'arg'), await start(dynamicSupervisor({ name: 'dyn' }))]) {
      const { pid, info } = await startChild(s, informing('a'), { info: true });
      expect([isAlive(pid), info]).toEqual([true, { starts: 1 }]);
      // Who does not ask for it gets the pid.
      expect(isAlive(await startChild(s, informing('b')))).toBe(true);
      const junk = { id: 'c', start: async () => ({ info: 1 }) as never };
      expect((await failure(startChild(s, junk))).code).toBe('child_start_failed');
    }
    const s = await start(version([informing('a')]), 'arg');
    await terminateChild(s, 'a');
    const again = await restartChild(s, 'a', { info: true });
    expect([again.pid === (await pidOf(s, 'a')), again.info]).toEqual([true, { starts: 2 }]);
  });

  test('SUPE-40 DS-22 a child that is told of by more than its pid is restarted like any other', async () => {
    const d = await start(dynamicSupervisor({ name: 'dyn' }));
    const pid = await startChild(d, informing('a'));
    exit(pid, 'x');
    await pause(2);
    const [child] = await whichChildren(d);
    expect([child!.pid !== pid, isAlive(child!.pid!), child!.restarting]).toEqual([true, true, false]);
    expect(await countChildren(d)).toMatchObject({ specs: 1, active: 1 });
  });

  test('SUPE-42 SUPE-73 what a temporary child was started with is not kept', async () => {
    const large = { n: 1 };
    const s = await start(version([childSpec(counter, large, { id: 'first', restart: 'temporary' })]), 'arg');
    const d = await start(dynamicSupervisor({ name: 'dyn' }));
    expect((await getChildSpec(s, 'first')).arg).toBe(undefined);
    for (const sup of [s, d]) {
      for (const restart of ['permanent', 'transient', 'temporary'] as const) {
        const byArgument = await startChild(sup, childSpec(counter, large, { id: restart, restart }));
        const byFunction = await startChild(sup, { id: `${restart} f`, restart, start: () => start(counter, large) });
        const kept = await getChildSpec(sup, sup === d ? byArgument : restart);
        const keptStart = await getChildSpec(sup, sup === d ? byFunction : `${restart} f`);
        expect([kept.arg, typeof keptStart.start]).toEqual(
          restart === 'temporary' ? [undefined, 'undefined'] : [large, 'function'],
        );
      }
      expect((await countChildren(sup)).active).toBeGreaterThanOrEqual(6);
    }
  });
});
