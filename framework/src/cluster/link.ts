/**
 * Link: one end of a two-way channel between two nodes, or between two parties on one node.
 *
 * Invariants of every link
 * - Messages arrive in the order sent, each once, and never within `send` itself: the receiver's stack, its errors and
 *   its async context are its own.
 * - A message is data: structured-cloneable, and neither changed by its sender after `send` nor by its receiver, even
 *   where the implementation hands over the same object.
 */
export interface Link<Out, In> {
  /**
   * @param transfer buffers that the sender gives up; a link to another thread moves them instead of copying. Only for
   *   buffers that nothing else of the sender refers to.
   */
  send(message: Out, transfer?: readonly ArrayBuffer[]): void;
  /** At most one receiver; set before anything is sent. */
  receive(handler: (message: In) => void): void;
}
