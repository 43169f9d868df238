/**
 * The door to the matchmaker: what a request to `/matchmake/…` has to be before core sees it.
 *
 * Invariants
 * - An address asks no more often than `limits.matchmakingPerSecond`; four seconds' worth may come at once.
 * - Core gets a JSON object, or an empty one where the request had no body; it takes other bodies for a join without options.
 * - What is refused is told as `{code, error}`, which the SDK makes an error of.
 *
 *     const door = matchmakingDoor(limits);
 *     const checked = await door(request, address); // a Response that refuses, or the Request for core
 */
import type { Limits } from '../limits.ts';
import { type Bucket, fullBucket, type Rate, spend } from '../rate-limit.ts';

const BURST_SECONDS = 4;
/** Addresses that are remembered; those that have asked least recently are forgotten beyond. */
const ADDRESSES = 10_000;

/** @param now milliseconds, going forward only */
export function matchmakingDoor(
  limits: Limits,
  now: () => number = () => performance.now(),
): (request: Request, address: string) => Promise<Request | Response> {
  const rate: Rate = { messagesPerSecond: limits.matchmakingPerSecond, bytesPerSecond: Infinity };
  const buckets = new Map<string, Bucket>();

  const mayAsk = (address: string): boolean => {
    const bucket = buckets.get(address) ?? fullBucket(rate, now(), BURST_SECONDS);
    buckets.delete(address); // set again below as the latest
    if (buckets.size >= ADDRESSES) buckets.delete(buckets.keys().next().value!);
    buckets.set(address, bucket);
    const may = spend(bucket, rate, 0, now(), BURST_SECONDS);
    if (!may) bucket.messages += 1; // what is refused costs nothing: others may share the address
    return may;
  };

  return async (request, address) => {
    if (!mayAsk(address)) {
      return refuse(429, 'Too many requests to join from your address; try again in a second.', { 'retry-after': '1' });
    }
    const body = await request.text();
    if (!isObject(body)) return refuse(400, 'The body of a request to join is a JSON object, or empty.');
    const headers = new Headers(request.headers);
    headers.set('content-type', 'application/json');
    return new Request(request.url, { method: request.method, headers, body: body || '{}' });
  };
}

function isObject(body: string): boolean {
  if (body === '') return true;
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function refuse(code: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ code, error }, { status: code, headers });
}
