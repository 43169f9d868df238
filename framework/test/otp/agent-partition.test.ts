/** Agents and partition supervisors: rows AG-, PS-, rules. */
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import {
  agent,
  call,
  childSpec,
  countChildren,
  dynamicSupervisor,
  exit,
  genServer,
  isAlive,
  isCrash,
  partition,
  partitionOf,
  partitions,
  partitionSupervisor,
  type PartitionSupervisorDefinition,
  processInfo,
  registry,
  reply,
  request,
  resizePartitions,
  self,
  start,
  startChild,
  stopServer,
  supervisor,
  sys,
  via,
  whereis,
  whichChildren,
} from '../../src/otp/index.ts';
import { counter, failure, inProcess, pause } from './stage.ts';

describe('agent', () => {
  test('AG-01 AG-02 an agent is a child', async () => {
    const s = await start(supervisor({ name: 's', strategy: 'oneForOne', children: [agent.childSpec(() => 5)] }));
    const [child] = await whichChildren(s);
    expect(await agent.get(child!.pid!, (n) => n)).toBe(5);
    expect(agent.childSpec(() => 5, { id: 7, restart: 'temporary' })).toMatchObject({ id: 7, restart: 'temporary' });
  });

  test('AG-03 AG-05 linked or not; get, update, getAndUpdate, cast and stop, by pid and by name', async () => {
    const names = registry({ name: 'names-ag' });
    await start(names);
    const seen = await inProcess(async () => {
      const a = await agent.startLink(() => ({ n: 1 }), { name: via(names, 'a') });
      const linked = processInfo(self())!.links[0] === a;
      await agent.update(a, (s) => ({ n: s.n + 1 }));
      agent.cast(a, async (s) => ({ n: s.n * 10 }));
      const both = await agent.getAndUpdate(a, (s) => [`was ${s.n}`, { n: 0 }]);
      const byName = await agent.get(via(names, 'a'), (s: { n: number }) => s.n);
      const late = await failure(agent.get(a, () => pause(20), { timeout: 5 }));
      await agent.stop(a);
      return [linked, both, byName, late.code, whereis(via(names, 'a')), (await failure(agent.get(a, () => 0))).code];
    });
    expect(seen).toEqual([true, 'was 20', 0, 'call_timeout', undefined, 'call_noproc']);
  });

  test('AG-06 AG-07 code is changed while it is suspended; a failing change keeps the old value', async () => {
    const a = await agent.start(() => ({ n: 1 }));
    await sys.suspend(a);
    await sys.changeCode(a, { extra: (s: { n: number }) => ({ n: s.n + 1, new: true }) });
    expect(
      (
        await failure(
          sys.changeCode(a, {
            extra: () => {
              throw new Error('x');
            },
          }),
        )
      ).code,
    ).toBe('code_change_failed');
    await sys.resume(a);
    expect(await agent.get(a, (s) => s)).toEqual({ n: 2, new: true });
  });

  test('R-65 a function that exits or throws ends the agent, and its caller fails with that reason', async () => {
    for (const [act, expected] of [
      [() => exit('oops'), (r: unknown) => r === 'oops'],
      [
        () => {
          throw new Error('x');
        },
        isCrash,
      ],
    ] as const) {
      const a = await agent.start(() => 0);
      const error = await failure(agent.get(a, act));
      expect([error.code, expected(error.reason!), isAlive(a)]).toEqual(['call_down', true, false]);
    }
  });
});

