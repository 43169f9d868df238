/**
 * Mailbox: a FIFO of messages kept as slots of one array, so that a message needs no object of its own.
 *
 * A message is three slots: `head`, `body` and `mark`. What they mean is the behaviour's affair: for a GenServer, the
 * name of a cast or call, its payload, and CAST, INFO, SYSTEM or the `From` of a call.
 *
 * Invariants
 * - The capacity is a power of two (in messages); an empty mailbox that never held anything owns no array.
 * - A taken slot is cleared, so that no handled message is kept alive.
 *
 * @example
 *   mailbox.push('deposit', 5, CAST);
 *   while (mailbox.size > 0) { handle(mailbox.head(), mailbox.body(), mailbox.mark()); mailbox.drop(); }
 */
/** `mark` of a message that is none of the GenServer protocol: a plain send, DOWN, EXIT, a timer. */
export const INFO = 1;
/** `mark` of a cast. */
export const CAST = 2;
/** `mark` of a message of the framework itself; its body is a function that the behaviour runs. */
export const SYSTEM = 3;

const NONE: unknown[] = [];
const SMALLEST = 4;
/** A mailbox that once held more than this gives its array back when it runs empty. */
const KEEP = 1024;

export class Mailbox {
  private slots: unknown[] = NONE;
  private mask = -1;
  private first = 0;
  size = 0;

  push(head: unknown, body: unknown, mark: unknown): void {
    if (this.size > this.mask) this.grow();
    const at = ((this.first + this.size) & this.mask) * 3;
    const slots = this.slots;
    slots[at] = head;
    slots[at + 1] = body;
    slots[at + 2] = mark;
    this.size++;
  }

  head(): unknown {
    return this.slots[this.first * 3];
  }

  body(): unknown {
    return this.slots[this.first * 3 + 1];
  }

  mark(): unknown {
    return this.slots[this.first * 3 + 2];
  }

  /** Removes the first message. */
  drop(): void {
    const at = this.first * 3;
    const slots = this.slots;
    slots[at] = undefined;
    slots[at + 1] = undefined;
    slots[at + 2] = undefined;
    this.first = (this.first + 1) & this.mask;
    this.size--;
    if (this.size === 0) {
      this.first = 0;
      if (this.mask >= KEEP) this.clear();
    }
  }

  /** The body of the message at `index` (0 is the first), for selective receive and inspection. */
  bodyAt(index: number): unknown {
    return this.slots[((this.first + index) & this.mask) * 3 + 1];
  }

  markAt(index: number): unknown {
    return this.slots[((this.first + index) & this.mask) * 3 + 2];
  }

  headAt(index: number): unknown {
    return this.slots[((this.first + index) & this.mask) * 3];
  }

  /** Removes the message at `index`; those behind it move up. */
  remove(index: number): void {
    for (let i = index; i > 0; i--) {
      const to = ((this.first + i) & this.mask) * 3;
      const from = ((this.first + i - 1) & this.mask) * 3;
      this.slots[to] = this.slots[from];
      this.slots[to + 1] = this.slots[from + 1];
      this.slots[to + 2] = this.slots[from + 2];
    }
    this.drop();
  }

  /** Moves the message at `index` to the front; those before it keep their order. */
  moveToFront(index: number): void {
    if (index === 0) return;
    const at = ((this.first + index) & this.mask) * 3;
    const [head, body, mark] = [this.slots[at], this.slots[at + 1], this.slots[at + 2]];
    this.remove(index);
    this.first = (this.first - 1) & this.mask;
    this.size++;
    const front = this.first * 3;
    this.slots[front] = head;
    this.slots[front + 1] = body;
    this.slots[front + 2] = mark;
  }

  clear(): void {
    this.slots = NONE;
    this.mask = -1;
    this.first = 0;
    this.size = 0;
  }

  private grow(): void {
    const old = this.slots;
    const oldMask = this.mask;
    const capacity = oldMask < 0 ? SMALLEST : (oldMask + 1) * 2;
    const slots = new Array<unknown>(capacity * 3).fill(undefined);
    for (let i = 0; i < this.size; i++) {
      const from = ((this.first + i) & oldMask) * 3;
      slots[i * 3] = old[from];
      slots[i * 3 + 1] = old[from + 1];
      slots[i * 3 + 2] = old[from + 2];
    }
    this.slots = slots;
    this.mask = capacity - 1;
    this.first = 0;
  }
}
