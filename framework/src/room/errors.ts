/**
 * Errors of the room layer. Each has a stable code, its cause and its remedy; docs/errors.md lists them.
 *
 *     catch (error) { if (error instanceof IncarnationEnded) … }
 */
import { GenroomError } from '../platform/errors.ts';

/** `bad_definition`: a `room({…})` or `player({…})` that cannot work. */
export class BadDefinition extends GenroomError {
  constructor(what: string, problem: string) {
    super('bad_definition', `The definition of ${what} cannot work: ${problem}`, { remedy: 'Correct the definition.' });
  }
}

/** `incarnation_ended`: a handle, kept by code of a process that has ended, was used. */
export class IncarnationEnded extends GenroomError {
  constructor(what: string) {
    super('incarnation_ended', `${what} has ended, and what is left of its code reaches nobody`, {
      remedy: 'Use the handle that the next handler gets; keep none over a restart.',
    });
  }
}

/** `start_timed_out`: a room's start awaits what does not come. */
export class StartTimedOut extends GenroomError {
  constructor(what: string, part: string, ms: number) {
    super('start_timed_out', `${what} has not started: ${part} did not finish within ${ms} ms`, {
      remedy: 'Await nothing without a deadline there; where it takes longer, say so by `startTimeout`.',
    });
  }
}

/** `outside_turn`: a handle was used while its process was handling no message. */
export class OutsideTurn extends GenroomError {
  constructor(what: string, effect: string) {
    super('outside_turn', `\`${effect}\` of ${what} was used outside a turn`, {
      remedy: 'Use room.after for timers and room.task for promises: both come back as a turn of their own.',
    });
  }
}

/** `refused_after_change`: a handler changed `room.state` and refused then. */
export class RefusedAfterChange extends GenroomError {
  constructor(what: string, refusal: Error) {
    super('refused_after_change', `${what} was refused after room.state had been changed, so the room starts again`, {
      remedy: 'Refuse before the first change.',
      cause: refusal,
    });
  }
}

/** `not_cloneable`: something that must survive a restart holds a function, a socket or the like. */
export class NotCloneable extends GenroomError {
  constructor(what: string, cause: unknown) {
    super('not_cloneable', `${what} is not plain data`, {
      remedy: 'Keep plain data in it; what cannot be copied belongs into `derived`.',
      cause,
    });
  }
}

/** `unknown_timer`: `after` names a timer that the definition does not have. */
export class UnknownTimer extends GenroomError {
  constructor(name: string, what: string) {
    super('unknown_timer', `${what} has no timer '${name}'`, { remedy: `Add it to the definition's \`timers\`.` });
  }
}

/** `bad_delay`: `after` got what is no number of milliseconds from 0 up. */
export class BadDelay extends GenroomError {
  constructor(name: string, what: string, ms: unknown) {
    super('bad_delay', `${what} set timer '${name}' to ${typeof ms === 'string' ? `'${ms}'` : String(ms)} ms`, {
      remedy: 'Give a finite number of milliseconds from 0 up.',
    });
  }
}

/** `unknown_room`: a room of a name that no definition of this node has. */
export class UnknownRoom extends GenroomError {
  constructor(name: string) {
    super('unknown_room', `This node has no definition of a room '${name}'`, {
      remedy: 'Pass the definition to serve({ rooms }), also on worker nodes.',
    });
  }
}

/** `ordered_crash`: an operator ordered it (the "crash this room" button). */
export class OrderedCrash extends GenroomError {
  constructor(message: string) {
    super('ordered_crash', message === '' ? 'A crash was ordered' : message, { remedy: 'Nothing needs to be done.' });
  }
}
