/** Names on other nodes: calls and stops by them, multiCall and abcast, and what is started there. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ExitReason, StartError } from '../../src/otp/index.ts';
import { failure } from '../otp/stage.ts';
import { inProcessOf, type TestNode, twoNodes, until } from './two-nodes.ts';

/** A node with a behaviour that it offers and a registry that runs there. */
async function stage(node: TestNode) {
  const { genServer, initStop, noreply, offer, registry, reply, start, stop, via } = node;
  const stack = offer(
    genServer({
      name: 'stack',
      init: (items: readonly string[]) => (items[0] === 'refused' ? initStop('refused') : { items }),
      calls: {
        items: (state) => reply(state.items, state),
        never: (state) => noreply(state),
        stop: (state, reason: ExitReason) => stop(reason, state),
      },
      casts: { push: (state, item: string) => noreply({ items: [...state.items, item] }) },
    }),
  );
  const stacks = registry<typeof stack>({ name: 'stacks' });
  await start(stacks);
  return { stack, named: (key: string) => via(stacks, key) };
}

let a: TestNode;
let b: TestNode;
let onA: Awaited<ReturnType<typeof stage>>;
let onB: Awaited<ReturnType<typeof stage>>;

beforeEach(async () => {
  const pair = await twoNodes();
  ({ a, b } = pair);
  onA = await stage(a);
  onB = await stage(b);
  await pair.join();
});
afterEach(() => {
  a.disconnect('b');
});
/** Whoever is called so on b. */
const there = (key: string) => a.nameOn('b', onA.named(key));

test('GS-04 EGS-07 EGS-10 a server started under a name is called and stopped by that name from another node', async () => {
  await b.start(onB.stack, ['x'], { name: onB.named('s') });
  expect(await a.call(there('s'), 'items')).toEqual(['x']);
  await a.stopServer(there('s'));
  expect(b.whereis(onB.named('s'))).toBe(undefined);
  expect((await failure(a.stopServer(there('s')))).code).toBe('call_noproc');
  expect((await failure(a.call(there('s'), 'items'))).code).toBe('call_noproc');
});

test('EGS-06 GS-12 the name on its own node is the name itself; on another node it is known there only', async () => {
  const pid = await a.start(onA.stack, [], { name: onA.named('s') });
  expect(a.nameOn('a', onA.named('s'))).toBeInstanceOf(onA.named('s').constructor);
  expect(a.whereis(a.nameOn('a', onA.named('s')))).toBe(pid);
  await a.stopServer(a.nameOn('a', onA.named('s')));
  expect(a.isAlive(pid)).toBe(false);
  expect(() => a.nameOn('b', 'no name' as never)).toThrow('no name in a registry');
  expect((await failure(a.start(onA.stack, [], { name: there('s') }))).cause).toMatchObject({ code: 'bad_name' });
});

test('EGS-09 EGS-30 EGS-31 GS-07 of a stopped node stop and call fail with nodedown, by pid and by name', async () => {
  const pid = await a.startOn('b', onA.stack, [], { name: onA.named('s') });
  await a.stopServer(await a.startOn('b', onA.stack, []));
  a.disconnect('b');
  for (const target of [pid, there('s'), a.nameOn('unknown', onA.named('s'))]) {
    const down = { code: 'call_nodedown', reason: { nodedown: target === pid ? 'b' : expect.any(String) } };
    expect(await failure(a.call(target, 'items'))).toMatchObject(down);
    expect(await failure(a.stopServer(target))).toMatchObject(down);
  }
  const reason = await inProcessOf(a, async () => {
    const { ref } = a.spawnMonitor(() => a.call(pid, 'items'));
    return (await a.receive(a.isDown)).ref === ref;
  });
  expect(reason).toBe(true);
});

test('EGS-28 SIG-30 monitor and call of an unknown name on another node: noproc', async () => {
  const reason = await inProcessOf(a, async () => {
    a.monitor(there('nobody'));
    return (await a.receive(a.isDown)).reason;
  });
  expect(reason).toBe('noproc');
  expect((await failure(a.call(there('nobody'), 'items'))).code).toBe('call_noproc');
});

test('GS-10 EGS-21 abcast returns at once and reaches whoever has the name on each node; others are silent', async () => {
  const mine = await a.start(onA.stack, [], { name: onA.named('s') });
  await b.start(onB.stack, [], { name: onB.named('s') });
  expect(a.abcast(onA.named('s'), 'push', 'all')).toBe(undefined);
  a.abcast(onA.named('s'), 'push', 'some', { nodes: ['b', 'unknown'] });
  expect(await a.call(there('s'), 'items')).toEqual(['all', 'some']);
  expect(await a.call(mine, 'items')).toEqual(['all']);
});

test('GS-11 EGS-23 EGS-24 EGS-64 multiCall: replies by node, and the nodes that did not answer: late, stopped, nobody, away', async () => {
  await a.start(onA.stack, ['a'], { name: onA.named('s') });
  await b.start(onB.stack, ['b'], { name: onB.named('s') });
  const replies = [
    { node: 'a', value: ['a'] },
    { node: 'b', value: ['b'] },
  ];
  expect(await a.multiCall(onA.named('s'), 'items')).toEqual({ replies, bad: [] });
  const some = { nodes: ['b', 'unknown'] };
  expect(await a.multiCall(onA.named('s'), 'items', undefined, some)).toEqual({
    replies: [replies[1]],
    bad: ['unknown'],
  });
  const late = await inProcessOf(a, async () => [
    await a.multiCall(onA.named('s'), 'never', undefined, { timeout: 5 }),
    a.processInfo(a.self())!.messageQueueLength,
  ]);
  expect(late).toEqual([{ replies: [], bad: ['a', 'b'] }, 0]);
  expect(await a.multiCall(onA.named('s'), 'stop', 'normal')).toEqual({ replies: [], bad: ['a', 'b'] });
  expect(await a.multiCall(onA.named('s'), 'items')).toEqual({ replies: [], bad: ['a', 'b'] });
});

