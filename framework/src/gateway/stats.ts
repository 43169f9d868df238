/**
 * Counters of one gateway: plain numbers, written on the hot path, read when someone asks for metrics.
 *
 * Invariant: all but `connections` only grow.
 */
export interface GatewayStats {
  /** Open WebSockets. */
  connections: number;
  connectionsTotal: number;
  /** Frames and bytes from clients. */
  messagesIn: number;
  bytesIn: number;
  /** Frames and bytes to clients; a publish counts once for each subscriber. */
  messagesOut: number;
  bytesOut: number;
  /** Publishes, each counted once. */
  publishes: number;
  malformed: number;
  /** Connections the gateway ended, by cause. */
  closed: { slow: number; flood: number; malformed: number; joinTimeout: number };
}

export function newStats(): GatewayStats {
  return {
    connections: 0,
    connectionsTotal: 0,
    messagesIn: 0,
    bytesIn: 0,
    messagesOut: 0,
    bytesOut: 0,
    publishes: 0,
    malformed: 0,
    closed: { slow: 0, flood: 0, malformed: 0, joinTimeout: 0 },
  };
}
