/**
 * Load: how busy a GenServer is. Waiting time, service time and the number of its messages, from samples of them.
 *
 * A process has one mailbox and handles one message at a time, so it saturates like any queue: utilisation is messages a
 * second times seconds of service, and both are needed apart, since a message that waits 100 ms for a service of 5 ms
 * asks for another cure than one that is served for 100 ms.
 *
 * Invariants
 * - Where nobody has switched measuring on, it costs one flag check a message.
 * - Every message is counted; of each `every` one is timed, and stands for `every` of them. Which one is decided by its
 *   number, not by the clock, so that the samples are as the messages are. `every` adapts: about a hundred a second.
 * - Service ends when the handler has: what it awaited belongs to it, and is also told apart as `held`.
 *
 * @example
 *   const stop = measureLoad(); // then GenServerProc.load and loadClasses are filled
 */

/** What the processes of one behaviour came to so far; all of it only grows. Times in milliseconds. */
export interface LoadClass {
  readonly behaviour: string;
  arrived: number;
  /** Messages that the samples stand for, and the sums over them. */
  sampled: number;
  wait: number;
  service: number;
  serviceSquared: number;
  held: number;
}

interface Probe {
  readonly ordinal: number;
  readonly at: number;
  readonly weight: number;
}

/** On or off, for this thread; a number of those who want it. */
export const measuring = { users: 0 };

/** By behaviour: `genServer account`. */
export const loadClasses = new Map<string, LoadClass>();

/** Samples a second are meant to be about so many. */
const SAMPLES = 128;
const NEVER = Number.MAX_SAFE_INTEGER;

/** Switches measuring on for this thread; returns what takes that back. */
export function measureLoad(): () => void {
  measuring.users++;
  let on = true;
  return () => {
    if (on) measuring.users--;
    on = false;
  };
}

function classOf(behaviour: string): LoadClass {
  let found = loadClasses.get(behaviour);
  if (!found) {
    found = { behaviour, arrived: 0, sampled: 0, wait: 0, service: 0, serviceSquared: 0, held: 0 };
    loadClasses.set(behaviour, found);
  }
  return found;
}

export class Load {
  /** Messages that came since measuring began. */
  arrived: number;
  /** Since when the message in hand is served, where it is a sample; else 0. */
  began = 0;
  /** Sums over this process's samples, each taken as often as it stands for. */
  sampled = 0;
  service = 0;
  held = 0;
  private readonly class: LoadClass;
  private every = 1;
  private untilProbe = 1;
  private probesSinceReview = 0;
  private readonly probes: Probe[] = [];
  /** The number of the oldest message with a probe. */
  private due = NEVER;
  private weight = 1;
  private heldSince = 0;
  private heldNow = 0;

  /** @param queued what waits in the mailbox already */
  constructor(behaviour: string, queued: number) {
    this.class = classOf(behaviour);
    this.arrived = queued;
  }

  /** A message has come. */
  arrive(): void {
    this.arrived++;
    this.class.arrived++;
    if (--this.untilProbe <= 0) this.probe();
  }

  /** The next message is taken; `left` wait behind it. */
  begin(left: number): void {
    if (this.arrived - left >= this.due) this.take(this.arrived - left);
  }

  /** The handler of the message in hand awaits. */
  pause(): void {
    if (this.began !== 0) this.heldSince = performance.now();
  }

  /** What it awaited is there. */
  goOn(): void {
    if (this.heldSince === 0) return;
    this.heldNow += performance.now() - this.heldSince;
    this.heldSince = 0;
  }

  /** The message in hand is done with. */
  end(): void {
    if (this.began === 0) return;
    const service = performance.now() - this.began;
    const { weight, class: sums } = this;
    this.began = 0;
    this.sampled += weight;
    this.service += service * weight;
    this.held += this.heldNow * weight;
    sums.service += service * weight;
    sums.serviceSquared += service * service * weight;
    sums.held += this.heldNow * weight;
    sums.sampled += weight;
  }

  /** Once a second: as many samples of the next second as of this one, whatever its rate. */
  review(messagesPerSecond: number): void {
    this.every = Math.max(1, Math.round(messagesPerSecond / SAMPLES));
    this.untilProbe = Math.min(this.untilProbe, this.every);
    this.probesSinceReview = 0;
  }

  private probe(): void {
    // A burst thins its own samples out; nobody has to come round first.
    if (++this.probesSinceReview % SAMPLES === 0) this.every *= 2;
    this.untilProbe = this.every;
    this.probes.push({ ordinal: this.arrived, at: performance.now(), weight: this.every });
    if (this.due === NEVER) this.due = this.arrived;
  }

  private take(ordinal: number): void {
    let probe = this.probes.shift()!;
    // Messages that were taken out of the queue unhandled leave probes behind.
    while (this.probes.length > 0 && this.probes[0]!.ordinal <= ordinal) probe = this.probes.shift()!;
    this.due = this.probes[0]?.ordinal ?? NEVER;
    if (probe.ordinal !== ordinal) return;
    const now = performance.now();
    this.weight = probe.weight;
    this.began = now;
    this.heldNow = 0;
    this.heldSince = 0;
    this.class.wait += (now - probe.at) * probe.weight;
  }
}
