/**
 * What the shell of a room and the sockets' side of the gateway ask of each other. The shell knows neither sockets nor
 * Colyseus; the transport knows neither epochs nor shadows.
 */
import type { ConnectionInfo } from '../../room/link.ts';

/** A client's connection as the shell sees it. */
export interface ClientPort {
  readonly sessionId: string;
  /** Sends one whole WebSocket message, in order with `RoomPort.publish`. Buffers until the client acknowledged its JOIN. */
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
}

/** The room's fan-out: one publish to every joined client; clients still joining get it through their buffer. */
export interface RoomPort {
  publish(bytes: Uint8Array, except?: readonly string[]): void;
  lock(locked: boolean): void;
  setMetadata(value: unknown): void;
  /** The room is over: closes its clients with this code and disposes of it. */
  dispose(code: number, reason: string): void;
}

/** What the Colyseus side calls on the shell. */
export interface ShellPort {
  /** Rejects with a GenroomError that has a numeric `status` when the join was refused. */
  join(client: ClientPort, options: unknown, connection: ConnectionInfo): Promise<void>;
  drop(sessionId: string): void;
  resume(client: ClientPort): Promise<void>;
  leave(sessionId: string, consented: boolean): void;
  cast(sessionId: string, type: string | number, payload?: Uint8Array): void;
  /** Answered by `client.send` of a ROOM_RESPONSE frame. */
  call(sessionId: string, requestId: number, type: string | number, payload?: Uint8Array): void;
  close(reason: string): Promise<void>;
  /** Reflection bytes of the state's classes, known once the room has booted. */
  readonly handshake: Uint8Array | undefined;
  /** Resolves when the room's first incarnation has booted; rejects when it cannot. */
  readonly ready: Promise<void>;
}
