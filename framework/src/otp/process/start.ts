/**
 * Starting: `start` and `startLink` wait until init has ended (rules ).
 *
 * Invariants
 * - The name is registered before init runs; where it is taken, init does not run and no link is made.
 * - A failed start leaves no name, no link and no process. Linked, the failure also reaches a starter that does not trap
 *   exits, as in OTP, unless init returned `initError`.
 * - A synchronous init runs at once, inside the starter's slice.
 */
import { inspect } from 'node:util';
import { publishStart } from '../reports/channels.ts';
import { currentClock } from '../runtime/clock.ts';
import {
  BadArgument,
  badTimeout,
  isTimeout,
  NoProcess,
  ProcessEnded,
  StartError,
  StartIgnored,
} from '../runtime/errors.ts';
import { crashOf, type ExitReason } from '../runtime/exit-reason.ts';
import {
  addLink,
  addMonitor,
  flushMessage,
  isExit,
  type Monitor,
  type MonitorOptions,
  removeLink,
  removeMonitor,
} from '../runtime/monitor.ts';
import type { Pid } from '../runtime/pid.ts';
import { currentProc, DEAD, HELD, IDLE, living, type Proc } from '../runtime/proc.ts';
import { inOwnContext, runAs } from '../runtime/scheduler.ts';
import { type Behaviour, type BehaviourProc, type InitFailure, MAKE } from './behaviour.ts';
import { endProcess } from './exit-signals.ts';
import { requireProc } from './spawn.ts';
import { type NameFor, type Ref, ViaName } from './target.ts';

export interface StartOptions<B extends Behaviour = Behaviour> {
  /** A name to register before init runs; made by `via`, in a registry of such processes. */
  readonly name?: NameFor<B> | undefined;
  /** Milliseconds init may take; then the process is killed and the start fails with 'timeout'. Default Infinity. */
  readonly timeout?: number | undefined;
}

type ArgumentOf<B> = B extends Behaviour<infer A> ? A : never;
/** `undefined` and `void` arguments may be left out, and that of a definition that takes none. */
export type StartArguments<B extends Behaviour> = [ArgumentOf<B>] extends [never]
  ? [arg?: unknown, options?: StartOptions<B>]
  : undefined extends ArgumentOf<B>
    ? [arg?: ArgumentOf<B>, options?: StartOptions<B>]
    : unknown extends ArgumentOf<B>
      ? [arg?: unknown, options?: StartOptions<B>]
      : [arg: ArgumentOf<B>, options?: StartOptions<B>];

/**
 * Starts a process of a definition, unlinked, and waits for its init.
 *
 * @throws StartError when init failed, took too long, or the name is taken; StartIgnored when it returned `ignore()`
 */
export function start<B extends Behaviour>(behaviour: B, ...rest: StartArguments<B>): Promise<Ref<B>> {
  return begin(behaviour, rest[0], rest[1], false);
}

/** As `start`, linked to the running process. @throws NoProcess outside of one */
export function startLink<B extends Behaviour>(behaviour: B, ...rest: StartArguments<B>): Promise<Ref<B>> {
  return begin(behaviour, rest[0], rest[1], true);
}

export interface StartMonitorOptions<T = 'DOWN', B extends Behaviour = Behaviour>
  extends StartOptions<B>, MonitorOptions<T> {
  /** Links it to the running process too. Default false. */
  readonly link?: boolean;
}

/**
 * As `start`, monitored by the running process from before its init. A start that fails gives its DOWN too; the error's
 * `monitor` is the reference. OTP's proc_lib:start_monitor.
 *
 * @throws NoProcess outside of a process; StartError and StartIgnored as `start`
 */
