/**
 * timeout: what comes when a time is over, from `receive` and to a server's `info`.
 *
 * @example
 *   if ((await receive(isReply, { timeout: 1000 })) === timeout) exit('late');
 */

/** The message that a step's `timeout` gives to `info`. */
export const timeout: unique symbol = Symbol.for('genroom.timeout');
