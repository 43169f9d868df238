/**
 * sys: looking into a server and steering it while it runs. OTP's sys.
 *
 * System messages are served between two messages, also while a server is suspended: then everything else queues, calls
 * time out, and `resume` drains in order (rule R-53). `changeCode` needs a suspended server and leaves its old state if
 * it fails. For operators and tests, not for programs.
 *
 * @example
 *   await suspend(account);
 *   await changeCode(account, { to: accountV2, oldVersion: 1 });
 *   await resume(account);
 */
import { DEFAULT_CALL_TIMEOUT, From } from './call.ts';
import { currentClock } from './clock.ts';
import { setDeadline } from './deadlines.ts';
import { BadArgument, CallError, ProcessEnded } from './errors.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Behaviour } from './behaviour.ts';
import { type GenServer, serverOf } from './gen-server.ts';
import { GenServerProc } from './gen-server-process.ts';
import { SYSTEM } from './mailbox.ts';
import type { Pid } from './pid.ts';
import { currentProc, DEAD } from './proc.ts';
import { infoOf } from './process.ts';
import { Debug, type DebugFunction, LOG_LENGTH, type Statistics, type SysEvent } from './sys-debug.ts';
import { resolveTarget, type Target } from './target.ts';
import { GenroomError } from '../platform/errors.ts';

export interface SysOptions {
  /** Milliseconds until the request fails with `call_timeout`. Default 5,000. */
  readonly timeout?: number;
}

export type SysErrorCode = 'not_suspended' | 'code_change_failed' | 'callback_failed' | 'already_installed';

const REMEDIES: Record<SysErrorCode, string> = {
  not_suspended: 'Call suspend first, and resume afterwards.',
  code_change_failed: 'Mend codeChange; the server still runs its old code on its old state.',
  callback_failed: 'Mend the function; the state is as it was.',
  already_installed: 'Remove it first, or install it under an id of its own.',
};

/** A server could not do what sys asked; it goes on as before. */
export class SysError extends GenroomError {
  constructor(code: SysErrorCode, message: string, details: { cause?: unknown } = {}) {
    super(code, message, { cause: details.cause, remedy: REMEDIES[code] });
  }
}

/** Runs `work` at the server, as a system message, and waits for what it gives. */
function ask<T>(
  target: Target,
  name: string,
  options: SysOptions,
  work: (server: GenServerProc) => T | Promise<T>,
): Promise<T> {
  const caller = currentProc();
  if (caller?.status === DEAD) return Promise.reject(new ProcessEnded(caller.pid));
  const server = resolveTarget(target);
  const text = `sys.${name}(${String(target)})`;
  if (!server) return Promise.reject(new CallError('call_noproc', text, 'noproc'));
  if (server === caller) return Promise.reject(new CallError('call_self', text, 'callingSelf'));
  if (!(server instanceof GenServerProc)) {
    return Promise.reject(
      new BadArgument(
        'no_system_messages',
        `${server.behaviour} ${server.pid} serves no system messages`,
        'Ask servers and supervisors only.',
      ),
    );
  }
  return new Promise<T>((resolve, reject) => {
    const from = new From<T | Refused>(
      server,
      caller,
      `sys.${name}`,
      (answer) => (answer instanceof Refused ? reject(answer.error) : resolve(answer)),
      reject,
    );
    const { timeout = DEFAULT_CALL_TIMEOUT } = options;
    if (timeout !== Infinity) setDeadline(from, timeout);
    const serve = (): unknown => {
      try {
        const result = work(server);
        if (!(result instanceof Promise)) return from.answer(result);
        return result.then(
          (value) => from.answer(value),
          (error: unknown) => from.answer(new Refused(error as Error)),
        );
      } catch (error) {
        return from.answer(new Refused(error as Error));
      }
    };
    server.deliver(serve, undefined, SYSTEM);
  });
}