export async function startMonitor<B extends Behaviour, T = 'DOWN'>(
  behaviour: B,
  arg: ArgumentOf<B>,
  options: StartMonitorOptions<T, NoInfer<B>> = {},
): Promise<{ pid: Ref<B>; ref: Monitor<T> }> {
  const { link = false, alias, tag, ...rest } = options;
  const me = requireProc('startMonitor');
  let ref: Monitor<T> | undefined;
  const watch = (proc: Proc): void => {
    ref = addMonitor(me, proc, proc.pid, { alias, tag });
  };
  try {
    const pid = await started(startProc(behaviour, arg, checked(rest), link, watch));
    return { pid, ref: ref! };
  } catch (error) {
    if (error instanceof StartError || error instanceof StartIgnored) error.monitor = ref;
    throw error;
  }
}

/** The options of a start of whatever definition. */
export type AnyStartOptions = StartOptions<never>;

const NO_OPTIONS: AnyStartOptions = {};

/** Options of a start; one that watches has a function of its own (row PLIB-12). @throws BadArgument `bad_start_option` */
function checked(options: AnyStartOptions | undefined): AnyStartOptions {
  if (options === undefined) return NO_OPTIONS;
  if ('monitor' in options)
    throw new BadArgument('bad_start_option', 'monitor is no option of a start', 'Use startMonitor.');
  return options;
}

