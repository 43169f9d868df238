/** What a thread counts of itself, and what is kept of threads that are gone. */
import { afterEach, expect, test } from 'vitest';
import { cast, genServer, noreply, start, stopServer } from '../../src/otp/index.ts';
import { addLost, nothingYet, type ThreadReport, type ThreadWatch, watchThread } from '../../src/telemetry/index.ts';

let watch: ThreadWatch | undefined;
afterEach(() => watch?.close());

test('a report is plain data', async () => {
  watch = watchThread();
  const counted = genServer({ name: 'counted', init: () => 0, casts: { add: (state) => noreply(state + 1) } });
  const pid = await start(counted);
  cast(pid, 'add', undefined as never);
  await stopServer(pid);
  const report = watch.read();
  expect(report.load.find(({ behaviour }) => behaviour === 'genServer counted')).toMatchObject({ processes: 0 });
  expect(structuredClone(report)).toEqual(report);
});

test('the sums of a lost thread stay, its processes and queues do not', () => {
  const load = (behaviour: string, arrived: number) => ({
    behaviour,
    processes: 2,
    utilisation: 0.5,
    depth: 3,
    deepest: 2,
    arrived,
    sampled: arrived,
    wait: 10,
    service: 20,
    serviceSquared: 30,
    held: 5,
  });
  const lost: ThreadReport = {
    load: [load('a', 100), load('b', 1)],
    strays: { owned: 1, unowned: 2 },
    restarts: { made: 3, givenUp: 4 },
  };
  const next: ThreadReport = {
    load: [load('b', 10)],
    strays: { owned: 10, unowned: 20 },
    restarts: { made: 30, givenUp: 40 },
  };
  expect(addLost(next, nothingYet)).toEqual(next);
  const after = addLost(next, lost);
  expect(after.strays).toEqual({ owned: 11, unowned: 22 });
  expect(after.restarts).toEqual({ made: 33, givenUp: 44 });
  expect(after.load).toEqual([
    { ...load('a', 100), processes: 0, utilisation: 0, depth: 0, deepest: 0 },
    { ...load('b', 11), wait: 20, service: 40, serviceSquared: 60, held: 10 },
  ]);
});
