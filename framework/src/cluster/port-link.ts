/**
 * PortLink: a link over a MessagePort (or a Worker, or its parent port).
 *
 * All that is sent within one task goes as one array: posting costs far more than an element. Buffers named in
 * `transfer` move; the rest is cloned. A pooled Buffer's memory cannot move and is cloned all the same. What is no
 * array on the port is not the link's.
 */
// Not by name: an older Node has no isMarkedAsUntransferable and would fail before it could say that it is too old.
import * as threads from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import type { Link } from './link.ts';

/** What MessagePort, Worker and parentPort have in common. */
export interface Port {
  postMessage(value: unknown, transfer?: readonly Transferable[]): void;
  on(event: 'message', listener: (value: unknown) => void): unknown;
}

export interface PortLink<Out, In> extends Link<Out, In> {
  /** Posts what this task has sent so far, at once: for a thread that is about to end. */
  flush(): void;
}

/** What cannot be posted is reported by Node as an uncaught exception; what was sent beside it arrives. */
function postEach(port: Port, messages: readonly unknown[]): void {
  for (const message of messages) {
    try {
      port.postMessage([message]);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

export function portLink<Out, In>(port: Port): PortLink<Out, In> {
  let batch: Out[] = [];
  let moves = new Set<ArrayBuffer>();

  const flush = (): void => {
    if (batch.length === 0) return;
    const messages = batch;
    const transfer = [...moves];
    batch = [];
    moves = new Set();
    try {
      port.postMessage(messages, transfer);
    } catch (error) {
      if (messages.length === 1) throw error;
      postEach(port, messages);
    }
  };

  return {
    flush,
    send(message, transfer) {
      if (batch.push(message) === 1) queueMicrotask(flush);
      for (const buffer of transfer ?? []) if (!threads.isMarkedAsUntransferable(buffer)) moves.add(buffer);
    },
    receive(handler) {
      port.on('message', (value) => {
        if (!Array.isArray(value)) return;
        for (const message of value as In[]) {
          try {
            handler(message);
          } catch (error) {
            // Reported by Node as the uncaught exception it is; the rest of the batch is delivered all the same.
            queueMicrotask(() => {
              throw error;
            });
          }
        }
      });
    },
  };
}