describe('partitionSupervisor', () => {
  const who = genServer({ name: 'who', init: (n: number) => n, calls: { n: (s) => reply(s, s) } });
  const defined = (more: Partial<PartitionSupervisorDefinition> = {}) =>
    partitionSupervisor({
      name: 'ps',
      partitions: 4,
      child: childSpec(who, 0),
      withArguments: (_arg, i) => i,
      ...more,
    });
  const ask = (ps: ReturnType<typeof defined>, key: number | string): Promise<unknown> =>
    request(partition(ps, key), 'n', undefined, 1000);

  test('R-63 PS-05 a whole number routes to its absolute value modulo the partitions, others by a stable hash', async () => {
    const ps = defined();
    await start(ps);
    expect(await Promise.all([0, 5, -3, 4].map((key) => ask(ps, key)))).toEqual([0, 1, 3, 0]);
    for (const key of ['room', 'a', '1', ['x', 1] as never]) expect(await ask(ps, key)).toBe(partitionOf(key, 4));
    const spread = new Set(Array.from({ length: 200 }, (_, i) => partitionOf(`key ${i}`, 4)));
    expect(spread.size).toBe(4);
  });

  test('PS-01 PS-02 PS-03 PS-18 PS-19 its name is its id; by default as many partitions as run in parallel; listed by number', async () => {
    expect(childSpec(defined()).id).toBe('ps');
    const names = registry({ name: 'names-ps02' });
    expect(childSpec(defined(), undefined, { name: via(names, 'key') }).id).toBe('key');
    const many = partitionSupervisor({ name: 'many', child: childSpec(counter, {}) });
    const pid = await start(many);
    expect(partitions(many)).toBe(availableParallelism());
    expect((await whichChildren(pid)).map((c) => c.id)).toEqual(
      Array.from({ length: availableParallelism() }, (_, i) => i).reverse(),
    );
    const n = partitions(many);
    for (const child of await whichChildren(pid)) {
      expect(child).toMatchObject({ type: 'worker', behaviour: 'counter', restarting: false });
      expect(whereis(partition(many, child.id!))).toBe(child.pid);
    }
    const pids = new Set((await whichChildren(pid)).map((c) => c.pid));
    for (const key of [0, -1, 1.5, 10 ** 12, 'a', '', true, 7n, ['room', 1]]) {
      const found = whereis(partition(many, key as never))!;
      expect([pids.has(found), whereis(partition(many, key as never))]).toEqual([true, found]);
    }
    expect(await countChildren(pid)).toEqual({ specs: n, active: n, supervisors: 0, workers: n });
  });

  test('PS-04 PS-12 PS-22 it has a name of its own, by which it is asked and stopped', async () => {
    const names = registry({ name: 'names-ps' });
    await start(names);
    const ps = defined();
    await start(ps, undefined, { name: via(names, 'ps') });
    expect(await countChildren(via(names, 'ps'))).toMatchObject({ active: 4 });
    await stopServer(via(names, 'ps'));
    expect(whereis(via(names, 'ps'))).toBe(undefined);
  });

  test('PS-06 PS-07 PS-08 PS-09 PS-10 bad definitions are refused', () => {
    for (const bad of [
      { name: undefined },
      { child: undefined },
      { partitions: 0 },
      { partitions: 1.5 },
      { withArguments: (a: unknown) => a },
      { autoShutdown: 'anySignificant' },
    ]) {
      expect(() => defined(bad as never)).toThrow('a partition supervisor:');
    }
  });

  test('PS-11 PS-13 PS-14 PS-21 stopped, it is gone at once; what asks it finds nobody', async () => {
    const ps = defined();
    expect(() => partitions(ps)).toThrow('is not running');
    const pid = await start(ps);
    await stopServer(pid);
    expect(whereis(partition(ps, 0))).toBe(undefined);
    expect(() => partitions(ps)).toThrow('is not running');
    expect((await failure(countChildren(pid))).code).toBe('call_noproc');
    expect((await failure(ask(ps, 1))).code).toBe('call_noproc');
    await start(ps);
    expect(await ask(ps, 1)).toBe(1);
  });

  test('PS-20 partitions may be supervisors: a start is spread over them', async () => {
    const ps = partitionSupervisor({
      name: 'dynamic',
      partitions: 2,
      child: childSpec(dynamicSupervisor({ name: 'd' })),
    });
    const pid = await start(ps);
    for (let i = 0; i < 4; i++) await startChild(partition(ps, i), childSpec(counter, {}));
    expect(await countChildren(pid)).toEqual({ specs: 2, active: 2, supervisors: 2, workers: 0 });
    for (const key of [0, 1]) expect(await countChildren(partition(ps, key))).toMatchObject({ active: 2 });
  });

  test('PS-15 PS-16 PS-17 resized, keys route to the live ones; none live, or more than defined, is an error', async () => {
    const ps = defined();
    await start(ps);
    expect(await resizePartitions(ps, 2)).toBe(4);
    expect(await Promise.all([0, 1, 2, 3].map((key) => ask(ps, key)))).toEqual([0, 1, 0, 1]);
    expect(await resizePartitions(ps, 4)).toBe(2);
    expect(await ask(ps, 3)).toBe(3);
    await resizePartitions(ps, 0);
    expect(() => whereis(partition(ps, 0))).toThrow('no live partition');
    await expect((async () => ask(ps, 1))()).rejects.toThrow('no live partition');
    expect((await failure(resizePartitions(ps, 5))).code).toBe('bad_partition_supervisor');
  });

  test('a restarted partition is found again', async () => {
    const ps = defined();
    await start(ps);
    const first = whereis(partition(ps, 2))!;
    exit(first, 'kill');
    await pause(2);
    expect(await ask(ps, 2)).toBe(2);
    expect(whereis(partition(ps, 2))).not.toBe(first);
    expect(await call(await start(counter, { n: 1 }), 'get')).toBe(1);
  });
});
