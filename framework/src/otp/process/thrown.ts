/** From what user code threw to the reason its process ends with (rules ). */
import { GenroomError } from '../../platform/errors.ts';
import { CallError } from '../runtime/errors.ts';
import { crashOf, type ExitReason } from '../runtime/exit-reason.ts';

/** What `exit(reason)` throws to leave the process's code. Not an Error: it is not meant to be handled. */
export class ExitThrow {
  readonly reason: ExitReason;

  constructor(reason: ExitReason) {
    this.reason = reason;
  }
}

/** A message for which the definition has no handler. */
export class NoHandler extends GenroomError {
  constructor(behaviour: string, kind: string, name: string) {
    super('no_handler', `${behaviour} has no handler for the ${kind} '${name}'`, {
      remedy: `Define it, or send what the definition knows; TypeScript names it where the target is typed.`,
    });
  }
}

/** The exit reason of a process whose code threw. */
export function reasonOfThrow(thrown: unknown): ExitReason {
  try {
    if (thrown instanceof ExitThrow) return thrown.reason;
    if (thrown instanceof CallError) return { kind: 'callFailed', reason: thrown.reason, call: thrown.call };
  } catch {
    // A Proxy that forbids to ask what it is: a crash like any other value.
  }
  return crashOf(thrown);
}
