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
import { ServerSelf } from './self.ts';

/** Messages one slice may handle before the next process gets its turn. */
export const SLICE_MESSAGES = 64;
/** Milliseconds of processes' work between two turns of Node's event loop. */
const BURST_MS = 8;
const LONGEST_STRIDE = 256;

/** What the scheduler needs of a process, which is its own async context: one object less to reach in each slice. */
export interface Runnable extends AsyncResource {
  /** Handles some messages. Never throws. */
  slice(): void;
}

const owner = new AsyncLocalStorage<ServerSelf>();

/** As fields of one constant object they are reached without a look at whether they are set already. */
const turn = {
  /** Whose slice runs. */
  running: undefined as Runnable | undefined,
  /** The run queue: a ring. */
  queue: new Array<Runnable | undefined>(256).fill(undefined),
  mask: 255,
  first: 0,
  waiting: 0,
  /** The queue is being worked off, or will be. */
  awake: false,
  /** Messages until the clock is read again. */
  untilCheck: 1,
};

/** The process whose slice runs, or in whose async context this code runs (after an await, in a bare timer). */
export function ownerOfContext(): Runnable | undefined {
  return turn.running ?? ServerSelf.processOf(owner.getStore());
}

/** How Node makes a process's context: nothing is to be told of its end, and no other context is its cause. */
export const CONTEXT = { requireManualDestroy: true, triggerAsyncId: 0 };
/**
 * The context that processes' contexts are made from. Entering one's store within it costs a fifth of `owner.run`, and a
 * process takes over none of the stores of whoever happened to start it: it outlives them.
 */
const root = new AsyncResource('genroom.scheduler', CONTEXT);
/** What stands for the process that is being made: its context is there before itself. */
let entering: ServerSelf | undefined;

function enterContext<A, B, T>(make: (a: A, b: B) => T, a: A, b: B): T {
  entering = new ServerSelf();
  owner.enterWith(entering);
  return make(a, b);
}

/** Runs what makes a process, within that process's async context; what it starts later is named after the process. */
export function inOwnContext<A, B, T>(make: (a: A, b: B) => T, a: A, b: B): T {
  return root.runInAsyncScope(enterContext<A, B, T>, undefined, make, a, b);
}

/** Runs what makes something that never runs and is to keep nobody's context. */
export function inNoContext<A, B, T>(make: (a: A, b: B) => T, a: A, b: B): T {
  entering = undefined;
  return root.runInAsyncScope(make, undefined, a, b);
}

/** What stands for the process that is just being made, in its context; undefined where it is to have none. */
export function takeSelf(): ServerSelf | undefined {
  const self = entering;
  entering = undefined;
  return self;
}

/** Runs `work` as a part of `runnable` (and with it as `this`): inside its async context, with `self()` naming it. */
export function runAs<T>(runnable: Runnable, work: () => T): T;
export function runAs<T, A>(runnable: Runnable, work: (arg: A) => T, arg: A): T;
export function runAs<T>(runnable: Runnable, work: (arg: unknown) => T, arg?: unknown): T {
  const before = turn.running;
  turn.running = runnable;
  try {
    return runnable.runInAsyncScope(work, runnable, arg);
  } finally {
    turn.running = before;
  }
}

/** Runs `work` outside every process. */
export function runAsNobody<T>(work: () => T): T {
  const before = turn.running;
  turn.running = undefined;
  try {
    return owner.exit(work);
  } finally {
    turn.running = before;
  }
}

/** A reaction to a settled promise costs a third of what `queueMicrotask` does in Node, which makes a resource of each. */
const settled = Promise.resolve();

let inBurst = false;
let burstEnds = 0;
let lastCheck = 0;
let stride = 1;

/** Puts a process at the end of the run queue. The caller makes sure that it stands there once. */
export function schedule(runnable: Runnable): void {
  if (turn.waiting > turn.mask) growQueue();
  turn.queue[(turn.first + turn.waiting++) & turn.mask] = runnable;
  if (!turn.awake) wake();
}

function wake(): void {
  turn.awake = true;
  void settled.then(drain);
}

function growQueue(): void {
  const { queue, mask, first, waiting } = turn;
  const larger = new Array<Runnable | undefined>(queue.length * 2).fill(undefined);
  for (let i = 0; i < waiting; i++) larger[i] = queue[(first + i) & mask];
  turn.queue = larger;
  turn.mask = larger.length - 1;
  turn.first = 0;
}

/** Called once a message by the behaviours: whether the slice must end because the burst's time is over. */
export function mustYield(): boolean {
  return --turn.untilCheck <= 0 && burstIsOver();
}

function burstIsOver(): boolean {
  const now = performance.now();
  const took = now - lastCheck;
  lastCheck = now;
  if (took > 1) stride = 1;
  else if (took < 0.25 && stride < LONGEST_STRIDE) stride *= 2;
  turn.untilCheck = stride;
  return now >= burstEnds;
}

function drain(): void {
  if (!inBurst) {
    inBurst = true;
    lastCheck = performance.now();
    burstEnds = lastCheck + BURST_MS;
    turn.untilCheck = Math.min(turn.untilCheck, stride);
    setImmediate(endBurst);
  }
  turn.awake = true;
  while (turn.waiting > 0) {
    const { queue, first } = turn;
    const next = queue[first]!;
    queue[first] = undefined;
    turn.first = (first + 1) & turn.mask;
    turn.waiting--;
    turn.running = next;
    try {
      next.runInAsyncScope(next.slice, next);
    } catch (error) {
      raiseLater(next, error);
    }
    turn.running = undefined;
    // Still awake, so that nothing else drains: endBurst goes on once the event loop has been round.
    if (--turn.untilCheck <= 0 && burstIsOver()) return;
  }
  turn.awake = false;
}

/**
 * A slice that threw all the same costs its own process: Node raises the error as its stray, the others go on. Not in a
 * microtask: after an exception there Node lets the next one go on in the same context, and so as the process.
 */
function raiseLater(runnable: Runnable, error: unknown): void {
  runnable.runInAsyncScope(setImmediate, undefined, () => {
    throw error;
  });
}

function endBurst(): void {
  inBurst = false;
  if (turn.waiting > 0) drain();
  else turn.awake = false;
}

/** Processes in the run queue now. */
export function runnableCount(): number {
  return turn.waiting;
}
