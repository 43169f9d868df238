/**
 * Monitors and links: how processes learn of each other's end.
 *
 * Links are a set and symmetric; monitors stack, each gives its own DOWN (rule R-24). A monitor on a process that is
 * gone gives DOWN 'noproc' at once; a link to one is an error for who does not trap exits, an EXIT 'noproc' for who
 * does. After `unlink` or `demonitor(ref, {flush: true})` nothing of that link or monitor arrives any more.
 *
 * @example
 *   const ref = monitor(pid);
 *   const down = await receive((m): m is Down => isDown(m) && m.ref === ref);
 */
import { NoProcess } from './errors.ts';
import type { ExitReason } from './exit-reason.ts';
import { INFO } from './mailbox.ts';
import { type Pid, PROC } from './pid.ts';
import { DEAD, type Proc } from './proc.ts';
import type { RemoteProc } from './remote.ts';
import { SmallSet } from './small-set.ts';

/** The message that a monitor gives at the end of its process; `tag` is the monitor's own where it was given one. */
export interface Down<T = 'DOWN'> {
  readonly tag: T;
  readonly ref: Monitor;
  readonly pid: Pid;
  readonly reason: ExitReason;
}

/** The message that a link gives to a process that traps exits. */
export interface Exit {
  readonly tag: 'EXIT';
  readonly from: Pid;
  readonly reason: ExitReason;
}

/**
 * Until when a monitor's reference is also an address of its owner: until `unalias`, until the monitor is gone (by
 * `demonitor` or its DOWN), or until then or the first message, which ends the monitor too. OTP's `{alias, …}`.
 */
export type MonitorAlias = 'explicitUnalias' | 'demonitor' | 'replyDemonitor';

export interface MonitorOptions<T = unknown> {
  /** Makes the reference an alias: `send(ref, message)` reaches the owner while it is active. Default none. */
  readonly alias?: MonitorAlias;
  /** Stands in the message in the place of 'DOWN'. */
  readonly tag?: T;
}

/** One monitor, and the reference that its DOWN carries. */
export class Monitor<T = unknown> {
  readonly pid: Pid;
  /** Who is told: a process by a DOWN in its mailbox, the framework's own code by a function. */
  readonly watcher: Proc | ((reason: ExitReason) => void);
  /** The first field of its message. */
  readonly tag: T;
  #alias: MonitorAlias | undefined;

  constructor(pid: Pid, watcher: Proc | ((reason: ExitReason) => void), options?: MonitorOptions<T>) {
    this.pid = pid;
    this.watcher = watcher;
    this.tag = options?.tag ?? ('DOWN' as T);
    this.#alias = options?.alias;
  }

  /** Whether a message sent to it now would arrive. */
  get active(): boolean {
    return this.#alias !== undefined && typeof this.watcher !== 'function' && this.watcher.status !== DEAD;
  }

