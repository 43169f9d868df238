/** Process load: what is measured of real processes, and when one is reported. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { call, cast, genServer, noreply, reply, start, stopServer } from '../../src/otp/index.ts';
import { type BusyReport, type LoadMonitor, openLoadMonitor } from '../../src/telemetry/index.ts';
import { judgeLoad, shardsFor } from '../../src/telemetry/process-load.ts';

let monitor: LoadMonitor | undefined;
afterEach(() => monitor?.close());

const teller = (name: string) =>
  genServer({
    name,
    init: () => 0,
    calls: {
      slow: async (state, ms: number) => {
        await wait(ms);
        return reply(ms, state);
      },
      quick: (state) => reply(0, state),
    },
    casts: {
      burn(state, ms: number) {
        const until = performance.now() + ms;
        while (performance.now() < until);
        return noreply(state);
      },
    },
  });

const read = (behaviour: string) => monitor!.read().find((load) => load.behaviour === behaviour)!;

test('waiting and service are told apart, and an await is told from work', async () => {
  monitor = openLoadMonitor();
  const pid = await start(teller('apart'));
  await Promise.all(Array.from({ length: 10 }, () => call(pid, 'slow', 10)));
  const load = read('genServer apart');
  expect(load).toMatchObject({ processes: 1, depth: 0, arrived: 10, sampled: 10 });
  const service = load.service / 10;
  expect(service).toBeGreaterThan(9);
  // The i-th of ten waits for the i before it: 4.5 services on average.
  expect(load.wait / load.service).toBeGreaterThan(3.8);
  expect(load.wait / load.service).toBeLessThan(5);
  expect(load.held / load.service).toBeGreaterThan(0.9);
  expect(load.serviceSquared / 10).toBeGreaterThanOrEqual(service ** 2 * 0.999);
  await stopServer(pid);
  expect(read('genServer apart')).toMatchObject({ processes: 0 });
});

test('a handler that computes is not held', async () => {
  monitor = openLoadMonitor();
  const pid = await start(teller('computing'));
  for (let i = 0; i < 20; i++) cast(pid, 'burn', 2);
  await call(pid, 'quick', undefined as never);
  const load = read('genServer computing');
  expect(load.service).toBeGreaterThan(39);
  expect(load.held).toBe(0);
});

test('a flood is counted whole, and timed in samples that stand for it', async () => {
  monitor = openLoadMonitor();
  const pid = await start(teller('flood'));
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 1000; i++) cast(pid, 'burn', 0);
    await call(pid, 'quick', undefined as never);
  }
  const load = read('genServer flood');
  expect(load.arrived).toBe(50_050);
  expect(load.sampled / load.arrived).toBeGreaterThan(0.5);
  expect(load.sampled / load.arrived).toBeLessThan(1.5);
});

test('nobody who measures: nothing is kept', async () => {
  const pid = await start(teller('unmeasured'));
  await call(pid, 'slow', 1);
  monitor = openLoadMonitor();
  expect(read('genServer unmeasured')).toBeUndefined();
});

test(
  'a process above 80 % for five seconds is named once, with the shards that cure it',
  { timeout: 15_000 },
  async () => {
    const reports: BusyReport[] = [];
    const onReport = (report: unknown): number => reports.push(report as BusyReport);
    subscribe('genroom:process:busy', onReport);
    monitor = openLoadMonitor();
    const pid = await start(teller('busy'));
    const calm = await start(teller('calm'));
    // 1.6 times what one process can do.
    const until = performance.now() + 7_500;
    const calls: Promise<unknown>[] = [];
    while (performance.now() < until) {
      calls.push(call(pid, 'slow', 32, { timeout: 60_000 }).catch(() => undefined));
      calls.push(call(calm, 'quick', undefined as never));
      await wait(20);
    }
    unsubscribe('genroom:process:busy', onReport);
    expect(reports).toHaveLength(1);
    const report = reports[0]!;
    expect(report).toMatchObject({ behaviour: 'genServer busy', pid: String(pid), waits: true, shards: 3 });
    expect(report.utilisation).toBeGreaterThan(0.9);
    expect(report.offered).toBeGreaterThan(1.4);
    expect(report.depth).toBeGreaterThan(10);
    await stopServer(pid, 'kill').catch(() => undefined);
  },
);

test('the verdict: five periods on end, and shards that are each at most 70 % busy', () => {
  const busy = (utilisation: number, offered = utilisation) => ({ utilisation, offered, held: 1, service: 5 });
  expect(judgeLoad([busy(0.9), busy(0.9), busy(0.9), busy(0.9)])).toBeUndefined();
  expect(judgeLoad([busy(0.9), busy(0.9), busy(0.8), busy(0.9), busy(0.9)])).toBeUndefined();
  expect(judgeLoad([0.1, 0.9, 0.9, 0.9, 0.9, 0.9].map((at) => busy(at)))).toMatchObject({ shards: 2 });
  expect(judgeLoad(Array.from({ length: 5 }, () => busy(1, 3)))).toMatchObject({ shards: 5 });
  expect([shardsFor(0.85), shardsFor(1.4), shardsFor(1.41), shardsFor(2.8)]).toEqual([2, 2, 3, 4]);
});
