/**
 * RoomShell: one room as the gateway has it. It runs no user code and outlives the room's process, its supervisor and
 * its node: it holds the seats, what clients asked and no turn has finished, the calls to be answered, and the room's
 * past. To the sockets' side it is a ShellPort; to the node it speaks the protocol of room/link.ts.
 *
 * Invariants
 * - A client message is handed to an incarnation only while that one runs, in order; it is handed to the next one only
 *   if no turn has finished it and it was not the one being handled at the crash. So it is handled at most once.
 * - Frames leave only with a finished turn, after the past has it: what was sent is never taken back.
 * - Every call is answered once: by the room, or with an error that tells whether it was applied (errors.ts).
 *
 *     const shell = new RoomShell({ roomId, name: 'chat', options, node, room, clock });
 *     await shell.ready;
 */
import type { TimerHandle } from '../../otp/runtime/clock.ts';
import { addRestart, type Intensity } from '../../otp/supervisor/restart-intensity.ts';
import { errorText } from '../../platform/error-text.ts';
import { GenroomError } from '../../platform/errors.ts';
import type { ConnectionInfo, FromRoom, RoomOrder } from '../../room/link.ts';
import type { RoomTurn } from '../../room/turn-record.ts';
import { CloseCode } from '../close-codes.ts';
import { Clients } from './clients.ts';
import { defaultBounds, describePending, type Pending } from './pending-queue.ts';
import { Players } from './players.ts';
import type { ClientPort, ShellPort } from './ports.ts';
import { defaultRecovery } from './recovery.ts';
import { RecoveryRun } from './recovery-run.ts';
import { type DownReport, reportDown } from './reports.ts';
import type { NodeListener } from './room-node.ts';
import { RoomPast } from './room-past.ts';
import type { Session } from './session.ts';
import type { ShellOptions, ShellPhase } from './shell-options.ts';

/** Milliseconds a node has to start the process of a room. */
const OPEN_TIMEOUT = 10_000;
/** Milliseconds a room has to end in good order. */
const CLOSE_TIMEOUT = 10_000;
/** How often a room may end its node before it cools down. */
const NODE_INTENSITY: Intensity = { max: 3, period: 60_000 };

export class RoomShell implements ShellPort, NodeListener {
  readonly roomId: string;
  readonly name: string;
  readonly ready: Promise<void>;
  /** The room as its turns describe it. */
  readonly past = new RoomPast();
  readonly #options: ShellOptions;
  readonly #clients: Clients;
  readonly #players: Players;
  readonly #recovery: RecoveryRun;
  /** The room's number in its node's ledger. */
  readonly #key: number;
  readonly #ready = Promise.withResolvers<void>();
  #handshake: Uint8Array | undefined;
  #phase: ShellPhase = 'opening';
  #epoch = 0;
  #pid: string | undefined;
  #everBooted = false;
  /** When (clock.now) its code ended a node. */
  readonly #nodesEnded: number[] = [];
  /** Why the last incarnation ended; undefined once the next has booted. */
  #lastDown: string | undefined;
  #closing: (PromiseWithResolvers<void> & { readonly reason: string }) | undefined;
  /** Of an opening, then of a close. */
  #deadline: TimerHandle | undefined;

