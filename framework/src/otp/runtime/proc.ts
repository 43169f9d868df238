/**
 * Proc: what the node knows of one process: mailbox, links, monitors, names, timers, status. Internal to the layer; the
 * API hands out pids only.
 *
 * Invariants
 * - A process stands in the run queue exactly while its status is QUEUED.
 * - While HELD (an async handler or init is under way) it handles no message, but signals reach it.
 * - Nothing leaves DEAD; its collections are gone, its pid no longer leads here.
 * - Sets that most processes never need (links, monitors, timers, names) exist only when used: an idle process stays
 *   below 1 KB.
 */
import { AsyncResource } from 'node:async_hooks';
import type { ExitReason } from './exit-reason.ts';
import type { From } from './from.ts';
import type { LastMessage } from './last-message.ts';
import { Mailbox } from './mailbox.ts';
import type { Monitor } from './monitor.ts';
import { Pid, PROC } from './pid.ts';
import type { RemoteNode } from './remote.ts';
import * as scheduler from './scheduler.ts';
import { CONTEXT, type Runnable, takeSelf } from './scheduler.ts';
import { ServerSelf } from './self.ts';
import type { SmallSet } from './small-set.ts';
import type { Status } from './status.ts';

export const IDLE = 0;
export const QUEUED = 1;
export const RUNNING = 2;
export const HELD = 3;
export const DEAD = 4;
// What is imported or exported is looked up in its module at each use; a constant that is neither is compiled in.
const [IS_IDLE, IS_QUEUED, IS_RUNNING, IS_DEAD] = [IDLE, QUEUED, RUNNING, DEAD] as const;
const { schedule } = scheduler;

/** A timer that dies with the process it is to reach. */
export interface OwnedTimer {
  cancel(): void;
}

/** A name that a process holds; released before anyone is told of its end (rule R-11). */
export interface HeldName {
  release(proc: Proc): void;
  describe(): string;
}

export abstract class Proc extends AsyncResource implements Runnable {
  // What every message touches comes first, in as few cache lines as can be; of a server's fields too.
  status: number = IDLE;
  /** A message that came while nothing was queued, as the slots of Mailbox: `alone` is undefined where there is none. */
  alone: unknown = undefined;
  aloneBody: unknown = undefined;
  /** What `mailbox` gives, once it was needed. */
  box: Mailbox | undefined = undefined;
  server: unknown = undefined;
  state: unknown = undefined;
  suspended = false;
  debug: unknown = undefined;
  load: unknown = undefined;
  protected idle: unknown = undefined;
  /** Calls to this process that have no answer since the event loop was round, newest first. */
  openCalls: From | undefined = undefined;
  readonly pid: Pid;
  /** What its own code knows of it; undefined for what stands for a process of another node. */
  protected readonly self: ServerSelf | undefined;
  /** The process that started this one, whose EXIT a trapping GenServer obeys (rule R-28). */
  readonly parent: Pid | undefined;
  trapExit = false;
  label: string | undefined = undefined;
  links: SmallSet<Proc> | undefined = undefined;
  /** Monitors this process holds on others. */
  monitors: SmallSet<Monitor> | undefined = undefined;
  /** Monitors that others hold on this process. */
  watchers: SmallSet<Monitor> | undefined = undefined;
  names: SmallSet<HeldName> | undefined = undefined;
  timers: Set<OwnedTimer> | undefined = undefined;
  abort: AbortController | undefined = undefined;
  exitReason: ExitReason | undefined = undefined;
  /** Its neighbours among the living. */
  older: Proc | undefined = undefined;
  newer: Proc | undefined = undefined;

  /** @param standsFor the pid of a process of another node, where this one only stands for it */
  constructor(parent: Proc | undefined, standsFor?: Pid) {
    super('genroom.process', CONTEXT);
    this.pid = standsFor ?? new Pid(this);
    this.parent = parent?.pid;
    this.self = takeSelf();
    if (this.self !== undefined) ServerSelf.belong(this.self, this);
    if (standsFor) standsFor[PROC] = this;
  }

  /** The node that takes this process's signals, where that is another one. */
  get remote(): RemoteNode | undefined {
    return undefined;
  }

