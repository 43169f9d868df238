/**
 * Deadlines: timeouts that are nearly always cancelled, at a few nanoseconds each.
 *
 * Deadlines of the same length expire in the order in which they were set, so each length has one linked list and one
 * timer of the clock. Setting one reads no clock: the event loop's next round stamps all that still stand. So a deadline
 * may come a round late but never early.
 *
 * @example
 *   class CallDeadline extends Deadline { expire() { … } }
 *   setDeadline(deadline, 5_000);
 *   clearDeadline(deadline);
 */
import { type Clock, currentClock, type TimerHandle } from './clock.ts';

export abstract class Deadline {
  due = 0;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  list: DeadlineList | undefined = undefined;

  /** The time is over; the entry is out of its list already. */
  abstract expire(): void;
}

class DeadlineList {
  readonly length: number;
  readonly clock: Clock;
  first: Deadline | undefined = undefined;
  last: Deadline | undefined = undefined;
  /** The first entry that has no due time yet; all behind it have none either. */
  unstamped: Deadline | undefined = undefined;
  timer: TimerHandle | undefined = undefined;

  constructor(length: number, clock: Clock) {
    this.length = length;
    this.clock = clock;
  }

  /** Gives due times to what has none and sees to it that a timer runs exactly while something waits. */
  tidy(): void {
    if (this.unstamped) {
      const due = this.clock.now() + this.length;
      for (let entry: Deadline | undefined = this.unstamped; entry; entry = entry.next) entry.due = due;
      this.unstamped = undefined;
    }
    if (this.first && !this.timer) {
      this.timer = this.clock.setTimer(Math.max(0, this.first.due - this.clock.now()), this.fire);
    } else if (!this.first && this.timer) {
      this.clock.clearTimer(this.timer);
      this.timer = undefined;
    }
  }

  private readonly fire = (): void => {
    this.timer = undefined;
    const now = this.clock.now();
    for (let entry = this.first; entry && entry !== this.unstamped && entry.due <= now; entry = this.first) {
      clearDeadline(entry);
      entry.expire();
    }
    this.tidy();
  };
}

let lists = new Map<number, DeadlineList>();
/** The list used last: nearly all deadlines are of one length. */
let latest: DeadlineList | undefined;
let listsClock: Clock | undefined;
let tidyPending = false;

/** What sets deadlines at the end of the round; see `beforeTidying`. */
let setters: (() => void)[] = [];

/** Runs `set` once, when the event loop is round, before deadlines are stamped: those it sets count from then. */
export function beforeTidying(set: () => void): void {
  setters.push(set);
  tidySoon();
}

function tidyAll(): void {
  const due = setters;
  setters = [];
  for (const set of due) set();
  // After those: setting a deadline asks for a round to come, which this one is.
  tidyPending = false;
  for (const list of lists.values()) {
    list.tidy();
    if (!list.first) forget(list);
  }
}

/** Lengths are as many as callers think of: one that nobody waits for is not kept. */
function forget(list: DeadlineList): void {
  lists.delete(list.length);
  if (latest === list) latest = undefined;
}

function tidySoon(): void {
  if (tidyPending) return;
  tidyPending = true;
  setImmediate(tidyAll);
}

/** Lets `entry.expire()` run once `milliseconds` have passed, unless it is cleared before. */
export function setDeadline(entry: Deadline, milliseconds: number): void {
  const clock = currentClock();
  if (listsClock !== clock) {
    listsClock = clock;
    lists = new Map();
    latest = undefined;
  }
  let list = latest;
  if (list?.length !== milliseconds) {
    list = lists.get(milliseconds);
    if (!list) lists.set(milliseconds, (list = new DeadlineList(milliseconds, clock)));
    latest = list;
  }
  entry.list = list;
  entry.previous = list.last;
  if (list.last) list.last.next = entry;
  else list.first = entry;
  list.last = entry;
  list.unstamped ??= entry;
  if (!tidyPending) tidySoon();
}

/** Takes `entry` out of its list; does nothing if it is in none. */
export function clearDeadline(entry: Deadline): void {
  const { list, previous, next } = entry;
  if (!list) return;
  if (previous) previous.next = next;
  else list.first = next;
  if (next) next.previous = previous;
  else list.last = previous;
  if (list.unstamped === entry) list.unstamped = next;
  entry.list = undefined;
  entry.previous = undefined;
  entry.next = undefined;
  if (!list.first && list.timer && !tidyPending) tidySoon();
}
