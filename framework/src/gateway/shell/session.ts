/**
 * Session: one client's seat in a room, as the gateway keeps it. It outlives the socket, the Player and the Room.
 *
 * Invariants
 * - A session is `admitted` from the turn that finished its join until its leave is finished.
 * - `synced` is false from a (re)connection until the first full state has gone to that connection; meanwhile the
 *   room's fan-out leaves it out, so that no patch reaches a decoder that lacks what it builds on.
 * - `record` is all a Player needs to be built again; it changes only by a Player's finished turns.
 */
import type { ConnectionInfo, SessionRecord } from '../../room/link.ts';
import type { PlayerTurn } from '../../room/turn-record.ts';
import type { ClientPort } from './ports.ts';

export class Session {
  readonly sessionId: string;
  record: SessionRecord;
  /** The open connection; undefined while the seat waits for a reconnection, and after leaving. */
  client: ClientPort | undefined;
  admitted = false;
  synced = false;
  leaving = false;

  constructor(client: ClientPort, options: unknown, connection: ConnectionInfo) {
    this.sessionId = client.sessionId;
    this.client = client;
    this.record = { sessionId: client.sessionId, options, connection, connected: true };
  }

  connect(client: ClientPort): void {
    this.client = client;
    this.synced = false;
    this.record = { ...this.record, connected: true };
  }

  disconnect(): void {
    this.client = undefined;
    this.synced = false;
    this.record = { ...this.record, connected: false };
  }

  /** What a finished turn of its Player replaced. */
  apply(turn: PlayerTurn): void {
    if (!turn.state && !turn.auth && !turn.options && !turn.timers) return;
    this.record = {
      ...this.record,
      ...(turn.state && { state: turn.state }),
      ...(turn.auth && { auth: turn.auth }),
      ...(turn.options && { options: turn.options.value }),
      ...(turn.timers && { timers: turn.timers }),
    };
  }
}

/** The sessions of one room. */
export class Sessions {
  readonly #byId = new Map<string, Session>();
  /** Admitted, connected, and not yet synced: whom the fan-out leaves out. Empty nearly always. */
  readonly #behind = new Set<string>();

  get size(): number {
    return this.#byId.size;
  }

  get(sessionId: string): Session | undefined {
    return this.#byId.get(sessionId);
  }

  all(): Iterable<Session> {
    return this.#byId.values();
  }

  add(session: Session): void {
    this.#byId.set(session.sessionId, session);
    this.#behind.add(session.sessionId);
  }

  remove(sessionId: string): void {
    this.#byId.delete(sessionId);
    this.#behind.delete(sessionId);
  }

  /** A connection begins anew: it needs a full state first. */
  markBehind(session: Session): void {
    session.synced = false;
    this.#behind.add(session.sessionId);
  }

  markSynced(session: Session): void {
    session.synced = true;
    this.#behind.delete(session.sessionId);
  }

  /** Whom a publish must leave out, `except` included; undefined when nobody. */
  excluded(except: readonly string[] | undefined): readonly string[] | undefined {
    if (this.#behind.size === 0) return except;
    return except ? [...new Set([...except, ...this.#behind])] : [...this.#behind];
  }
}
