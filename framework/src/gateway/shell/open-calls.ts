/**
 * OpenCalls: clients' calls that were not answered yet, each with a deadline of the server's.
 *
 * A call is `waiting` until a turn has finished its message, then `accepted`: its turn is part of the room, only the
 * answer is outstanding (a task). The difference decides how a crash ends it: a waiting call is rejected, nothing of it
 * was applied; an accepted one is in doubt.
 *
 * Invariant: each call is answered at most once; after that it is forgotten, and a late reply finds nothing. One timer
 * serves all calls of a room, since a call that is answered in time must not cost one.
 */
import type { Clock, TimerHandle } from '../../otp/runtime/clock.ts';

export interface OpenCall {
  readonly seq: number;
  readonly sessionId: string;
  readonly requestId: number;
  /** Whose turn it became part of; false: none yet. */
  accepted: false | 'room' | 'player';
}

interface Entry {
  readonly call: OpenCall;
  /** By clock.now. All calls may take equally long, so these ascend. */
  readonly due: number;
}

export class OpenCalls {
  readonly #clock: Clock;
  readonly #timeout: number | false;
  readonly #onDeadline: (call: OpenCall) => void;
  /** In the order in which they were opened, and so in that of their deadlines. */
  readonly #calls = new Map<number, Entry>();
  /** One for all: for the call that was the oldest when it was set. */
  #timer: TimerHandle | undefined;

  /** @param timeout milliseconds until `onDeadline`; false: never (`--inspect`) */
  constructor(clock: Clock, timeout: number | false, onDeadline: (call: OpenCall) => void) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#onDeadline = onDeadline;
  }

  /** The deadline of a call that opens now, on the wall clock; undefined when deadlines are suspended. */
  deadline(): number | undefined {
    return this.#timeout === false ? undefined : this.#clock.wall() + this.#timeout;
  }

  open(seq: number, sessionId: string, requestId: number): void {
    const due = this.#timeout === false ? Infinity : this.#clock.now() + this.#timeout;
    this.#calls.set(seq, { call: { seq, sessionId, requestId, accepted: false }, due });
    this.#arm();
  }

  has(seq: number): boolean {
    return this.#calls.has(seq);
  }

  accept(seq: number, by: 'room' | 'player'): void {
    const entry = this.#calls.get(seq);
    if (entry) entry.call.accepted = by;
  }

  /** Forgets the call, so that it can be answered this once. */
  take(seq: number): OpenCall | undefined {
    const entry = this.#calls.get(seq);
    this.#calls.delete(seq);
    return entry?.call;
  }

  takeWhere(matches: (call: OpenCall) => boolean): OpenCall[] {
    const taken: OpenCall[] = [];
    for (const { call } of this.#calls.values()) if (matches(call)) taken.push(call);
    for (const call of taken) this.#calls.delete(call.seq);
    return taken;
  }

  /** No deadline comes any more. */
  stop(): void {
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#timer || this.#timeout === false) return;
    for (const { due } of this.#calls.values()) {
      this.#timer = this.#clock.setTimer(Math.max(0, due - this.#clock.now()), () => this.#expire(), false);
      return;
    }
  }

  #expire(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const { call, due } of this.#calls.values()) {
      if (due > now) break;
      this.#calls.delete(call.seq);
      this.#onDeadline(call);
    }
    this.#arm();
  }
}