  constructor(options: ShellOptions) {
    this.roomId = options.roomId;
    this.name = options.name;
    this.#options = options;
    this.#recovery = new RecoveryRun({
      clock: options.clock,
      policy: { ...defaultRecovery, ...options.recovery },
      about: { roomId: this.roomId, name: this.name },
      start: (from) => {
        if (from === 'fresh') this.#forgetPast();
        this.#open();
      },
    });
    this.#clients = new Clients({
      room: options.room,
      clock: options.clock,
      callTimeout: options.callTimeout ?? 10_000,
      bounds: { ...defaultBounds, ...options.bounds },
      handOver: (pending, session) => this.#handOver(pending, session),
    });
    this.#players = new Players({
      roomId: this.roomId,
      node: options.node,
      clients: this.#clients,
      report: (reason) => this.#report(reason),
    });
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
    this.#key = options.node.attach(this.roomId, this);
    this.#open();
  }

  get handshake(): Uint8Array | undefined {
    return this.#handshake;
  }

  get phase(): ShellPhase {
    return this.#phase;
  }

  /** The Room process that runs now or ran last. */
  get pid(): string | undefined {
    return this.#pid;
  }

  /** How often the Room process was started again. */
  get restarts(): number {
    return Math.max(0, this.#epoch - 1);
  }

  /** Seats taken, connected or not. */
  get sessions(): number {
    return this.#clients.count;
  }

  // What the sockets' side asks.

  join(client: ClientPort, options: unknown, connection: ConnectionInfo): Promise<void> {
    return this.#clients.join(client, options, connection);
  }

  drop(sessionId: string): void {
    this.#clients.drop(sessionId);
  }

  resume(client: ClientPort): Promise<void> {
    return this.#clients.resume(client);
  }

  leave(sessionId: string, consented: boolean): void {
    this.#clients.leave(sessionId, consented);
  }

  cast(sessionId: string, type: string | number, payload?: Uint8Array): void {
    this.#clients.cast(sessionId, type, payload);
  }

  call(sessionId: string, requestId: number, type: string | number, payload?: Uint8Array): void {
    this.#clients.call(sessionId, requestId, type, payload);
  }

  close(reason: string): Promise<void> {
    if (this.#phase === 'closed') return Promise.resolve();
    if (this.#closing) return this.#closing.promise;
    this.#closing = { ...Promise.withResolvers<void>(), reason };
    this.#clients.gate = 'closed';
    const { promise } = this.#closing;
    if (this.#phase === 'cooling' || this.#phase === 'lost') {
      this.#end(CloseCode.CONSENTED, reason);
    } else {
      this.#options.node.send({ kind: 'close', roomId: this.roomId, reason });
      this.#setDeadline(CLOSE_TIMEOUT, () => this.#end(CloseCode.CONSENTED, reason));
    }
    return promise;
  }

  /**
   * An operator's order: the Room, or the Player of a session, throws in a turn of its own. False when no Room runs, or
   * nobody of that session is in it.
   */
  crash(error: string, sessionId?: string): boolean {
    if (this.#phase !== 'running') return false;
    if (sessionId !== undefined && !this.#clients.session(sessionId)?.admitted) return false;
    const { roomId } = this;
    this.#options.node.send({ kind: 'crash', roomId, error, ...(sessionId !== undefined && { sessionId }) });
    return true;
  }

  // What the node says.

  receive(message: FromRoom): void {
    if (this.#phase === 'closed') return;
    switch (message.kind) {
      case 'hello':
        if (message.epoch > this.#epoch) this.#boot(message.epoch, message.pid);
        return;
      case 'turn':
        if (message.epoch === this.#epoch) this.#turn(message.record, message.handshake);
        return;
      case 'down':
        if (message.epoch === this.#epoch) this.#down(message.reason, this.#clients.pending(message.failing ?? 0));
        return;
      case 'closed':
        this.#closed(message.reason, message.asked);
        return;
      case 'refused':
        this.#clients.refuse(message.seq, message.code, message.reason);
        return;
      case 'order':
        this.#obey(message.order);
        return;
      default:
        this.#players.receive(message);
    }
  }

  /** Everything on the node is gone. What its processes had in hand is not tried again: it may be what ended the node. */
  nodeLost(reason: string): boolean {
    if (this.#phase === 'closed' || this.#phase === 'cooling') return false;
    const ran = this.#options.node.ranLast(this.#key);
    const running = this.#phase === 'running' || this.#phase === 'booting';
    if (running) {
      const [failing, ...others] = this.#options.node.inHand(this.#key).filter((seq) => this.#clients.pending(seq));
      this.#down(reason, this.#clients.pending(failing ?? 0), { ran });
      for (const seq of others) this.#clients.fail(seq, 'room_crashed');
    }
    this.#clients.failCalls('call_in_doubt', (call) => call.accepted !== false);
    this.#phase = 'lost';
    if (this.#closing) this.#end(CloseCode.CONSENTED, this.#closing.reason);
    else if (ran) this.#endedNode(reason);
    return ran;
  }

  /** Its code ran when its node was lost. Too often, and it cools down instead of taking the next node along at once. */
  #endedNode(reason: string): void {
    if (addRestart(this.#nodesEnded, this.#options.clock.now(), NODE_INTENSITY)) this.#failed(reason);
  }

  nodeUp(): void {
    if (this.#phase === 'lost') this.#open();
  }

  nodeGone(reason: string): void {
    this.#giveUp(reason);
  }

  // The life of an incarnation.

  #open(): void {
    const { node, options, callTimeout } = this.#options;
    this.#phase = node.up ? 'opening' : 'lost';
    const { gone } = node;
    // Later, since whoever makes a shell must have it before it ends.
    if (gone !== undefined) return queueMicrotask(() => this.#giveUp(gone));
    if (callTimeout !== false) this.#setDeadline(OPEN_TIMEOUT, () => this.#notOpened());
    node.send({ kind: 'open', roomId: this.roomId, name: this.name, options, epoch: this.#epoch + 1, key: this.#key });
  }

  /** The node has not said that the room's process runs. */
  #notOpened(): void {
    const { node } = this.#options;
    if (this.#phase === 'lost' && this.#everBooted) return; // what the node says next decides
    // It may come to it yet. A room with a past is asked for again, and its late start is as good as that.
    if (!this.#everBooted) node.send({ kind: 'close', roomId: this.roomId, reason: 'it was not opened in time' });
    this.#failed(`node '${node.name}' did not start its process within ${OPEN_TIMEOUT / 1_000} s`);
  }

  #boot(epoch: number, pid: string): void {
    if (!this.#closing) this.#clearDeadline();
    this.#recovery.cancel();
    this.#epoch = epoch;
    this.#pid = pid;
    this.#phase = 'booting';
    const { node, options } = this.#options;
    const shadow = this.past.snapshot();
    const sessions = this.#clients.seated();
    node.send({ kind: 'boot', roomId: this.roomId, epoch, options, sessions, ...(shadow && { shadow }) });
  }

  #turn(record: RoomTurn, handshake: Uint8Array | undefined): void {
    const first = this.#phase === 'booting';
    if (!first && this.#phase !== 'running') return;
    if (handshake) this.#handshake = handshake;
    try {
      this.past.apply(record);
    } catch (error) {
      // A record is missing or wrong: what the room says from here on cannot be kept, so it must not leave either.
      this.#options.node.send({ kind: 'close', roomId: this.roomId, reason: 'its turn records do not fit' });
      this.#giveUp(errorText(error).message);
      return;
    }
    this.#clients.finish(record, 'room');
    if (first) this.#hasBooted();
  }

  #hasBooted(): void {
    this.#phase = 'running';
    this.#everBooted = true;
    this.#lastDown = undefined;
    this.#recovery.booted();
    this.#ready.resolve();
    if (this.#closing) return;
    this.#clients.gate = 'open';
    this.#clients.live = true;
    this.#clients.handOverAll();
  }

  /** An incarnation has ended; its supervisor, or this shell, starts the next. */
  #down(reason: string, failing: Pending | undefined, withNode?: DownReport['withNode']): void {
    this.#phase = 'down';
    this.#lastDown = reason;
    this.#clients.live = false;
    const more = { ...(failing && { failing: describePending(failing) }), ...(withNode && { withNode }) };
    reportDown({ ...this.#report(reason), ...more });
    if (failing) this.#clients.fail(failing.seq, 'room_crashed');
    this.#clients.failCalls('call_in_doubt', (call) => call.accepted === 'room');
  }

  #closed(reason: string, asked: boolean): void {
    if (this.#closing || asked) return this.#end(CloseCode.CONSENTED, this.#closing?.reason ?? reason);
    if (this.#phase === 'running' || this.#phase === 'booting') this.#down(reason, undefined);
    // 'shutdown' is how a supervisor ends past its intensity; what the room crashed by says more.
    this.#failed(reason === 'shutdown' ? (this.#lastDown ?? reason) : reason);
  }

  /** Nothing on the node starts the room again: it cools down before its next start, or is over. */
  #failed(reason: string): void {
    this.#clearDeadline();
    if (!this.#everBooted || !this.#recovery.failed(reason)) return this.#giveUp(reason);
    this.#phase = 'cooling';
    this.#clients.recovering();
  }

  /** The room starts from nothing; its players join it anew, and what it says to all is not for them before that. */
  #forgetPast(): void {
    this.past.clear();
    this.#clients.desync();
  }

  #giveUp(reason: string): void {
    if (this.#phase === 'closed') return;
    this.#recovery.givenUp(reason);
    const exposed = this.#options.exposeErrors ?? true;
    this.#end(CloseCode.ROOM_GIVEN_UP, `The room was given up${exposed ? ` (${reason})` : ''}.`, exposed ? reason : '');
  }

  /**
   * The room is over: everybody who waits is answered, and nothing of it stays.
   * @param reason told to its clients @param cause told to who waits for its start; empty where that is not shown
   */
  #end(code: number, reason: string, cause = reason): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#recovery.cancel();
    this.#clearDeadline();
    this.#options.node.detach(this.roomId);
    this.#clients.end();
    this.past.clear();
    const remedy = 'See the crash reports of its process.';
    const what = `Room '${this.name}' did not start${cause === '' ? '' : `: ${cause}`}`;
    this.#ready.reject(new GenroomError('room_not_started', what, { remedy, ...(cause !== '' && { cause }) }));
    this.#options.room.dispose(code, reason);
    this.#closing?.resolve();
  }

  #setDeadline(ms: number, late: () => void): void {
    this.#clearDeadline();
    this.#deadline = this.#options.clock.setTimer(ms, late, false);
  }

  #clearDeadline(): void {
    if (this.#deadline) this.#options.clock.clearTimer(this.#deadline);
    this.#deadline = undefined;
  }

  #handOver(pending: Pending, session: Session): void {
    const { seq, sessionId, body } = pending;
    const head = { roomId: this.roomId, epoch: this.#epoch, seq, sessionId };
    pending.handedTo = this.#epoch;
    const { node } = this.#options;
    if (body.kind === 'join') node.send({ ...head, kind: 'join', session: session.record });
    else node.send({ ...head, ...body });
  }

  #obey(order: RoomOrder): void {
    const { room } = this.#options;
    if (order.order === 'disconnect') this.#clients.expel(order.sessionId, order.code, order.reason);
    else if (order.order === 'metadata') room.setMetadata(order.value);
    else room.lock(order.order === 'lock');
  }

  #report(reason: string): DownReport {
    return { roomId: this.roomId, name: this.name, epoch: this.#epoch, reason };
  }
}
