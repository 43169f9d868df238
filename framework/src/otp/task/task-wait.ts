/**
 * Waiting for tasks: await, yield, their forms for several tasks, and giving one up.
 *
 * @example
 *   const [profile, friends] = await awaitMany([task.async(fetchProfile), task.async(fetchFriends)], { timeout: 1000 });
 */
import { sendExit } from '../process/exit-signals.ts';
import { requireProc } from '../process/spawn.ts';
import { BadArgument, CallError } from '../runtime/errors.ts';
import type { ExitReason, Outcome } from '../runtime/exit-reason.ts';
import { removeLink } from '../runtime/monitor.ts';
import { samePid } from '../runtime/pid.ts';
import { type Proc, procOf } from '../runtime/proc.ts';
import type { Task } from './task.ts';

/** Milliseconds that `await`, `yield` and `shutdown` allow when they are told nothing else. */
export const DEFAULT_TIMEOUT = 5000;

export interface WaitOptions {
  /** Milliseconds, or Infinity. Default 5,000. */
  readonly timeout?: number;
}

function text(operation: string, tasks: readonly Task[]): string {
  return `task.${operation}(${tasks.map((t) => String(t.pid ?? 'completed')).join(', ')})`;
}

function checkOwner(operation: string, tasks: readonly Task[]): Proc {
  const me = requireProc(`task.${operation}`);
  for (const one of tasks) {
    if (samePid(one.owner, me.pid)) continue;
    throw new BadArgument(
      'not_owner',
      `${text(operation, [one])} by ${me.pid}, but ${one.owner} owns the task`,
      'Wait where async was called, or send the value on.',
    );
  }
  return me;
}

function failed(operation: string, tasks: readonly Task[], reason: ExitReason): CallError {
  return new CallError(reason === 'timeout' ? 'call_timeout' : 'call_down', text(operation, tasks), reason);
}

/**
 * Waits for a task's value.
 * @throws CallError `call_timeout`, or `call_down` with the reason it ended with; either way nothing of it arrives later
 */
async function awaitTask<T>(one: Task<T>, options: WaitOptions = {}): Promise<T> {
  checkOwner('await', [one]);
  const outcome = await new Promise<Outcome<T> | undefined>((resolve) =>
    one.wait(options.timeout ?? DEFAULT_TIMEOUT, resolve),
  );
  if (outcome?.ok) return outcome.value;
  one.close();
  throw failed('await', [one], outcome ? outcome.reason : 'timeout');
}

/** Values of several tasks, in their order, under one deadline; fails with the first that fails. @throws CallError */
export function awaitMany<T>(tasks: readonly Task<T>[], options: WaitOptions = {}): Promise<T[]> {
  checkOwner('awaitMany', tasks);
  return new Promise((resolve, reject) => {
    const values: T[] = [];
    let open = tasks.length;
    let over = false;
    const fail = (reason: ExitReason): void => {
      if (over) return;
      over = true;
      for (const one of tasks) one.close();
      reject(failed('awaitMany', tasks, reason));
    };
    if (open === 0) resolve(values);
    tasks.forEach((one, index) => {
      if (over) return;
      one.wait(options.timeout ?? DEFAULT_TIMEOUT, (outcome) => {
        if (!outcome?.ok) return fail(outcome ? outcome.reason : 'timeout');
        values[index] = outcome.value;
        if (--open === 0 && !over) resolve(values);
      });
    });
  });
}

/** How a task ended, or undefined if it has not after the timeout: then it lives on and can be waited for again. */
function yieldTask<T>(one: Task<T>, options: WaitOptions = {}): Promise<Outcome<T> | undefined> {
  checkOwner('yield', [one]);
  return new Promise((resolve) => one.wait(options.timeout ?? DEFAULT_TIMEOUT, resolve));
}

export interface YieldManyOptions extends WaitOptions {
  /** Ends the wait once so many have ended. Default all. */
  readonly limit?: number;
  /** What becomes of tasks that the timeout finds unfinished: they stay as they are (default), are forgotten, or killed. */
  readonly onTimeout?: 'nothing' | 'ignore' | 'killTask';
}

/** How several tasks ended, in their order, under one deadline; undefined for who has not. */
export async function yieldMany<T>(
  tasks: readonly Task<T>[],
  options: YieldManyOptions = {},
): Promise<(Outcome<T> | undefined)[]> {
  checkOwner('yieldMany', tasks);
  const { timeout = DEFAULT_TIMEOUT, limit = tasks.length, onTimeout = 'nothing' } = options;
  const outcomes: (Outcome<T> | undefined)[] = tasks.map(() => undefined);
  const timedOut = await new Promise<boolean>((resolve) => {
    let ended = 0;
    const cancels: (() => void)[] = [];
    const finish = (late: boolean): void => {
      for (const cancel of cancels) cancel();
      resolve(late);
    };
    if (tasks.length === 0) resolve(false);
    tasks.forEach((one, index) => {
      if (ended >= limit) return;
      cancels.push(
        one.wait(timeout, (outcome) => {
          if (!outcome) return finish(true);
          outcomes[index] = outcome;
          if (++ended === limit || ended === tasks.length) finish(false);
        }),
      );
    });
  });
  if (!timedOut || onTimeout === 'nothing') return outcomes;
  const unfinished = tasks.map((one, index) => ({ one, index })).filter(({ index }) => !outcomes[index]);
  for (const { one, index } of unfinished) {
    if (onTimeout === 'ignore') ignore(one);
    else outcomes[index] = await shutdown(one, { brutalKill: true });
  }
  return outcomes;
}

/** Forgets a task: unlinks it and drops what it will deliver. How it ended, if it had. */
export function ignore<T>(one: Task<T>): Outcome<T> | undefined {
  const me = checkOwner('ignore', [one]);
  const there = one.arrived();
  const proc = one.pid && procOf(one.pid);
  if (proc) removeLink(me, proc);
  one.close();
  return there;
}

export interface ShutdownOptions extends WaitOptions {
  /** Kill at once instead of asking with 'shutdown' first. */
  readonly brutalKill?: boolean;
}

/**
 * Unlinks a task and ends it. Its value if that was there first; undefined if it ended as it was asked to; else its reason.
 * After the timeout it is killed.
 */
export async function shutdown<T>(one: Task<T>, options: ShutdownOptions = {}): Promise<Outcome<T> | undefined> {
  const me = checkOwner('shutdown', [one]);
  const { brutalKill = false, timeout = DEFAULT_TIMEOUT } = options;
  const there = one.arrived();
  if (there) return asked(there, brutalKill ? 'killed' : 'shutdown');
  const proc = one.pid && procOf(one.pid);
  if (!proc) return { ok: false, reason: 'noproc' };
  removeLink(me, proc);
  const end = (milliseconds: number, signal: 'kill' | 'shutdown'): Promise<Outcome<T> | undefined> =>
    new Promise((resolve) => {
      one.wait(milliseconds, resolve);
      sendExit(proc, me.pid, signal);
    });
  if (brutalKill) return asked(await end(Infinity, 'kill'), 'killed');
  const outcome = await end(timeout, 'shutdown');
  return outcome ? asked(outcome, 'shutdown') : end(Infinity, 'kill');
}

function asked<T>(outcome: Outcome<T> | undefined, as: ExitReason): Outcome<T> | undefined {
  return outcome && !outcome.ok && outcome.reason === as ? undefined : outcome;
}

export { awaitTask as await, yieldTask as yield };
