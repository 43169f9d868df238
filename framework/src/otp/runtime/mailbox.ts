/**
 * Mailbox: a FIFO of messages kept as slots of arrays, so that a message needs no object of its own.
 *
 * A message comes as `head`, `body` and `mark`, and is kept as two slots: the name of a cast and its payload, the `From`
 * of a call (which knows its name) and its payload, INFO and the message, SYSTEM and what is to be run.
 *
 * Invariants
 * - Messages are taken from `front` at `read` and put into `back` at `write`. Both are one array while that is large
 *   enough; a mailbox that never held anything owns none.
 * - That array grows by doubling up to SEGMENT messages; what does not fit then goes to a chain of segments behind it, so
 *   that a long queue is never copied. While there is a chain, the front and all segments but the last are full to their
 *   ends. Emptied segments are used again by whoever needs one next.
 * - A taken slot is cleared, so that no handled message is kept alive.
 *
 * @example
 *   mailbox.push('deposit', 5, CAST);
 *   while (mailbox.size > 0) { handle(mailbox.first(), mailbox.second()); mailbox.drop(); }
 */
import type { From } from './from.ts';

class Mark {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** `mark` of a message that is none of the GenServer protocol: a plain send, DOWN, EXIT, a timer. */
export const INFO = new Mark('info');
/** `mark` of a cast. */
export const CAST = new Mark('cast');
/** `mark` of a message of the framework itself; its head is a function that the behaviour runs. */
export const SYSTEM = new Mark('system');
// What a module exports costs more to reach than what it keeps.
const [IS_INFO, IS_CAST, IS_SYSTEM] = [INFO, CAST, SYSTEM];

/** A SYSTEM message as it is kept. */
export class Order {
  readonly run: unknown;
  readonly body: unknown;

  constructor(run: unknown, body: unknown) {
    this.run = run;
    this.body = body;
  }
}

/** Messages in one segment of a long queue, and in the first array that is not made for one message. */
const SEGMENT = 1024;
const SECOND = 8;
/** Emptied segments kept for use again, over all mailboxes of the thread: 4 MB at most. */
const SPARES = 256;
const spares: unknown[][] = [];

/** Arrays cut off this one are of the same kind as a literal: stores into them need to check for one kind only. */
const CLEAN: unknown[] = [];
for (let i = 0; i < SEGMENT * 2; i++) CLEAN.push(undefined);
const NONE = CLEAN.slice(0, 0);

/** A part of a long queue. */
interface Segment {
  readonly slots: unknown[];
  first: number;
  next: Segment | undefined;
}

/** The part of a queue that its front array does not hold. */
interface Chain {
  first: Segment;
  last: Segment;
  /** Where in the chain a scan was last, and how many messages of the chain stand before: it walks the chain once. */
  seen: Segment | undefined;
  before: number;
}

export class Mailbox {
  private front: unknown[] = NONE;
  private read = 0;
  private back: unknown[] = NONE;
  private write = 0;
  size = 0;
  private chain: Chain | undefined = undefined;

  push(head: unknown, body: unknown, mark: unknown): void {
    if (mark === IS_CAST) this.put(typeof head === 'string' ? head : String(head), body);
    else if (mark === IS_INFO) this.put(IS_INFO, head);
    else if (mark === IS_SYSTEM) this.put(IS_SYSTEM, new Order(head, body));
    else this.put(mark, body);
  }

  /** The first slot of the first message: a string is a cast's name, INFO and SYSTEM stand for themselves, else a From. */
  first(): unknown {
    return this.front[this.read];
  }

  second(): unknown {
    return this.front[this.read + 1];
  }

  /** Removes the first message. */
  drop(): void {
    const { front, read } = this;
    front[read] = undefined;
    front[read + 1] = undefined;
    this.read = read + 2;
    if (--this.size === 0) {
      this.read = 0;
      this.write = 0;
    } else if (read + 2 === front.length) this.advance();
  }

  headAt(index: number): unknown {
    const first = this.slotAt(index, 0);
    if (typeof first === 'string') return first;
    const second = this.slotAt(index, 1);
    if (first === INFO) return second;
    return first === SYSTEM ? (second as Order).run : (first as From).name;
  }

  /** The body of the message at `index` (0 is the first), for selective receive and inspection. */
  bodyAt(index: number): unknown {
    const first = this.slotAt(index, 0);
    if (first === INFO) return undefined;
    const second = this.slotAt(index, 1);
    return first === SYSTEM ? (second as Order).body : second;
  }

  markAt(index: number): unknown {
    const first = this.slotAt(index, 0);
    return typeof first === 'string' ? CAST : first;
  }

