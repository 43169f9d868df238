/**
 * Clients: the clients of one room: their seats, what they asked and no turn has finished, and the calls they wait for.
 * It decides what a finished, failed or refused message means for its client; the shell decides when that is the case.
 *
 * Invariants
 * - Whoever waits (a join, a resume, a call) is answered exactly once.
 * - A message leaves the queue when a turn finished it, when it failed, or with its session; never otherwise.
 *
 *     clients.cast('s1', 'post', payload);     // queued, and handed over at once while an incarnation runs
 *     clients.finish(turn, 'room');            // frames go out, what the turn finished is over
 */
import type { Clock } from '../../otp/runtime/clock.ts';
import { errorFrame, ResponseStatus, responseFrame } from '../../room/frames.ts';
import type { ConnectionInfo, SessionRecord } from '../../room/link.ts';
import type { PlayerTurn, RoomTurn } from '../../room/turn-record.ts';
import { CloseCode } from '../close-codes.ts';
import { Delivery } from './delivery.ts';
import { callFailure, type CallFailure, type JoinRefused, joinRefused, ShellErrorCode } from './errors.ts';
import { type OpenCall, OpenCalls } from './open-calls.ts';
import { type ClientBody, type Pending, PendingQueue, type QueueBounds, type Waiter } from './pending-queue.ts';
import type { ClientPort, RoomPort } from './ports.ts';
import { Session, Sessions } from './session.ts';

export interface ClientsOptions {
  readonly room: RoomPort;
  readonly clock: Clock;
  readonly callTimeout: number | false;
  readonly bounds: QueueBounds;
  /** Gives a message to the running incarnation. */
  readonly handOver: (pending: Pending, session: Session) => void;
}

/**
 * Milliseconds without a finished message after which a room counts as standing still: then it is not the client's fault
 * that its messages pile up, and it is refused more instead of being closed.
 */
const STANDSTILL = 1_000;

/** What new joins and calls meet. */
export type Gate = 'open' | 'recovering' | 'closed';

export class Clients {
  gate: Gate = 'open';
  /** Whether an incarnation runs that takes messages. */
  live = false;
  readonly #sessions = new Sessions();
  readonly #queue: PendingQueue;
  readonly #calls: OpenCalls;
  readonly #delivery: Delivery;
  readonly #handOver: ClientsOptions['handOver'];
  readonly #clock: Clock;
  /** When (clock.now) a message was finished last, or an incarnation began with them. */
  #movedAt = 0;

  constructor(options: ClientsOptions) {
    this.#queue = new PendingQueue(options.bounds);
    this.#calls = new OpenCalls(options.clock, options.callTimeout, (call) => this.#expire(call));
    this.#delivery = new Delivery(options.room, this.#sessions, this.#calls);
    this.#handOver = options.handOver;
    this.#clock = options.clock;
  }

  get count(): number {
    return this.#sessions.size;
  }

