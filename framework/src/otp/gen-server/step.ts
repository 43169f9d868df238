/**
 * Step: what a handler says comes next. Opaque, made only by the builders here, so that an impossible return cannot be
 * written; used once.
 *
 * @example
 *   withdraw: (state, cents: number) =>
 *     cents > state.cents ? reply(refused, state) : reply(ok, { ...state, cents: state.cents - cents }),
 */
import type { ExitReason } from '../runtime/exit-reason.ts';
import type { Runnable } from '../runtime/scheduler.ts';

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

/** Carried out, or never taken. */
export const USED = 0;
export const NOREPLY = 1;
export const REPLY = 2;
export const STOP = 3;
export const STOP_REPLY = 4;
export const IGNORE = 5;
/** The spare step while nobody has taken it. */
export const FREE = 6;
export const INIT_ERROR = 7;

export class Step {
  kind: number = USED;
  state: unknown = undefined;
  value: unknown = undefined;
  reason: ExitReason = 'normal';
  options: StepOptions | undefined = undefined;
  /** The only process that may return it; undefined for one that was never used again. */
  owner: Runnable | undefined = undefined;
}

/** What stands for the spare step where no handler may take it. */
const NONE = new Step();
let kept = freeStep();

/**
 * The spare step is used again and again, so that a message allocates none. It is free at the start of every handler that
 * a slice runs: what a handler has returned of it was taken for that very message. One that was taken and not returned
 * (the handler keeps it, or a promise holds it) stays its process's own, and another one becomes the spare: code that
 * keeps a step it has returned may hold the one that another process is just returning.
 */
const pool = { spare: NONE };
/** The pool, for the behaviours. (Within this module it is `pool`: what a module exports costs more to reach.) */
export const steps: { readonly spare: Step } = pool;

function freeStep(): Step {
  const step = new Step();
  step.kind = FREE;
  return step;
}

/** A slice begins: its handlers may take the spare step. */
export function openSteps(): void {
  pool.spare = kept;
}

/** A handler of `proc` has not returned the spare step: if it took it, it is that process's own. */
export function settleSteps(proc: Runnable): void {
  const { spare } = pool;
  if (spare.kind === FREE || spare === NONE) return;
  spare.owner = proc;
  kept = freeStep();
  pool.spare = kept;
}

/** The slice of `proc` is over. */
export function closeSteps(proc: Runnable): void {
  settleSteps(proc);
  pool.spare = NONE;
}

/** Another process's code runs within a slice: it takes no spare step. Returns what `reopenSteps` takes. */
export function shutSteps(): Step {
  const { spare } = pool;
  pool.spare = NONE;
  return spare;
}

export function reopenSteps(spare: Step): void {
  pool.spare = spare;
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
  used.kind = used === pool.spare ? FREE : USED;
  used.state = undefined;
  used.value = undefined;
}

/** Goes on with `state`; a call's reply is given later by `replyTo`. */
export function noreply<S>(state: S, options?: StepOptions): Next<S> {
  const { spare } = pool;
  const made = spare.kind === FREE && options === undefined ? spare : new Step();
  made.kind = NOREPLY;
  made.state = state;
  if (options !== undefined) made.options = options;
  return made as unknown as Next<S>;
}

/** Replies to the caller and goes on with `state`. */
export function reply<S, R>(value: R, state: S, options?: StepOptions): Reply<S, R> {
  const { spare } = pool;
  const made = spare.kind === FREE && options === undefined ? spare : new Step();
  made.kind = REPLY;
  made.state = state;
  made.value = value;
  if (options !== undefined) made.options = options;
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

/**
 * For `init`: as `initStop`, but the process ends 'normal': a linked starter learns of it from the StartError alone, and
 * no crash is reported (row EGS-61; OTP's `{error, Reason}`).
 */
export function initError(reason: ExitReason): Init<never> {
  const made = new Step();
  made.kind = INIT_ERROR;
  made.reason = reason;
  return made as unknown as Init<never>;
}
