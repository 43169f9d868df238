/**
 * The link: what the shell of a room (gateway side, no user code) and the room's processes (on a node: the same thread
 * or a worker) say to each other. Every value is structured-cloneable; both directions are FIFO.
 *
 * The shell numbers what comes from clients (`seq`, ascending per room) and keeps each message until a record says
 * `done`. An incarnation is one life of the Room process. Client messages carry the `epoch` (the incarnation's number)
 * they are meant for: a Room ignores those of another epoch, since the shell hands everything that is not done to the
 * successor, in order. Within an epoch a Room also ignores a seq it has already taken from the same session (it comes
 * twice when only the Player was restarted). So a message is handled at most once, in its sender's order.
 *
 * A room's life on the link:
 *
 *     shell                          node
 *     open {roomId, name, options}→  starts the room's supervisor (Room, Players)
 *                                    ←  hello {roomId, epoch}         the Room process is up and needs its past
 *     boot {epoch, shadow?, …}    →  fresh (`init`) or from the shadow (`restore`)
 *                                    ←  turn (the first one: full state to every session, done: [])
 *     join/cast/call/leave {seq}  →  Player → Room
 *                                    ←  turn | playerTurn {done: [seq], frames}
 *                                    ←  down {roomId, epoch, reason, failing?}   then hello of the next epoch
 */
import type { PlayerTurn, RoomTurn, TimerRecord, OperationReply } from './turn-record.ts';
import type { StateSnapshot } from './state/state-change.ts';
import type { LogEntry } from '../telemetry/log.ts';
import type { ThreadReport } from '../telemetry/thread-report.ts';

/** What the gateway knows of a connection, for `auth`. Plain data. */
export interface ConnectionInfo {
  readonly ip: string;
  readonly token?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A session as the shell keeps it; a restarted Player is rebuilt from it. */
export interface SessionRecord {
  readonly sessionId: string;
  /** Join options: as the client sent them, and once there is `auth`, as their schema made them. */
  readonly options: unknown;
  readonly connection: ConnectionInfo;
  /** What `auth` returned, boxed; absent until it has. */
  readonly auth?: { readonly value: unknown };
  /** The Player's state after its last good turn, boxed; absent until its first. */
  readonly state?: { readonly value: unknown };
  readonly timers?: readonly TimerRecord[];
  /** False while the socket is gone and the seat is kept for a reconnection. */
  readonly connected: boolean;
}

/** A room as its turn records describe it. */
export interface RoomShadow {
  readonly state: StateSnapshot;
  readonly data: unknown;
  readonly timers: readonly TimerRecord[];
  readonly members: readonly string[];
  readonly operations: readonly OperationReply[];
}

interface ClientMessage {
  readonly roomId: string;
  readonly epoch: number;
  readonly seq: number;
  readonly sessionId: string;
}

export type ToNode =
  | {
      readonly kind: 'open';
      readonly roomId: string;
      readonly name: string;
      readonly options: unknown;
      readonly epoch: number;
      /** The room's number in the HandLedger, on a node that may be lost. */
      readonly key?: number;
    }
  | {
      readonly kind: 'boot';
      readonly roomId: string;
      readonly epoch: number;
      readonly options: unknown;
      readonly shadow?: RoomShadow;
      readonly sessions: readonly SessionRecord[];
    }
  /** Ends the room in good order: terminate, then `closed`. */
  | { readonly kind: 'close'; readonly roomId: string; readonly reason: string }
  /** Start (or restart) the Player of a session. A Player that restarts asks with `playerHello` and gets this. */
  | { readonly kind: 'playerBoot'; readonly roomId: string; readonly session: SessionRecord }
  | (ClientMessage & { readonly kind: 'join'; readonly session: SessionRecord })
  /** The socket went; the seat is kept. */
  | (ClientMessage & { readonly kind: 'drop' })
  | (ClientMessage & { readonly kind: 'resume' })
  | (ClientMessage & { readonly kind: 'leave'; readonly consented: boolean })
  /** ROOM_DATA; `payload` is the msgpack of the client, copied. */
  | (ClientMessage & { readonly kind: 'cast'; readonly type: string | number; readonly payload?: Uint8Array })
  /** ROOM_REQUEST. `deadline`: wall-clock milliseconds; absent when deadlines are suspended (`--inspect`). */
  | (ClientMessage & {
      readonly kind: 'call';
      readonly type: string | number;
      readonly payload?: Uint8Array;
      readonly deadline?: number;
    })
  /** Operator's order, e.g. the "crash this room" button: the Room process throws `error` in a turn of its own. */
  | { readonly kind: 'crash'; readonly roomId: string; readonly sessionId?: string; readonly error: string }
  /** Asks for the tree under this node's Rooms; answered by `tree`. */
  | { readonly kind: 'inspect'; readonly request: number };

/** About one room. */
export type FromRoom =
  | { readonly kind: 'hello'; readonly roomId: string; readonly epoch: number; readonly pid: string }
  | {
      readonly kind: 'turn';
      readonly roomId: string;
      readonly epoch: number;
      readonly record: RoomTurn;
      readonly handshake?: Uint8Array;
    }
  | { readonly kind: 'playerHello'; readonly roomId: string; readonly sessionId: string; readonly pid: string }
  | { readonly kind: 'playerTurn'; readonly roomId: string; readonly record: PlayerTurn }
  /** A join, refused: by `auth`, by a full room, by a handler that said so. The seq is done. */
  | {
      readonly kind: 'refused';
      readonly roomId: string;
      readonly seq: number;
      readonly sessionId: string;
      readonly code: number;
      readonly reason: string;
    }
  /** The Room process of `epoch` ended. `failing`: the message it was handling, which is not tried again. */
  | {
      readonly kind: 'down';
      readonly roomId: string;
      readonly epoch: number;
      readonly reason: string;
      readonly failing?: number;
    }
  | {
      readonly kind: 'playerDown';
      readonly roomId: string;
      readonly sessionId: string;
      readonly reason: string;
      readonly failing?: number;
    }
  /** A Player was restarted more often than its limit: only its session is closed. */
  | { readonly kind: 'playerGivenUp'; readonly roomId: string; readonly sessionId: string; readonly reason: string }
  /** The room's supervisor ended: past its intensity (`reason` 'shutdown'), or closed. The shell decides what follows. */
  | { readonly kind: 'closed'; readonly roomId: string; readonly reason: string; readonly asked: boolean }
  /** A room's code asked to disconnect a client, to lock, to set metadata. */
  | { readonly kind: 'order'; readonly roomId: string; readonly order: RoomOrder };

export type FromNode =
  | FromRoom
  | { readonly kind: 'tree'; readonly request: number; readonly tree: unknown }
  /** Once a second, of a node that has a thread of its own: what it counts there. */
  | { readonly kind: 'report'; readonly report: ThreadReport }
  /** A failure outside every handler that none of its processes owns; its log has it. */
  | { readonly kind: 'unowned' }
  /** What its log says, for the one of the server. */
  | { readonly kind: 'log'; readonly entry: LogEntry };

export type RoomOrder =
  | { readonly order: 'disconnect'; readonly sessionId: string; readonly code: number; readonly reason: string }
  | { readonly order: 'lock' | 'unlock' }
  | { readonly order: 'metadata'; readonly value: unknown };

export type { Link } from '../cluster/link.ts';
