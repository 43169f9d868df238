/**
 * Rate: how many lines a guest may post. A pure token bucket: `BURST` at once, then one per `INTERVAL` milliseconds.
 *
 *     const { bucket, wait } = take(FULL, now);
 */
export interface Bucket {
  /** Lines that may be posted now; a fraction grows with time. */
  readonly left: number;
  readonly at: number;
}

export const BURST = 8;
export const INTERVAL = 500;

export const FULL: Bucket = { left: BURST, at: 0 };

/**
 * @param now milliseconds
 * @returns the bucket after this line, and how long to wait first: 0 when it may be posted
 */
export function take(bucket: Bucket, now: number): { readonly bucket: Bucket; readonly wait: number } {
  const left = Math.min(BURST, bucket.left + Math.max(0, now - bucket.at) / INTERVAL);
  if (left < 1) return { bucket: { left, at: now }, wait: Math.ceil((1 - left) * INTERVAL) };
  return { bucket: { left: left - 1, at: now }, wait: 0 };
}
