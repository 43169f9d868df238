/**
 * LocalRoomNode: this thread as a node. Its top process can end as a worker can: when the host fails too often. Then
 * everything on it is lost, and another tree takes its place within the limit of a worker; the shells open their rooms
 * there from what they hold. No socket is touched.
 *
 * Invariant: nothing of a lost tree is heard after `lost`; each tree has a link of its own.
 *
 *     const node = new RoomNode(await LocalRoomNode.start([chat], { clone: false }));
 */
import { localLink } from '../../cluster/local-link.ts';
import type { NodeConnection, NodeEvents } from '../../cluster/node-connection.ts';
import { Replacement } from '../../cluster/replacement.ts';
import type { RestartLimit } from '../../cluster/restart-limit.ts';
import { currentClock } from '../../otp/runtime/clock.ts';
import type { RoomDefinition } from '../../room/definition.ts';
import type { FromNode, Link, ToNode } from '../../room/link.ts';
import { createHost, type RoomHost } from '../../room/room-host.ts';

export interface LocalRoomNodeOptions {
  /** Copy messages as between threads. */
  readonly clone: boolean;
  readonly restart?: Partial<RestartLimit>;
}

export class LocalRoomNode implements NodeConnection<ToNode, FromNode> {
  readonly name = 'local';
  readonly #definitions: readonly RoomDefinition[];
  readonly #clone: boolean;
  readonly #replacement: Replacement;
  #events: NodeEvents | undefined;
  #handler: ((message: FromNode) => void) | undefined;
  #host: RoomHost | undefined;
  #link: Link<ToNode, FromNode> | undefined;
  #stopped = false;

  private constructor(definitions: readonly RoomDefinition[], { clone, restart }: LocalRoomNodeOptions) {
    this.#definitions = definitions;
    this.#clone = clone;
    this.#replacement = new Replacement({
      clock: currentClock(),
      limit: restart,
      start: () => this.#start(),
      up: () => this.#events?.up(),
      gone: (reason) => this.#events?.gone(reason),
    });
  }

  /** @throws BadDefinition when two definitions have one name */
  static async start(definitions: readonly RoomDefinition[], options: LocalRoomNodeOptions): Promise<LocalRoomNode> {
    const node = new LocalRoomNode(definitions, options);
    await node.#start();
    return node;
  }

  send(message: ToNode): void {
    this.#link?.send(message);
  }

  receive(handler: (message: FromNode) => void): void {
    this.#handler = handler;
  }

  observe(events: NodeEvents): void {
    this.#events = events;
  }

  async stop(): Promise<void> {
    if (this.#stopped || this.#replacement.over) return;
    this.#stopped = true;
    this.#replacement.stop();
    await this.#host?.stop();
    this.#link = undefined;
    this.#events?.gone('stopped');
  }

  async #start(): Promise<void> {
    const [near, far] = localLink<ToNode, FromNode>({ clone: this.#clone });
    near.receive((message) => {
      if (this.#link === near) this.#handler?.(message);
    });
    this.#link = near;
    const host = await createHost(this.#definitions, far);
    if (this.#stopped) return host.stop();
    this.#host = host;
    void host.ended.then((reason) => {
      if (this.#stopped) return;
      this.#host = undefined;
      this.#link = undefined;
      this.#events?.lost(reason); // no code of a room's ends this thread's tree
      this.#replacement.lost(reason);
    });
  }
}
