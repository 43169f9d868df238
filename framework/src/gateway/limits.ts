/**
 * Limits: what one connection may cost the gateway. Every limit that is crossed closes that connection and says why;
 * nothing is dropped silently.
 *
 *     serve({ rooms, limits: { messagesPerSecond: 60 } })
 */
export interface Limits {
  /** Largest WebSocket message taken from a client, in bytes. The socket is closed beyond. Default 65,536. */
  readonly maxPayload: number;
  /** Bytes that may wait for a slow client before it is closed (1006, so that it returns for a full state). Default 1 MiB. */
  readonly maxBackpressure: number;
  /** Inbound messages a second, averaged; twice as many may come at once. Default 250. */
  readonly messagesPerSecond: number;
  /** Inbound bytes a second, averaged; twice as many may come at once. Default 256 KiB. */
  readonly bytesPerSecond: number;
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
}

export const defaultLimits: Limits = {
  maxPayload: 64 * 1024,
  maxBackpressure: 1024 * 1024,
  messagesPerSecond: 250,
  bytesPerSecond: 256 * 1024,
  joinTimeout: 10_000,
  joinBuffer: 1024 * 1024,
  malformed: 10,
  idleTimeout: 32,
  maxBody: 64 * 1024,
  bodyTimeout: 5_000,
};
