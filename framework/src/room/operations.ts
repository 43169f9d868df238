/**
 * Operations: the replies that a room remembers by operation id, so that a repeat of an operation changes nothing and
 * gets the first reply. The last `OPERATIONS_KEPT` are kept.
 *
 *     const known = operations.get('post 7f3a');
 */
import { OPERATIONS_KEPT, type OperationReply } from './turn-record.ts';

export class Operations {
  readonly #replies = new Map<string, OperationReply>();

  constructor(replies: readonly OperationReply[] = []) {
    for (const reply of replies) this.remember(reply);
  }

  get(id: string): OperationReply | undefined {
    return this.#replies.get(id);
  }

  remember(reply: OperationReply): void {
    this.#replies.delete(reply.id);
    this.#replies.set(reply.id, reply);
    if (this.#replies.size > OPERATIONS_KEPT) this.#replies.delete(this.#replies.keys().next().value!);
  }
}

/** An operation's id as the room keeps it: ids of two message types never meet. */
export function operationKey(type: string | number, id: string): string {
  return `${type} ${id}`;
}
