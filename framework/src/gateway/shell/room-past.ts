/**
 * RoomPast: a room as its turn records describe it, kept on the gateway's side so that it outlives the room's process
 * and its node. A successor is restored from it.
 *
 * Invariant: it changes by whole turn records only; what a turn that failed had done is never in it.
 */
import type { RoomShadow } from '../../room/link.ts';
import { Shadow } from '../../room/state/shadow.ts';
import { OPERATIONS_KEPT, type OperationReply, type RoomTurn, type TimerRecord } from '../../room/turn-record.ts';

export class RoomPast {
  #state: Shadow | undefined;
  #data: unknown;
  #timers: readonly TimerRecord[] = [];
  #members: readonly string[] = [];
  /** By id, the latest last. */
  readonly #operations = new Map<string, OperationReply>();

  get data(): unknown {
    return this.#data;
  }

  get timers(): readonly TimerRecord[] {
    return this.#timers;
  }

  get members(): readonly string[] {
    return this.#members;
  }

  apply(turn: RoomTurn): void {
    if (turn.change) (this.#state ??= new Shadow()).apply(turn.change);
    if (turn.data) this.#data = turn.data.value;
    if (turn.timers) this.#timers = turn.timers;
    if (turn.members) this.#members = turn.members;
    if (turn.operations) this.#remember(turn.operations);
  }

  /** What a successor is restored from; undefined before the first turn. */
  snapshot(): RoomShadow | undefined {
    if (!this.#state) return undefined;
    return {
      state: this.#state.snapshot(),
      data: this.#data,
      timers: this.#timers,
      members: this.#members,
      operations: [...this.#operations.values()],
    };
  }

  clear(): void {
    this.#state = undefined;
    this.#data = undefined;
    this.#timers = [];
    this.#members = [];
    this.#operations.clear();
  }

  #remember(replies: readonly OperationReply[]): void {
    for (const reply of replies) {
      this.#operations.delete(reply.id);
      this.#operations.set(reply.id, reply);
    }
    for (const id of this.#operations.keys()) {
      if (this.#operations.size <= OPERATIONS_KEPT) return;
      this.#operations.delete(id);
    }
  }
}
