/** Theory: known values of queues, and confidence intervals against their own definition. */
import { expect, test } from 'vitest';
import { batchMeans, carried, deterministic, exponential, little, pollaczekKhinchine, utilisation } from '../theory.ts';

test('M/D/1 and M/M/1 as in the books', () => {
  expect(utilisation(100, 5)).toBe(0.5);
  expect(deterministic(100, 5)).toBeCloseTo(7.5);
  expect(exponential(100, 5)).toBeCloseTo(10);
  expect(exponential(180, 5)).toBeCloseTo(5 / (1 - 0.9));
  expect(deterministic(170, 5)).toBeCloseTo(5 + (0.85 * 5) / (2 * 0.15));
});

test('without load it is the service time, and at saturation there is no mean', () => {
  expect(pollaczekKhinchine({ rate: 0, service: 5, serviceSquared: 30 })).toBe(5);
  expect(deterministic(200, 5)).toBe(Infinity);
  expect(deterministic(240, 5)).toBe(Infinity);
});

test('a queue that is played through comes to what Pollaczek–Khinchine says', () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const rate = 120;
  let [at, free, sum, service, squared] = [0, 0, 0, 0, 0];
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    at += (-Math.log(1 - random()) * 1000) / rate;
    const takes = 4 + 2 * random();
    free = Math.max(at, free) + takes;
    sum += free - at;
    service += takes;
    squared += takes ** 2;
  }
  const theory = pollaczekKhinchine({ rate, service: service / count, serviceSquared: squared / count });
  expect(Math.abs(sum / count / theory - 1)).toBeLessThan(0.03);
});

test("Little's law, and what shards carry", () => {
  expect(little(100, 7.5)).toBeCloseTo(0.75);
  expect(carried(1, 5, 0.1)).toBe(200);
  expect(carried(4, 5, 0.1)).toBe(800);
  // The core is the limit, however many shards there are.
  expect(carried(64, 5, 0.1)).toBe(10_000);
});

test('batch means: the mean of all, and an interval of Student', () => {
  const { mean, half } = batchMeans([1, 2, 3, 4, 5].map((sum) => ({ count: 1, sum })));
  expect(mean).toBe(3);
  // t(4) = 2.776, s = 1.5811, n = 5
  expect(half).toBeCloseTo((2.776 * 1.5811) / Math.sqrt(5), 1);
  expect(
    batchMeans([
      { count: 3, sum: 12 },
      { count: 0, sum: 0 },
    ]).half,
  ).toBe(Infinity);
});
