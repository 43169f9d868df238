/** The errors of the processes layer, each with its stable code, its cause and what to do. */
import { shown } from '../../platform/error-text.ts';
import { GenroomError } from '../../platform/errors.ts';
import { describeReason, errorOf, type ExitReason } from './exit-reason.ts';
import type { Monitor } from './monitor.ts';
import type { Pid } from './pid.ts';

/** An operation that needs a process found none: called outside of one, or its target is gone. */
export class NoProcess extends GenroomError {
  constructor(message: string, remedy: string) {
    super('no_process', message, { remedy });
  }
}

/** What a node knows of its own processes only was asked of a process of another node, as badarg in OTP. */
export class RemoteProcess extends GenroomError {
  readonly pid: Pid;

  constructor(operation: string, pid: Pid) {
    super('remote_process', `${operation} of ${pid}, which lives on the node ${pid.node}`, {
      remedy: 'Monitor it to learn of its end, or ask a process of that node.',
    });
    this.pid = pid;
  }
}

/** Code of a process that has ended tried to act as it. */
export class ProcessEnded extends GenroomError {
  readonly pid: Pid;

  constructor(pid: Pid) {
    super('process_ended', `process ${pid} has ended; what it left behind can act no more`, {
      remedy: 'Stop work that outlives its process with self.signal, or start it as a process of its own.',
    });
    this.pid = pid;
  }
}

/** A process could not be started. `reason` is the exit reason of its init. */
export class StartError extends GenroomError {
  readonly reason: ExitReason;
  /** The process that already has the name, when that was the reason. */
  readonly holder: Pid | undefined;
  /** The reference of the DOWN that a `startMonitor` gives too. */
  monitor: Monitor | undefined = undefined;

  constructor(what: string, reason: ExitReason, holder?: Pid) {
    super(holder ? 'already_started' : 'start_failed', `${what} could not start: ${describeReason(reason)}`, {
      remedy: holder
        ? `Use the process that has the name, ${holder}, or choose another name.`
        : 'Mend what its init reports; the cause is the error it threw.',
      cause: errorOf(reason),
    });
    this.reason = reason;
    this.holder = holder;
  }
}

/** `init` returned `ignore()`: no process was started, which is no failure. */
export class StartIgnored extends GenroomError {
  /** The reference of the DOWN that a `startMonitor` gives too. */
  monitor: Monitor | undefined = undefined;

  constructor(what: string) {
    super('start_ignored', `${what} returned ignore() from init; no process was started`, {
      remedy: 'Catch this where a process may decline to start; a supervisor does it by itself.',
    });
  }
}

export type CallErrorCode =
  | 'call_timeout'
  | 'call_noproc'
  | 'call_down'
  | 'call_self'
  | 'call_overloaded'
  | 'call_nodedown';

const CALL_REMEDIES: Record<CallErrorCode, string> = {
  call_timeout:
    'The process may still do it: ask again with the same request id, allow more time, or find what keeps it busy.',
  call_noproc: 'Start the process first, or look it up by name each time instead of keeping its pid.',
  call_down: 'It ended before it answered; see its crash report, and call again once its supervisor has restarted it.',
  call_self: 'A process cannot wait for itself: call the function directly.',
  call_nodedown:
    'Its node was lost, or is not connected: what became of the call is unknown. Connect again, or ask another node.',
  call_overloaded: 'Its queue is full: slow down, or split its work over several processes.',
};

/** A call got no reply. Uncaught in a process it becomes the process's exit reason (rules ). */
export class CallError extends GenroomError {
  declare readonly code: CallErrorCode;
  readonly reason: ExitReason;
  /** The call as text. */
  readonly call: string;

  constructor(code: CallErrorCode, call: string, reason: ExitReason) {
    super(code, `${call} failed: ${describeReason(reason)}`, {
      remedy: CALL_REMEDIES[code],
      cause: errorOf(reason),
    });
    this.reason = reason;
    this.call = call;
  }
}

/** An argument that no process can be made of: a bad spec, flag, timeout or name. */
export class BadArgument extends GenroomError {
  constructor(code: string, message: string, remedy: string) {
    super(code, message, { remedy });
  }
}

/** Whether a value is a time to wait: what only compares like a number (a bigint, a string) is none. */
export function isTimeout(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

/** The error of a timeout that is no time. */
export function badTimeout(what: string, timeout: unknown): BadArgument {
  return new BadArgument(
    'invalid_timeout',
    `${what} has the timeout ${shown(timeout)}`,
    'Give milliseconds from 0 up, or Infinity.',
  );
}