test('EGS-67 EGS-68 EGS-69 half a million messages queued at the caller do not slow a multiCall', async () => {
  await a.start(onA.stack, ['a'], { name: onA.named('s') });
  await b.start(onB.stack, ['b'], { name: onB.named('s') });
  const ways: readonly [rounds: number, once: () => Promise<unknown>][] = [
    [200, () => a.multiCall(onA.named('s'), 'items', undefined, { timeout: Infinity })],
    [200, () => a.multiCall(onA.named('s'), 'items', undefined, { nodes: ['a', 'unknown'], timeout: Infinity })],
    [10, () => a.multiCall(onA.named('s'), 'never', undefined, { timeout: 1 })],
  ];
  const [ratios, queued] = await inProcessOf(a, async () => {
    const best = async ([rounds, once]: (typeof ways)[number]): Promise<number> => {
      let least = Infinity;
      for (let round = 0; round < 5; round++) {
        const began = performance.now();
        for (let i = 0; i < rounds; i++) await once();
        least = Math.min(least, performance.now() - began);
      }
      return least;
    };
    const empty: number[] = [];
    for (const way of ways) empty.push(await best(way));
    for (let i = 0; i < 500_000; i++) a.send(a.self(), i);
    const full: number[] = [];
    for (const way of ways) full.push(await best(way));
    return [full.map((time, i) => time / empty[i]!), a.processInfo(a.self())!.messageQueueLength];
  });
  for (const ratio of ratios) expect(ratio).toBeLessThan(10);
  expect(queued).toBe(500_000);
});

test('R-30 R-31 R-33 EGS-01 PLIB-13 a start on another node: its name is registered there before; a failed one says why', async () => {
  const pid = await a.startOn('b', onA.stack, ['x'], { name: onA.named('s') });
  expect(String(b.whereis(onB.named('s')))).toBe(String(pid));
  const taken = (await failure(a.startOn('b', onA.stack, ['y'], { name: onA.named('s') }))) as unknown as StartError;
  expect([taken.code, taken.holder === pid]).toEqual(['already_started', true]);
  const refused = await failure(a.startOn('b', onA.stack, ['refused']));
  expect([refused.code, refused.reason]).toEqual(['start_failed', 'refused']);
  const slow = { name: 'slow', init: (): Promise<number> => new Promise(() => {}) };
  const [slowA] = [a, b].map((node) => node.offer(node.genServer(slow)));
  const late = await failure(a.startOn('b', slowA!, undefined, { timeout: 5 }));
  expect([late.code, late.reason]).toEqual(['start_failed', 'timeout']);
  expect(
    (await failure(a.startOn('b', a.offer(a.genServer({ name: 'only here', init: () => 0 }))))).cause,
  ).toMatchObject({
    code: 'code_unknown',
  });
  expect((await failure(a.startOn('b', a.genServer({ name: 'secret', init: () => 0 })))).code).toBe('message_not_data');
});

test('SUP-05 SUP-07 SUP-12 SUP-13 DS-12 DS-13 a supervisor on another node starts, lists and stops children of offered behaviours', async () => {
  const children = b.supervisor({ name: 'children', strategy: 'oneForOne', children: [] });
  const dynamic = b.dynamicSupervisor({ name: 'dynamic' });
  const names = b.registry({ name: 'supervisors' });
  await b.start(names);
  await b.start(children, undefined, { name: b.via(names, 'children') });
  await b.start(dynamic, undefined, { name: b.via(names, 'dynamic') });
  const on = (key: string) => a.nameOn('b', a.via(a.registry({ name: 'supervisors' }), key));
  for (const key of ['children', 'dynamic']) {
    const pid = await a.startChild(on(key), a.childSpec(onA.stack, ['child'], { id: 'one' }));
    expect(await a.request(pid, 'items', undefined, 1000)).toEqual(['child']);
    const [child] = await a.whichChildren(on(key));
    expect([child!.pid === pid, pid.node]).toEqual([true, 'b']);
    expect(await a.countChildren(on(key))).toMatchObject({ active: 1, workers: 1 });
    a.exit(pid, 'crash');
    await until(() => b.processes().every((one) => one.id !== pid.id));
    const [again] = await a.whichChildren(on(key));
    expect(again!.pid).not.toBe(pid);
    await a.terminateChild(on(key), key === 'dynamic' ? again!.pid! : 'one');
    expect(await a.countChildren(on(key))).toMatchObject({ active: 0 });
    const refused = await failure(a.startChild(on(key), a.childSpec(onA.stack, ['refused'], { id: 'two' })));
    expect(refused.code).toBe('child_start_failed');
  }
});

test('EGS-45 R-55 the state of a server on another node is read by pid and by name, suspended too', async () => {
  const pid = await a.startOn('b', onA.stack, ['x'], { name: onA.named('s') });
  for (const target of [pid, there('s')]) {
    await a.sys.suspend(target);
    expect(await a.sys.getState(target)).toEqual({ items: ['x'] });
    expect((await a.sys.getStatus(target)).status).toBe('suspended');
    expect((await failure(a.sys.replaceState(target, (state) => state))).code).toBe('message_not_data');
    await a.sys.resume(target);
  }
  await inProcessOf(a, async () => {
    a.sendAfter(pid, 'later', 1);
    const timer = a.sendAfter(pid, 'never', 1000);
    expect(a.cancelTimer(timer)).toBeGreaterThan(0);
  });
});
