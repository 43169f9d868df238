/**
 * OpenCalls: clients' calls that were not answered yet, each with a deadline of the server's.
 *
 * A call is `waiting` until a turn has finished its message, then `accepted`: its turn is part of the room, only the
 * answer is outstanding (a task). The difference decides how a crash ends it: a waiting call is rejected, nothing of it
 * was applied; an accepted one is in doubt.
 *
 * Invariant: each call is answered at most once; after that it is forgotten, and a late reply finds nothing.
 */
import type { Clock, TimerHandle } from '../../otp/clock.ts';

export interface OpenCall {
  readonly seq: number;
  readonly sessionId: string;
  readonly requestId: number;
  /** Whose turn it became part of; false: none yet. */
  accepted: false | 'room' | 'player';
}

export class OpenCalls {
  readonly #clock: Clock;
  readonly #timeout: number | false;
  readonly #onDeadline: (call: OpenCall) => void;
  readonly #calls = new Map<number, { readonly call: OpenCall; readonly timer: TimerHandle | undefined }>();

  /** @param timeout milliseconds until `onDeadline`; false: never (`--inspect`) */
  constructor(clock: Clock, timeout: number | false, onDeadline: (call: OpenCall) => void) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#onDeadline = onDeadline;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** The deadline of a call that opens now, on the wall clock; undefined when deadlines are suspended. */
  deadline(): number | undefined {
    return this.#timeout === false ? undefined : this.#clock.wall() + this.#timeout;
  }

  open(seq: number, sessionId: string, requestId: number): void {
    const call: OpenCall = { seq, sessionId, requestId, accepted: false };
    const expire = (): void => {
      if (this.#calls.delete(seq)) this.#onDeadline(call);
    };
    const timer = this.#timeout === false ? undefined : this.#clock.setTimer(this.#timeout, expire, false);
    this.#calls.set(seq, { call, timer });
  }

  has(seq: number): boolean {
    return this.#calls.has(seq);
  }

  accept(seq: number, by: 'room' | 'player'): void {
    const open = this.#calls.get(seq);
    if (open) open.call.accepted = by;
  }

  /** Forgets the call, so that it can be answered this once. */
  take(seq: number): OpenCall | undefined {
    const open = this.#calls.get(seq);
    if (!open) return undefined;
    this.#calls.delete(seq);
    if (open.timer) this.#clock.clearTimer(open.timer);
    return open.call;
  }

  takeWhere(matches: (call: OpenCall) => boolean): OpenCall[] {
    const taken: OpenCall[] = [];
    for (const { call } of this.#calls.values()) if (matches(call)) taken.push(call);
    for (const call of taken) this.take(call.seq);
    return taken;
  }
}
