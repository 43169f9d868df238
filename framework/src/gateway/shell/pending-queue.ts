/**
 * PendingQueue: what clients asked of a room and no turn has finished yet, in the order of arrival.
 *
 * The mailbox of a crashed process dies with it; this queue does not, so a successor gets what lay behind the failing
 * message. Sequence numbers ascend and are never used twice.
 *
 * Bounds are decisions, not effects: `admit` says what to do with one more message, the shell does it. Joins, drops,
 * resumes and leaves are not refused: there are at most a few per seat.
 *
 *     const queue = new PendingQueue({ perSession: 256, perRoom: 10_000 });
 *     if (queue.admit('s1') === 'admitted') queue.add('s1', { kind: 'cast', type: 'move' });
 */
export type ClientBody =
  | { readonly kind: 'join' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'leave'; readonly consented: boolean }
  | { readonly kind: 'cast'; readonly type: string | number; readonly payload?: Uint8Array }
  | {
      readonly kind: 'call';
      readonly type: string | number;
      readonly payload?: Uint8Array;
      readonly deadline?: number;
    };

/** Who waits for a join or a resume. */
export interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

export interface Pending {
  readonly seq: number;
  readonly sessionId: string;
  readonly body: ClientBody;
  readonly waiter?: Waiter;
  /** The epoch to which it was handed last; 0: to none yet. */
  handedTo: number;
}

export interface QueueBounds {
  /** Unfinished messages one session may have. Default 256. */
  readonly perSession: number;
  /** Unfinished messages a room may have. Default 10,000. */
  readonly perRoom: number;
}

export const defaultBounds: QueueBounds = { perSession: 256, perRoom: 10_000 };

export class PendingQueue {
  readonly #bounds: QueueBounds;
  readonly #bySeq = new Map<number, Pending>();
  readonly #counts = new Map<string, number>();
  #lastSeq = 0;

  constructor(bounds: QueueBounds = defaultBounds) {
    this.#bounds = bounds;
  }

  /** `flood`: this session alone has reached its bound; `full`: the room has. */
  admit(sessionId: string): 'admitted' | 'flood' | 'full' {
    if ((this.#counts.get(sessionId) ?? 0) >= this.#bounds.perSession) return 'flood';
    return this.#bySeq.size >= this.#bounds.perRoom ? 'full' : 'admitted';
  }

  add(sessionId: string, body: ClientBody, waiter?: Waiter): Pending {
    const pending: Pending = { seq: ++this.#lastSeq, sessionId, body, handedTo: 0, ...(waiter && { waiter }) };
    this.#bySeq.set(pending.seq, pending);
    this.#counts.set(sessionId, (this.#counts.get(sessionId) ?? 0) + 1);
    return pending;
  }

  /** Takes a message out for good; undefined when it is not pending (any more). */
  remove(seq: number): Pending | undefined {
    const pending = this.#bySeq.get(seq);
    if (!pending) return undefined;
    this.#bySeq.delete(seq);
    const left = this.#counts.get(pending.sessionId)! - 1;
    if (left === 0) this.#counts.delete(pending.sessionId);
    else this.#counts.set(pending.sessionId, left);
    return pending;
  }

  get(seq: number): Pending | undefined {
    return this.#bySeq.get(seq);
  }

  /** In order. Safe against removal while iterating. */
  inOrder(): IterableIterator<Pending> {
    return this.#bySeq.values();
  }

  ofSession(sessionId: string): Pending[] {
    if (!this.#counts.has(sessionId)) return [];
    return [...this.#bySeq.values()].filter((pending) => pending.sessionId === sessionId);
  }
}

/** What reports say of a message. */
export function describePending({ sessionId, body }: Pending): {
  sessionId: string;
  kind: string;
  type?: string | number;
} {
  return { sessionId, kind: body.kind, ...('type' in body && { type: body.type }) };
}
