/**
 * NamedTimers: a process's timers, by name and due time.
 *
 * A timer is data (`TimerRecord`): what fires it is armed only when the turn that set it has ended well, and again after
 * a restart, for the old due time. A name has one timer; setting it again replaces it.
 *
 *     timers.apply(new Map([['turn', { name: 'turn', due: now + 30_000 }]]));
 *     // … `new TimerFired(record)` arrives at the process's `info`
 *     timers.isDue(fired);
 */
import { cancelTimer, currentClock, type Pid, sendAfter, type TimerRef } from '../otp/index.ts';
import type { TimerRecord } from './turn-record.ts';

/** The message of a timer. */
export class TimerFired {
  readonly record: TimerRecord;

  constructor(record: TimerRecord) {
    this.record = record;
  }
}

/** What a turn does to timers: set, or cancelled. */
export type TimerChanges = ReadonlyMap<string, TimerRecord | undefined>;

export class NamedTimers {
  readonly #pid: Pid;
  readonly #armed = new Map<string, { readonly record: TimerRecord; readonly ref: TimerRef }>();

  constructor(pid: Pid, records: readonly TimerRecord[] = []) {
    this.#pid = pid;
    for (const record of records) this.#arm(record);
  }

  get records(): readonly TimerRecord[] {
    return Array.from(this.#armed.values(), ({ record }) => record);
  }

  has(name: string): boolean {
    return this.#armed.has(name);
  }

  /** Whether this message is of a timer that still stands: it may have been cancelled after it fired. */
  isDue(fired: TimerFired): boolean {
    return this.#armed.get(fired.record.name)?.record === fired.record;
  }

  apply(changes: TimerChanges): void {
    for (const [name, record] of changes) {
      const before = this.#armed.get(name);
      if (before) cancelTimer(before.ref);
      this.#armed.delete(name);
      if (record) this.#arm(record);
    }
  }

  #arm(record: TimerRecord): void {
    const wait = Math.max(0, record.due - currentClock().wall());
    this.#armed.set(record.name, { record, ref: sendAfter(this.#pid, new TimerFired(record), wait) });
  }
}
