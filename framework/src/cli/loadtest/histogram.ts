/**
 * Histogram: latencies in buckets whose bounds grow by 2 %, so that any quantile is right to 2 % whatever its size, and a
 * whole run is a few hundred numbers.
 *
 * Invariants: sum, count and largest are exact; histograms of the same kind add up. It runs inside k6 as well: no Node.
 *
 *     record(histogram, 5.2); quantile(histogram, 0.99); // milliseconds
 */
export interface Histogram {
  count: number;
  sum: number;
  max: number;
  /** Bucket → how many. */
  readonly buckets: Record<string, number>;
}

const GROWTH = Math.log(1.02);
const SMALLEST = 0.01;

export function newHistogram(): Histogram {
  return { count: 0, sum: 0, max: 0, buckets: {} };
}

export function record(histogram: Histogram, ms: number): void {
  const bucket = ms <= SMALLEST ? 0 : Math.ceil(Math.log(ms / SMALLEST) / GROWTH);
  histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
  histogram.count++;
  histogram.sum += ms;
  if (ms > histogram.max) histogram.max = ms;
}

/** The upper bound of the bucket in which the `q`-th part ends; 0 where there is nothing. */
export function quantile({ count, max, buckets }: Histogram, q: number): number {
  let left = Math.ceil(count * q);
  for (const bucket of Object.keys(buckets)
    .map(Number)
    .toSorted((a, b) => a - b)) {
    left -= buckets[bucket]!;
    if (left <= 0) return Math.min(max, SMALLEST * Math.exp(bucket * GROWTH));
  }
  return max;
}

export function mean({ count, sum }: Histogram): number {
  return count === 0 ? 0 : sum / count;
}
