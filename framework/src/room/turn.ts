/**
 * Turn: what the handling of one message collects, until it has ended well. Nothing in it has happened yet.
 *
 *     const turn = new Turn({ kind: 'cast', seq: 7, sessionId: 's1', type: 'post' });
 *     turn.frames.push({ to: 'all', bytes: dataFrame('posted', line) });
 */
import { currentClock } from '../otp/index.ts';
import type { RoomOrder } from './link.ts';
import { keep } from './plain-data.ts';
import { BadDelay, UnknownTimer } from './errors.ts';
import type { RoomTask } from './room-task.ts';
import type { Frame, OperationReply, TimerRecord } from './turn-record.ts';
import type { Work } from './work-in-hand.ts';

/** What few turns do; made when it is first asked for. */
interface Extras {
  readonly operations: OperationReply[];
  readonly orders: RoomOrder[];
  readonly arrivals: string[];
  readonly timers: Map<string, TimerRecord | undefined>;
  readonly tasks: RoomTask[];
}

const noExtras = (): Extras => ({ operations: [], orders: [], arrivals: [], timers: new Map(), tasks: [] });
const NO_EXTRAS: Extras = Object.freeze(noExtras());

export class Turn {
  readonly work: Work;
  /** Client messages that it finishes. */
  readonly done: number[] = [];
  /** Broadcasts and sends, in order. */
  readonly frames: Frame[] = [];
  readonly replies: Frame[] = [];
  /** The room's `data` or the player's `state`, boxed, when the turn replaced it. */
  own: { readonly value: unknown } | undefined;
  membersChanged = false;
  #extras: Extras | undefined;

  constructor(work: Work) {
    this.work = work;
  }

  get operations(): OperationReply[] {
    return (this.#extras ??= noExtras()).operations;
  }

  get orders(): RoomOrder[] {
    return (this.#extras ??= noExtras()).orders;
  }

  /** Sessions that are to get a full state. */
  get arrivals(): string[] {
    return (this.#extras ??= noExtras()).arrivals;
  }

  get timers(): Map<string, TimerRecord | undefined> {
    return (this.#extras ??= noExtras()).timers;
  }

  get tasks(): RoomTask[] {
    return (this.#extras ??= noExtras()).tasks;
  }

  /** Operations, orders, arrivals, timers and tasks, to be read. */
  get extras(): Extras {
    return this.#extras ?? NO_EXTRAS;
  }

  /** @throws UnknownTimer, BadDelay, NotCloneable */
  after(
    known: Readonly<Record<string, unknown>> | undefined,
    what: string,
    name: string,
    ms: number,
    payload: unknown,
  ): void {
    if (!known || !Object.hasOwn(known, name)) throw new UnknownTimer(name, what);
    if (typeof ms !== 'number' || !Number.isFinite(ms) || ms < 0) throw new BadDelay(name, what, ms);
    const due = currentClock().wall() + ms;
    this.timers.set(
      name,
      payload === undefined ? { name, due } : { name, due, payload: keep(payload, `payload of timer ${name}`) },
    );
  }

  /** The message was refused: nothing of what it did is to happen. */
  dropEffects(): void {
    this.frames.length = 0;
    for (const task of this.extras.tasks) task.drop();
    this.#extras = undefined;
    this.own = undefined;
    this.membersChanged = false;
  }
}
