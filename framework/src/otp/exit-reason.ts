/**
 * Exit reasons: why a process ended.
 *
 * As in OTP a reason is any value. The ones with a meaning: 'normal', 'shutdown' and a `Shutdown` value are orderly
 * ends; 'kill' as a signal cannot be trapped and shows as 'killed'; a `Crash` is an uncaught throw (rule R-26); a
 * `BadReturn` is a handler that returned nothing it may return.
 *
 * @example
 *   if (isOrderly(down.reason)) return noreply(state);
 *   console.log(describeReason(down.reason)); // 'crash: TypeError: x is not a function'
 */
import { inspect } from 'node:util';

/** An orderly end that carries a value, OTP's `{shutdown, Value}`. */
export interface Shutdown {
  readonly kind: 'shutdown';
  readonly value: unknown;
}

/** An uncaught throw or rejection, OTP's `{Exception, Stack}`. What was thrown and is no Error is the Error's cause. */
export interface Crash {
  readonly kind: 'crash';
  readonly error: Error;
}

/** A handler returned a value that no builder made, OTP's `{bad_return_value, Value}`. */
export interface BadReturn {
  readonly kind: 'badReturn';
  readonly value: unknown;
}

/** A call failed and nobody caught it, OTP's `{Reason, {GenServer, call, Args}}`. */
export interface CallFailed {
  readonly kind: 'callFailed';
  readonly reason: ExitReason;
  /** The call as text, for instance `call(<main.7>, 'balance')`. */
  readonly call: string;
}

export type ExitReason =
  | 'normal'
  | 'shutdown'
  | 'kill'
  | 'killed'
  | 'noproc'
  | 'timeout'
  | (string & {})
  | Shutdown
  | Crash
  | BadReturn
  | CallFailed
  | Readonly<Record<string, unknown>>;

/** `{shutdown, value}`: ends in good order and says why. A transient child that ends so is not restarted. */
export function shutdown(value: unknown): Shutdown {
  return { kind: 'shutdown', value };
}

/** The reason of a process whose code threw `thrown`. A value that is no Error becomes the cause of one. */
export function crashOf(thrown: unknown): Crash {
  return { kind: 'crash', error: thrown instanceof Error ? thrown : new NotAnError(thrown) };
}

/** Wraps what was thrown and is no Error, OTP's `{nocatch, Value}`. */
export class NotAnError extends Error {
  override readonly name = 'NotAnError';

  constructor(thrown: unknown) {
    super(`a value that is no Error was thrown: ${inspect(thrown, { depth: 2, breakLength: Infinity })}`, {
      cause: thrown,
    });
  }
}

function kindOf(reason: ExitReason): unknown {
  return typeof reason === 'object' && reason !== null ? (reason as { kind?: unknown }).kind : undefined;
}

export function isCrash(reason: ExitReason): reason is Crash {
  return kindOf(reason) === 'crash';
}

/** 'normal', 'shutdown' or a Shutdown: no crash report is written and a transient child is not restarted. */
export function isOrderly(reason: ExitReason): boolean {
  return reason === 'normal' || reason === 'shutdown' || kindOf(reason) === 'shutdown';
}

/** A reason on one line, for logs and error messages. */
export function describeReason(reason: ExitReason): string {
  if (typeof reason === 'string') return reason;
  switch (kindOf(reason)) {
    case 'shutdown':
      return `shutdown: ${brief((reason as Shutdown).value)}`;
    case 'crash': {
      const { error } = reason as Crash;
      return `crash: ${error.name}: ${error.message}`;
    }
    case 'badReturn':
      return `bad return value: ${brief((reason as BadReturn).value)}`;
    case 'callFailed':
      return `${(reason as CallFailed).call} failed: ${describeReason((reason as CallFailed).reason)}`;
    default:
      return brief(reason);
  }
}

function brief(value: unknown): string {
  return inspect(value, { depth: 3, breakLength: Infinity, maxStringLength: 200, maxArrayLength: 20 });
}
