/**
 * The application controller: starts and stops applications, in the order that they need, and does what an
 * application's end means for the others. OTP's application_controller and application_master.
 *
 * Invariants
 * - Above each tree stands a master, a process of nobody: who started the application may end, the application stays.
 * - `prepStop`, the end of the tree and `stop` come in this order; what the two throw is reported and stops nothing.
 * - An application stopped by `stop` or `stopAll` ends no other, whatever its type.
 *
 * @example
 *   await app.ensureAllStarted(bank, { type: 'permanent' });
 *   await app.stopAll(); // bank, then what it needed
 */
import { channel } from 'node:diagnostics_channel';
import { genServer } from '../gen-server/gen-server.ts';
import { type Init, initStop, noreply, stop as stopStep } from '../gen-server/step.ts';
import { stopServer } from '../gen-server/stop-server.ts';
import { start as startServer } from '../process/start.ts';
import { publishReport } from '../reports/channels.ts';
import { BadArgument, CallError, StartError } from '../runtime/errors.ts';
import { crashOf, describeReason, type ExitReason } from '../runtime/exit-reason.ts';
import { addLink, addMonitor, isExit } from '../runtime/monitor.ts';
import { Pid } from '../runtime/pid.ts';
import { currentProc, procOf } from '../runtime/proc.ts';
import { runAsNobody } from '../runtime/scheduler.ts';
import { stopChildProcess } from '../supervisor/child-process.ts';
import type { NormalSpec } from '../supervisor/child-spec.ts';
import {
  type Application,
  type ApplicationDefinition,
  ApplicationError,
  type StartedApplication,
  type StartType,
} from './application.ts';
import { type Entry, entryOf, load as loadEntry, loaded, type Running } from './loaded-applications.ts';

/** Published on `genroom:application`. */
export type ApplicationReport =
  | { readonly event: 'started'; readonly application: string; readonly type: StartType }
  | {
      readonly event: 'exited';
      readonly application: string;
      readonly type: StartType;
      readonly reason: ExitReason;
      /** Whether all other applications and the node end by it. */
      readonly halts: boolean;
    }
  | {
      readonly event: 'callbackFailed';
      readonly application: string;
      readonly callback: 'prepStop' | 'stop';
      readonly error: Error;
    };

const reports = channel('genroom:application');
const report = (what: ApplicationReport): void => publishReport(reports, what);

/** The running ones in start order. */
let order: Entry[] = [];

interface Master {
  readonly definition: ApplicationDefinition<unknown, unknown>;
  readonly top: Pid;
  readonly state: unknown;
  ended: boolean;
}

const master = genServer({
  name: 'application',
  trapExit: true,
  init: async (definition: ApplicationDefinition<unknown, unknown>): Promise<Master | Init<Master>> => {
    currentProc()!.label = definition.name;
    const started: unknown = await definition.start!();
    const { pid, state } = started instanceof Pid ? { pid: started } : (Object(started) as StartedApplication<unknown>);
    if (!(pid instanceof Pid)) return initStop({ kind: 'badReturn', value: started });
    const top = procOf(pid);
    if (!top) return initStop('noproc');
    addLink(currentProc()!, top);
    return { definition, top: pid, state, ended: false };
  },
  info: (state, message) => {
    if (!isExit(message) || message.from !== state.top) return noreply(state);
    return stopStep(message.reason, { ...state, ended: true });
  },
  terminate: async (_reason, { definition, top, state, ended }) => {
    let last = state;
    if (!ended) {
      last = (await attempt(definition.name, 'prepStop', () => definition.prepStop?.(state))) ?? state;
      await stopChildProcess(currentProc()!, top, topSpec(definition.name));
    }
    await attempt(definition.name, 'stop', () => definition.stop?.(last));
  },
  formatStatus: ({ state }) => ({ state: { top: state.top } as Master }),
});

/** The top supervisor has all the time it needs. */
function topSpec(id: string): NormalSpec {
  return { id, restart: 'temporary', shutdown: Infinity, type: 'supervisor', significant: false };
}

async function attempt(application: string, callback: 'prepStop' | 'stop', run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    report({ event: 'callbackFailed', application, callback, error: crashOf(error).error });
    return undefined;
  }
}

export interface ApplicationOptions {
  /** Default 'temporary'. */
  readonly type?: StartType;
}

/**
 * Loads and starts an application; resolves when its tree stands.
 *
 * @throws ApplicationError `application_started`, `dependency_not_started`, `application_start_failed` (with the reason),
 *   `application_name_taken`; BadArgument `invalid_start_type`
 */
export async function start(application: Application, { type = 'temporary' }: ApplicationOptions = {}): Promise<void> {
  if (!TYPES.includes(type)) {
    throw new BadArgument(
      'invalid_start_type',
      `the application ${application.name} was to start as ${String(type)}`,
      `Use one of ${TYPES.join(', ')}.`,
    );
  }
  const entry = loadEntry(application);
  while (entry.starting) await entry.starting;
  if (entry.running) throw new ApplicationError('application_started', application.name, 'runs already');
  const missing = (application.definition.applications ?? []).find((needed) => !entryOf(needed)?.running);
  if (missing) {
    throw new ApplicationError(
      'dependency_not_started',
      missing.name,
      `does not run, and ${application.name} needs it`,
    );
  }
  // Whoever asked for it may end meanwhile; the application starts all the same.
  const starting = runAsNobody(() => begin(entry, type));
  entry.starting = starting.catch(() => undefined).finally(() => (entry.starting = undefined));
  await starting;
}

