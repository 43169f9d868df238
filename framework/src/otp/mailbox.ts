/**
 * Mailbox: a FIFO of messages kept as slots of arrays, so that a message needs no object of its own.
 *
 * A message is three slots: `head`, `body` and `mark`. What they mean is the behaviour's affair: for a GenServer, the
 * name of a cast or call, its payload, and CAST, INFO, SYSTEM or the `From` of a call.
 *
 * Invariants
 * - The front is a ring whose capacity is a power of two; an empty mailbox that never held anything owns no array.
 * - A ring grows by doubling up to SEGMENT messages; what does not fit then goes to a chain of segments behind it, so
 *   that a long queue is never copied. Emptied segments are used again by whoever needs one next.
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
/** `mark` of a message of the framework itself; its head is a function that the behaviour runs. */
export const SYSTEM = 3;

const NONE: unknown[] = [];
/** Room of a mailbox's first ring: most processes never hold two messages at once. */
const SMALLEST = 1;
const SECOND = 8;
/** Messages in one segment of a long queue. */
const SEGMENT = 1024;
/** Emptied segments kept for use again, over all mailboxes of the thread: 6 MB at most. */
const SPARES = 256;

/** A part of a long queue: filled from the start, never taken from before it has become the front. */
interface Segment {
  readonly slots: unknown[];
  count: number;
  next: Segment | undefined;
}

/** The part of a queue that its front ring does not hold. */
interface Chain {
  first: Segment;
  last: Segment;
  /** Where in the chain `slotAt` was last, and how many messages of the chain stand before: a scan walks it once. */
  seen: Segment | undefined;
  before: number;
}

const spares: unknown[][] = [];

function newSlots(messages: number): unknown[] {
  // A literal costs a fraction of filling an array.
  return messages === SMALLEST ? [undefined, undefined, undefined] : new Array<unknown>(messages * 3).fill(undefined);
}

export class Mailbox {
  private slots: unknown[] = NONE;
  private mask = -1;
  private first = 0;
  /** Messages in the front ring; `size` counts those of the chain as well. */
  private count = 0;
  private chain: Chain | undefined = undefined;
  size = 0;

  push(head: unknown, body: unknown, mark: unknown): void {
    this.size++;
    if (this.count > this.mask || this.chain !== undefined) {
      if (this.chain !== undefined || this.mask >= SEGMENT - 1) return this.pushBehind(head, body, mark);
      this.grow();
    }
    const at = ((this.first + this.count++) & this.mask) * 3;
    const slots = this.slots;
    slots[at] = head;
    slots[at + 1] = body;
    slots[at + 2] = mark;
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
    if (--this.count === 0 && this.chain !== undefined) this.advance();
  }

  headAt(index: number): unknown {
    return this.slotAt(index, 0);
  }

  /** The body of the message at `index` (0 is the first), for selective receive and inspection. */
  bodyAt(index: number): unknown {
    return this.slotAt(index, 1);
  }

  markAt(index: number): unknown {
    return this.slotAt(index, 2);
  }

  /** Removes the message at `index`; the others keep their order. */
  remove(index: number): void {
    if (index < this.count) {
      for (let i = index; i > 0; i--) this.copy(i - 1, i);
      this.drop();
      return;
    }
    const chain = this.chain!;
    chain.seen = undefined;
    let rest = index - this.count;
    let before: Segment | undefined;
    let segment = chain.first;
    while (rest >= segment.count) {
      rest -= segment.count;
      before = segment;
      segment = segment.next!;
    }
    segment.slots.copyWithin(rest * 3, (rest + 1) * 3, segment.count * 3);
    segment.slots.fill(undefined, (segment.count - 1) * 3, segment.count * 3);
    segment.count--;
    this.size--;
    if (segment.count > 0) return;
    if (before) before.next = segment.next;
    else if (segment.next) chain.first = segment.next;
    else this.chain = undefined;
    if (before && chain.last === segment) chain.last = before;
  }

  /** Moves the message at `index` to the front; those before it keep their order. */
  moveToFront(index: number): void {
    if (index === 0) return;
    const [head, body, mark] = [this.headAt(index), this.bodyAt(index), this.markAt(index)];
    this.remove(index);
    if (this.count > this.mask) this.grow();
    this.first = (this.first - 1) & this.mask;
    this.count++;
    this.size++;
    const at = this.first * 3;
    this.slots[at] = head;
    this.slots[at + 1] = body;
    this.slots[at + 2] = mark;
  }

  clear(): void {
    this.slots = NONE;
    this.mask = -1;
    this.first = 0;
    this.count = 0;
    this.chain = undefined;
    this.size = 0;
  }

  private slotAt(index: number, offset: number): unknown {
    if (index < this.count) return this.slots[((this.first + index) & this.mask) * 3 + offset];
    const chain = this.chain!;
    const inChain = index - this.count;
    if (chain.seen === undefined || inChain < chain.before) {
      chain.seen = chain.first;
      chain.before = 0;
    }
    while (inChain - chain.before >= chain.seen.count) {
      chain.before += chain.seen.count;
      chain.seen = chain.seen.next!;
    }
    return chain.seen.slots[(inChain - chain.before) * 3 + offset];
  }

  private copy(from: number, to: number): void {
    const source = ((this.first + from) & this.mask) * 3;
    const target = ((this.first + to) & this.mask) * 3;
    this.slots[target] = this.slots[source];
    this.slots[target + 1] = this.slots[source + 1];
    this.slots[target + 2] = this.slots[source + 2];
  }

  private pushBehind(head: unknown, body: unknown, mark: unknown): void {
    let segment = this.chain?.last;
    if (segment === undefined || segment.count === SEGMENT) {
      const next: Segment = { slots: spares.pop() ?? newSlots(SEGMENT), count: 0, next: undefined };
      if (segment === undefined) {
        this.chain = { first: next, last: next, seen: undefined, before: 0 };
      } else {
        segment.next = next;
        this.chain!.last = next;
      }
      segment = next;
    }
    const at = segment.count++ * 3;
    segment.slots[at] = head;
    segment.slots[at + 1] = body;
    segment.slots[at + 2] = mark;
  }

  /** The front ring is empty: the next segment becomes it. */
  private advance(): void {
    const chain = this.chain!;
    const { slots, count, next } = chain.first;
    if (this.mask === SEGMENT - 1 && spares.length < SPARES) spares.push(this.slots);
    this.slots = slots;
    this.mask = SEGMENT - 1;
    this.first = 0;
    this.count = count;
    chain.seen = undefined;
    if (next) chain.first = next;
    else this.chain = undefined;
  }

  private grow(): void {
    const old = this.slots;
    const oldMask = this.mask;
    const capacity = oldMask < 0 ? SMALLEST : oldMask === 0 ? SECOND : (oldMask + 1) * 2;
    const slots = newSlots(capacity);
    for (let i = 0; i < this.count; i++) {
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