  /** Internal to the layer: `send` to it. Dropped where it is no alias, or one no more. */
  deliver(message: unknown): void {
    if (this.#alias === undefined || typeof this.watcher === 'function') return;
    if (this.#alias === 'replyDemonitor') removeMonitor(this, this.pid[PROC] as Proc | undefined, false);
    this.watcher.deliver(message, undefined, INFO);
  }

  /** Internal to the layer: the monitor is gone, and with it an alias that was to end with it. */
  gone(): void {
    if (this.#alias !== 'explicitUnalias') this.#alias = undefined;
  }

  /** Internal to the layer. */
  withdraw(): boolean {
    const stood = this.#alias !== undefined;
    this.#alias = undefined;
    return stood;
  }

  toJSON(): string {
    return `#Monitor${this.pid}`;
  }
}

/** What a message says that it is; undefined for one that cannot be asked. */
export function tagOf(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return undefined;
  try {
    return (message as { tag?: unknown }).tag;
  } catch {
    return undefined;
  }
}

/** Whether a message is made by a class; false for one that cannot be asked (a revoked Proxy). */
export function isMadeBy<T>(message: unknown, kind: new (...args: never[]) => T): message is T {
  try {
    return message instanceof kind;
  } catch {
    return false;
  }
}

export function isDown(message: unknown): message is Down {
  return tagOf(message) === 'DOWN' && (message as Down).ref instanceof Monitor;
}

/** Whether a message is what this monitor gave, whatever its tag. */
function isFrom(message: unknown, { tag, ref }: { tag: unknown; ref: Monitor }): boolean {
  return tagOf(message) === tag && (message as Down).ref === ref;
}

export function isExit(message: unknown): message is Exit {
  return tagOf(message) === 'EXIT';
}

/** Tells the watcher of `monitor` that its process ended. */
export function notifyDown(monitor: Monitor, reason: ExitReason): void {
  const { watcher } = monitor;
  if (typeof watcher === 'function') return watcher(reason);
  watcher.monitors?.delete(monitor);
  monitor.gone();
  const { tag, pid } = monitor;
  watcher.deliver({ tag, ref: monitor, pid, reason } satisfies Down<unknown>, undefined, INFO);
}

export function addMonitor<T = unknown>(
  watcher: Proc | ((reason: ExitReason) => void),
  target: Proc | undefined,
  pid: Pid,
  options?: MonitorOptions<T>,
): Monitor<T> {
  const monitor = new Monitor(pid, watcher, options);
  if (!target || target.status === DEAD) {
    notifyDown(monitor, 'noproc');
    return monitor;
  }
  (target.watchers ??= new SmallSet()).add(monitor);
  if (typeof watcher !== 'function') (watcher.monitors ??= new SmallSet()).add(monitor);
  target.remote?.monitor(target as RemoteProc, monitor);
  return monitor;
}

/** Removes a monitor. Returns whether it still stood. With `flush` a DOWN of it that is already queued is removed too. */
export function removeMonitor(monitor: Monitor, target: Proc | undefined, flush: boolean): boolean {
  const { watcher } = monitor;
  const stood = target?.watchers?.delete(monitor) ?? false;
  if (stood) target!.remote?.demonitor(target as RemoteProc, monitor);
  if (typeof watcher === 'function') return stood;
  watcher.monitors?.delete(monitor);
  monitor.gone();
  if (flush && !stood) flushMessage(watcher, (m) => isFrom(m, { tag: monitor.tag, ref: monitor }));
  return stood;
}

/** Removes the first plain message that matches from a mailbox. */
export function flushMessage(proc: Proc, match: (message: unknown) => boolean): boolean {
  return takeMessage(proc, match) !== undefined;
}

/** Whether a plain message that matches is queued. */
export function hasMessage(proc: Proc, match: (message: unknown) => boolean): boolean {
  const { mailbox } = proc;
  for (let i = 0; i < mailbox.size; i++) if (mailbox.markAt(i) === INFO && match(mailbox.headAt(i))) return true;
  return false;
}

/** Takes the first plain message that matches out of a mailbox. */
export function takeMessage(
  proc: Proc,
  match: (message: unknown) => boolean,
): { readonly message: unknown } | undefined {
  const { mailbox } = proc;
  for (let i = 0; i < mailbox.size; i++) {
    const message = mailbox.headAt(i);
    if (mailbox.markAt(i) === INFO && match(message)) {
      mailbox.remove(i);
      proc.messageRemoved(i);
      return { message };
    }
  }
  return undefined;
}

/** Links `a`, a process of this node, with `b`. */
export function addLink(a: Proc, b: Proc): void {
  if (a === b) return;
  (a.links ??= new SmallSet()).add(b);
  (b.links ??= new SmallSet()).add(a);
  b.remote?.link(b as RemoteProc, a);
}

export function removeLink(a: Proc, b: Proc): void {
  const stood = a.links?.delete(b);
  b.links?.delete(a);
  if (stood) b.remote?.unlink(b as RemoteProc, a);
}

/** The error of a link to a process that is gone, for who does not trap exits. */
export function noSuchProcess(pid: Pid): NoProcess {
  return new NoProcess(
    `there is no process ${pid}`,
    'Link or call a process while it lives, or monitor it and handle DOWN noproc.',
  );
}
