/**
 * HandLedger: what the processes of a node have in hand, written into memory that the node's thread shares with the
 * gateway. When the thread ends, however it ends, the gateway reads there which clients' messages must not be tried again,
 * and whose code ran last.
 *
 * Invariants
 * - A message is in the ledger from before its handler begins until the turn's record has been posted: records that
 *   were lost with the thread leave their messages in it.
 * - Work of a room's own (a start, a timer, a tick) is in it without a message.
 * - A room is known by the number that the gateway gave it with `open`.
 * - Beyond `SLOTS` messages at once nothing is written: such a message would be handed to the next node, too.
 *
 *     const memory = HandLedger.memory();                  // gateway; given to the thread
 *     const slot = new HandLedger(memory).take(7, 41);     // thread
 *     new HandLedger(memory).seqsOf(7);                    // gateway, once the thread has ended: [41]
 */
const SLOTS = 4_096;
/**
 * A slot is a room's number (0: the slot is free), a seq (0: no message), and the place in the order in which work was
 * taken up, as long as its handler has neither returned nor begun to wait (else 0).
 */
const WIDTH = 3;
const SEQ = 1;
const RUNS = 2;
/** Work of a room's own. */
export const NO_SEQ = 0;

export class HandLedger {
  readonly #slots: Float64Array;
  readonly #free: number[];
  /** Slots of turns whose record may not have been posted yet. */
  #ended: number[] = [];
  #taken = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new Float64Array(memory);
    this.#free = Array.from({ length: SLOTS }, (_, slot) => slot);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(SLOTS * WIDTH * Float64Array.BYTES_PER_ELEMENT);
  }

  /** @returns the slot, for `release`; undefined when there is none left */
  take(room: number, seq: number): number | undefined {
    const slot = this.#free.pop();
    if (slot === undefined) return undefined;
    this.#slots[slot * WIDTH + SEQ] = seq;
    this.#slots[slot * WIDTH + RUNS] = ++this.#taken;
    this.#slots[slot * WIDTH] = room;
    return slot;
  }

  /** The handler waits: other code runs meanwhile. */
  wait(slot: number): void {
    this.#slots[slot * WIDTH + RUNS] = 0;
  }

  free(slot: number): void {
    this.#slots[slot * WIDTH] = 0;
    this.#free.push(slot);
  }

  /** The turn has ended, and its record is sent: the microtask that posts it was queued before this one. */
  release(slot: number): void {
    this.wait(slot);
    if (this.#ended.push(slot) === 1) queueMicrotask(() => this.#sweep());
  }

  /** What of a room is in hand; for the gateway, when the thread has ended. */
  seqsOf(room: number): number[] {
    const seqs: number[] = [];
    for (let at = 0; at < this.#slots.length; at += WIDTH)
      if (this.#slots[at] === room && this.#slots[at + SEQ] !== NO_SEQ) seqs.push(this.#slots[at + SEQ]!);
    return seqs;
  }

  /** The room whose code was running, as far as that is known: not after the first await of a handler. For the gateway. */
  get ranLast(): number | undefined {
    let [room, latest]: [number | undefined, number] = [undefined, 0];
    for (let at = 0; at < this.#slots.length; at += WIDTH) {
      if (this.#slots[at] === 0 || this.#slots[at + RUNS]! <= latest) continue;
      [room, latest] = [this.#slots[at], this.#slots[at + RUNS]!];
    }
    return room;
  }

  /** For the gateway, before another thread gets this memory. */
  clear(): void {
    this.#slots.fill(0);
  }

  #sweep(): void {
    for (const slot of this.#ended) this.free(slot);
    this.#ended = [];
  }
}
