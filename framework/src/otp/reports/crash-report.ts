/**
 * The crash report: who ended, at what, in which state, why, and who is concerned. What OTP's gen_server and proc_lib
 * report between them.
 *
 * Invariant: state, last message, reason and log are as the server's `formatStatus` shows them.
 *
 * @example
 *   subscribe('genroom:process:crash', (report) => console.error(formatCrash(report as CrashReport)));
 */
import { type ExitReason, isCrash } from '../runtime/exit-reason.ts';
import type { LastMessage } from '../runtime/last-message.ts';
import type { Pid } from '../runtime/pid.ts';
import { type Proc, procOf } from '../runtime/proc.ts';
import type { SysEvent } from '../runtime/status.ts';
import { infoOf } from './process-info.ts';

export interface Client {
  readonly pid: Pid;
  readonly behaviour: string | undefined;
  /** Undefined for one of another node. */
  readonly alive: boolean | undefined;
}

export interface CrashReport {
  readonly pid: Pid;
  readonly label: string | undefined;
  /** Kind and name of the behaviour: `genServer account`. */
  readonly behaviour: string;
  readonly names: readonly string[];
  readonly parent: Pid | undefined;
  /** Who started it, who started that one, and so on, each as `supervisor bank <main.3>`. */
  readonly ancestors: readonly string[];
  readonly reason: ExitReason;
  readonly error: Error | undefined;
  /** What was being handled, where the process has handlers. */
  readonly lastMessage: LastMessage | undefined;
  /** Who called, when a call was being handled. */
  readonly client: Client | undefined;
  readonly state: unknown;
  /** The last events, where `sys.log` was on. */
  readonly log: readonly SysEvent[];
  /** Who will hear of it by a link. */
  readonly links: readonly Pid[];
  /** Who will hear of it by a monitor. */
  readonly monitoredBy: readonly Pid[];
  /** Messages that are lost with it. */
  readonly queued: number;
  readonly trapExit: boolean;
}

/** The report of a process that is about to end with `why`. */
export function crashReport(proc: Proc, why: ExitReason, last: LastMessage | undefined): CrashReport {
  const { state, message, reason = why, log } = proc.describe({ message: last, reason: why });
  const client = last?.client;
  const { pid, label, behaviour, names, parent, links, monitoredBy, messageQueueLength, trapExit } = infoOf(proc);
  return {
    pid,
    label,
    behaviour,
    names,
    parent,
    ancestors: ancestorsOf(proc),
    reason,
    error: isCrash(reason) ? reason.error : undefined,
    lastMessage: message,
    client: client && clientOf(client),
    state,
    log,
    links,
    monitoredBy,
    queued: messageQueueLength,
    trapExit,
  };
}

function clientOf(pid: Pid): Client {
  const proc = procOf(pid);
  return { pid, behaviour: proc?.behaviour, alive: proc?.remote ? undefined : proc !== undefined };
}

function ancestorsOf(proc: Proc): string[] {
  const chain: string[] = [];
  for (let { parent } = proc; parent;) {
    const ancestor: Proc | undefined = procOf(parent);
    chain.push(ancestor ? `${ancestor.behaviour} ${parent}` : String(parent));
    parent = ancestor?.parent;
  }
  return chain;
}
