/**
 * Exit signals: how a process ends, and how its end reaches others.
 *
 * Signals take effect on arrival, whatever is queued and even while a handler awaits (design, decision 3). Only what
 * becomes a message (EXIT to a trapper, DOWN) queues. Rules.
 *
 * Invariants
 * - A process ends once; the first reason counts (row SIG-09).
 * - Its names are free and its open calls have failed before any link or monitor is told.
 * - A chain of links of any length ends without recursion: ends are worked off from a list.
 */
import { publishCrash, publishExit } from './channels.ts';
import { type ExitReason, isOrderly } from './exit-reason.ts';
import type { LastMessage } from './last-message.ts';
import { INFO } from './mailbox.ts';
import { type Exit, notifyDown, removeMonitor } from './monitor.ts';
import { type Pid, PROC } from './pid.ts';
import { DEAD, living, type Proc, procOf } from './proc.ts';
import type { RemoteProc } from './remote.ts';
import { runAs } from './scheduler.ts';

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
  tellOthers(proc, reason);
  if (endings.length > 0) {
    // Those that end on the way join at the end.
    for (let i = 0; i < endings.length; i++) tellOthers(endings[i]!, endings[i]!.exitReason!);
    endings.length = 0;
  }
  working = false;
}

function tellOthers(proc: Proc, reason: ExitReason): void {
  proc.pid[PROC] = undefined;
  if (proc.names) for (const name of proc.names) name.release(proc);
  proc.names = undefined;
  if (proc.timers) for (const timer of proc.timers) timer.cancel();
  proc.timers = undefined;
  if (proc.monitors) for (const monitor of proc.monitors) removeMonitor(monitor, procOf(monitor.pid), false);
  proc.monitors = undefined;
  proc.mailbox.clear();
  for (let call = proc.openCalls; call; call = proc.openCalls) call.serverEnded(reason);
  publishExit(proc, reason);
  const { links, watchers } = proc;
  proc.links = undefined;
  proc.watchers = undefined;
  if (links) {
    for (const other of links) {
      other.links?.delete(proc);
      linkSignal(other, proc.pid, reason);
    }
  }
  if (watchers) for (const monitor of watchers) notifyDown(monitor, reason);
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
  if (!isOrderly(reason)) publishCrash(proc, reason, lastMessage);
  endProcess(proc, reason);
}