  /** Removes the message at `index`; the others keep their order. */
  remove(index: number): void {
    if (index < this.inFront()) {
      if (index > 0) this.front.copyWithin(this.read + 2, this.read, this.read + index * 2);
      return this.drop();
    }
    const chain = this.chain!;
    chain.seen = undefined;
    let rest = index - this.inFront();
    let before: Segment | undefined;
    let segment = chain.first;
    while (rest >= this.countOf(segment)) {
      rest -= this.countOf(segment);
      before = segment;
      segment = segment.next!;
    }
    const { slots, first } = segment;
    slots.copyWithin(first + 2, first, first + rest * 2);
    slots.fill(undefined, first, first + 2);
    segment.first += 2;
    this.size--;
    if (this.countOf(segment) === 0) this.unlink(segment, before);
  }

  /** Moves the message at `index` to the front; those before it keep their order. */
  moveToFront(index: number): void {
    if (index === 0) return;
    const first = this.slotAt(index, 0);
    const second = this.slotAt(index, 1);
    this.remove(index);
    this.putFirst(first, second);
  }

  /** Puts a message, in the form in which it is kept, before all others. */
  putFirst(first: unknown, second: unknown): void {
    if (this.size === 0) return this.put(first, second);
    this.size++;
    if (this.read > 0) {
      this.read -= 2;
      this.front[this.read] = first;
      this.front[this.read + 1] = second;
      return;
    }
    const behind: Segment = { slots: this.front, first: 0, next: this.chain?.first };
    this.chain = { first: behind, last: this.chain?.last ?? behind, seen: undefined, before: 0 };
    this.front = [first, second];
  }

  clear(): void {
    this.front = NONE;
    this.read = 0;
    this.back = NONE;
    this.write = 0;
    this.chain = undefined;
    this.size = 0;
  }

  private put(first: unknown, second: unknown): void {
    if (this.write === this.back.length && this.extend(first, second)) return;
    const { back, write } = this;
    back[write] = first;
    back[write + 1] = second;
    this.write = write + 2;
    this.size++;
  }

  /** Makes room for one more message. Returns true where it has put this one there. */
  private extend(first: unknown, second: unknown): boolean {
    const { front, read, size, chain } = this;
    if (front === NONE) {
      // A literal costs a fraction of any other array, and most processes never hold two messages at once.
      this.front = this.back = [first, second];
      this.write = 2;
      this.size = 1;
      return true;
    }
    if (chain !== undefined || (front.length === SEGMENT * 2 && size > SEGMENT / 2)) {
      const segment: Segment = { slots: spares.pop() ?? CLEAN.slice(), first: 0, next: undefined };
      if (chain === undefined) this.chain = { first: segment, last: segment, seen: undefined, before: 0 };
      else chain.last = chain.last.next = segment;
      this.back = segment.slots;
      this.write = 0;
      return false;
    }
    const end = size * 2;
    if (end <= front.length / 2) {
      front.copyWithin(0, read);
      front.fill(undefined, end);
    } else {
      const larger = CLEAN.slice(0, front.length === 2 ? SECOND * 2 : front.length * 2);
      for (let i = 0; i < end; i++) larger[i] = front[read + i];
      this.front = this.back = larger;
    }
    this.read = 0;
    this.write = end;
    return false;
  }

  /** The front is empty: the next segment becomes it. */
  private advance(): void {
    const chain = this.chain!;
    const { slots, first, next } = chain.first;
    if (this.front.length === SEGMENT * 2 && spares.length < SPARES) spares.push(this.front);
    this.front = slots;
    this.read = first;
    chain.seen = undefined;
    if (next) chain.first = next;
    else this.chain = undefined;
  }

  /** Takes a segment that has become empty out of the chain. */
  private unlink(segment: Segment, before: Segment | undefined): void {
    const chain = this.chain!;
    if (before) before.next = segment.next;
    else if (segment.next) chain.first = segment.next;
    else this.chain = undefined;
    if (segment !== chain.last) return;
    if (before) chain.last = before;
    this.back = before?.slots ?? this.front;
    this.write = this.back.length;
  }

  private inFront(): number {
    return ((this.chain === undefined ? this.write : this.front.length) - this.read) / 2;
  }

  private countOf(segment: Segment): number {
    return ((segment === this.chain!.last ? this.write : segment.slots.length) - segment.first) / 2;
  }

  private slotAt(index: number, offset: number): unknown {
    const inFront = this.inFront();
    if (index < inFront) return this.front[this.read + index * 2 + offset];
    const chain = this.chain!;
    const inChain = index - inFront;
    if (chain.seen === undefined || inChain < chain.before) {
      chain.seen = chain.first;
      chain.before = 0;
    }
    while (inChain - chain.before >= this.countOf(chain.seen)) {
      chain.before += this.countOf(chain.seen);
      chain.seen = chain.seen.next!;
    }
    return chain.seen.slots[chain.seen.first + (inChain - chain.before) * 2 + offset];
  }
}
