/**
 * Incarnation: one life of a Room process: its state, and how a turn begins and ends.
 *
 * Invariants
 * - A turn's effects are collected in its `Turn` and leave in `commit`, all together; only `room.state` is changed in
 *   place, and what a failed turn did to it dies with the incarnation.
 * - A process that has ended says nothing any more.
 *
 *     const turn = room.begin({ kind: 'cast', seq: 7, sessionId: 's1', type: 'post' });
 *     …                                    // user code
 *     room.commit(turn);
 */
import type { Schema } from '@colyseus/schema';
import { currentClock, type Pid, sendAfter } from '../otp/index.ts';
import { reportStrayChange } from './channels.ts';
import type { AnyRoomParts } from './definition.ts';
import { RefusedAfterChange } from './errors.ts';
import type { RoomHandle } from './handles.ts';
import type { FromNode } from './link.ts';
import { Member } from './member.ts';
import { NamedTimers } from './named-timers.ts';
import { Operations } from './operations.ts';
import type { Refusal } from './refusal.ts';
import { roomHandle } from './room-handle.ts';
import type { RoomTask } from './room-task.ts';
import type { TrackedState } from './state/index.ts';
import { Turn } from './turn.ts';
import { TurnTaker } from './turn-taker.ts';
import type { Frame, RoomTurn } from './turn-record.ts';
import { describeWork, type Work, type WorkInHand } from './work-in-hand.ts';

/** The message that sends what waits for the patch rate. */
export const FLUSH = Symbol('genroom.room.flush');

const PATCH_RATE = 50;
/** Below this, copying a frame to another thread costs less than moving it. */
const WORTH_MOVING = 16_384;

/** What a Room process is started with. */
export interface RoomArgument {
  readonly roomId: string;
  readonly epoch: number;
  readonly parts: AnyRoomParts;
  readonly hand: WorkInHand;
  /** How often work that comes again after a restart has crashed this room; see `retryKey`. */
  readonly crashes: ReadonlyMap<string, number>;
  /** Starts in a row that did not finish in time; shared by the lives of the room. */
  readonly starts: { hung: number };
  readonly say: (message: FromNode, transfer?: readonly ArrayBuffer[]) => void;
}

export class Incarnation extends TurnTaker {
  readonly id: string;
  readonly name: string;
  readonly epoch: number;
  readonly parts: AnyRoomParts;
  readonly crashes: ReadonlyMap<string, number>;
  readonly starts: { hung: number };
  readonly hand: WorkInHand;
  readonly handle: RoomHandle;
  readonly members = new Map<string, Member>();
  /** The last message taken, by session: one that comes again is ignored. */
  readonly taken = new Map<string, number>();
  /** Operations whose reply is still awaited. */
  readonly awaited = new Map<string, RoomTask>();
  /** Absent until the room has booted. */
  tracked: TrackedState<Schema> | undefined;
  data: unknown;
  derived: unknown;
  timers: NamedTimers;
  operations = new Operations();
  tickDue = 0;
  readonly #say: RoomArgument['say'];
  #turns = 0;
  #lastFlush = -Infinity;
  #flushSet = false;

  constructor(argument: RoomArgument, pid: Pid) {
    super(pid);
    this.id = argument.roomId;
    this.name = argument.parts.name;
    this.epoch = argument.epoch;
    this.parts = argument.parts;
    this.crashes = argument.crashes;
    this.starts = argument.starts;
    this.hand = argument.hand;
    this.#say = argument.say;
    this.timers = new NamedTimers(pid);
    this.handle = roomHandle(this);
  }

  override get what(): string {
    return `room ${this.name}/${this.id}`;
  }

  get state(): TrackedState<Schema> {
    return this.tracked!;
  }

  begin(work: Work): Turn {
    if (this.tracked) this.#takeStrayChange();
    this.hand.take(work);
    return (this.turn = new Turn(work));
  }

  /** The message was refused; its turn ends with that and nothing else. @throws RefusedAfterChange */
  refused(turn: Turn, refusal: Refusal): void {
    turn.dropEffects();
    if (this.state.commit() !== undefined)
      throw new RefusedAfterChange(`'${describeWork(turn.work)}' in ${this.what}`, refusal);
  }

