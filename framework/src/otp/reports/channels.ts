/**
 * What the core tells about itself, on Node's diagnostics channels. Nobody listening costs one flag check.
 *
 * Invariant: a subscriber that fails costs its report only. Node raises what it threw as a stray failure, so it runs as
 * nobody, for whom no process ends; and a stray that comes of a report is not reported again.
 *
 * @example
 *   diagnostics_channel.subscribe('genroom:process:crash', (report) => log(formatCrash(report as CrashReport)));
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Channel, channel } from 'node:diagnostics_channel';
import type { ExitReason } from '../runtime/exit-reason.ts';
import type { LastMessage } from '../runtime/last-message.ts';
import type { Pid } from '../runtime/pid.ts';
import type { Proc } from '../runtime/proc.ts';
import { runAsNobody } from '../runtime/scheduler.ts';
import { crashReport } from './crash-report.ts';

export interface RestartReport {
  readonly supervisor: Pid;
  readonly supervisorLabel: string;
  readonly childId: unknown;
  /** The process that ended; undefined when a restart attempt failed. */
  readonly pid: Pid | undefined;
  readonly reason: ExitReason;
  /** Restarts within the period, this one included, and how many are allowed. */
  readonly restarts: number;
  readonly max: number;
  /** True when this restart is one too many: the supervisor ends. */
  readonly givenUp: boolean;
}

/** A plain message came to a server that has no `info` for it. */
export interface UnexpectedReport {
  readonly pid: Pid;
  readonly behaviour: string;
  readonly message: unknown;
}

export interface StrayReport {
  /** The process that started what failed; undefined when nobody owns it. */
  readonly pid: Pid | undefined;
  readonly error: unknown;
  readonly origin: 'uncaughtException' | 'unhandledRejection';
  /** Whether its owner ends by it; false when nobody owns it, or its owner had ended already. */
  readonly ended: boolean;
}

const crashes = channel('genroom:process:crash');
const starts = channel('genroom:process:start');
const exits = channel('genroom:process:exit');
const restarts = channel('genroom:supervisor:restart');
const strays = channel('genroom:stray');
const unexpected = channel('genroom:process:unexpected');

const reporting = new AsyncLocalStorage<true>();

/** Whether this code is a subscriber's, or was left behind by one. */
export function isReporting(): boolean {
  return reporting.getStore() === true;
}

/** Publishes where somebody listens. */
export function publishReport(to: Channel, report: object): void {
  if (to.hasSubscribers) runAsNobody(() => reporting.run(true, () => to.publish(report)));
}

export function publishCrash(proc: Proc, reason: ExitReason, last: LastMessage | undefined): void {
  if (crashes.hasSubscribers) publishReport(crashes, crashReport(proc, reason, last));
}

export function publishUnexpected(proc: Proc, message: unknown): void {
  if (unexpected.hasSubscribers) publishReport(unexpected, { pid: proc.pid, behaviour: proc.behaviour, message });
}

export function publishStart(proc: Proc): void {
  if (starts.hasSubscribers) publishReport(starts, { pid: proc.pid, behaviour: proc.behaviour, parent: proc.parent });
}

export function publishExit(proc: Proc, reason: ExitReason): void {
  if (exits.hasSubscribers) publishReport(exits, { pid: proc.pid, behaviour: proc.behaviour, reason });
}

/** Whether a report of a restart has a reader: nobody else needs it made. */
export function restartsAreRead(): boolean {
  return restarts.hasSubscribers;
}

export function publishRestart(report: RestartReport): void {
  publishReport(restarts, report);
}

export function publishStray(report: StrayReport): void {
  publishReport(strays, report);
}