function begin(
  behaviour: Behaviour,
  arg: unknown,
  options: AnyStartOptions | undefined,
  linked: boolean,
): Promise<Pid> {
  try {
    return started(startProc(behaviour, arg, checked(options), linked));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** How a start ended; `StartOutcome` when it ended at once. */
export type StartOutcome = { readonly pid: Pid } | { readonly error: StartError | StartIgnored };

/** What the starter awaits; it never settles for one that has ended by then. */
function started(outcome: StartOutcome | Promise<StartOutcome>): Promise<Pid> {
  if (outcome instanceof Promise) return outcome.then(started);
  if (currentProc()?.status === DEAD) return new Promise(() => {});
  return 'pid' in outcome ? Promise.resolve(outcome.pid) : Promise.reject(outcome.error);
}

function makeProc(behaviour: Behaviour, parent: Proc | undefined): BehaviourProc {
  return behaviour[MAKE](parent);
}

/** Starts a process; synchronously when its init is. */
export function startProc(
  behaviour: Behaviour,
  arg: unknown,
  options: AnyStartOptions,
  linked: boolean,
  watch?: (proc: Proc) => void,
): StartOutcome | Promise<StartOutcome> {
  const parent = currentProc();
  if (parent?.status === DEAD) throw new ProcessEnded(parent.pid);
  if (linked && !parent) {
    throw new NoProcess(
      `startLink of ${behaviour.name} outside of a process`,
      'Use start there, or put it under a supervisor.',
    );
  }
  const { timeout = Infinity } = options;
  if (!isTimeout(timeout)) throw badTimeout(`start of ${behaviour.name}`, timeout);
  const proc = inOwnContext(makeProc, behaviour, parent);
  living.add(proc);
  publishStart(proc);
  watch?.(proc);
  // Who hears of a start may end either of the two.
  if (linked && parent!.status === DEAD) endProcess(proc, parent!.exitReason!);
  if (proc.status === DEAD) return { error: new StartError(behaviour.name, proc.exitReason!) };
  const refused = options.name && claimName(behaviour, proc, options.name);
  if (refused) return refused;
  if (linked) {
    proc.boundTo = parent!.pid;
    addLink(parent!, proc);
  }
  const failure = nested < MOST_NESTED ? beginNow(proc, arg) : beginLater(proc, arg);
  if (failure === undefined) return { pid: proc.pid };
  if (!(failure instanceof Promise)) return outcomeOf(behaviour, proc, parent, linked, failure);
  return startedLater(failure, behaviour, proc, parent, linked, timeout);
}

/** Inits that run inside each other: a child's in its supervisor's, and so on. Deeper ones get a stack of their own. */
const MOST_NESTED = 100;
let nested = 0;

function beginNow(proc: BehaviourProc, arg: unknown): ReturnType<BehaviourProc['begin']> {
  nested++;
  try {
    return runAs(proc, proc.begin, arg);
  } finally {
    nested--;
  }
}

function beginLater(proc: BehaviourProc, arg: unknown): Promise<InitFailure | undefined> {
  proc.status = HELD;
  return Promise.resolve().then(() => {
    if (proc.status !== HELD) return { ignored: false, reason: proc.exitReason! };
    proc.status = IDLE;
    return beginNow(proc, arg);
  });
}

/** The outcome of a start whose init waits. */
function startedLater(
  begun: Promise<InitFailure | undefined>,
  behaviour: Behaviour,
  proc: BehaviourProc,
  parent: Proc | undefined,
  linked: boolean,
  timeout: number,
): StartOutcome | Promise<StartOutcome> {
  if (proc.status === DEAD)
    return outcomeOf(behaviour, proc, parent, linked, { ignored: false, reason: proc.exitReason! });
  return whenBegun(begun, proc, timeout, (end) => {
    if (end !== 'timeout') return outcomeOf(behaviour, proc, parent, linked, end);
    if (linked) removeLink(parent!, proc);
    endProcess(proc, 'killed');
    return { error: new StartError(behaviour.name, 'timeout') };
  });
}

/** Waits for an async init, its process's end or the timeout, whatever is first. */
function whenBegun(
  begun: Promise<InitFailure | undefined>,
  proc: BehaviourProc,
  timeout: number,
  outcome: (end: InitFailure | undefined | 'timeout') => StartOutcome,
): Promise<StartOutcome> {
  return new Promise((resolve) => {
    const clock = currentClock();
    const settle = (end: InitFailure | undefined | 'timeout'): void => {
      if (timer) clock.clearTimer(timer);
      removeMonitor(ended, proc, false);
      resolve(outcome(end));
    };
    const timer = timeout === Infinity ? undefined : clock.setTimer(timeout, () => settle('timeout'));
    // A process that is ended while its init waits has failed to start, though its promise may never settle.
    const ended = addMonitor((reason) => settle({ ignored: false, reason }), proc, proc.pid);
    void begun.then((failure) => {
      if (proc.status !== DEAD) settle(failure);
    });
  });
}

/** Registers the name. Returns why the start has failed, if it could not. */
function claimName(behaviour: Behaviour, proc: BehaviourProc, name: ViaName): StartOutcome | undefined {
  let holder: Pid | undefined;
  try {
    if (!(name instanceof ViaName))
      throw new BadArgument('bad_name', `${inspect(name)} is no name`, 'Use one made by via(registry, key).');
    holder = name.claim(proc);
  } catch (error) {
    endProcess(proc, 'normal');
    return { error: new StartError(behaviour.name, crashOf(error)) };
  }
  if (!holder) return undefined;
  endProcess(proc, 'normal');
  return { error: new StartError(behaviour.name, { alreadyStarted: holder }, holder) };
}

function outcomeOf(
  behaviour: Behaviour,
  proc: BehaviourProc,
  parent: Proc | undefined,
  linked: boolean,
  failure: InitFailure | undefined,
): StartOutcome {
  if (!failure) return { pid: proc.pid };
  if (failure.ignored || failure.orderly) {
    if (linked) removeLink(parent!, proc);
    endProcess(proc, 'normal');
    return {
      error: failure.ignored ? new StartIgnored(behaviour.name) : new StartError(behaviour.name, failure.reason),
    };
  }
  return failStart(behaviour, proc, parent, linked, failure.reason);
}

function failStart(
  behaviour: Behaviour,
  proc: Proc,
  parent: Proc | undefined,
  linked: boolean,
  reason: ExitReason,
): StartOutcome {
  // A starter that traps exits learns of it from the error alone (OTP 26 and later, rule R-31).
  if (linked && parent!.trapExit) removeLink(parent!, proc);
  endProcess(proc, reason);
  // Its EXIT is there already when it ended by itself while its init waited.
  if (linked && parent!.trapExit) flushMessage(parent!, (m) => isExit(m) && m.from === proc.pid);
  return { error: new StartError(behaviour.name, reason) };
}
