/**
 * PlayerProcess: the state of one Player process, and how its turns begin and end.
 *
 * Invariants
 * - A turn's effects leave in `commit`, all together, or not at all.
 * - Everything it must know after a crash is in its session's record, which its turns keep up to date.
 *
 *     const turn = player.begin({ kind: 'cast', seq: 7, type: 'mute' });
 *     …                                    // user code
 *     player.commit(turn);
 */
import type { Pid, Target } from '../otp/index.ts';
import { dataFrame } from './frames.ts';
import { handleTiming } from './handle-timing.ts';
import type { PlayerSelf } from './handles.ts';
import type { FromNode, SessionRecord } from './link.ts';
import { NamedTimers } from './named-timers.ts';
import { keep } from './plain-data.ts';
import type { AnyPlayerParts } from './player-definition.ts';
import { Turn } from './turn.ts';
import { TurnTaker } from './turn-taker.ts';
import type { AnyRoomParts } from './definition.ts';
import type { PlayerTurn } from './turn-record.ts';
import { retryKey, type Work, type WorkInHand } from './work-in-hand.ts';
import type { roomServer } from './room-behaviour.ts';

/** What a Player process is started with. */
export interface PlayerArgument {
  readonly roomId: string;
  readonly sessionId: string;
  readonly room: AnyRoomParts;
  /** The session as it is; absent after a crash: then the Player asks for it. */
  readonly session: SessionRecord | undefined;
  /** The room's name in the registry: it is looked up for each message. */
  readonly target: Target<typeof roomServer>;
  readonly hand: WorkInHand;
  readonly crashes: ReadonlyMap<string, number>;
  readonly say: (message: FromNode) => void;
}

/** A timer that crashed its Player this often is not restored. */
const TRIES = 2;
/** Own messages whose seq is remembered; a session has fewer unfinished ones. */
const REMEMBERED = 1024;

const NO_PARTS: AnyPlayerParts = {};

export class PlayerProcess extends TurnTaker {
  readonly sessionId: string;
  readonly roomId: string;
  readonly name: string;
  readonly room: AnyRoomParts;
  readonly parts: AnyPlayerParts;
  readonly target: Target<typeof roomServer>;
  readonly self: PlayerSelf;
  session: SessionRecord | undefined;
  options: unknown;
  /** What `auth` returned, boxed, once it has. */
  auth: { readonly value: unknown } | undefined;
  loaded: { readonly value: unknown } | undefined;
  state: { readonly value: unknown } | undefined;
  connected = true;
  timers: NamedTimers;
  /** What this process finished by itself: a restarted room makes the shell send it again if that is not known there yet. */
  readonly finished = new Set<number>();
  readonly #argument: PlayerArgument;
  #turns = 0;

  constructor(argument: PlayerArgument, pid: Pid) {
    super(pid);
    this.#argument = argument;
    this.sessionId = argument.sessionId;
    this.roomId = argument.roomId;
    this.name = argument.room.name;
    this.room = argument.room;
    this.parts = argument.room.player?.parts ?? NO_PARTS;
    this.target = argument.target;
    this.timers = new NamedTimers(pid);
    this.self = playerSelf(this);
    if (argument.session) this.remember(argument.session);
  }

  get id(): string {
    return this.roomId;
  }

  override get what(): string {
    return `player ${this.sessionId} of room ${this.name}/${this.roomId}`;
  }

  /** Authentication and loading hold up nobody else. */
  get mayWait(): boolean {
    return this.turn?.work.kind === 'join';
  }

  get hand(): WorkInHand {
    return this.#argument.hand;
  }

  /** Takes what the session's record knows. */
  remember(session: SessionRecord): void {
    this.session = session;
    this.options = session.options;
    this.auth = session.auth;
    this.state = session.state && { value: keep(session.state.value, `state of ${this.what}`) };
    this.connected = session.connected;
    const { crashes } = this.#argument;
    const kept = (session.timers ?? []).filter(
      ({ name, due }) => (crashes.get(retryKey({ kind: 'timer', type: name, due })!) ?? 0) < TRIES,
    );
    this.timers = new NamedTimers(this.pid, kept);
  }

  begin(work: Work): Turn {
    this.hand.take(work);
    return (this.turn = new Turn(work));
  }

  commit(turn: Turn, auth?: { readonly value: unknown }): void {
    if (turn.own) this.state = turn.own;
    const { timers } = turn.extras;
    if (timers.size > 0) this.timers.apply(turn.timers);
    for (const seq of turn.done) this.#finish(seq);
    const frames = [...turn.frames, ...turn.replies];
    this.turn = undefined;
    if (turn.done.length === 0) this.hand.done();
    if (frames.length === 0 && turn.done.length === 0 && !turn.own && timers.size === 0 && !auth) return;
    const record: PlayerTurn = {
      turn: ++this.#turns,
      sessionId: this.sessionId,
      done: turn.done,
      ...(turn.own && { state: turn.own }),
      ...(auth && { auth, options: { value: this.options } }),
      ...(timers.size > 0 && { timers: this.timers.records }),
      frames,
    };
    this.say({ kind: 'playerTurn', roomId: this.roomId, record });
    this.hand.told();
  }

  say(message: FromNode): void {
    if (this.alive) this.#argument.say(message);
  }

  #finish(seq: number): void {
    this.finished.add(seq);
    if (this.finished.size > REMEMBERED) this.finished.delete(this.finished.values().next().value!);
  }
}

/** The player as its own code sees it. */
function playerSelf(player: PlayerProcess): PlayerSelf {
  const self: PlayerSelf = {
    get sessionId() {
      return player.sessionId;
    },
    get roomId() {
      return player.roomId;
    },
    get auth() {
      player.check();
      return player.auth?.value;
    },
    get options() {
      player.check();
      return player.options;
    },
    get state() {
      player.check();
      return (player.turn?.own ?? player.state)?.value;
    },
    set state(value: unknown) {
      player.running('player.state =').own = { value: keep(value, `state of ${player.what}`) };
    },
    send(type, message) {
      const bytes = dataFrame(type, message);
      player.running('player.send').frames.push({ to: 'one', sessionId: player.sessionId, bytes });
    },
    ...handleTiming('player', player),
  };
  return Object.freeze(self);
}
