/**
 * task: a process that computes one value. Elixir's Task.
 *
 * `async` links the task to its owner and delivers its result to the owner: to `await` or `yield`, or, while nobody waits,
 * as a TASK message and a DOWN 'normal' in the mailbox, where a genServer finds them at `info` (rule R-64). After a failed
 * or given-up wait nothing of the task arrives any more. Only the owner may wait.
 *
 * @example
 *   const lookup = task.async(() => fetchProfile(id));
 *   const profile = await task.await(lookup, { timeout: 1000 });
 */
import { ownedTimer } from '../process/owned-timer.ts';
import { type Body, makeFunctionProc, requireProc } from '../process/spawn.ts';
import { BadArgument } from '../runtime/errors.ts';
import type { ExitReason, Outcome } from '../runtime/exit-reason.ts';
import { INFO } from '../runtime/mailbox.ts';
import {
  addLink,
  addMonitor,
  type Down,
  isDown,
  type Monitor,
  removeMonitor,
  tagOf,
  takeMessage,
} from '../runtime/monitor.ts';
import type { Pid } from '../runtime/pid.ts';
import { currentProc, DEAD, type Proc, procOf } from '../runtime/proc.ts';
import type { Self } from '../runtime/self.ts';
import { type ChildOptions, type ChildSpec } from '../supervisor/child-spec.ts';

/** The message with a task's result, while nobody waits for it. */
export interface TaskResult<T = unknown> {
  readonly tag: 'TASK';
  readonly ref: TaskRef;
  readonly value: T;
}

export type TaskRef = Monitor;

export function isTaskResult(message: unknown): message is TaskResult {
  return tagOf(message) === 'TASK';
}

/** What `async` gives: to be waited for by the process that made it. */
export class Task<T = unknown> {
  /** Undefined for a completed task. */
  readonly pid: Pid | undefined;
  readonly ref: TaskRef;
  readonly owner: Pid;
  readonly #owner: Proc;
  /** Takes the result or the end instead of the owner's mailbox, while somebody waits. */
  #waiter: { settle(outcome: Outcome<T>): void } | undefined = undefined;
  #closed = false;
  /** The outcome of a completed task. */
  readonly #completed: Outcome<T> | undefined;

