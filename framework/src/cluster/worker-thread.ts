/**
 * The contract between a WorkerNode and the thread it starts: what the thread is given, what it says when it is up, and
 * how code finds out that it runs on one.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import type { Beat } from './heartbeat.ts';

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly genroom: 'node';
  /** URL of the module that exports `host`. */
  readonly host: string;
  /** For `host`; structured-cloneable. */
  readonly data: unknown;
  /** Present where the thread is watched for hanging. */
  readonly beat?: Beat;
}

/** Sent once, before or instead of anything on the link. */
export type WorkerGreeting = { readonly up: true } | { readonly failed: unknown };

/** True on a thread that a WorkerNode started; there `serve` has no business. */
export function insideWorkerNode(): boolean {
  return !isMainThread && isWorkerStart(workerData);
}

export function isWorkerStart(data: unknown): data is WorkerStart {
  return typeof data === 'object' && data !== null && 'genroom' in data && data.genroom === 'node';
}
