/**
 * process: what code does as, and to, a process. Elixir's Process module, in camelCase.
 *
 * @example
 *   const ref = monitor(pid);
 *   exit(pid, 'shutdown');
 */
import { type ProcessInfo, infoOf } from '../reports/process-info.ts';
import { type Clock, currentClock, type TimerHandle } from '../runtime/clock.ts';
import { BadArgument, badTimeout, isTimeout, NoProcess, ProcessEnded, RemoteProcess } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import { INFO } from '../runtime/mailbox.ts';
import {
  addLink,
  addMonitor,
  flushMessage,
  isExit,
  Monitor,
  type MonitorOptions,
  noSuchProcess,
  removeLink,
  removeMonitor,
} from '../runtime/monitor.ts';
import { home, Pid } from '../runtime/pid.ts';
import { currentProc, DEAD, living, type OwnedTimer, type Proc, procOf } from '../runtime/proc.ts';
import { Alias } from './alias.ts';
import { sendExit } from './exit-signals.ts';
import { deliverExit } from './exit-signals.ts';
import { ownedTimer } from './owned-timer.ts';
import { requireProc } from './spawn.ts';
import { resolveTarget, type Target, targetError, ViaName } from './target.ts';
import { ExitThrow } from './thrown.ts';

/** The process that runs this code, also after an await. @throws NoProcess outside of one */
export function self(): Pid {
  return requireProc('self').pid;
}

/** The running process, if any. @throws ProcessEnded when it has ended: what it left behind can act no more */
function refuseEnded(): Proc | undefined {
  const proc = currentProc();
  if (proc?.status === DEAD) throw new ProcessEnded(proc.pid);
  return proc;
}

/**
 * Sends a plain message; a genServer gets it at `info`. Silent when the target is gone, or an alias withdrawn.
 *
 * @throws NoProcess when nothing has the name; BadArgument `bad_target`
 */
export function send(target: Target | Alias | Monitor, message: unknown): void {
  refuseEnded();
  if (target instanceof Alias || target instanceof Monitor) return target.deliver(message);
  if (target instanceof ViaName) {
    const proc = resolveTarget(target);
    if (!proc)
      throw new NoProcess(
        `nothing is registered as ${String(target)}`,
        'Check with whereis first, or use cast, which is silent (rule R-02).',
      );
    proc.deliver(message, undefined, INFO);
    return;
  }
  const proc = procOf(target);
  if (proc !== undefined) proc.deliver(message, undefined, INFO);
  else if (!(target instanceof Pid)) throw targetError(target, undefined);
}

/** A timer made by `sendAfter`. */
export class TimerRef implements OwnedTimer {
  readonly #clock: Clock;
  readonly #due: number;
  /** Whose end cancels it. */
  readonly #owner: Proc | undefined;
  #handle: TimerHandle | undefined;

  constructor(owner: Proc | undefined, milliseconds: number, fire: () => void) {
    this.#clock = currentClock();
    this.#due = this.#clock.now() + milliseconds;
    this.#owner = owner;
    if (owner) (owner.timers ??= new Set()).add(this);
    this.#handle = this.#clock.setTimer(milliseconds, () => {
      this.#handle = undefined;
      owner?.timers?.delete(this);
      fire();
    });
  }

  /** Remaining milliseconds, or false once it has fired or was cancelled. */
  get remaining(): number | false {
    return this.#handle ? Math.max(0, Math.ceil(this.#due - this.#clock.now())) : false;
  }

  cancel(): void {
    if (this.#handle) this.#clock.clearTimer(this.#handle);
    this.#handle = undefined;
    this.#owner?.timers?.delete(this);
  }
}

export interface SendAfterOptions {
  /** The time is not how long from now but when, by `currentClock().now()`. Default false. */
  readonly abs?: boolean;
}

/**
 * Sends `message` in `time` milliseconds. A timer to a pid ends with that process; a timer to a name finds who has the
 * name when it fires.
 *
 * @throws BadArgument `invalid_timeout` for a time below 0; one of `abs` may be over already
 */
export function sendAfter(target: Target, message: unknown, time: number, options: SendAfterOptions = {}): TimerRef {
  refuseEnded();
  const milliseconds = options.abs ? Math.max(0, time - currentClock().now()) : time;
  if (!isTimeout(milliseconds)) throw badTimeout('sendAfter', time);
  if (target instanceof ViaName)
    return new TimerRef(undefined, milliseconds, () => resolveTarget(target)?.deliver(message, undefined, INFO));
  const proc = procOf(target);
  const timer = new TimerRef(proc, milliseconds, () => proc?.deliver(message, undefined, INFO));
  if (!proc) timer.cancel();
  return timer;
}

export interface CancelOptions {
  /** The result comes as a message to the running process instead. Default false. */
  readonly async?: boolean;
  /** Whether the result is wanted at all. Default true. */
  readonly info?: boolean;
}

/** The result of a timer that was cancelled with `async`. */
export interface TimerCancelled {
  readonly tag: 'CANCEL_TIMER';
  readonly timer: TimerRef;
  readonly result: number | false;
}

