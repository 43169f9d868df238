/**
 * Close codes: why the gateway ended a connection, as the client sees it.
 *
 * 4000 – 4010 are Colyseus's own. The SDK reconnects by itself on 1001, 1005, 1006 and 4010 and on no other, so a code
 * of the second group is used only where coming back at once is wrong or useless. They mirror HTTP's numbers.
 *
 *     room.onLeave((code, reason) => { if (code === CloseCode.FLOOD) … })
 */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  NO_STATUS: 1005,
  /** No close frame at all: a cut line, or a client that read too slowly and is to come back for a full state. */
  ABNORMAL: 1006,
  /** A message larger than `limits.maxPayload`. */
  TOO_BIG: 1009,

  CONSENTED: 4000,
  SERVER_SHUTDOWN: 4001,
  WITH_ERROR: 4002,
  FAILED_TO_RECONNECT: 4003,
  MAY_TRY_RECONNECT: 4010,

  /** Too many frames that are no frames of the protocol. */
  MALFORMED: 4400,
  /** The JOIN was not acknowledged in time, or more was waiting for it than the join buffer holds. */
  JOIN_TIMEOUT: 4408,
  /** More messages or bytes a second than allowed. */
  FLOOD: 4429,
  /** The room crashed again and again, and no start from its shadow helped: it is over. */
  ROOM_GIVEN_UP: 4500,
  /** This client's Player was restarted more often than its limit; the room and the others go on. */
  PLAYER_GIVEN_UP: 4501,
} as const;

const reconnectable: ReadonlySet<number> = new Set([
  CloseCode.GOING_AWAY,
  CloseCode.NO_STATUS,
  CloseCode.ABNORMAL,
  CloseCode.MAY_TRY_RECONNECT,
]);

/** Whether a client may come back to its seat after a close that the server chose. */
export function mayReconnect(code: number): boolean {
  return reconnectable.has(code);
}
