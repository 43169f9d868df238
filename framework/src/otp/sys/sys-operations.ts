/**
 * What a system message can ask of a server, by name: so it can come from another node as well. See sys.ts for what each
 * does; the parameters are those of the function there.
 */
import { appendFileSync } from 'node:fs';
import { GenroomError } from '../../platform/errors.ts';
import { GenServerProc } from '../gen-server/gen-server-process.ts';
import { serverOf } from '../gen-server/gen-server.ts';
import type { Behaviour } from '../process/behaviour.ts';
import { infoOf } from '../reports/process-info.ts';
import { Debug, type DebugFunction, LOG_LENGTH, type Statistics } from '../reports/sys-debug.ts';
import { currentClock } from '../runtime/clock.ts';
import { BadArgument } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import type { From } from '../runtime/from.ts';
import { SYSTEM } from '../runtime/mailbox.ts';
import type { Pid } from '../runtime/pid.ts';
import type { Proc } from '../runtime/proc.ts';
import type { SysEvent } from '../runtime/status.ts';

export type SysErrorCode =
  | 'not_suspended'
  | 'code_change_failed'
  | 'callback_failed'
  | 'already_installed'
  | 'log_file_failed';

const REMEDIES: Record<SysErrorCode, string> = {
  not_suspended: 'Call suspend first, and resume afterwards.',
  code_change_failed: 'Mend codeChange; the server still runs its old code on its old state.',
  callback_failed: 'Mend the function; the state is as it was.',
  already_installed: 'Remove it first, or install it under an id of its own.',
  log_file_failed: 'Name a file in a directory that is there and may be written to.',
};

/** A server could not do what sys asked; it goes on as before. */
export class SysError extends GenroomError {
  constructor(code: SysErrorCode, message: string, details: { cause?: unknown } = {}) {
    super(code, message, { cause: details.cause, remedy: REMEDIES[code] });
  }
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

/** Changes what is switched on at the server, and drops the object once nothing is. */
function debugging<T>(server: GenServerProc, change: (debug: Debug) => T): T {
  const debug = (server.debug ??= new Debug());
  const result = change(debug);
  if (debug.idle) server.debug = undefined;
  return result;
}

/** Runs what may throw, for the requester to hear of. */
function safely<T>(server: GenServerProc, name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new SysError('callback_failed', `the function that ${name} runs at ${server.pid} threw`, { cause: error });
  }
}

/** The requester hears of a file that cannot be written to, as `{error, open_file}` in OTP; the server has no part in it. */
function checkWritable(server: GenServerProc, file: string): void {
  try {
    appendFileSync(file, '');
  } catch (error) {
    throw new SysError('log_file_failed', `the events of ${server.pid} cannot be written to ${file}`, { cause: error });
  }
}

const operations = {
  suspend(server: GenServerProc): void {
    server.suspended = true;
  },

  resume(server: GenServerProc): void {
    server.suspended = false;
  },

  getState: (server: GenServerProc): unknown => safely(server, 'getState', () => server.systemState()),

  replaceState: (server: GenServerProc, replace: (state: unknown) => unknown): unknown =>
    safely(server, 'replaceState', () => server.replaceSystemState(replace)),

  getStatus(server: GenServerProc): ServerStatus {
    const info = infoOf(server);
    const { state, log } = server.describe({});
    return {
      pid: server.pid,
      behaviour: server.behaviour,
      label: server.label,
      names: info.names,
      parent: server.parent,
      status: server.suspended ? 'suspended' : 'running',
      state,
      queued: info.messageQueueLength,
      log,
    };
  },

  statistics: (server: GenServerProc, what: boolean | 'get'): Statistics | undefined =>
    debugging(server, (debug) => {
      if (what === 'get') return debug.statistics;
      debug.counts = what ? { since: currentClock().wall(), in: 0, out: 0 } : undefined;
      return debug.statistics;
    }),

  log: (server: GenServerProc, what: boolean | number | 'get' | 'print'): readonly SysEvent[] =>
    debugging(server, (debug) => {
      if (what === 'print') debug.printLog(`${server.behaviour} ${server.pid}`);
      if (what === 'get' || what === 'print') return [...(debug.log ?? [])];
      debug.logLength = typeof what === 'number' ? what : LOG_LENGTH;
      const { log = [], logLength } = debug;
      debug.log = what === false ? undefined : log.slice(Math.max(0, log.length - logLength));
      return [...(debug.log ?? [])];
    }),

  trace: (server: GenServerProc, on: boolean): void =>
    debugging(server, (debug) => {
      debug.trace = on;
    }),

  logToFile: (server: GenServerProc, file: string | false): void =>
    debugging(server, (debug) => {
      if (file !== false) checkWritable(server, file);
      debug.file = file === false ? undefined : file;
    }),

  install: (server: GenServerProc, run: DebugFunction, value: unknown, id: unknown): void =>
    debugging(server, (debug) => {
      if (debug.installed.some((other) => other.id === id)) {
        throw new SysError('already_installed', `a debug function with this id is installed at ${server.pid}`);
      }
      debug.installed = [...debug.installed, { id, run, value }];
    }),

  remove: (server: GenServerProc, id: unknown): void =>
    debugging(server, (debug) => {
      debug.installed = debug.installed.filter((other) => other.id !== id && other.run !== id);
    }),

  noDebug(server: GenServerProc): void {
    server.debug = undefined;
  },

  async changeCode(
    server: GenServerProc,
    to: Behaviour | undefined,
    oldVersion: unknown,
    extra: unknown,
  ): Promise<void> {
    if (!server.suspended) throw new SysError('not_suspended', `${server.pid} is not suspended`);
    const next = to ? serverOf(to) : server.server;
    if (next?.kind !== server.server.kind)
      throw new SysError('code_change_failed', `${server.behaviour} cannot become ${to!.name}`);
    const { codeChange } = next.definition;
    if (!codeChange) throw new SysError('code_change_failed', `${next.definition.name} has no codeChange`);
    let state: unknown;
    try {
      state = await codeChange(oldVersion, server.state, extra);
    } catch (error) {
      throw new SysError('code_change_failed', `codeChange of ${next.definition.name} threw`, { cause: error });
    }
    server.server = next;
    server.state = state;
  },

  terminate(server: GenServerProc, reason: ExitReason): void {
    server.deliver((proc: GenServerProc) => proc.stopWith(reason, undefined, undefined), undefined, SYSTEM);
  },
};

export type SysOperation = keyof typeof operations;

const byName = new Map<string, (server: GenServerProc, ...parameters: never[]) => unknown>(Object.entries(operations));

/** Lets a server of this node carry out an operation and answer the call. */
export function serveSystem(server: Proc, name: string, parameters: readonly unknown[], from: From): void {
  const operation = byName.get(name);
  if (!(server instanceof GenServerProc) || !operation) {
    return from.refuse(
      new BadArgument(
        'no_system_messages',
        `${server.behaviour} ${server.pid} serves no sys.${name}`,
        'Ask servers and supervisors only.',
      ),
    );
  }
  const serve = (): unknown => {
    try {
      const result = operation(server, ...(parameters as never[]));
      if (!(result instanceof Promise)) return from.answer(result);
      return result.then(
        (value) => from.answer(value),
        (error: unknown) => from.refuse(error as Error),
      );
    } catch (error) {
      return from.refuse(error as Error);
    }
  };
  server.deliver(serve, undefined, SYSTEM);
}
