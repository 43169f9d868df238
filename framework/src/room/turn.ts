/**
 * Turn: what the handling of one message collects, until it has ended well. Nothing in it has happened yet.
 *
 *     const turn = new Turn({ kind: 'cast', seq: 7, sessionId: 's1', type: 'post' });
 *     turn.frames.push({ to: 'all', bytes: dataFrame('posted', line) });
 */
import { currentClock } from '../otp/index.ts';
import type { RoomOrder } from './link.ts';
import { keep } from './plain-data.ts';
import { UnknownTimer } from './errors.ts';
import type { Frame, OperationReply, TimerRecord } from './turn-record.ts';
import type { Work } from './work-in-hand.ts';

export class Turn {
  readonly work: Work;
  /** Client messages that it finishes. */
  readonly done: number[] = [];
  /** Broadcasts and sends, in order. */
  readonly frames: Frame[] = [];
  readonly replies: Frame[] = [];
  readonly operations: OperationReply[] = [];
  readonly orders: RoomOrder[] = [];
  /** Sessions that are to get a full state. */
  readonly arrivals: string[] = [];
  readonly timers = new Map<string, TimerRecord | undefined>();
  /** The room's `data` or the player's `state`, boxed, when the turn replaced it. */
  own: { readonly value: unknown } | undefined;
  membersChanged = false;

  constructor(work: Work) {
    this.work = work;
  }

  /** @throws UnknownTimer, NotCloneable */
  after(
    known: Readonly<Record<string, unknown>> | undefined,
    what: string,
    name: string,
    ms: number,
    payload: unknown,
  ): void {
    if (!known || !Object.hasOwn(known, name)) throw new UnknownTimer(name, what);
    const due = currentClock().wall() + Math.max(0, ms);
    this.timers.set(
      name,
      payload === undefined ? { name, due } : { name, due, payload: keep(payload, `payload of timer ${name}`) },
    );
  }

  /** The message was refused: nothing of what it did is to happen. */
  dropEffects(): void {
    this.frames.length = 0;
    this.orders.length = 0;
    this.arrivals.length = 0;
    this.timers.clear();
    this.own = undefined;
    this.membersChanged = false;
  }
}
