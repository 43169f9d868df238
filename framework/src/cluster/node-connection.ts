/**
 * NodeConnection: a link to a node, and what becomes of that node.
 *
 * Invariants: `lost` comes once for each loss, after the last message of that node and before `up`; what is sent while
 * the node is down goes nowhere. After `gone` nothing follows.
 */
import type { Link } from './link.ts';

export interface NodeEvents {
  /**
   * The node ended with everything on it.
   * @returns true where it is known which of those on it ended it: then it is replaced at once, whatever its limit
   */
  lost(reason: string): boolean | void;
  /** A new, empty node took its place. */
  up(): void;
  /** It ended too often, or was stopped; no other will come. */
  gone(reason: string): void;
}

export interface NodeConnection<Out, In> extends Link<Out, In> {
  readonly name: string;
  /** At most one observer; set before anything is sent. */
  observe(events: NodeEvents): void;
  /** Ends the node. Idempotent. */
  stop(): Promise<void>;
}

/** A link within this thread as a node that is never lost. `stop` ends what runs there. */
export function localNode<Out, In>(
  link: Link<Out, In>,
  options: { readonly stop?: () => Promise<void> } = {},
): NodeConnection<Out, In> {
  return {
    name: 'local',
    send: (message, transfer) => link.send(message, transfer),
    receive: (handler) => link.receive(handler),
    observe: () => {},
    stop: options.stop ?? (() => Promise.resolve()),
  };
}
