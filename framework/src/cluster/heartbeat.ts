/**
 * Heartbeat: whether a thread still comes round to its event loop. It counts in memory that it shares with whoever watches
 * it; a thread that hangs in a handler does not.
 *
 * Invariants
 * - Only the watcher's own looks count, not the time between them: a watcher that stood still itself, or slept with its
 *   machine, has not waited.
 * - While a debugger may stop the thread nothing counts: a breakpoint is no hang.
 *
 *     const beat = newBeat(5_000);                            // watcher; given to the thread
 *     startBeating(beat);                                     // thread
 *     const stop = watchBeat(beat, () => worker.terminate()); // watcher
 */
import { inspecting } from '../platform/inspecting.ts';

/** Structured-cloneable. */
export interface Beat {
  readonly memory: SharedArrayBuffer;
  /** Milliseconds from one look to the next. */
  readonly every: number;
  /** Looks without a beat after which the thread counts as hanging. */
  readonly misses: number;
}

const LOOKS = 5;
/** What the cells of the memory hold. */
const COUNT = 0;
const INSPECTED = 1;

/** @param timeout milliseconds without a beat; it is noticed a fifth of that later at most */
export function newBeat(timeout: number): Beat {
  return { memory: new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT), every: timeout / LOOKS, misses: LOOKS };
}

/** On the thread. It alone does not keep the thread alive. Returns what ends it. */
export function startBeating({ memory, every }: Beat): () => void {
  const cells = new Int32Array(memory);
  const beat = (): void => {
    Atomics.add(cells, COUNT, 1);
    Atomics.store(cells, INSPECTED, inspecting() ? 1 : 0);
  };
  beat();
  const timer = setInterval(beat, every / 2);
  timer.unref();
  return () => clearInterval(timer);
}

/** Calls `hangs` once. Returns what ends the watch. */
export function watchBeat({ memory, every, misses }: Beat, hangs: () => void): () => void {
  const cells = new Int32Array(memory);
  let seen = Atomics.load(cells, COUNT);
  let missed = 0;
  const timer = setInterval(() => {
    const now = Atomics.load(cells, COUNT);
    // One inspector sees all threads, but only the main thread knows of it.
    const debugged = inspecting() || Atomics.load(cells, INSPECTED) === 1;
    missed = now === seen && !debugged ? missed + 1 : 0;
    seen = now;
    if (missed < misses) return;
    clearInterval(timer);
    hangs();
  }, every);
  timer.unref();
  return () => clearInterval(timer);
}
