/**
 * Starting and stopping one child, for both kinds of supervisor. Both happen at once where nothing has to be waited for.
 *
 * Stop protocol (rule R-43): take the link away and watch it, send 'shutdown', wait the child's time, then kill.
 */
import { deliverExit, sendExit } from '../process/exit-signals.ts';
import { type AnyStartOptions, startProc, type StartOutcome } from '../process/start.ts';
import { reasonOfThrow } from '../process/thrown.ts';
import { currentClock } from '../runtime/clock.ts';
import { StartError, StartIgnored } from '../runtime/errors.ts';
import { crashOf, type ExitReason } from '../runtime/exit-reason.ts';
import { addLink, addMonitor, hasMessage, isExit, removeLink } from '../runtime/monitor.ts';
import { Pid } from '../runtime/pid.ts';
import { currentProc, DEAD, type Proc, procOf } from '../runtime/proc.ts';
import type { NormalSpec, StartedWith } from './child-spec.ts';
import { isAskedEnd } from './restart-strategy.ts';
import { reportChild } from './supervisor-report.ts';

/** A child's start: its pid and what its start function told beside, `ignored`, or why it failed. */
export type ChildStart =
  | { readonly pid: Pid; readonly info?: unknown }
  | { readonly ignored: true }
  | { readonly reason: ExitReason };

const NO_ARGUMENTS: readonly unknown[] = [];
const NO_OPTIONS: AnyStartOptions = {};

/** `then` for what may be there already. */
export function whenDone<T, R>(value: T | Promise<T>, next: (value: T) => R): R | Promise<Awaited<R>> {
  return value instanceof Promise ? (value.then(next) as Promise<Awaited<R>>) : next(value);
}

/** Starts a child, linked to the running process. `extra` comes before its own argument: `[...extra, arg]`. */
export function startChildProcess(
  spec: NormalSpec,
  extra: readonly unknown[] = NO_ARGUMENTS,
): ChildStart | Promise<ChildStart> {
  if (spec.behaviour) {
    const arg = extra.length > 0 ? [...extra, spec.arg] : spec.arg;
    const outcome = startProc(spec.behaviour, arg, spec.name === undefined ? NO_OPTIONS : { name: spec.name }, true);
    return outcome instanceof Promise ? outcome.then(childStart) : childStart(outcome);
  }
  const supervisor = currentProc()!;
  let started: Promise<Pid | StartedWith>;
  try {
    started = Promise.resolve(spec.start!(...(extra as never[])));
  } catch (error) {
    return { reason: reasonOfThrow(error) };
  }
  return started.then(
    (answer): ChildStart => {
      const start = startOf(answer);
      if (!start) return { reason: { kind: 'badReturn', value: answer } };
      const { pid } = start;
      const child = procOf(pid);
      // It has ended already. Where its start function has linked it, its EXIT is queued; else this stands for it.
      if (!child) {
        if (!hasMessage(supervisor, (m) => isExit(m) && m.from === pid)) deliverExit(supervisor, pid, 'noproc');
        return start;
      }
      // A supervisor that was killed meanwhile leaves no orphan.
      if (supervisor.status === DEAD) {
        sendExit(child, supervisor.pid, supervisor.exitReason!);
        return { reason: supervisor.exitReason! };
      }
      addLink(supervisor, child);
      return start;
    },
    (thrown: unknown): ChildStart => {
      const { error } = crashOf(thrown);
      if (error instanceof StartIgnored) return { ignored: true };
      return { reason: error instanceof StartError ? error.reason : crashOf(thrown) };
    },
  );
}

/** What a start function resolved with, if that is one of what it may. */
function startOf(answer: unknown): { readonly pid: Pid; readonly info?: unknown } | undefined {
  if (answer instanceof Pid) return { pid: answer };
  const { pid, info } = Object(answer) as Partial<StartedWith>;
  return pid instanceof Pid ? { pid, info } : undefined;
}

function childStart(outcome: StartOutcome): ChildStart {
  if ('pid' in outcome) return outcome;
  return outcome.error instanceof StartIgnored ? { ignored: true } : { reason: outcome.error.reason };
}

/** Stops a child in the way its spec says, if it still runs. An end in another way than asked is reported. */
export function stopChildProcess(supervisor: Proc, pid: Pid | undefined, spec: NormalSpec): void | Promise<void> {
  const child = pid && procOf(pid);
  if (!child) return;
  removeLink(supervisor, child);
  let ended: ExitReason | undefined;
  let tell: ((reason: ExitReason) => void) | undefined;
  addMonitor(
    (reason) => {
      ended = reason;
      tell?.(reason);
    },
    child,
    child.pid,
  );
  sendExit(child, supervisor.pid, spec.shutdown === 'brutalKill' ? 'kill' : 'shutdown');
  if (ended !== undefined) return stopped(supervisor, child.pid, spec, ended);
  return new Promise<void>((resolve) => {
    const clock = currentClock();
    const time = spec.shutdown as number;
    const timer = time === Infinity ? undefined : clock.setTimer(time, () => sendExit(child, supervisor.pid, 'kill'));
    tell = (reason) => {
      if (timer) clock.clearTimer(timer);
      resolve(stopped(supervisor, child.pid, spec, reason));
    };
  });
}

function stopped(supervisor: Proc, pid: Pid, spec: NormalSpec, reason: ExitReason): void {
  if (!isAskedEnd(spec.restart, spec.shutdown, reason)) reportChild(supervisor, 'shutdownError', reason, spec, pid);
}
