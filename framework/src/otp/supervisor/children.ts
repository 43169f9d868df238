/** What supervisors answer about their children: values and named errors, as data between processes. */
import { GenroomError } from '../../platform/errors.ts';
import { describeReason, errorOf, type ExitReason } from '../runtime/exit-reason.ts';
import type { Key } from '../runtime/key.ts';
import { Pid } from '../runtime/pid.ts';

export interface ChildInfo {
  readonly id: Key | undefined;
  /** Undefined while stopped or restarting. */
  readonly pid: Pid | undefined;
  readonly type: 'worker' | 'supervisor';
  /** The name of its definition, in the place of OTP's modules; undefined for a start function. */
  readonly behaviour: string | undefined;
  /** Its last restart failed and is tried again. */
  readonly restarting: boolean;
}

/** What `countChildren` answers. */
export function countsOf(children: readonly ChildInfo[]): {
  specs: number;
  active: number;
  supervisors: number;
  workers: number;
} {
  return {
    specs: children.length,
    active: children.filter((child) => child.pid).length,
    supervisors: children.filter((child) => child.type === 'supervisor').length,
    workers: children.filter((child) => child.type === 'worker').length,
  };
}

export type ChildErrorCode =
  | 'already_started'
  | 'already_present'
  | 'not_found'
  | 'running'
  | 'restarting'
  | 'max_children'
  | 'child_start_failed'
  | 'child_ignored';

export interface ChildFault {
  readonly code: ChildErrorCode;
  readonly child: string;
  readonly pid?: Pid | undefined;
  readonly reason?: ExitReason;
}

/** Any value may be a reason: one that cannot be asked names nobody. */
function holderIn(reason: unknown): unknown {
  try {
    return (reason as { alreadyStarted?: unknown }).alreadyStarted;
  } catch {
    return undefined;
  }
}

/** The fault of a child that did not start, which may be that another process has its name (row SUPE-90). */
export function startFault(child: unknown, reason: ExitReason): ChildFault {
  const holder = holderIn(reason);
  return holder instanceof Pid
    ? { code: 'already_started', child: String(child), pid: holder, reason }
    : { code: 'child_start_failed', child: String(child), reason };
}

/** A supervisor's answer, as it crosses from its process to the caller. */
export interface ChildAnswer {
  readonly error?: ChildFault;
  readonly value?: unknown;
}

const REMEDIES: Record<ChildErrorCode, string> = {
  already_started: 'Use the process that runs, or another id or name.',
  already_present: 'Use restartChild, or deleteChild first.',
  not_found: 'See whichChildren for what is there.',
  running: 'Terminate it first.',
  restarting: 'Wait for its restart, or terminate it first.',
  max_children: 'Raise maxChildren, or refuse the work.',
  child_start_failed: 'Mend what its init reports; see the reason.',
  child_ignored: 'Its init declined to start; nothing to mend unless that is a surprise.',
};

/** A supervisor could not do as asked. `pid` is the child in question where it runs. */
export class ChildError extends GenroomError {
  declare readonly code: ChildErrorCode;
  readonly pid: Pid | undefined;
  readonly reason: ExitReason | undefined;

  constructor(fault: ChildFault) {
    const why = fault.reason === undefined ? '' : `: ${describeReason(fault.reason)}`;
    super(fault.code, `child ${fault.child}: ${fault.code.replaceAll('_', ' ')}${why}`, {
      remedy: REMEDIES[fault.code],
      cause: fault.reason === undefined ? undefined : errorOf(fault.reason),
    });
    this.pid = fault.pid;
    this.reason = fault.reason;
  }
}
