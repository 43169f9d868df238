/**
 * Receiving: how a process that runs a function takes messages out of its mailbox, in order or the first that matches.
 *
 * Invariant: a message that was looked at and left is not looked at again by the same `receive`.
 *
 * @example
 *   const reply = await receiveIn(proc, (m) => isReply(m), 1000);
 */
import { currentClock, type TimerHandle } from '../runtime/clock.ts';
import { BadArgument, badTimeout, isTimeout } from '../runtime/errors.ts';
import { CAST, INFO, SYSTEM } from '../runtime/mailbox.ts';
import { DEAD, type Proc } from '../runtime/proc.ts';
import { crashProcess } from './exit-signals.ts';
import { reasonOfThrow } from './thrown.ts';
import { timeout as TIMEOUT } from './timeout.ts';

/** The messages that a call or cast gives to a process that is no genServer: it may be one built by hand. */
export interface RawCall {
  readonly tag: '$call';
  readonly name: string;
  readonly payload: unknown;
  readonly from: unknown;
}
export interface RawCast {
  readonly tag: '$cast';
  readonly name: string;
  readonly payload: unknown;
}

/** A request of `sys`, as a process built by hand receives it: for `sys.handleSystemMessage`. */
export class SystemMessage {
  /** Internal to the layer. */
  readonly run: (proc: Proc) => unknown;

  constructor(run: (proc: Proc) => unknown) {
    this.run = run;
  }
}

interface Waiting {
  readonly match: ((message: unknown) => boolean) | undefined;
  readonly resolve: (message: unknown) => void;
  /** Messages already looked at and left. */
  seen: number;
  timer: TimerHandle | undefined;
}

/** A process whose function may wait in `receive`. */
export interface Receiving extends Proc {
  waiting: Waiting | undefined;
  /** Whether its end clears the timer of `receive`. */
  timesReceive: boolean;
}

/** Whether somebody waits for a message that was not looked at. */
export function hasUnseen({ waiting, mailbox }: Receiving): boolean {
  return waiting !== undefined && mailbox.size > waiting.seen;
}

/** Hands the first message that fits to who waits for it. */
export function serveReceive(proc: Receiving): void {
  const { waiting } = proc;
  if (!waiting) return;
  const message = take(proc, waiting);
  if (message !== NONE) wake(proc, waiting, message);
}

/** The message at `index` was taken out of the mailbox by somebody else. */
export function skipRemoved({ waiting }: Receiving, index: number): void {
  if (waiting && index < waiting.seen) waiting.seen--;
}

/** Waits for a message that matches; resolves with `timeout` if none comes in time. */
export function receiveIn(
  proc: Receiving,
  match: ((message: unknown) => boolean) | undefined,
  milliseconds: number,
): Promise<unknown> {
  if (proc.waiting)
    throw new BadArgument(
      'receive_pending',
      `${proc.pid} waits in receive already`,
      'Await one receive before the next; wait for several senders with one match.',
    );
  if (!isTimeout(milliseconds)) throw badTimeout('receive', milliseconds);
  const promise = new Promise<unknown>(capture);
  const waiting: Waiting = { match, resolve: lastResolve, seen: 0, timer: undefined };
  const message = take(proc, waiting);
  if (proc.status === DEAD) return promise;
  if (message !== NONE) waiting.resolve(message);
  else if (milliseconds === 0) waiting.resolve(TIMEOUT);
  else {
    proc.waiting = waiting;
    if (milliseconds !== Infinity) setTimeLimit(proc, waiting, milliseconds);
  }
  return promise;
}

let lastResolve: (message: unknown) => void;
/** One executor for all that wait, so that a `receive` makes no closure. */
const capture = (resolve: (message: unknown) => void): void => {
  lastResolve = resolve;
};

function setTimeLimit(proc: Receiving, waiting: Waiting, milliseconds: number): void {
  waiting.timer = currentClock().setTimer(milliseconds, () => {
    if (proc.status !== DEAD && proc.waiting === waiting) wake(proc, waiting, TIMEOUT);
  });
  if (proc.timesReceive) return;
  proc.timesReceive = true;
  (proc.timers ??= new Set()).add({
    cancel: () => proc.waiting?.timer && currentClock().clearTimer(proc.waiting.timer),
  });
}

/** What `take` gives where nothing matches. */
const NONE: unique symbol = Symbol('genroom.none');

/** Looks at the messages not yet looked at; removes the first that matches, and gives it. */
function take(proc: Receiving, waiting: Waiting): unknown {
  const { mailbox } = proc;
  for (; waiting.seen < mailbox.size; waiting.seen++) {
    const message = messageAt(proc, waiting.seen);
    let matches: boolean;
    try {
      matches = waiting.match === undefined || waiting.match(message);
    } catch (error) {
      crashProcess(proc, reasonOfThrow(error));
      return NONE;
    }
    if (!matches) continue;
    mailbox.remove(waiting.seen);
    return message;
  }
  return NONE;
}

function messageAt({ mailbox }: Receiving, index: number): unknown {
  const mark = mailbox.markAt(index);
  const head = mailbox.headAt(index);
  if (mark === INFO) return head;
  const payload = mailbox.bodyAt(index);
  if (mark === SYSTEM)
    return new SystemMessage((proc) => (head as (proc: Proc, body: unknown) => unknown)(proc, payload));
  if (mark === CAST) return { tag: '$cast', name: head as string, payload } satisfies RawCast;
  return { tag: '$call', name: head as string, payload, from: mark } satisfies RawCall;
}

function wake(proc: Receiving, waiting: Waiting, message: unknown): void {
  proc.waiting = undefined;
  if (waiting.timer) currentClock().clearTimer(waiting.timer);
  waiting.resolve(message);
}