  /** Handles some messages; leaves the status RUNNING unless it is held or ended meanwhile. Never throws. */
  protected abstract handle(): void;

  /** What kind of process this is, for reports and the tree. */
  abstract readonly behaviour: string;

  /** What it has in hand, where it has handlers. */
  get lastMessage(): LastMessage | undefined {
    return undefined;
  }

  /** What reports show of it, besides what `part` says of its last message and its reason. */
  describe(part: Pick<Status, 'message' | 'reason'>): Status {
    return { ...part, state: undefined, log: [] };
  }

  /** Ends the process because of a signal that it does not trap; no code of its runs for it (rule R-27). */
  abstract exitBySignal(reason: ExitReason): void;

  slice(): void {
    if (this.status !== IS_QUEUED) return;
    this.status = IS_RUNNING;
    this.handle();
    if (this.status === IS_RUNNING) this.rest();
  }

  /** All its messages that wait. A first one that stands alone is put there by this, so only what must look asks. */
  get mailbox(): Mailbox {
    const box = (this.box ??= new Mailbox());
    if (this.alone !== undefined) {
      box.putFirst(this.alone, this.aloneBody);
      this.alone = undefined;
      this.aloneBody = undefined;
    }
    return box;
  }

  /** How many messages wait. */
  get queued(): number {
    return (this.alone === undefined ? 0 : 1) + (this.box === undefined ? 0 : this.box.size);
  }

  /** Nobody will handle what waits. */
  dropMessages(): void {
    this.alone = undefined;
    this.aloneBody = undefined;
    this.box?.clear();
  }

  /** Whether a message could be handled now. */
  protected hasWork(): boolean {
    return this.queued > 0;
  }

  /** Ends a slice or a wait: back into the run queue when there is more to do. */
  rest(): void {
    if (this.hasWork()) {
      this.status = IS_QUEUED;
      schedule(this);
    } else {
      this.status = IS_IDLE;
    }
  }

  /** Puts a message into the mailbox and wakes the process. */
  deliver(head: unknown, body: unknown, mark: unknown): void {
    if (this.status === IS_DEAD) return;
    this.mailbox.push(head, body, mark);
    if (this.status === IS_IDLE) this.rest();
  }

  /** A message was taken out of the middle of the mailbox, at this index. */
  messageRemoved(_index: number): void {}

  get alive(): boolean {
    return this.status !== DEAD;
  }

  /** The signal that fires when this process ends. */
  get signal(): AbortSignal {
    this.abort ??= new AbortController();
    if (this.status === DEAD && !this.abort.signal.aborted) this.abort.abort(this.exitReason);
    return this.abort.signal;
  }
}

/** All processes alive on this thread, oldest first: a list through the processes themselves, which costs no memory of its own. */
class Living implements Iterable<Proc> {
  private oldest: Proc | undefined = undefined;
  private newest: Proc | undefined = undefined;

  add(proc: Proc): void {
    proc.older = this.newest;
    if (this.newest) this.newest.newer = proc;
    else this.oldest = proc;
    this.newest = proc;
  }

  delete(proc: Proc): void {
    const { older, newer } = proc;
    if (older) older.newer = newer;
    else if (this.oldest === proc) this.oldest = newer;
    if (newer) newer.older = older;
    else if (this.newest === proc) this.newest = older;
    proc.older = undefined;
    proc.newer = undefined;
  }

  /** Those that live now, also if some of them end on the way. */
  [Symbol.iterator](): Iterator<Proc> {
    const all: Proc[] = [];
    for (let proc = this.oldest; proc; proc = proc.newer) all.push(proc);
    return all.values();
  }
}

export const living = new Living();

/** The living process behind a pid, or what stands for it if its node is another one. */
export function procOf(pid: Pid): Proc | undefined {
  return pid[PROC] as Proc | undefined;
}

/** The names a process holds, as text. */
export function namesOf({ names }: Proc): string[] {
  return names ? Array.from(names, (name) => name.describe()) : [];
}

/** The process whose code runs: in a slice, after an await of one, or in a callback that one left behind (even if ended). */
export function currentProc(): Proc | undefined {
  return scheduler.ownerOfContext() as Proc | undefined;
}
