/**
 * LinkTable: the links between processes of this node and of another one, numbered, so that an end which crossed a newer
 * link on the wire is known for what it is.
 *
 * Each side numbers the LINKs it sends. An UNLINK or LINK_ENDED says which LINK its sender had seen last; one that had not
 * seen the LINK by which the link stands here is of an older link.
 *
 *     table.open(there, here.pid).sent = number;
 *     table.stands(there, here.pid, seen); // whether what says `seen` is of an older link than this one
 */
import type { Pid } from '../otp/runtime/pid.ts';
import type { RemoteProc } from '../otp/runtime/remote.ts';

/** The LINK by which a link was sent, and the one by which it came; 0 where there was none. */
interface LinkNumbers {
  sent: number;
  received: number;
}

export class LinkTable {
  readonly #links = new Map<RemoteProc, Map<Pid, LinkNumbers>>();

  /** Processes there that are linked with some here. */
  get size(): number {
    return this.#links.size;
  }

  remotes(): IterableIterator<RemoteProc> {
    return this.#links.keys();
  }

  has(there: RemoteProc, here: Pid): boolean {
    return this.#links.get(there)?.has(here) ?? false;
  }

  open(there: RemoteProc, here: Pid): LinkNumbers {
    let ofThere = this.#links.get(there);
    if (!ofThere) this.#links.set(there, (ofThere = new Map()));
    let numbers = ofThere.get(here);
    if (!numbers) ofThere.set(here, (numbers = { sent: 0, received: 0 }));
    return numbers;
  }

  /** Takes a link out. Returns the number of the LINK that came for it last. */
  close(there: RemoteProc, here: Pid): number {
    const ofThere = this.#links.get(there);
    const seen = ofThere?.get(here)?.received ?? 0;
    if (ofThere?.delete(here) && ofThere.size === 0) this.#links.delete(there);
    return seen;
  }

  /** Whether a link was sent that who says to have `seen` this one did not know. */
  stands(there: RemoteProc, here: Pid, seen: number): boolean {
    return (this.#links.get(there)?.get(here)?.sent ?? 0) > seen;
  }
}
