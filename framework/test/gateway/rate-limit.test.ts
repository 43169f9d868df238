/** The inbound rate of a connection. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullBucket, spend } from '../../src/gateway/rate-limit.ts';

const rate = { messagesPerSecond: 10, bytesPerSecond: 1000 };

test('two seconds of its rate may come at once, then as much as time gives back', () => {
  const bucket = fullBucket(rate, 0);
  const taken = (now: number, size = 1): boolean => spend(bucket, rate, size, now);
  expect(Array.from({ length: 20 }, () => taken(0))).toEqual(Array.from({ length: 20 }, () => true));
  expect(taken(0)).toBe(false);
  expect(taken(200)).toBe(true);
});

test('bytes count too', () => {
  const bucket = fullBucket(rate, 0);
  expect(spend(bucket, rate, 2000, 0)).toBe(true);
  expect(spend(bucket, rate, 1, 0)).toBe(false);
  expect(spend(fullBucket(rate, 0), rate, 2001, 0)).toBe(false);
});

test('a client within its rate is never refused, whenever it starts', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (start) => {
      const bucket = fullBucket(rate, start);
      for (let n = 0; n < 200; n++) expect(spend(bucket, rate, 90, start + n * 100)).toBe(true);
    }),
  );
});

test('a pause saves up no more than the burst', () => {
  const bucket = fullBucket(rate, 0);
  const passed = Array.from({ length: 100 }, () => spend(bucket, rate, 1, 1e7)).filter(Boolean);
  expect(passed).toHaveLength(20);
});
