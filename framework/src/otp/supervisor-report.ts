/**
 * Supervisor reports: what a supervisor tells of a child that ended or could not start. OTP's supervisor report.
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
import { inspect } from 'node:util';
import { errorText } from '../platform/error-text.ts';
import { publishReport } from './channels.ts';
import type { NormalSpec, ShutdownTime } from './child-spec.ts';
import { describeReason, type ExitReason, isCrash } from './exit-reason.ts';
import type { Pid } from './pid.ts';
import type { Proc } from './proc.ts';
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

export interface ReportFormat {
  /** How deep values are shown. Default all of them. */
  readonly depth?: number;
  /** Default false: one line a part. */
  readonly singleLine?: boolean;
  /** Longest text in characters; what is cut off is shown as `…`. Default Infinity. */
  readonly charsLimit?: number;
}

/** A supervisor report as text, over several lines or on one. */
export function formatSupervisorReport(
  { supervisor, errorContext, reason, offender }: SupervisorReport,
  { depth = Infinity, singleLine = false, charsLimit = Infinity }: ReportFormat = {},
): string {
  const who = `${supervisor.name} ${supervisor.pid}`;
  const text = singleLine
    ? `Supervisor: ${who}. Context: ${errorContext}. Reason: ${reasonText(reason, depth, true)}. ` +
      `Offender: id=${String(offender.id)},pid=${String(offender.pid)}.`
    : [
        `    supervisor: ${who}`,
        `    errorContext: ${errorContext}`,
        `    reason: ${reasonText(reason, depth, false)}`,
        `    offender: ${valueText({ ...offender, pid: offender.pid && String(offender.pid) }, depth)}`,
      ].join('\n');
  const lines = singleLine ? text.replaceAll('\n', '\\n') : text;
  return lines.length > charsLimit ? `${lines.slice(0, Math.max(0, charsLimit - 1))}…` : lines;
}

/** A crash shows its error, over several lines with the stack. */
function reasonText(reason: ExitReason, depth: number, singleLine: boolean): string {
  if (typeof reason === 'string') return reason;
  if (!isCrash(reason)) return valueText(reason, depth);
  return singleLine ? describeReason(reason) : (errorText(reason.error).stack ?? describeReason(reason));
}

/** Any value may be a reason: this never throws. */
function valueText(value: unknown, depth: number): string {
  try {
    return inspect(value, { depth, breakLength: Infinity, compact: true });
  } catch {
    return 'a value that cannot be shown';
  }
}
