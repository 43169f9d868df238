/**
 * Step: what a handler says comes next. Opaque, made only by the builders here, so that an impossible return cannot be
 * written; used once.
 *
 * @example
 *   withdraw: (state, cents: number) =>
 *     cents > state.cents ? reply(refused, state) : reply(ok, { ...state, cents: state.cents - cents }),
 */
import type { ExitReason } from './exit-reason.ts';
import { ownerOfSlice, type Runnable } from './scheduler.ts';

declare const stateOf: unique symbol;
declare const valueOf: unique symbol;
declare const kindOf: unique symbol;

/** The handler is done, no reply is due now. */
export interface Next<S> {
  readonly [kindOf]: 'next';
  readonly [stateOf]: S;
}
/** The handler is done and the caller gets a value. */
export interface Reply<S, R> {
  readonly [kindOf]: 'reply';
  readonly [stateOf]: S;
  readonly [valueOf]: R;
}
/** What `init` may return instead of a bare state. */
export interface Init<S> {
  readonly [stateOf]: S;
  readonly init: true;
}

export interface StepOptions {
  /**
   * Milliseconds: if no message comes before, `info` is called with `timeout`. Any message cancels it (rule R-12); with 0
   * it comes at once, unless a message is queued already.
   */
  readonly timeout?: number;
  /** `continue` is called with this value before any queued message. */
  readonly continue?: unknown;
}

/** The message that a step's `timeout` gives to `info`. */
export const timeout: unique symbol = Symbol.for('genroom.timeout');

export const USED = 0;
export const NOREPLY = 1;
export const REPLY = 2;
export const STOP = 3;
export const STOP_REPLY = 4;
export const IGNORE = 5;

export class Step {
  kind: number = USED;
  state: unknown = undefined;
  value: unknown = undefined;
  reason: ExitReason = 'normal';
  options: StepOptions | undefined = undefined;
  /** In whose slice it was taken for reuse: only there may it be returned. Undefined for one that is nobody else's. */
  owner: Runnable | undefined = undefined;
}

/**
 * One step is used again and again, so that a message allocates none. Code that keeps a step it has returned may hold
 * the one that another process is just returning: so a reused step counts only in the slice in which it was taken.
 */
let spare: Step | undefined;

function step(): Step {
  const owner = ownerOfSlice();
  if (spare === undefined || owner === undefined) return new Step();
  const taken = spare;
  spare = undefined;
  taken.owner = owner;
  return taken;
}

/** Whether `returned` is a step. Never throws: a Proxy may forbid to ask what it is. */
export function isStep(returned: unknown): returned is Step {
  try {
    return returned instanceof Step;
  } catch {
    return false;
  }
}

/** Whether `returned` is a step that this process may carry out. */
export function isStepOf(returned: unknown, proc: Runnable): returned is Step {
  return isStep(returned) && (returned.owner === undefined || returned.owner === proc);
}

/** Called by the behaviour once it has read a step that a handler returned. */
export function recycle(used: Step): void {
  used.kind = USED;
  used.state = undefined;
  used.value = undefined;
  used.owner = undefined;
  if (used.options === undefined && used.reason === 'normal') spare = used;
}

/** Goes on with `state`; a call's reply is given later by `replyTo`. */
export function noreply<S>(state: S, options?: StepOptions): Next<S> {
  const made = step();
  made.kind = NOREPLY;
  made.state = state;
  made.options = options;
  return made as unknown as Next<S>;
}

/** Replies to the caller and goes on with `state`. */
export function reply<S, R>(value: R, state: S, options?: StepOptions): Reply<S, R> {
  const made = step();
  made.kind = REPLY;
  made.state = state;
  made.value = value;
  made.options = options;
  return made as unknown as Reply<S, R>;
}

/** Ends the process: `terminate`, then the end. A caller that waits gets the reason as an error. */
export function stop<S>(reason: ExitReason, state: S): Next<S> {
  const made = new Step();
  made.kind = STOP;
  made.reason = reason;
  made.state = state;
  return made as unknown as Next<S>;
}

/** Ends the process and replies; `terminate` runs before the reply is sent (rule R-04). */
export function stopReply<S, R>(reason: ExitReason, value: R, state: S): Reply<S, R> {
  const made = new Step();
  made.kind = STOP_REPLY;
  made.reason = reason;
  made.value = value;
  made.state = state;
  return made as unknown as Reply<S, R>;
}

/** For `init`: a state with a timeout or a continuation. */
export function initOk<S>(state: S, options: StepOptions): Init<S> {
  const made = new Step();
  made.kind = NOREPLY;
  made.state = state;
  made.options = options;
  return made as unknown as Init<S>;
}

/** For `init`: no process is needed; it ends 'normal' and `start` rejects with StartIgnored (rule R-32). */
export function ignore(): Init<never> {
  const made = new Step();
  made.kind = IGNORE;
  return made as unknown as Init<never>;
}

/** For `init`: the process cannot start; `start` rejects with a StartError of this reason (rule R-31). */
export function initStop(reason: ExitReason): Init<never> {
  const made = new Step();
  made.kind = STOP;
  made.reason = reason;
  return made as unknown as Init<never>;
}
