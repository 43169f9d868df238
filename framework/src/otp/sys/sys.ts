/**
 * sys: looking into a server and steering it while it runs. OTP's sys.
 *
 * System messages are served between two messages, also while a server is suspended: then everything else queues, calls
 * time out, and `resume` drains in order (rule R-53). `changeCode` needs a suspended server and leaves its old state if
 * it fails. For operators and tests, not for programs. A server of another node is
 * asked as one of this one, but for functions: those are no data.
 *
 * @example
 *   await suspend(account);
 *   await changeCode(account, { to: accountV2, oldVersion: 1 });
 *   await resume(account);
 */
import { DEFAULT_CALL_TIMEOUT } from '../gen-server/call.ts';
import type { GenServer } from '../gen-server/gen-server.ts';
import type { Behaviour } from '../process/behaviour.ts';
import { resolveTarget, type Target } from '../process/target.ts';
import type { DebugFunction, Statistics } from '../reports/sys-debug.ts';
import { BadArgument, badTimeout, CallError, isTimeout, ProcessEnded } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import { From } from '../runtime/from.ts';
import { currentProc, DEAD } from '../runtime/proc.ts';
import type { RemoteProc } from '../runtime/remote.ts';
import type { SysEvent } from '../runtime/status.ts';
import { serveSystem, type ServerStatus, type SysOperation } from './sys-operations.ts';

export { handleDebug, handleSystemMessage, isSystemMessage } from './special-process.ts';
export { SysError, type SysErrorCode, type ServerStatus } from './sys-operations.ts';

export interface SysOptions {
  /** Milliseconds until the request fails with `call_timeout`. Default 5,000. */
  readonly timeout?: number;
}

/** Asks a server to carry out an operation as a system message, and waits for what it gives. */
function ask<T>(
  target: Target,
  name: SysOperation,
  options: SysOptions,
  ...parameters: readonly unknown[]
): Promise<T> {
  const caller = currentProc();
  if (caller?.status === DEAD) return Promise.reject(new ProcessEnded(caller.pid));
  const server = resolveTarget(target);
  const text = `sys.${name}(${String(target)})`;
  if (!server) return Promise.reject(new CallError('call_noproc', text, 'noproc'));
  if (server === caller) return Promise.reject(new CallError('call_self', text, 'callingSelf'));
  const { timeout = DEFAULT_CALL_TIMEOUT } = options;
  if (!isTimeout(timeout)) return Promise.reject(badTimeout(text, timeout));
  return new Promise<T>((resolve, reject) => {
    const from = new From<T>(server, caller, `sys.${name}`, timeout, resolve, reject);
    if (server.remote) server.remote.system((server as RemoteProc).address, name, parameters, from as From);
    else serveSystem(server, name, parameters, from as From);
  });
}

/** From now on the server serves nothing but system messages. Doing it twice changes nothing. */
export function suspend(target: Target, options: SysOptions = {}): Promise<void> {
  return ask(target, 'suspend', options);
}

/** Lets a suspended server go on with what has queued. */
export function resume(target: Target, options: SysOptions = {}): Promise<void> {
  return ask(target, 'resume', options);
}

export function getState<S>(target: Target<GenServer<never, S>>, options: SysOptions = {}): Promise<S> {
  return ask(target, 'getState', options);
}

/**
 * Replaces the state by what `replace` makes of it, and returns it.
 * @throws SysError `callback_failed` when `replace` throws; the state stays (rule R-55)
 */
export function replaceState<S>(
  target: Target<GenServer<never, S>>,
  replace: (state: S) => S,
  options: SysOptions = {},
): Promise<S> {
  return ask(target, 'replaceState', options, replace);
}

export function getStatus(target: Target, options: SysOptions = {}): Promise<ServerStatus> {
  return ask(target, 'getStatus', options);
}

/** Counts messages in and replies out from now on, or no more. 'get' gives the counts, undefined while none are kept. */
export function statistics(
  target: Target,
  what: boolean | 'get',
  options: SysOptions = {},
): Promise<Statistics | undefined> {
  return ask(target, 'statistics', options, what);
}

/**
 * Keeps the last events: true for 10, or how many; false for none. 'get' gives them, oldest first; 'print' writes them to
 * standard output as well.
 *
 * @throws BadArgument `invalid_log_length`
 */
export function log(
  target: Target,
  what: boolean | number | 'get' | 'print',
  options: SysOptions = {},
): Promise<readonly SysEvent[]> {
  if (typeof what === 'number' && !(Number.isInteger(what) && what >= 0))
    return Promise.reject(
      new BadArgument('invalid_log_length', `the log is to keep ${what} events`, 'Give a whole number from 0 up.'),
    );
  return ask(target, 'log', options, what);
}

/** Prints every event to standard output, or no more. */
export function trace(target: Target, on: boolean, options: SysOptions = {}): Promise<void> {
  return ask(target, 'trace', options, on);
}

/** Appends every event to a file, one a line; false stops it. */
export function logToFile(target: Target, file: string | false, options: SysOptions = {}): Promise<void> {
  return ask(target, 'logToFile', options, file);
}

export interface InstallOptions<V> extends SysOptions {
  /** What the function gets first. */
  readonly value?: V;
  /** Under which it can be removed; default the function itself, which then can be installed once only. */
  readonly id?: unknown;
}

/** Runs `run` at every event of the server. @throws SysError `already_installed` */
export function install<V = undefined>(
  target: Target,
  run: DebugFunction<V>,
  options: InstallOptions<V> = {},
): Promise<void> {
  return ask(target, 'install', options, run, options.value, options.id ?? run);
}

/** Takes out what was installed, by its id or by the function. */
export function remove(target: Target, id: unknown, options: SysOptions = {}): Promise<void> {
  return ask(target, 'remove', options, id);
}

/** Switches off everything: statistics, log, trace, file and installed functions. */
export function noDebug(target: Target, options: SysOptions = {}): Promise<void> {
  return ask(target, 'noDebug', options);
}

export interface CodeChange extends SysOptions {
  /** The new definition; default the one that runs. Its `codeChange` makes the new state. */
  readonly to?: Behaviour;
  /** What `codeChange` is told of the old code. */
  readonly oldVersion?: unknown;
  readonly extra?: unknown;
}

/**
 * Swaps a suspended server's code and state (rule R-52). A supervisor asks for its children anew: running ones get their
 * new spec, new ones are not started, and what the new list lacks is kept; its flags are the new definition's.
 *
 * @throws SysError `not_suspended`; `code_change_failed` when `codeChange` is missing or throws (see `cause`): the old code and state stay, the server lives
 */
export function changeCode(target: Target, change: CodeChange = {}): Promise<void> {
  return ask(target, 'changeCode', change, change.to, change.oldVersion, change.extra);
}

/** Ends the server with `reason`, through its `terminate`. Resolves when the order has reached it. */
export function terminate(target: Target, reason: ExitReason, options: SysOptions = {}): Promise<void> {
  return ask(target, 'terminate', options, reason);
}
