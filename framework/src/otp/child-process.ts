/**
 * Starting and stopping one child, for both kinds of supervisor. Both happen at once where nothing has to be waited for.
 *
 * Stop protocol (rule R-43): take the link away and watch it, send 'shutdown', wait the child's time, then kill.
 */
import type { NormalSpec } from './child-spec.ts';
import { currentClock } from './clock.ts';
import { StartError, StartIgnored } from './errors.ts';
import { crashOf, type ExitReason } from './exit-reason.ts';
import { deliverExit, sendExit } from './exit-signals.ts';
import { addLink, addMonitor, hasMessage, isExit, removeLink } from './monitor.ts';
import { Pid } from './pid.ts';
import { currentProc, DEAD, type Proc, procOf } from './proc.ts';
import { startProc, type StartOutcome } from './start.ts';
import { reasonOfThrow } from './thrown.ts';

/** A child's start: its pid, `ignored`, or why it failed. */
export type ChildStart = { readonly pid: Pid } | { readonly ignored: true } | { readonly reason: ExitReason };

/** `then` for what may be there already. */
export function whenDone<T, R>(value: T | Promise<T>, next: (value: T) => R): R | Promise<Awaited<R>> {
  return value instanceof Promise ? (value.then(next) as Promise<Awaited<R>>) : next(value);
}

/** Starts a child, linked to the running process. */
export function startChildProcess(spec: NormalSpec): ChildStart | Promise<ChildStart> {
  if (spec.behaviour) return whenDone(startProc(spec.behaviour, spec.arg, { name: spec.name }, true), childStart);
  const supervisor = currentProc()!;
  let started: Promise<Pid>;
  try {
    started = Promise.resolve(spec.start!());
  } catch (error) {
    return { reason: reasonOfThrow(error) };
  }
  return started.then(
    (pid): ChildStart => {
      if (!(pid instanceof Pid)) return { reason: { kind: 'badReturn', value: pid } };
      const child = procOf(pid);
      // It has ended already. Where its start function has linked it, its EXIT is queued; else this stands for it.
      if (!child) {
        if (!hasMessage(supervisor, (m) => isExit(m) && m.from === pid)) deliverExit(supervisor, pid, 'noproc');
        return { pid };
      }
      // A supervisor that was killed meanwhile leaves no orphan.
      if (supervisor.status === DEAD) {
        sendExit(child, supervisor.pid, supervisor.exitReason!);
        return { reason: supervisor.exitReason! };
      }
      addLink(supervisor, child);
      return { pid };
    },
    (thrown: unknown): ChildStart => {
      const { error } = crashOf(thrown);
      if (error instanceof StartIgnored) return { ignored: true };
      return { reason: error instanceof StartError ? error.reason : crashOf(thrown) };
    },
  );
}

function childStart(outcome: StartOutcome): ChildStart {
  if ('pid' in outcome) return outcome;
  return outcome.error instanceof StartIgnored ? { ignored: true } : { reason: outcome.error.reason };
}

/** Stops a child in the way its spec says. Gives the reason it ended with. */
export function stopChildProcess(
  supervisor: Proc,
  pid: Pid | undefined,
  spec: NormalSpec,
): ExitReason | Promise<ExitReason> {
  const child = pid && procOf(pid);
  if (!child) return 'normal';
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
  if (ended !== undefined) return ended;
  return new Promise<ExitReason>((resolve) => {
    const clock = currentClock();
    const time = spec.shutdown as number;
    const timer = time === Infinity ? undefined : clock.setTimer(time, () => sendExit(child, supervisor.pid, 'kill'));
    tell = (reason) => {
      if (timer) clock.clearTimer(timer);
      resolve(reason);
    };
  });
}