/** How an error of a system request travels; the server itself goes on. */
class Refused {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/** From now on the server serves nothing but system messages. Doing it twice changes nothing. */
export function suspend(target: Target, options: SysOptions = {}): Promise<void> {
  return ask(target, 'suspend', options, (server) => {
    server.suspended = true;
  });
}

/** Lets a suspended server go on with what has queued. */
export function resume(target: Target, options: SysOptions = {}): Promise<void> {
  return ask(target, 'resume', options, (server) => {
    server.suspended = false;
  });
}

export function getState<S>(target: Target<GenServer<never, S>>, options: SysOptions = {}): Promise<S> {
  return ask(target, 'getState', options, (server) => server.state as S);
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
  return ask(target, 'replaceState', options, (server) => {
    try {
      server.state = replace(server.state as S);
    } catch (error) {
      throw new SysError('callback_failed', `the function given to replaceState of ${server.pid} threw`, {
        cause: error,
      });
    }
    return server.state as S;
  });
}

export interface ServerStatus {
  readonly pid: Pid;
  readonly behaviour: string;
  readonly label: string | undefined;
  readonly names: readonly string[];
  readonly parent: Pid | undefined;
  readonly status: 'running' | 'suspended';
  /** State and log have passed through the definition's `formatStatus`. */
  readonly state: unknown;
  readonly queued: number;
  readonly log: readonly SysEvent[];
}

export function getStatus(target: Target, options: SysOptions = {}): Promise<ServerStatus> {
  return ask(target, 'getStatus', options, (server) => {
    const info = infoOf(server);
    const { state, log: events } = server.describe({});
    return {
      pid: server.pid,
      behaviour: server.behaviour,
      label: server.label,
      names: info.names,
      parent: server.parent,
      status: server.suspended ? 'suspended' : 'running',
      state,
      queued: info.messageQueueLength,
      log: events,
    };
  });
}

/** Changes what is switched on at the server, and drops the object once nothing is. */
function debugging<T>(server: GenServerProc, change: (debug: Debug) => T): T {
  const debug = (server.debug ??= new Debug());
  const result = change(debug);
  if (debug.idle) server.debug = undefined;
  return result;
}

/** Counts messages in and replies out from now on, or no more. 'get' gives the counts, undefined while none are kept. */
export function statistics(
  target: Target,
  what: boolean | 'get',
  options: SysOptions = {},
): Promise<Statistics | undefined> {
  return ask(target, 'statistics', options, (server) =>
    debugging(server, (debug) => {
      if (what === 'get') return debug.statistics;
      debug.counts = what ? { since: currentClock().wall(), in: 0, out: 0 } : undefined;
      return debug.statistics;
    }),
  );
}

/** Keeps the last events: true for 10, or how many; false for none. 'get' gives them, oldest first. */
export function log(
  target: Target,
  what: boolean | number | 'get',
  options: SysOptions = {},
): Promise<readonly SysEvent[]> {
  return ask(target, 'log', options, (server) =>
    debugging(server, (debug) => {
      if (what === 'get') return [...(debug.log ?? [])];
      debug.logLength = typeof what === 'number' ? what : LOG_LENGTH;
      debug.log = what === false ? undefined : (debug.log ?? []).slice(-debug.logLength);
      return [...(debug.log ?? [])];
    }),
  );
}

/** Prints every event to standard output, or no more. */
export function trace(target: Target, on: boolean, options: SysOptions = {}): Promise<void> {
  return ask(target, 'trace', options, (server) =>
    debugging(server, (debug) => {
      debug.trace = on;
    }),
  );
}

/** Appends every event to a file, one a line; false stops it. */
export function logToFile(target: Target, file: string | false, options: SysOptions = {}): Promise<void> {
  return ask(target, 'logToFile', options, (server) =>
    debugging(server, (debug) => {
      debug.file = file === false ? undefined : file;
    }),
  );
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
  const id = options.id ?? run;
  return ask(target, 'install', options, (server) =>
    debugging(server, (debug) => {
      if (debug.installed.some((other) => other.id === id)) {
        throw new SysError('already_installed', `a debug function with this id is installed at ${server.pid}`);
      }
      debug.installed = [...debug.installed, { id, run: run as DebugFunction, value: options.value }];
    }),
  );
}

/** Takes out what was installed, by its id or by the function. */
export function remove(target: Target, id: unknown, options: SysOptions = {}): Promise<void> {
  return ask(target, 'remove', options, (server) =>
    debugging(server, (debug) => {
      debug.installed = debug.installed.filter((other) => other.id !== id && other.run !== id);
    }),
  );
}

/** Switches off everything: statistics, log, trace, file and installed functions. */
export function noDebug(target: Target, options: SysOptions = {}): Promise<void> {
  return ask(target, 'noDebug', options, (server) => {
    server.debug = undefined;
  });
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
  return ask(target, 'changeCode', change, async (server) => {
    if (!server.suspended) throw new SysError('not_suspended', `${server.pid} is not suspended`);
    const next = change.to ? serverOf(change.to) : server.server;
    if (next?.kind !== server.server.kind)
      throw new SysError('code_change_failed', `${server.behaviour} cannot become ${change.to!.name}`);
    const { codeChange } = next.definition;
    if (!codeChange) throw new SysError('code_change_failed', `${next.definition.name} has no codeChange`);
    let state: unknown;
    try {
      state = await codeChange(change.oldVersion, server.state, change.extra);
    } catch (error) {
      throw new SysError('code_change_failed', `codeChange of ${next.definition.name} threw`, { cause: error });
    }
    server.server = next;
    server.state = state;
  });
}

/** Ends the server with `reason`, through its `terminate`. Resolves when the order has reached it. */
export function terminate(target: Target, reason: ExitReason, options: SysOptions = {}): Promise<void> {
  return ask(target, 'terminate', options, (server) => {
    server.deliver((proc: GenServerProc) => proc.stopWith(reason, undefined, undefined), undefined, SYSTEM);
  });
}
