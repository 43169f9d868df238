/**
 * HostedRooms: the rooms of a node by id, and the way of a message from the link to the process it is for.
 *
 * What only passes on (a client's message to its Player, a boot to its Room) is done here, at once, outside of every
 * process; what starts, watches or ends something is the host process's.
 */
import {
  cast,
  exit,
  isAlive,
  type Pid,
  processTree,
  type Ref,
  type RegistryName,
  startChild,
  startLink,
  via,
} from '../otp/index.ts';
import type { AnyRoomParts } from './definition.ts';
import { packPayload, ResponseStatus } from './frames.ts';
import type { hostServer } from './host-behaviour.ts';
import type { HandLedger } from './hand-ledger.ts';
import { type ForPlayer, HostedRoom, type Seat } from './hosted-room.ts';
import type { FromNode, SessionRecord, ToNode } from './link.ts';
import { type FromClient, playerServer } from './player-behaviour.ts';
import { Refusal, refusalReason } from './refusal.ts';
import type { Boot } from './room-boot.ts';
import type { roomServer } from './room-behaviour.ts';
import { refusalFrame } from './room-replies.ts';
import type { Frame } from './turn-record.ts';
import type { HandRecord } from './work-in-hand.ts';

export type Say = (message: FromNode, transfer?: readonly ArrayBuffer[]) => void;

export class HostedRooms {
  readonly parts: ReadonlyMap<string, AnyRoomParts>;
  readonly names: RegistryName<typeof roomServer>;
  readonly say: Say;
  /** The dynamic supervisor of the rooms. */
  supervisor: Pid | undefined;
  host: Ref<typeof hostServer> | undefined;
  readonly #rooms = new Map<string, HostedRoom>();
  readonly #ledger: HandLedger | undefined;

  constructor(
    parts: ReadonlyMap<string, AnyRoomParts>,
    names: RegistryName<typeof roomServer>,
    say: Say,
    ledger?: HandLedger,
  ) {
    this.#ledger = ledger;
    this.parts = parts;
    this.names = names;
    this.say = say;
  }

  get(roomId: string): HostedRoom | undefined {
    return this.#rooms.get(roomId);
  }

  /** Where a room's messages in hand are written down, on a node that may be lost. */
  recordOf(key: number | undefined): HandRecord | undefined {
    const ledger = this.#ledger;
    if (!ledger || key === undefined) return undefined;
    return {
      take: (seq) => ledger.take(key, seq),
      wait: (slot) => ledger.wait(slot),
      free: (slot) => ledger.free(slot),
      release: (slot) => ledger.release(slot),
    };
  }

  add(room: HostedRoom): void {
    this.#rooms.set(room.roomId, room);
  }

  /** Forgets a room; false when it is another one by now. */
  remove(room: HostedRoom): boolean {
    return this.#rooms.get(room.roomId) === room && this.#rooms.delete(room.roomId);
  }

  all(): HostedRoom[] {
    return [...this.#rooms.values()];
  }

  /** What a shell says. */
  receive(message: ToNode): void {
    switch (message.kind) {
      case 'open':
      case 'close':
        if (this.host) cast(this.host, message.kind, message as never);
        return;
      case 'inspect':
        this.say({ kind: 'tree', request: message.request, tree: this.supervisor ? processTree(this.supervisor) : [] });
        return;
      default: {
        const room = this.#rooms.get(message.roomId);
        if (room) this.#route(room, message);
      }
    }
  }

  #route(room: HostedRoom, message: Exclude<ToNode, { kind: 'open' | 'close' | 'inspect' }>): void {
    switch (message.kind) {
      case 'boot':
        return this.#boot(room, message);
      case 'playerBoot':
        return this.#bootPlayer(room, message.session);
      case 'crash': {
        const pid = message.sessionId === undefined ? room.life?.pid : room.seats.get(message.sessionId)?.pid;
        if (pid) cast(pid as Ref<typeof roomServer | typeof playerServer>, 'crash', message.error);
        return;
      }
      default: {
        const seat = room.seats.get(message.sessionId);
        if (seat) deliver(seat, message);
        else if (message.kind === 'join') this.seat(room, message.session, [message]);
        else this.#withoutPlayer(room, message);
      }
    }
  }

