/** NotData: a message for another node contains what no message can. */
import { GenroomError } from '../platform/errors.ts';

export class NotData extends GenroomError {
  /** @param what the message, and what in it; @param cause the error behind it, if there is one */
  constructor(what: string, cause?: unknown) {
    super('message_not_data', `${what} cannot be sent to another node`, {
      remedy:
        'Send data: what structuredClone copies, pids, references and names. Send the name of code instead of code.',
      cause,
    });
  }
}
