/**
 * Exit signals: how a process ends, and how its end reaches others.
 *
 * Signals take effect on arrival, whatever is queued and even while a handler awaits (design, decision 3). Only what
 * becomes a message (EXIT to a trapper, DOWN) queues. Rules.
 *
 * Invariants
 * - A process ends once; the first reason counts (row SIG-09).
 * - Its names are free and its open calls have failed before any link or monitor is told.
 * - Whoever cannot be told costs the others nothing: its error is published as a stray that nobody owns.
 * - A chain of links of any length ends without recursion: ends are worked off from a list.
 */
import { publishCrash, publishExit, publishStray } from '../reports/channels.ts';
import { type ExitReason, isOrderly } from '../runtime/exit-reason.ts';
import { From } from '../runtime/from.ts';
import type { LastMessage } from '../runtime/last-message.ts';
import { INFO } from '../runtime/mailbox.ts';
import { type Exit, type Monitor, notifyDown, removeMonitor } from '../runtime/monitor.ts';
import { type Pid, PROC } from '../runtime/pid.ts';
import { DEAD, type HeldName, living, type OwnedTimer, type Proc, procOf } from '../runtime/proc.ts';
import type { RemoteProc } from '../runtime/remote.ts';
import { runAs } from '../runtime/scheduler.ts';

/** Processes that ended while the end of another one was told. */
const endings: Proc[] = [];
let working = false;

/** Ends a process now, with this reason: names, timers and calls first, then links and monitors are told. */
export function endProcess(proc: Proc, reason: ExitReason): void {
  if (proc.status === DEAD) return;
  proc.status = DEAD;
  proc.exitReason = reason;
  living.delete(proc);
  if (working) {
    endings.push(proc);
    return;
  }
  working = true;
  let told = 0;
  try {
    tellOthers(proc, reason);
    // Those that end on the way join at the end.
    while (told < endings.length) {
      const next = endings[told++]!;
      tellOthers(next, next.exitReason!);
    }
  } finally {
    // After an error that nothing caught (a stack that is full) the next end goes on with the rest.
    if (told > 0) endings.splice(0, told);
    working = false;
  }
}

/** One step of telling: what it throws is not the affair of who is told next. */
function attempt<A, B, C>(step: (a: A, b: B, c: C) => void, a: A, b: B, c: C): void {
  try {
    step(a, b, c);
  } catch (error) {
    publishStray({ pid: undefined, error, origin: 'uncaughtException', ended: false });
  }
}

const releaseName = (name: HeldName, proc: Proc): void => name.release(proc);
const cancelTimer = (timer: OwnedTimer): void => timer.cancel();
const dropMonitor = (monitor: Monitor): void => void removeMonitor(monitor, procOf(monitor.pid), false);
const failCall = (call: From, reason: ExitReason): void => call.serverEnded(reason);

function tellLink(other: Proc, proc: Proc, reason: ExitReason): void {
  other.links?.delete(proc);
  attempt(linkSignal, other, proc.pid, reason);
}

function tellWatcher(monitor: Monitor, reason: ExitReason): void {
  attempt(notifyDown, monitor, reason, undefined);
}

function tellOthers(proc: Proc, reason: ExitReason): void {
  proc.pid[PROC] = undefined;
  if (proc.names) for (const name of proc.names) attempt(releaseName, name, proc, undefined);
  proc.names = undefined;
  if (proc.timers) for (const timer of proc.timers) attempt(cancelTimer, timer, undefined, undefined);
  proc.timers = undefined;
  if (proc.monitors) for (const monitor of proc.monitors) attempt(dropMonitor, monitor, undefined, undefined);
  proc.monitors = undefined;
  proc.dropMessages();
  From.settle();
  for (let call = proc.openCalls; call; call = proc.openCalls) attempt(failCall, call, reason, undefined);
  attempt(publishExit, proc, reason, undefined);
  const { links, watchers } = proc;
  proc.links = undefined;
  proc.watchers = undefined;
  links?.each(tellLink, proc, reason);
  watchers?.each(tellWatcher, reason, undefined);
  // What its listeners throw is the ended process's own stray, not that of whoever ended it.
  if (proc.abort) runAs(proc, () => proc.abort!.abort(reason));
}

/** The signal that a linked process sends at its end. */
export function linkSignal(target: Proc, from: Pid, reason: ExitReason): void {
  if (target.remote) target.remote.linkEnded(target as RemoteProc, reason, from);
  else if (target.trapExit) deliverExit(target, from, reason);
  else if (reason !== 'normal') target.exitBySignal(reason);
}

/** A link's EXIT, or `exit(pid, reason)` to a trapping process, as a message. */
export function deliverExit(target: Proc, from: Pid, reason: ExitReason): void {
  target.deliver({ tag: 'EXIT', from, reason } satisfies Exit, undefined, INFO);
}

/** `exit(pid, reason)`: asks another process, or this one, to end. */
export function sendExit(target: Proc, from: Pid, reason: ExitReason): void {
  if (target.status === DEAD) return;
  if (target.remote) target.remote.exit((target as RemoteProc).address, reason, from);
  else if (reason === 'kill') target.exitBySignal('killed');
  else if (target.trapExit) deliverExit(target, from, reason);
  else if (reason !== 'normal' || target.pid === from) target.exitBySignal(reason);
}

/** Ends a process whose code failed, with a crash report unless the reason is an orderly one. */
export function crashProcess(proc: Proc, reason: ExitReason, lastMessage?: LastMessage): void {
  if (proc.status === DEAD) return;
  try {
    if (!isOrderly(reason)) publishCrash(proc, reason, lastMessage);
  } finally {
    endProcess(proc, reason);
  }
}
