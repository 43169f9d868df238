/**
 * A token bucket for messages and one for bytes: how much of its rate a connection has left.
 *
 * Invariants: state is data, `spend` decides and moves it, time is given and only goes forward. A bucket holds two
 * seconds' worth unless another `burst` (seconds) is given, so a burst after a pause is not a flood.
 *
 *     const rate = fullBucket(limits, now)
 *     if (!spend(rate, limits, bytes.length, now)) …      // flood
 */
export interface Rate {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

export interface Bucket {
  messages: number;
  bytes: number;
  /** Milliseconds, on the clock of the caller. */
  at: number;
}

const BURST_SECONDS = 2;

/** A bucket that has everything left. */
export function fullBucket(rate: Rate, now: number, burst = BURST_SECONDS): Bucket {
  return { messages: rate.messagesPerSecond * burst, bytes: rate.bytesPerSecond * burst, at: now };
}

/** Takes one message of `size` bytes out of the bucket; false when there was not that much left. */
export function spend(bucket: Bucket, rate: Rate, size: number, now: number, burst = BURST_SECONDS): boolean {
  const seconds = (now - bucket.at) / 1000;
  if (seconds > 0) {
    bucket.at = now;
    bucket.messages = Math.min(rate.messagesPerSecond * burst, bucket.messages + seconds * rate.messagesPerSecond);
    bucket.bytes = Math.min(rate.bytesPerSecond * burst, bucket.bytes + seconds * rate.bytesPerSecond);
  }
  bucket.messages -= 1;
  bucket.bytes -= size;
  return bucket.messages >= 0 && bucket.bytes >= 0;
}