  #boot(room: HostedRoom, boot: Boot): void {
    const { life } = room;
    if (life?.epoch !== boot.epoch) return;
    cast(life.pid as Ref<typeof roomServer>, 'boot', boot);
    const members = new Set(boot.shadow?.members);
    for (const session of boot.sessions) {
      const seat = room.seats.get(session.sessionId) ?? this.seat(room, session, []);
      // Its join was done in another life, of which nothing is left.
      if (members.has(session.sessionId)) continue;
      const rejoin = { kind: 'rejoin', epoch: boot.epoch } as const;
      if (seat.phase === 'orphaned') seat.waiting.push(rejoin);
      else deliver(seat, rejoin);
    }
  }

  #bootPlayer(room: HostedRoom, session: SessionRecord): void {
    const seat = room.seats.get(session.sessionId);
    if (!seat) {
      this.seat(room, session, []);
      return;
    }
    if (seat.phase !== 'orphaned') return;
    seat.phase = seat.pid ? 'running' : 'starting';
    const kept = seat.waiting.splice(0);
    for (const message of [{ kind: 'playerBoot', session } as const, ...kept]) deliver(seat, message);
  }

  /** A Player that will not come back has no more to say; only that its session leaves still counts. */
  #withoutPlayer(room: HostedRoom, message: Exclude<FromClient, { kind: 'join' }>): void {
    const { kind, seq, sessionId, epoch } = message;
    if (kind === 'cast' || kind === 'call') {
      const refusal = new Refusal('player_gone', 'Your player has ended.');
      const frame: Frame =
        kind === 'call'
          ? { to: 'caller', seq, status: ResponseStatus.REJECTED, payload: packPayload(refusalReason(refusal))! }
          : { to: 'one', sessionId, bytes: refusalFrame(refusal) };
      this.say({
        kind: 'playerTurn',
        roomId: room.roomId,
        record: { turn: 0, sessionId, done: [seq], frames: [frame] },
      });
    } else if (room.life) {
      const head = { seq, sessionId, epoch };
      const target = room.life.pid as Ref<typeof roomServer>;
      if (kind === 'leave') cast(target, 'client', { kind, ...head, consented: message.consented });
      else cast(target, 'client', { kind, ...head });
    }
  }

  /** Gives a session a seat and starts its Player. */
  seat(room: HostedRoom, session: SessionRecord, waiting: readonly ForPlayer[]): Seat {
    const seat = room.addSeat(session.sessionId);
    seat.waiting.push(...waiting);
    this.startPlayer(room, seat, session);
    return seat;
  }

  /** @param session absent after a crash: the Player then asks for it */
  startPlayer(room: HostedRoom, seat: Seat, session: SessionRecord | undefined): void {
    const { players, roomId, parts } = room;
    const { sessionId, crashes } = seat;
    if (!players || !isAlive(players)) return;
    const hand = room.newHand();
    let launched = false;
    const launch = async (): Promise<Pid> => {
      const argument = {
        roomId,
        sessionId,
        room: parts,
        session,
        target: via(this.names, roomId),
        hand,
        crashes,
        say: this.say,
      };
      const pid = await startLink(playerServer, argument);
      launched = true;
      if (this.host) cast(this.host, 'playerStarted', { room, seat, pid, hand });
      return pid;
    };
    startChild(players, { id: sessionId, restart: 'temporary', start: launch }).catch(() => {
      // A Player that crashed before its supervisor came to know it is the host's to start again. Else the room is
      // ending, and its end is said for all its players.
      if (!launched && room.seats.get(sessionId) === seat) room.seats.delete(sessionId);
    });
  }

  /** The session is not to be served any more. */
  unseat(room: HostedRoom, sessionId: string): void {
    const seat = room.seats.get(sessionId);
    if (!seat) return;
    room.seats.delete(sessionId);
    if (seat.pid) exit(seat.pid, 'shutdown');
  }
}

/** Hands a message to a seat's Player, now or when that has started. */
export function deliver(seat: Seat, message: ForPlayer): void {
  if (seat.phase === 'starting') seat.waiting.push(message);
  else if (seat.phase === 'running') hand(seat.pid as Ref<typeof playerServer>, message);
}

/** The Player has started: it gets what has waited for it. */
export function settle(seat: Seat): void {
  if (seat.phase !== 'starting') return;
  seat.phase = 'running';
  for (const message of seat.waiting.splice(0)) deliver(seat, message);
}

function hand(pid: Ref<typeof playerServer>, message: ForPlayer): void {
  if (message.kind === 'playerBoot') cast(pid, 'boot', message.session);
  else if (message.kind === 'rejoin') cast(pid, 'rejoin', message.epoch);
  // The type of a cast's payload takes one member of a union, not the union.
  else cast(pid, 'client', message as never);
}
