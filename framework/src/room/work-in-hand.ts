/**
 * WorkInHand: what a Room or Player process is doing just now. It is written down outside of the process, so that it can
 * be read when the process has ended, however it ended: the message in hand is the one that is not tried again.
 *
 *     hand.take({ kind: 'cast', seq: 7, sessionId: 's1', type: 'post' });
 *     hand.done();
 */
import { NO_SEQ } from './hand-ledger.ts';

export type WorkKind =
  | 'boot'
  | 'join'
  | 'leave'
  | 'drop'
  | 'resume'
  | 'cast'
  | 'call'
  | 'timer'
  | 'tick'
  | 'task'
  | 'order';

export interface Work {
  readonly kind: WorkKind;
  /** Of the client message, where it is one. */
  readonly seq?: number | undefined;
  readonly sessionId?: string | undefined;
  /** The message's type, or the timer's name. */
  readonly type?: string | number | undefined;
  /** What tells this piece of work from others of its kind; see `retryKey`. */
  readonly due?: number | undefined;
}

/** Where the messages in hand are written down for whoever outlives this thread. */
export interface HandRecord {
  take(seq: number): number | undefined;
  /** Its handler waits. */
  wait(slot: number): void;
  /** At once. */
  free(slot: number): void;
  /** As soon as what has been sent so far has left the thread. */
  release(slot: number): void;
}

export class WorkInHand {
  readonly #record: HandRecord | undefined;
  #work: Work | undefined;
  #slot: number | undefined;

  constructor(record?: HandRecord) {
    this.#record = record;
  }

  get work(): Work | undefined {
    return this.#work;
  }

  take(work: Work): void {
    this.done();
    this.#work = work;
    this.#slot = this.#record?.take(work.seq ?? NO_SEQ);
  }

  /** Its handler waits for something; what runs now may be others' code. */
  waits(): void {
    if (this.#slot !== undefined) this.#record!.wait(this.#slot);
  }

  /** It is done, and nothing has been said of it. */
  done(): void {
    this.#work = undefined;
    if (this.#slot !== undefined) this.#record!.free(this.#slot);
    this.#slot = undefined;
  }

  /** It is done, and what there is to say of it (a record, that its process crashed) has just been sent. */
  told(): void {
    this.#work = undefined;
    if (this.#slot !== undefined) this.#record!.release(this.#slot);
    this.#slot = undefined;
  }
}

/**
 * Names work that comes again by itself after a restart, since the room's past still asks for it: a member to let go, a
 * timer that was due. It is retried once. A client's message never is.
 */
export function retryKey(work: Work): string | undefined {
  if (work.kind === 'leave') return `leave ${work.sessionId}`;
  if (work.kind === 'timer') return `timer ${work.type} ${work.due}`;
  return undefined;
}

/** Work in words, for reports: "call post of s1". */
export function describeWork(work: Work | undefined): string {
  if (!work) return 'nothing';
  const type = work.type === undefined ? '' : ` ${work.type}`;
  return `${work.kind}${type}${work.sessionId === undefined ? '' : ` of ${work.sessionId}`}`;
}