  /** Ends a turn well: what it did becomes true and leaves. */
  commit(turn: Turn): void {
    const first = this.#turns === 0;
    const change = this.state.commit();
    const { arrivals, timers, operations, orders } = turn.extras;
    for (const sessionId of arrivals) this.state.addClient(sessionId);
    const speaks = turn.frames.length + turn.replies.length + arrivals.length > 0;
    const frames = speaks ? this.#patch(arrivals) : [];
    for (const sessionId of arrivals) frames.push({ to: 'one', sessionId, bytes: this.state.fullState(sessionId) });
    frames.push(...turn.frames, ...turn.replies);
    if (turn.own) this.data = turn.own.value;
    if (timers.size > 0) this.timers.apply(timers);
    for (const reply of operations) this.operations.remember(reply);
    this.#send(
      {
        turn: this.#turns + 1,
        done: turn.done,
        ...(change && { change }),
        ...(turn.own && { data: turn.own }),
        ...(timers.size > 0 && { timers: this.timers.records }),
        ...(turn.membersChanged && { members: [...this.members.keys()] }),
        ...(operations.length > 0 && { operations }),
        frames,
      },
      first ? this.state.handshake() : undefined,
    );
    for (const order of orders) this.say({ kind: 'order', roomId: this.id, order });
    this.turn = undefined;
    this.hand.told();
    if (this.state.pending) this.#setFlush();
  }

  /** Sends what waits for the patch rate. */
  flush(): void {
    this.#flushSet = false;
    this.#takeStrayChange();
    const frames = this.#patch([]);
    if (frames.length > 0) this.#send({ turn: this.#turns + 1, done: [], frames });
  }

  say(message: FromNode): void {
    if (this.alive) this.#say(message);
  }

  /** The patch since the last one. Who arrives just now gets a full state instead. */
  #patch(arrivals: readonly string[]): Frame[] {
    this.#lastFlush = currentClock().now();
    const { shared, perClient } = this.state.flush();
    const frames: Frame[] = [];
    const apart = [...arrivals, ...perClient.flatMap(({ sessionIds }) => sessionIds)];
    if (shared)
      frames.push(apart.length > 0 ? { to: 'all', bytes: shared, except: apart } : { to: 'all', bytes: shared });
    for (const { sessionIds, bytes } of perClient) {
      const others = sessionIds.filter((sessionId) => !arrivals.includes(sessionId));
      if (others.length > 0) frames.push({ to: 'some', sessionIds: others, bytes });
    }
    return frames;
  }

  #setFlush(): void {
    if (this.#flushSet) return;
    this.#flushSet = true;
    const rate = this.parts.patchRate ?? PATCH_RATE;
    sendAfter(this.pid, FLUSH, Math.max(0, Math.min(rate, this.#lastFlush + rate - currentClock().now())));
  }

  /** What was changed between turns is kept, as a turn of its own, lest a later turn's failure take it along. */
  #takeStrayChange(): void {
    const change = this.state.commit();
    if (!change) return;
    reportStrayChange({ name: this.name, roomId: this.id });
    this.#send({ turn: this.#turns + 1, done: [], change, frames: [] });
  }

  #send(record: RoomTurn, handshake?: Uint8Array): void {
    if (!handshake && isEmpty(record)) return;
    if (!this.alive) return;
    this.#turns = record.turn;
    this.#say(
      { kind: 'turn', roomId: this.id, epoch: this.epoch, record, ...(handshake && { handshake }) },
      movable(record.frames),
    );
  }
}

function isEmpty({ done, frames, change, data, timers, members, operations }: RoomTurn): boolean {
  return done.length === 0 && frames.length === 0 && !change && !data && !timers && !members && !operations;
}

/** Buffers of large frames. A reply's payload is not among them: the room may remember it. */
function movable(frames: readonly Frame[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const frame of frames) {
    if (frame.to === 'caller' || frame.bytes.byteLength < WORTH_MOVING) continue;
    if (frame.bytes.byteLength === frame.bytes.buffer.byteLength) buffers.add(frame.bytes.buffer as ArrayBuffer);
  }
  return [...buffers];
}
