/**
 * Runs programs on genroom in a thread of its own, with or without a fault, and compares what they saw with Elixir.
 *
 * A thread, since a fault may let genroom loop for ever or end the thread by an error: either counts as a divergence at
 * the program that ran.
 *
 *     const { divergences } = await runOnGenroom({ seed: 1, programs: 1000, file, unstable: [] });
 */
import { Worker } from 'node:worker_threads';
import type { Fault } from './faults.ts';

export interface Order {
  readonly seed: number;
  readonly programs: number;
  /** Where the traces of Elixir are. */
  readonly file: string;
  /** Programs that are left out. */
  readonly unstable: readonly number[];
  readonly fault?: Fault;
  /** End at the first divergence. */
  readonly first?: boolean;
}

export interface Divergence {
  readonly program: number;
  /** The lines that only one side has. */
  readonly otp: readonly string[];
  readonly genroom: readonly string[];
}

/** Milliseconds that one program may take. */
const MOST = 20_000;

export function runOnGenroom(order: Order): Promise<Divergence[]> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { order, progress } });
  return new Promise((resolve) => {
    const found: Divergence[] = [];
    let at = -1;
    const failed = (why: string): void => {
      clearInterval(watch);
      void worker.terminate();
      resolve([...found, { program: Atomics.load(progress, 0), otp: [], genroom: [why] }]);
    };
    const watch = setInterval(() => {
      const now = Atomics.load(progress, 0);
      if (now === at) failed(`does not end within ${MOST} ms`);
      at = now;
    }, MOST);
    worker.on('message', (message: Divergence | 'done') => {
      if (message !== 'done') return found.push(message);
      clearInterval(watch);
      void worker.terminate();
      resolve(found);
    });
    worker.on('error', (error) => failed(`ends the thread: ${String(error)}`));
  });
}
