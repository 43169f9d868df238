/**
 * LocalLink: a link within one thread, e.g. between the gateway's shells and the rooms beside them.
 *
 * Messages are not copied; a test passes `clone` to see that nothing depends on that. They are delivered in one
 * microtask for all that was sent since the last one, in the async context of no process: a throw in the receiver is
 * never taken for a failure of the process whose turn happened to send (docs/decisions/0010-links.md).
 *
 *     const [shell, node] = localLink<ToNode, FromNode>();
 *     node.receive((message) => …);
 *     shell.send({ kind: 'open', … });
 */
import { AsyncResource } from 'node:async_hooks';
import type { Link } from './link.ts';

/** Made when this module loads, outside of every process. */
const outside = new AsyncResource('genroom:link');

class LocalEnd<Out, In> implements Link<Out, In> {
  #toPeer: (message: Out) => void = () => {};
  #handler: ((message: In) => void) | undefined;
  #inbox: In[] = [];
  #scheduled = false;

  join(peer: LocalEnd<In, Out>, clone: boolean): void {
    this.#toPeer = (message) => peer.#accept(clone ? structuredClone(message) : message);
  }

  send(message: Out): void {
    this.#toPeer(message);
  }

  receive(handler: (message: In) => void): void {
    this.#handler = handler;
    if (this.#inbox.length > 0) this.#schedule();
  }

  #accept(message: In): void {
    this.#inbox.push(message);
    if (this.#handler) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    outside.runInAsyncScope(queueMicrotask, undefined, () => this.#deliver());
  }

  #deliver(): void {
    const batch = this.#inbox;
    this.#inbox = [];
    let next = 0;
    try {
      while (next < batch.length) this.#handler!(batch[next++]!);
    } finally {
      // A throw of the receiver is reported by Node; what came behind it is delivered all the same.
      this.#scheduled = false;
      if (next < batch.length) this.#inbox = [...batch.slice(next), ...this.#inbox];
      if (this.#inbox.length > 0) this.#schedule();
    }
  }
}

/**
 * A pair of ends within this thread.
 * @param options `clone`: every message goes through structuredClone, as it would to another thread. Default false.
 */
export function localLink<A, B>(options: { readonly clone?: boolean } = {}): [Link<A, B>, Link<B, A>] {
  const left = new LocalEnd<A, B>();
  const right = new LocalEnd<B, A>();
  left.join(right, options.clone ?? false);
  right.join(left, options.clone ?? false);
  return [left, right];
}