/** Cancels a timer. Returns the milliseconds it had left, or false: then its message is delivered already (rule R-16). */
export function cancelTimer(timer: TimerRef): number | false;
export function cancelTimer(timer: TimerRef, options: CancelOptions): number | false | undefined;
export function cancelTimer(timer: TimerRef, options: CancelOptions = {}): number | false | undefined {
  const { async = false, info = true } = options;
  const me = async && info ? requireProc('cancelTimer') : undefined;
  const { remaining: result } = timer;
  timer.cancel();
  me?.deliver({ tag: 'CANCEL_TIMER', timer, result } satisfies TimerCancelled, undefined, INFO);
  return async || !info ? undefined : result;
}

/** Resolves after `milliseconds`; never, if the process has ended by then. Rejects with BadArgument `invalid_timeout`. */
export function sleep(milliseconds: number): Promise<void> {
  const proc = currentProc();
  return new Promise((resolve) => void ownedTimer(proc, milliseconds, resolve));
}

/** Links the running process with another, both ways (rules ). */
export function link(pid: Pid): void {
  const me = requireProc('link');
  const other = procOf(pid);
  if (other) addLink(me, other);
  else if (me.trapExit) deliverExit(me, pid, 'noproc');
  else throw noSuchProcess(pid);
}

/** Takes a link away; afterwards no EXIT of it arrives. */
export function unlink(pid: Pid): void {
  const me = requireProc('unlink');
  const other = procOf(pid);
  if (other && (!other.remote || me.links?.has(other))) removeLink(me, other);
  // The link has broken already: its EXIT may be queued.
  else flushMessage(me, (message) => isExit(message) && message.from === pid);
}

/**
 * Watches a process: at its end, or at once if it is gone, a DOWN with the returned reference arrives.
 *
 * @param options.alias makes the reference an address of the running process too, until when it says
 * @param options.tag stands in the message in the place of 'DOWN'
 */
export function monitor<T = 'DOWN'>(target: Target, options?: MonitorOptions<T>): Monitor<T> {
  const me = requireProc('monitor');
  const proc = resolveTarget(target);
  // Of an unknown name the DOWN shows a pid that leads nowhere (row SIG-30).
  return addMonitor(me, proc, proc?.pid ?? (target instanceof Pid ? target : new Pid(undefined)), options);
}

/**
 * Ends a monitor of the running process. Returns whether it still stood; with `flush` a DOWN of it in the mailbox is
 * removed as well.
 *
 * @throws BadArgument `not_owner` for a monitor of another process
 */
export function demonitor(ref: Monitor, options: { flush?: boolean } = {}): boolean {
  if (ref.watcher !== currentProc())
    throw new BadArgument(
      'not_owner',
      `the monitor of ${ref.pid} is not the running process's`,
      'Only the process that monitors may end it: send it a message that asks for that.',
    );
  return removeMonitor(ref, procOf(ref.pid), options.flush ?? false);
}

/** Ends the running process with this reason, from wherever its code stands. */
export function exit(reason: ExitReason): never;
/** Sends another process, or this one, an exit signal (rules ). 'kill' cannot be trapped. */
export function exit(target: Pid, reason: ExitReason): void;
export function exit(first: Pid | ExitReason, reason?: ExitReason): void {
  // V8 never compiles a function that it only ever sees throw: all but the throw stands in one that returns.
  const thrown = exitOrSignal(first, reason);
  if (thrown !== undefined) throw thrown;
}

/** What the running process is to throw to leave its code; undefined where a signal was sent instead. */
function exitOrSignal(first: Pid | ExitReason, reason: ExitReason | undefined): ExitThrow | undefined {
  if (!(first instanceof Pid)) {
    requireProc('exit');
    return new ExitThrow(first);
  }
  const sender = refuseEnded();
  const target = procOf(first);
  if (!target) return undefined;
  // From outside it comes as from the process itself, so that a server started there obeys it as its parent's; but that
  // would make 'normal' more than it is: only a process itself ends by it.
  const from = sender?.pid ?? (reason === 'normal' ? new Pid(undefined) : first);
  sendExit(target, from, reason!);
  return undefined;
}

/** Whether exits of linked processes arrive as EXIT messages. Returns what was set before. */
export function trapExit(flag: boolean): boolean {
  const me = requireProc('trapExit');
  const before = me.trapExit;
  me.trapExit = flag;
  return before;
}

/** @throws RemoteProcess for one of another node: only a monitor tells of its end */
export function isAlive(pid: Pid): boolean {
  return localProcOf('isAlive', pid) !== undefined;
}

/** The living process of a pid of this node, for what a node knows of its own processes only. */
function localProcOf(operation: string, pid: Pid): Proc | undefined {
  if (pid.home !== home()) throw new RemoteProcess(operation, pid);
  return procOf(pid);
}

/** Names the running process in reports and in the tree. */
export function setLabel(label: string): void {
  requireProc('setLabel').label = label;
}

/**
 * What is known of a living process; undefined when it is gone (row PROC-07).
 * @throws RemoteProcess for one of another node
 */
export function processInfo(pid: Pid): ProcessInfo | undefined {
  const proc = localProcOf('processInfo', pid);
  return proc && infoOf(proc);
}

/** All processes alive on this thread. */
export function processes(): Pid[] {
  return [...living].map((proc) => proc.pid);
}