const TYPES: readonly unknown[] = ['permanent', 'transient', 'temporary'];

async function begin(entry: Entry, type: StartType): Promise<void> {
  const { name, definition } = entry.application;
  const pid = definition.start ? await startMaster(name, definition) : undefined;
  const running: Running = { type, pid, stopping: false };
  entry.running = running;
  order.push(entry);
  report({ event: 'started', application: name, type });
  if (pid) addMonitor((reason) => ended(entry, running, reason), procOf(pid), pid);
}

async function startMaster(name: string, definition: Master['definition']): Promise<Pid> {
  try {
    return await startServer(master, definition);
  } catch (error) {
    const reason = causeOf(error instanceof StartError ? error.reason : crashOf(error));
    throw new ApplicationError('application_start_failed', name, `could not start: ${describeReason(reason)}`, reason);
  }
}

/** Where its start waited for a supervisor that failed: why that one did. */
function causeOf(reason: ExitReason): ExitReason {
  const { error } = Object(reason) as { error?: unknown };
  return error instanceof StartError ? error.reason : reason;
}

function ended(entry: Entry, running: Running, reason: ExitReason): void {
  const { type, stopping } = running;
  entry.running = undefined;
  order = order.filter((other) => other !== entry);
  const halts = !stopping && (type === 'permanent' || (type === 'transient' && reason !== 'normal'));
  report({ event: 'exited', application: entry.application.name, type, reason, halts });
  if (halts) runAsNobody(() => void stopAll().finally(() => halt(entry.application, reason)));
}

type Halt = (application: Application, reason: ExitReason) => unknown;

/** Ends this thread: the whole server, or a worker node. */
const exitNode: Halt = ({ name }, reason) => {
  process.stderr.write(`genroom: the application ${name} has ended: ${describeReason(reason)}; so does this node\n`);
  process.exit(1);
};

let halt: Halt = exitNode;

/**
 * What happens when an application has ended that the node cannot do without, once all others are stopped. Default: a
 * line on stderr, and exit code 1; called without a function that again.
 */
export function onHalt(run: Halt = exitNode): void {
  halt = run;
}

/** Starts an application unless it runs. @throws as `start` */
export async function ensureStarted(application: Application, options?: ApplicationOptions): Promise<void> {
  try {
    await start(application, options);
  } catch (error) {
    if (!(error instanceof ApplicationError && error.code === 'application_started')) throw error;
  }
}

/**
 * Starts an application and, before it, all that it needs and that does not run. Returns those started, in that order.
 *
 * @throws as `start`; what was started by then is stopped again
 */
export async function ensureAllStarted(application: Application, options?: ApplicationOptions): Promise<Application[]> {
  const begun: Application[] = [];
  try {
    await startWithNeeded(application, options, begun);
    return begun;
  } catch (error) {
    for (const done of begun.toReversed()) await stop(done).catch(() => undefined);
    throw error;
  }
}

async function startWithNeeded(
  application: Application,
  options: ApplicationOptions | undefined,
  begun: Application[],
): Promise<void> {
  if (entryOf(application)?.running) return;
  for (const needed of application.definition.applications ?? []) await startWithNeeded(needed, options, begun);
  try {
    await start(application, options);
    begun.push(application);
  } catch (error) {
    // Somebody else was quicker.
    if (!(error instanceof ApplicationError && error.code === 'application_started')) throw error;
  }
}

/**
 * Stops an application: `prepStop`, its tree, `stop`; resolves when all that is done. It stays loaded, and those that
 * need it go on.
 *
 * @throws ApplicationError `application_not_started`
 */
export async function stop(application: Application): Promise<void> {
  const entry = entryOf(application);
  while (entry?.starting) await entry.starting;
  const running = entry?.running;
  if (!entry || !running) throw new ApplicationError('application_not_started', application.name, 'does not run');
  running.stopping = true;
  if (!running.pid) return ended(entry, running, 'normal');
  try {
    await stopServer(running.pid);
  } catch (error) {
    // Ended by itself meanwhile is as good.
    if (!(error instanceof CallError)) throw error;
  }
}

/** Stops every application, the last started first. For a graceful end of the program. */
export async function stopAll(): Promise<void> {
  for (let last = order.at(-1); last; last = order.at(-1)) await stop(last.application);
}

/** Makes an application known and its configuration readable, without starting it. */
export function load(application: Application): void {
  loadEntry(application);
}

export interface ApplicationInfo {
  readonly name: string;
  readonly description: string;
  /** '' where the definition gives none. */
  readonly version: string;
}

const infoOf = ({ application: { name, definition } }: Entry): ApplicationInfo => ({
  name,
  description: definition.description ?? '',
  version: definition.version ?? '',
});

/** The applications that are known, running or not. */
export function loadedApplications(): ApplicationInfo[] {
  return loaded().map(infoOf);
}

/** The applications that run, the last started first. */
export function startedApplications(): ApplicationInfo[] {
  return order.map(infoOf).toReversed();
}

export interface ApplicationSpec extends ApplicationInfo {
  /** The names of what must run before it. */
  readonly applications: readonly string[];
}

/** What is known of an application; undefined unless it is loaded. */
export function spec(application: Application): ApplicationSpec | undefined {
  const entry = entryOf(application);
  if (!entry) return undefined;
  return { ...infoOf(entry), applications: (application.definition.applications ?? []).map(({ name }) => name) };
}
