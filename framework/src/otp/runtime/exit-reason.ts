/**
 * Exit reasons: why a process ended.
 *
 * A reason is a string or an object, where OTP has any term. The ones with a meaning: 'normal', 'shutdown' and a `Shutdown` value are orderly
 * ends; 'kill' as a signal cannot be trapped and shows as 'killed'; a `Crash` is an uncaught throw (rule R-26); a
 * `BadReturn` is a handler that returned nothing it may return.
 *
 * @example
 *   if (isOrderly(down.reason)) return noreply(state);
 *   console.log(describeReason(down.reason)); // 'crash: TypeError: x is not a function'
 */
import { inspect } from 'node:util';
import { errorLine, errorText, isError, isReadable, shown } from '../../platform/error-text.ts';

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

/**
 * The reason of a process whose code threw `thrown`. A value that is no Error becomes the cause of one, and so does an
 * Error that cannot be read: whoever reports a crash may read its error.
 */
export function crashOf(thrown: unknown): Crash {
  if (!isError(thrown)) return { kind: 'crash', error: new NotAnError(thrown) };
  return { kind: 'crash', error: isReadable(thrown) ? thrown : readable(thrown) };
}

function readable(unreadable: Error): Error {
  const { name, message, stack } = errorText(unreadable);
  const error = new Error(message, { cause: unreadable });
  Object.defineProperty(error, 'name', { value: name });
  Object.defineProperty(error, 'stack', { value: stack ?? `${name}: ${message}` });
  return error;
}

/** Wraps what was thrown and is no Error, OTP's `{nocatch, Value}`. */
export class NotAnError extends Error {
  override readonly name = 'NotAnError';

  constructor(thrown: unknown) {
    super(`a value that is no Error was thrown: ${shown(thrown)}`, { cause: thrown });
  }
}

/** What sort of reason it is, where it is an object that says so. */
export function kindOf(reason: ExitReason): unknown {
  if (typeof reason !== 'object' || reason === null) return undefined;
  try {
    return (reason as { kind?: unknown }).kind;
  } catch {
    return undefined;
  }
}

export function isCrash(reason: ExitReason): reason is Crash {
  return kindOf(reason) === 'crash';
}

/**
 * 'normal', 'shutdown' or a Shutdown: no crash report is written and a transient child is not restarted. So is a call
 * that failed because its server shut down: OTP's `{shutdown, {GenServer, call, Args}}` has the form of a Shutdown.
 */
export function isOrderly(reason: ExitReason): boolean {
  if (reason === 'normal' || reason === 'shutdown') return true;
  const kind = kindOf(reason);
  return kind === 'shutdown' || (kind === 'callFailed' && (reason as CallFailed).reason === 'shutdown');
}

/** The error of a crash, or behind a failed start or call. */
export function errorOf(reason: ExitReason): unknown {
  try {
    return typeof reason === 'object' && reason !== null && 'error' in reason ? reason['error'] : undefined;
  } catch {
    return undefined;
  }
}

/** A reason on one line, for logs and error messages. Any value may be one: this never throws. */
export function describeReason(reason: ExitReason): string {
  try {
    return textOf(reason);
  } catch {
    return 'a reason that cannot be shown';
  }
}

function textOf(reason: ExitReason): string {
  if (typeof reason === 'string') return reason;
  switch (kindOf(reason)) {
    case 'shutdown':
      return `shutdown: ${brief((reason as Shutdown).value)}`;
    case 'crash':
      return `crash: ${errorLine((reason as Crash).error)}`;
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

/** How a task ended: with a value, or by an exit. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: ExitReason };
