/**
 * What the core tells about itself, on Node's diagnostics channels. Nobody listening costs one flag check.
 *
 * @example
 *   diagnostics_channel.subscribe('genroom:process:crash', (report) => log(formatCrash(report as CrashReport)));
 */
import { channel } from 'node:diagnostics_channel';
import { type ExitReason, isCrash } from './exit-reason.ts';
import type { Pid } from './pid.ts';
import type { Proc } from './proc.ts';

/** Who crashed, at which message, in which state, and why. */
export interface CrashReport {
  readonly pid: Pid;
  readonly label: string | undefined;
  /** Kind and name of the behaviour: `genServer account`. */
  readonly behaviour: string;
  readonly names: readonly string[];
  readonly parent: Pid | undefined;
  readonly reason: ExitReason;
  readonly error: Error | undefined;
  readonly lastMessage: unknown;
  /** The state, passed through the behaviour's `formatStatus`. */
  readonly state: unknown;
}

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

export function publishCrash(proc: Proc, reason: ExitReason, lastMessage: unknown): void {
  if (!crashes.hasSubscribers) return;
  crashes.publish({
    pid: proc.pid,
    label: proc.label,
    behaviour: proc.behaviour,
    names: proc.names?.map((name) => name.describe()) ?? [],
    parent: proc.parent,
    reason,
    error: isCrash(reason) ? reason.error : undefined,
    lastMessage,
    state: proc.describeState(),
  } satisfies CrashReport);
}

export function publishStart(proc: Proc): void {
  if (starts.hasSubscribers) starts.publish({ pid: proc.pid, behaviour: proc.behaviour, parent: proc.parent });
}

export function publishExit(proc: Proc, reason: ExitReason): void {
  if (exits.hasSubscribers) exits.publish({ pid: proc.pid, behaviour: proc.behaviour, reason });
}

export function publishRestart(report: RestartReport): void {
  if (restarts.hasSubscribers) restarts.publish(report);
}

export function publishStray(report: StrayReport): void {
  if (strays.hasSubscribers) strays.publish(report);
}
