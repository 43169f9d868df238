/**
 * HostedRoom: what a node's host knows of one room: its supervisor and processes, its seats, and what happened to them.
 * Only the host and the start functions of child specs touch it.
 *
 * A seat's way: `starting` (its Player is being started; messages are kept for it) → `running` → after a crash
 * `orphaned` (what comes is dropped: the shell sends everything unfinished again behind the session's record) →
 * `starting` or `running`.
 */
import type { Pid } from '../otp/index.ts';
import type { AnyRoomParts } from './definition.ts';
import type { SessionRecord } from './link.ts';
import type { FromClient } from './player-behaviour.ts';
import { type HandRecord, WorkInHand } from './work-in-hand.ts';

export type ForPlayer =
  | { readonly kind: 'playerBoot'; readonly session: SessionRecord }
  | { readonly kind: 'rejoin'; readonly epoch: number }
  | FromClient;

export interface Seat {
  readonly sessionId: string;
  phase: 'starting' | 'running' | 'orphaned';
  pid: Pid | undefined;
  hand: WorkInHand;
  /** Behind the Player's start, or behind its session's record. */
  readonly waiting: ForPlayer[];
  readonly crashes: Map<string, number>;
  readonly history: number[];
}

/** One life of the Room process. */
export interface Life {
  readonly pid: Pid;
  readonly epoch: number;
  readonly hand: WorkInHand;
}

export class HostedRoom {
  readonly roomId: string;
  readonly parts: AnyRoomParts;
  readonly seats = new Map<string, Seat>();
  /** How often work that comes again by itself crashed the room; see `retryKey`. */
  readonly crashes = new Map<string, number>();
  /** Starts in a row that did not finish in time. */
  readonly starts = { hung: 0 };
  readonly history: number[] = [];
  supervisor: Pid | undefined;
  players: Pid | undefined;
  life: Life | undefined;
  closing = false;
  #nextEpoch: number;
  readonly #record: HandRecord | undefined;

  constructor(roomId: string, parts: AnyRoomParts, epoch: number, record?: HandRecord) {
    this.roomId = roomId;
    this.parts = parts;
    this.#nextEpoch = epoch;
    this.#record = record;
  }

  /** For one life of the Room or of a Player. */
  newHand(): WorkInHand {
    return new WorkInHand(this.#record);
  }

  takeEpoch(): number {
    return this.#nextEpoch++;
  }

  addSeat(sessionId: string): Seat {
    const seat: Seat = {
      sessionId,
      phase: 'starting',
      pid: undefined,
      hand: this.newHand(),
      waiting: [],
      crashes: new Map(),
      history: [],
    };
    this.seats.set(sessionId, seat);
    return seat;
  }
}

/** Counts a crash by work that will come again. */
export function countCrash(crashes: Map<string, number>, key: string | undefined): void {
  if (key !== undefined) crashes.set(key, (crashes.get(key) ?? 0) + 1);
}
