/**
 * Refusals: how user code says no to a client without crashing.
 *
 * A refusal is an outcome, not a failure: the call is answered as REJECTED with `{ code, message, details }` (the SDK
 * rejects with `name: 'rejected'` and that as `reason`), a cast is answered by an ERROR frame (`room.onError`), a join
 * is turned away. The process lives on. A refused message was not applied: what it had collected (broadcasts, timers,
 * new `data`) is dropped, and refusing after `room.state` was changed is a crash, since only a restart can undo that.
 *
 *     withdraw(room, player, cents) {
 *       if (cents > room.data.cents) throw refuse('overdraft', 'There is not enough in the account.');
 *       …
 *     }
 */
import { ErrorCode } from './frames.ts';

/** What `refuse` makes. Throw it or return it. */
export class Refusal extends Error {
  /** Stable name of the reason, for programs. */
  readonly code: string;
  /** Plain data for the client. */
  readonly details: unknown;
  /** The number that a refused join and an ERROR frame carry. */
  readonly status: number;

  constructor(code: string, message: string, details?: unknown, status: number = ErrorCode.APPLICATION_ERROR) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.details = details;
    this.status = status;
  }
}

/**
 * Says no to the client whose message is being handled.
 *
 * @param code stable, for programs: 'overdraft'
 * @param message for people; reaches the client as it is
 * @param details plain data, reaches the client with a refused call
 */
export function refuse(code: string, message: string, details?: unknown): Refusal {
  return new Refusal(code, message, details);
}

/** What a client gets as the reason of a refused call. */
export function refusalReason(refusal: Refusal): { code: string; message: string; details?: unknown } {
  const { code, message, details } = refusal;
  return details === undefined ? { code, message } : { code, message, details };
}
