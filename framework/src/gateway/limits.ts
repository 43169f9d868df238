/**
 * Limits: what a client may cost the gateway. Every limit that is crossed closes that connection or refuses that request,
 * and says why; nothing is dropped silently.
 *
 *     serve({ rooms, limits: { messagesPerSecond: 60 } })
 */
import { GenroomError } from '../platform/errors.ts';
import { near } from '../room/definition-check.ts';

export interface Limits {
  /** Largest WebSocket message taken from a client, in bytes. The socket is closed beyond. Default 65,536. */
  readonly maxPayload: number;
  /** Bytes that may wait for a slow client before it is closed (1006, so that it returns for a full state). Default 1 MiB. */
  readonly maxBackpressure: number;
  /** Inbound messages a second, averaged; twice as many may come at once. Default 250. */
  readonly messagesPerSecond: number;
  /** Inbound bytes a second, averaged; twice as many may come at once. Default 256 KiB. */
  readonly bytesPerSecond: number;
  /** Milliseconds a room may take to let a client in, its player's loading included. Default 30,000. */
  readonly admissionTimeout: number;
  /** Milliseconds a client has to acknowledge its JOIN. Default 10,000. */
  readonly joinTimeout: number;
  /** Bytes that may wait for that acknowledgement. Default 1 MiB. */
  readonly joinBuffer: number;
  /** Frames of one connection that may be malformed before it is closed. Default 10. */
  readonly malformed: number;
  /** Seconds of silence (pongs count) after which a connection is taken for dead; 8 – 960. Default 32. */
  readonly idleTimeout: number;
  /** Largest body of an HTTP request, in bytes. Default 65,536. */
  readonly maxBody: number;
  /** Milliseconds for the body of an HTTP request to arrive. Default 5,000. */
  readonly bodyTimeout: number;
  /** Requests to join (or to create a room) a second from one address, averaged; four times as many may come at once. Default 100. */
  readonly matchmakingPerSecond: number;
  /** Rooms that may be open at once; a request that needs one more is refused with 429. Default 10,000. */
  readonly maxRooms: number;
}

export const defaultLimits: Limits = {
  maxPayload: 64 * 1024,
  maxBackpressure: 1024 * 1024,
  messagesPerSecond: 250,
  bytesPerSecond: 256 * 1024,
  admissionTimeout: 30_000,
  joinTimeout: 10_000,
  joinBuffer: 1024 * 1024,
  malformed: 10,
  idleTimeout: 32,
  maxBody: 64 * 1024,
  bodyTimeout: 5_000,
  matchmakingPerSecond: 100,
  maxRooms: 10_000,
};

/** The limits as asked for. Throws `bad_limits`: uWebSockets.js ends the process over some of them. */
export function limitsOf(asked: Partial<Limits> = {}): Limits {
  checkLimits(asked);
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return { ...defaultLimits, ...given };
}

/** Throws `bad_limits` for a limit that does not exist or is no sensible number. */
export function checkLimits(asked: Readonly<Record<string, unknown>> | Partial<Limits>): void {
  for (const [name, value] of Object.entries<unknown>(asked)) {
    if (!Object.hasOwn(defaultLimits, name)) {
      throw new GenroomError('bad_limits', `There is no limits.${name} (${String(value)})`, {
        remedy: `Correct its name, or leave it out${near(name, defaultLimits)}`,
      });
    }
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value > 0)) {
      throw badLimit(name, value, 'Give a number above 0, or leave it out.');
    }
    if (name === 'idleTimeout' && (value < 8 || value > 960))
      throw badLimit(name, value, 'Give seconds from 8 to 960.');
  }
}

function badLimit(name: string, value: unknown, remedy: string): GenroomError {
  return new GenroomError('bad_limits', `limits.${name} is ${String(value)}`, { remedy });
}
