/**
 * Supervisor reports: what a supervisor tells of a child that ended, could not start or is started again. OTP's supervisor
 * report.
 *
 * Invariant: a report holds no start arguments, which may be secrets.
 *
 * @example
 *   diagnostics_channel.subscribe('genroom:supervisor:report', (report) =>
 *     console.error(formatSupervisorReport(report as SupervisorReport, { singleLine: true })),
 *   );
 *   // Supervisor: supervisor bank <main.4>. Context: childTerminated. Reason: crash: Error: boom. Offender: id=a,pid=<main.5>.
 */
import { channel } from 'node:diagnostics_channel';
import { publishReport, publishRestart, type RestartReport, restartsAreRead } from '../reports/channels.ts';
import { type CrashTextOptions, cut, escaped, onOneLine, shown, whyLines } from '../reports/crash-text.ts';
import { currentClock } from '../runtime/clock.ts';
import { describeReason, type ExitReason, isCrash } from '../runtime/exit-reason.ts';
import type { Pid } from '../runtime/pid.ts';
import type { Proc } from '../runtime/proc.ts';
import type { NormalSpec, ShutdownTime } from './child-spec.ts';
import { addRestart, type Intensity } from './restart-intensity.ts';
import type { Restart } from './restart-strategy.ts';

/**
 * - startError: a child could not start with its supervisor, or not start again.
 * - childTerminated: it ended by itself, a permanent child in whatever way, another in a disorderly one.
 * - shutdownError: it was stopped and ended in another way than asked.
 * - shutdown: one restart too many; the supervisor ends.
 */
export type ErrorContext = 'startError' | 'childTerminated' | 'shutdownError' | 'shutdown';

/** Published on `genroom:supervisor:report`. */
export interface SupervisorReport {
  readonly supervisor: { readonly pid: Pid; readonly name: string };
  readonly errorContext: ErrorContext;
  readonly reason: ExitReason;
  /** The child as its supervisor knows it. */
  readonly offender: {
    /** The process that ended; undefined where none was started. */
    readonly pid: Pid | undefined;
    readonly id: unknown;
    readonly behaviour: string | undefined;
    readonly restart: Restart;
    readonly significant: boolean;
    readonly shutdown: ShutdownTime;
    readonly type: 'worker' | 'supervisor';
  };
}

/** Counts a restart of a child and tells of it. Returns whether it is one too many: the supervisor ends then. */
export function countRestart(
  supervisor: Proc,
  name: string,
  history: number[],
  intensity: Intensity,
  { childId, pid, reason }: Pick<RestartReport, 'childId' | 'pid' | 'reason'>,
): boolean {
  const givenUp = addRestart(history, currentClock().now(), intensity);
  if (restartsAreRead()) {
    publishRestart({
      supervisor: supervisor.pid,
      supervisorLabel: supervisor.label ?? name,
      childId,
      pid,
      reason,
      restarts: history.length,
      max: intensity.max,
      givenUp,
    });
  }
  return givenUp;
}

const reports = channel('genroom:supervisor:report');

export function reportChild(
  supervisor: Proc,
  errorContext: ErrorContext,
  reason: ExitReason,
  { id, behaviour, restart, significant, shutdown, type }: NormalSpec,
  pid: Pid | undefined,
): void {
  if (!reports.hasSubscribers) return;
  publishReport(reports, {
    supervisor: { pid: supervisor.pid, name: supervisor.label ?? supervisor.behaviour },
    errorContext,
    reason,
    offender: { pid, id, behaviour: behaviour?.name, restart, significant, shutdown, type },
  } satisfies SupervisorReport);
}

/** A supervisor report as text: four lines and the stack, or one line. What came in as data cannot forge a line. */
export function formatSupervisorReport(report: SupervisorReport, options: CrashTextOptions = {}): string {
  const { supervisor, errorContext, reason, offender } = report;
  const { depth = 4, charsLimit = Infinity, singleLine = false } = options;
  const show = (value: unknown): string => shown(value, depth, singleLine);
  const why = whyLines(reason, show).map((line) => line.replace(/^\*\* (?:\(stop\) )?/, ''));
  const who = escaped(`${supervisor.name} ${supervisor.pid}`);
  const text = singleLine
    ? onOneLine(
        `Supervisor: ${who}. Context: ${errorContext}. Reason: ${isCrash(reason) ? describeReason(reason) : why.join(' ')}. ` +
          `Offender: id=${String(offender.id)},pid=${String(offender.pid)}.`,
      )
    : [
        `Supervisor: ${who}`,
        `Context: ${errorContext}`,
        `Reason: ${why.join('\n')}`,
        `Offender: ${show({ ...offender, pid: offender.pid && String(offender.pid) })}`,
      ].join('\n');
  return cut(text, charsLimit);
}
