/**
 * Scheduler: gives the processes of one thread their turns on its event loop.
 *
 * A process with messages stands in the run queue once. A slice handles a bounded number of its messages inside its
 * async context, so that Node names the process of every stray failure. A burst of slices is bounded in time; then
 * sockets and Node's timers get their turn, whatever is queued.
 *
 * Invariants
 * - A slice that throws ends no other: the queue goes on.
 * - Slices never nest, but for a synchronous `init`, which runs inside the starter's slice (the starter waits anyway).
 * - The clock is read at most once in `stride` messages; the stride adapts, so that a burst overruns by about a
 *   millisecond with short handlers and by one handler with long ones.
 *
 * @example
 *   schedule(proc); // proc.slice() runs soon, in proc's async context
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** Messages one slice may handle before the next process gets its turn. */
export const SLICE_MESSAGES = 64;
/** Milliseconds of processes' work between two turns of Node's event loop. */
const BURST_MS = 8;
const LONGEST_STRIDE = 256;

/** What the scheduler needs of a process. */
export interface Runnable {
  readonly context: AsyncResource;
  /** Handles some messages. Never throws. */
  slice(): void;
}

const owner = new AsyncLocalStorage<Runnable>();
let running: Runnable | undefined;

/** The process whose slice runs, or in whose async context this code runs (after an await, in a bare timer). */
export function ownerOfContext(): Runnable | undefined {
  return running ?? owner.getStore();
}

/** The process whose slice runs on this stack, if any. */
export function ownerOfSlice(): Runnable | undefined {
  return running;
}

const MANUAL = { requireManualDestroy: true };
/**
 * The context that processes' contexts are made from. Entering one's store within it costs a fifth of `owner.run`, and a
 * process takes over none of the stores of whoever happened to start it: it outlives them.
 */
const root = new AsyncResource('genroom.scheduler', MANUAL);
let entering: Runnable | undefined;

function enterContext(): AsyncResource {
  owner.enterWith(entering!);
  return new AsyncResource('genroom.process', MANUAL);
}

/** For what never runs. */
export const noContext = root;

/** The async context that a process's slices run in; what they start (timers, promises) is named after the process. */
export function contextFor(runnable: Runnable): AsyncResource {
  entering = runnable;
  return root.runInAsyncScope(enterContext);
}

/** Runs `work` as a part of `runnable` (and with it as `this`): inside its async context, with `self()` naming it. */
export function runAs<T>(runnable: Runnable, work: () => T): T;
export function runAs<T, A>(runnable: Runnable, work: (arg: A) => T, arg: A): T;
export function runAs<T>(runnable: Runnable, work: (arg: unknown) => T, arg?: unknown): T {
  const before = running;
  running = runnable;
  try {
    return runnable.context.runInAsyncScope(work, runnable, arg);
  } finally {
    running = before;
  }
}

/** Runs `work` outside every process. */
export function runAsNobody<T>(work: () => T): T {
  const before = running;
  running = undefined;
  try {
    return owner.exit(work);
  } finally {
    running = before;
  }
}

let queue: (Runnable | undefined)[] = new Array<Runnable | undefined>(256).fill(undefined);
let mask = queue.length - 1;
let first = 0;
let waiting = 0;

/** A reaction to a settled promise costs a third of what `queueMicrotask` does in Node, which makes a resource of each. */
const settled = Promise.resolve();

let draining = false;
let drainPending = false;
let inBurst = false;
let burstEnds = 0;
let lastCheck = 0;
let stride = 1;
let untilCheck = 1;

/** Puts a process at the end of the run queue. The caller makes sure that it stands there once. */
export function schedule(runnable: Runnable): void {
  if (waiting > mask) growQueue();
  queue[(first + waiting++) & mask] = runnable;
  if (!draining && !drainPending) {
    drainPending = true;
    void settled.then(drain);
  }
}

function growQueue(): void {
  const larger = new Array<Runnable | undefined>(queue.length * 2).fill(undefined);
  for (let i = 0; i < waiting; i++) larger[i] = queue[(first + i) & mask];
  queue = larger;
  mask = larger.length - 1;
  first = 0;
}

/** Called once a message by the behaviours: whether the slice must end because the burst's time is over. */
export function mustYield(): boolean {
  return --untilCheck <= 0 && burstIsOver();
}

function burstIsOver(): boolean {
  const now = performance.now();
  const took = now - lastCheck;
  lastCheck = now;
  if (took > 1) stride = 1;
  else if (took < 0.25 && stride < LONGEST_STRIDE) stride *= 2;
  untilCheck = stride;
  return now >= burstEnds;
}

function drain(): void {
  drainPending = false;
  if (!inBurst) {
    inBurst = true;
    lastCheck = performance.now();
    burstEnds = lastCheck + BURST_MS;
    untilCheck = Math.min(untilCheck, stride);
    setImmediate(endBurst);
  }
  draining = true;
  while (waiting > 0) {
    const next = queue[first]!;
    queue[first] = undefined;
    first = (first + 1) & mask;
    waiting--;
    running = next;
    try {
      next.context.runInAsyncScope(next.slice, next);
    } catch (error) {
      raiseLater(next, error);
    }
    running = undefined;
    if (mustYield()) {
      // endBurst goes on once the event loop has been round.
      drainPending = true;
      break;
    }
  }
  draining = false;
}

/**
 * A slice that threw all the same costs its own process: Node raises the error as its stray, the others go on. Not in a
 * microtask: after an exception there Node lets the next one go on in the same context, and so as the process.
 */
function raiseLater({ context }: Runnable, error: unknown): void {
  context.runInAsyncScope(setImmediate, undefined, () => {
    throw error;
  });
}

function endBurst(): void {
  inBurst = false;
  if (waiting > 0) drain();
  else drainPending = false;
}

/** Processes in the run queue now. */
export function runnableCount(): number {
  return waiting;
}