  /** Internal to the layer: `proc` is the task's process, which has not begun. */
  constructor(owner: Proc, proc: Proc | undefined, completed?: Outcome<T>) {
    this.#owner = owner;
    this.#completed = completed;
    this.owner = owner.pid;
    this.pid = proc?.pid;
    this.ref = addMonitor((reason) => proc && this.#ended(reason), proc, proc?.pid ?? owner.pid);
  }

  /** Internal: the task has computed its value. */
  deliver(value: T): void {
    if (this.#closed) return;
    if (this.#waiter) return this.#settle({ ok: true, value });
    this.#owner.deliver({ tag: 'TASK', ref: this.ref, value } satisfies TaskResult<T>, undefined, INFO);
  }

  #ended(reason: ExitReason): void {
    if (this.#closed) return;
    if (this.#waiter) return this.#settle({ ok: false, reason });
    this.#owner.deliver({ tag: 'DOWN', ref: this.ref, pid: this.pid!, reason } satisfies Down, undefined, INFO);
  }

  #settle(outcome: Outcome<T>): void {
    const waiter = this.#waiter!;
    this.#end();
    if (this.#owner.status !== DEAD) waiter.settle(outcome);
  }

  /** Internal: from now on nothing of the task reaches its owner, and nothing of it stays in the mailbox. */
  close(): void {
    this.#end();
    while (takeMessage(this.#owner, (m) => (isTaskResult(m) || isDown(m)) && m.ref === this.ref)) continue;
  }

  /** Its result was taken: what else is queued under its reference is none of its own (row TASK-033), but for the DOWN. */
  #end(): void {
    this.#closed = true;
    this.#waiter = undefined;
    removeMonitor(this.ref, this.pid && procOf(this.pid), false);
    takeMessage(this.#owner, (m) => isDown(m) && m.ref === this.ref);
  }

  /** Internal: what has arrived already; the result wins over the end. */
  arrived(): Outcome<T> | undefined {
    if (this.#completed) return this.#completed;
    const result = takeMessage(this.#owner, (m) => isTaskResult(m) && m.ref === this.ref) as
      | { message: TaskResult<T> }
      | undefined;
    if (result) {
      this.#end();
      return { ok: true, value: result.message.value };
    }
    const down = takeMessage(this.#owner, (m) => isDown(m) && m.ref === this.ref) as { message: Down } | undefined;
    if (!down) return undefined;
    this.close();
    return { ok: false, reason: down.message.reason };
  }

  /**
   * Internal: waits; the outcome, or undefined after `milliseconds`. `onOutcome` is called at once if it is there.
   * @throws BadArgument `wait_pending`, `invalid_timeout`
   */
  wait(milliseconds: number, onOutcome: (outcome: Outcome<T> | undefined) => void): () => void {
    const there = this.arrived();
    if (there) {
      onOutcome(there);
      return () => {};
    }
    // Its messages were taken before, or it was given up: it will never come.
    const gone = this.#closed || (this.pid !== undefined && !procOf(this.pid));
    if (gone) {
      onOutcome({ ok: false, reason: 'noproc' });
      return () => {};
    }
    if (this.#waiter) {
      throw new BadArgument(
        'wait_pending',
        `${this.owner} waits for the task ${this.pid} already`,
        'Await one wait before the next; one wait gives its result to any number of awaits.',
      );
    }
    const stopTimer = ownedTimer(this.#owner, milliseconds, () => {
      this.#waiter = undefined;
      onOutcome(undefined);
    });
    this.#waiter = {
      settle: (outcome) => {
        stopTimer();
        onOutcome(outcome);
      },
    };
    return () => {
      stopTimer();
      this.#waiter = undefined;
    };
  }
}

const chains = new WeakMap<Proc, readonly Pid[]>();

/** Who asked for the running process to be started as a task, the nearest first; across supervisors. */
export function callers(): readonly Pid[] {
  return chains.get(requireProc('callers')) ?? [];
}

export type TaskBody<T> = (self: Self) => T | Promise<T>;

/** Makes the process of a task; `parent` is the running process, which may be a supervisor acting for `caller`. */
function taskProc(caller: Proc | undefined, body: Body): Proc & { begin(): void } {
  const proc = makeFunctionProc(body, 'task');
  if (caller) chains.set(proc, [caller.pid, ...(chains.get(caller) ?? [])]);
  return proc;
}

/** Internal to the layer: a task of `owner`, begun; linked to the given processes before. */
export function beginTask<T>(owner: Proc, body: TaskBody<T>, links: readonly Proc[]): Task<T> {
  let made: Task<T> | undefined;
  const proc = taskProc(owner, async (self) => made!.deliver(await body(self)));
  for (const peer of links) addLink(peer, proc);
  made = new Task<T>(owner, proc);
  proc.begin();
  return made;
}

/** Starts a linked task of the running process. @throws NoProcess outside of one */
function asyncTask<T>(body: TaskBody<T>): Task<T> {
  const owner = requireProc('task.async');
  return beginTask(owner, body, [owner]);
}

/** Fire and forget: runs `body` as a process, not linked. */
export function start(body: TaskBody<unknown>): Pid {
  return runTask(currentProc(), body);
}

/** Internal to the layer: as `start`, for another caller than the running process, linked to `links`. */
export function runTask(caller: Proc | undefined, body: TaskBody<unknown>, links: readonly Proc[] = []): Pid {
  const proc = taskProc(caller, body);
  for (const peer of links) addLink(peer, proc);
  proc.begin();
  return proc.pid;
}

/** As `start`, linked to the running process. */
export function startLink(body: TaskBody<unknown>): Pid {
  const owner = requireProc('task.startLink');
  return runTask(owner, body, [owner]);
}

/** A child that runs `body` once; temporary unless told otherwise. */
export function childSpec(body: TaskBody<unknown>, options: ChildOptions = {}): ChildSpec {
  return { id: 'task', restart: 'temporary', ...options, start: async () => startLink(body) };
}

/** A task that has its value already; it has no process. */
export function completed<T>(value: T): Task<T> {
  return new Task<T>(requireProc('task.completed'), undefined, { ok: true, value });
}

export { asyncTask as async };