  session(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId);
  }

  // What clients ask.

  join(client: ClientPort, options: unknown, connection: ConnectionInfo): Promise<void> {
    if (this.gate === 'closed') return Promise.reject(joinRefused.closed());
    if (this.gate === 'recovering') return Promise.reject(joinRefused.recovering());
    if (this.#sessions.get(client.sessionId)) return Promise.reject(joinRefused.taken());
    this.#sessions.add(new Session(client, options, connection));
    return this.#await(client.sessionId, { kind: 'join' });
  }

  resume(client: ClientPort): Promise<void> {
    if (this.gate === 'closed') return Promise.reject(joinRefused.closed());
    const session = this.#sessions.get(client.sessionId);
    if (!session?.admitted || session.leaving) return Promise.reject(joinRefused.noSeat());
    session.connect(client);
    this.#sessions.markBehind(session);
    return this.#await(client.sessionId, { kind: 'resume' });
  }

  drop(sessionId: string): void {
    const session = this.#sessions.get(sessionId);
    if (!session || session.leaving || !session.record.connected) return;
    if (!session.admitted) return this.leave(sessionId, false);
    session.disconnect();
    this.#enqueue(session, { kind: 'drop' });
  }

  leave(sessionId: string, consented: boolean): void {
    const session = this.#sessions.get(sessionId);
    if (!session || session.leaving) return;
    session.leaving = true;
    session.disconnect();
    const known = session.admitted || this.#queue.ofSession(sessionId).some((pending) => pending.handedTo > 0);
    if (known) this.#enqueue(session, { kind: 'leave', consented });
    else this.#forget(sessionId, joinRefused.left());
  }

  cast(sessionId: string, type: string | number, payload?: Uint8Array): void {
    const session = this.#speaker(sessionId);
    if (!session || this.gate === 'closed') return;
    const verdict = this.#queue.admit(sessionId);
    if (verdict === 'admitted') this.#enqueue(session, { kind: 'cast', type, ...(payload && { payload }) });
    else if (this.gate === 'recovering') tell(session, ShellErrorCode.ROOM_RECOVERING);
    else if (verdict === 'full' || this.#standsStill) tell(session, ShellErrorCode.OVERLOADED);
    else this.expel(sessionId, CloseCode.FLOOD, 'Too many of your messages are waiting.');
  }

  call(sessionId: string, requestId: number, type: string | number, payload?: Uint8Array): void {
    const session = this.#speaker(sessionId);
    if (!session) return;
    if (this.gate === 'closed') return answer(session, requestId, 'room_closed');
    if (this.gate === 'recovering') return answer(session, requestId, 'room_recovering');
    if (this.#queue.admit(sessionId) !== 'admitted') return answer(session, requestId, 'overloaded');
    const deadline = this.#calls.deadline();
    this.#enqueue(
      session,
      { kind: 'call', type, ...(payload && { payload }), ...(deadline !== undefined && { deadline }) },
      (seq) => this.#calls.open(seq, sessionId, requestId),
    );
  }

  // What the node makes of it.

  /** A turn has ended well: its frames go out, and what it finished is over. */
  finish(turn: RoomTurn | PlayerTurn, by: 'room' | 'player'): void {
    const arrived: Session[] = [];
    for (const seq of turn.done) {
      const pending = this.#queue.get(seq);
      if (pending?.body.kind !== 'join' && pending?.body.kind !== 'resume') continue;
      const session = this.#sessions.get(pending.sessionId)!;
      session.admitted = true;
      arrived.push(session);
    }
    if (turn.done.length > 0) this.#movedAt = this.#clock.now();
    this.#delivery.frames(turn.frames, arrived);
    for (const seq of turn.done) {
      const pending = this.#queue.remove(seq);
      pending?.waiter?.resolve();
      if (pending?.body.kind === 'call') this.#calls.accept(seq, by);
      else if (pending?.body.kind === 'leave') this.#forget(pending.sessionId, joinRefused.left());
    }
  }

  /** The message was being handled when its process crashed: it is over, and nothing of it was applied. */
  fail(seq: number, failure: 'room_crashed' | 'player_crashed'): void {
    const pending = this.#queue.remove(seq);
    if (!pending) return;
    switch (pending.body.kind) {
      case 'join':
        pending.waiter?.reject(failure === 'room_crashed' ? joinRefused.crashed() : joinRefused.playerCrashed());
        this.#forget(pending.sessionId, joinRefused.left());
        return;
      case 'resume':
        // The full state that every restart brings goes to this connection too.
        pending.waiter?.resolve();
        return;
      case 'leave':
        this.#forget(pending.sessionId, joinRefused.left());
        return;
      case 'call':
        this.#fail(this.#calls.take(seq), failure);
    }
  }

  /** The room, or its auth, refused a join. */
  refuse(seq: number, status: number, reason: string): void {
    const pending = this.#queue.remove(seq);
    if (!pending) return;
    pending.waiter?.reject(joinRefused.byRoom(status, reason));
    this.#forget(pending.sessionId, joinRefused.left());
  }

  /** Ends open calls; those whose message is still pending are not tried any more. */
  failCalls(failure: CallFailure, matches: (call: OpenCall) => boolean): void {
    for (const call of this.#calls.takeWhere(matches)) {
      this.#queue.remove(call.seq);
      this.#fail(call, failure);
    }
  }

  /** The connection is closed and the seat is given up. */
  expel(sessionId: string, code: number, reason: string): void {
    const client = this.#sessions.get(sessionId)?.client;
    this.leave(sessionId, false);
    client?.close(code, reason);
  }

  /** The Player of this session will not come back. */
  expelWithoutPlayer(sessionId: string, reason: string): void {
    this.failCalls('player_crashed', (call) => call.sessionId === sessionId && call.accepted !== 'room');
    for (const pending of this.#queue.ofSession(sessionId)) {
      if (pending.body.kind === 'join') this.fail(pending.seq, 'player_crashed');
      else if (pending.body.kind === 'cast') this.#queue.remove(pending.seq);
    }
    this.expel(sessionId, CloseCode.PLAYER_GIVEN_UP, reason);
  }

  /** The room cools down: who waits for an answer gets it now, the others are told. */
  recovering(): void {
    this.gate = 'recovering';
    this.failCalls('call_in_doubt', (call) => call.accepted !== false);
    this.failCalls('room_recovering', () => true);
    for (const pending of this.#queue.inOrder()) {
      if (pending.body.kind === 'join') this.#forget(pending.sessionId, joinRefused.recovering());
    }
    for (const session of this.#sessions.all()) tell(session, ShellErrorCode.ROOM_RECOVERING);
  }

  /** Nobody's copy of the state can be patched any more: each connection needs a full state first. */
  desync(): void {
    for (const session of this.#sessions.all()) this.#sessions.markBehind(session);
  }

  /** The room is over. */
  end(): void {
    this.gate = 'closed';
    this.live = false;
    this.failCalls('call_in_doubt', (call) => call.accepted !== false);
    this.failCalls('room_closed', () => true);
    this.#calls.stop();
    for (const session of this.#sessions.all()) this.#forget(session.sessionId, joinRefused.closed());
  }

  // What an incarnation needs.

  /** The seats, as the room has been told of them: a drop or resume still pending has not happened for it. */
  seated(): SessionRecord[] {
    const records: SessionRecord[] = [];
    for (const session of this.#sessions.all()) {
      if (!session.admitted) continue;
      const next = this.#queue
        .ofSession(session.sessionId)
        .find(({ body }) => body.kind === 'drop' || body.kind === 'resume');
      records.push(next ? { ...session.record, connected: next.body.kind === 'drop' } : session.record);
    }
    return records;
  }

  pending(seq: number): Pending | undefined {
    return this.#queue.get(seq);
  }

  /** Everything unfinished, in order; calls that were answered meanwhile (their deadline passed) are dropped. */
  handOverAll(): void {
    this.#movedAt = this.#clock.now();
    for (const pending of this.#queue.inOrder()) {
      if (pending.body.kind === 'call' && !this.#calls.has(pending.seq)) this.#queue.remove(pending.seq);
      else this.#give(pending);
    }
  }

  /** The same for one session, whose Player is new. */
  handOverSession(sessionId: string): void {
    for (const pending of this.#queue.ofSession(sessionId)) this.#give(pending);
  }

  get #standsStill(): boolean {
    return this.#clock.now() - this.#movedAt > STANDSTILL;
  }

  #await(sessionId: string, body: ClientBody): Promise<void> {
    const { promise, ...waiter } = Promise.withResolvers<void>();
    this.#enqueue(this.#sessions.get(sessionId)!, body, undefined, waiter);
    return promise;
  }

  #enqueue(session: Session, body: ClientBody, before?: (seq: number) => void, waiter?: Waiter): void {
    const pending = this.#queue.add(session.sessionId, body, waiter);
    before?.(pending.seq);
    if (this.live) this.#give(pending);
  }

  #give(pending: Pending): void {
    this.#handOver(pending, this.#sessions.get(pending.sessionId)!);
  }

  /** Who may send messages: a seat that is connected. */
  #speaker(sessionId: string): Session | undefined {
    const session = this.#sessions.get(sessionId);
    return session?.client ? session : undefined;
  }

  #expire(call: OpenCall): void {
    // While no incarnation runs, nothing of a pending message can have been applied, and it need not be any more.
    const unapplied = !this.live && this.#queue.remove(call.seq) !== undefined;
    this.#fail(call, unapplied ? 'call_timeout_unapplied' : 'call_timeout');
  }

  #fail(call: OpenCall | undefined, failure: CallFailure): void {
    const session = call && this.#sessions.get(call.sessionId);
    if (call && session) answer(session, call.requestId, failure);
  }

  #forget(sessionId: string, error: JoinRefused): void {
    for (const pending of this.#queue.ofSession(sessionId)) {
      this.#queue.remove(pending.seq);
      pending.waiter?.reject(error);
    }
    this.#calls.takeWhere((call) => call.sessionId === sessionId);
    this.#sessions.remove(sessionId);
  }
}

function answer(session: Session, requestId: number, failure: CallFailure): void {
  session.client?.send(responseFrame(requestId, ResponseStatus.ERROR, callFailure(failure)));
}

function tell(session: Session, code: number): void {
  session.client?.send(errorFrame(code, code === ShellErrorCode.OVERLOADED ? 'overloaded' : 'room_recovering'));
}
