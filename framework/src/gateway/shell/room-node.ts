/**
 * RoomNode: the gateway's side of one node (this thread or a worker) on which rooms run. It hands each message of the
 * node to the shell of its room, and tells every shell when the node is lost and when another has taken its place.
 *
 *     const node = new RoomNode(connection);
 *     node.attach(roomId, shell);
 *     node.send({ kind: 'open', … });
 */
import type { NodeConnection } from '../../cluster/node-connection.ts';
import type { Clock } from '../../otp/runtime/clock.ts';
import { GenroomError } from '../../platform/errors.ts';
import type { HandLedger } from '../../room/hand-ledger.ts';
import type { FromNode, FromRoom, ToNode } from '../../room/link.ts';
import { type NodeReport, reportNode } from './reports.ts';
import type { Log } from '../../telemetry/log.ts';
import { addLost, nothingYet, type ThreadReport } from '../../telemetry/thread-report.ts';

/** What a shell hears from its node. */
export interface NodeListener {
  receive(message: FromRoom): void;
  /** The node ended, and every room on it. @returns whether this room's code is known to have run last */
  nodeLost(reason: string): boolean;
  /** Another node is there; it knows no room yet. */
  nodeUp(): void;
  /** There will be no other. */
  nodeGone(reason: string): void;
}

export interface RoomNodeOptions {
  /** What the node's processes write down, where the node may be lost. */
  readonly ledger?: HandLedger;
  /** Takes what the log of the node's thread says. */
  readonly log?: Log | undefined;
  /** Called for a failure on the node's thread that no process owns. */
  readonly onUnowned?: (() => void) | undefined;
}

interface Inspection {
  resolve(tree: unknown): void;
  reject(error: Error): void;
}

export class RoomNode {
  readonly name: string;
  readonly #connection: NodeConnection<ToNode, FromNode>;
  readonly #ledger: HandLedger | undefined;
  readonly #listeners = new Map<string, NodeListener>();
  #keys = 0;
  readonly #inspections = new Map<number, Inspection>();
  readonly #log: Log | undefined;
  readonly #onUnowned: (() => void) | undefined;
  #requests = 0;
  #up = true;
  #gone: string | undefined;
  #stopping = false;
  #report = nothingYet;
  /** Of the threads that had this node before. */
  #lostReports = nothingYet;

  constructor(connection: NodeConnection<ToNode, FromNode>, { ledger, log, onUnowned }: RoomNodeOptions = {}) {
    this.#log = log;
    this.#onUnowned = onUnowned;
    this.#ledger = ledger;
    this.name = connection.name;
    this.#connection = connection;
    connection.receive((message) => this.#receive(message));
    connection.observe({
      lost: (reason) => {
        this.#say('lost', reason);
        return this.#lost(reason);
      },
      up: () => {
        this.#up = true;
        this.#say('up');
        for (const listener of this.#listeners.values()) listener.nodeUp();
      },
      gone: (reason) => {
        this.#gone = reason;
        if (!this.#stopping) this.#say('givenUp', reason);
        this.#lost(reason);
        for (const listener of this.#listeners.values()) listener.nodeGone(reason);
      },
    });
  }

  /** Whether rooms can be opened now; else `nodeUp` or `nodeGone` follows. */
  get up(): boolean {
    return this.#up;
  }

  /** Why there will be no node any more; undefined while there is one or another will come. */
  get gone(): string | undefined {
    return this.#gone;
  }

  /** What its threads have counted, the present one and those before it. Nothing for the thread of the gateway. */
  get report(): ThreadReport {
    return addLost(this.#report, this.#lostReports);
  }

  /** Rooms whose shells are attached. */
  get rooms(): number {
    return this.#listeners.size;
  }

  /** @returns the room's number in the node's ledger, for `open` */
  attach(roomId: string, listener: NodeListener): number {
    this.#listeners.set(roomId, listener);
    return ++this.#keys;
  }

  /** What a room's processes had in hand when the node was lost; within `nodeLost`. */
  inHand(key: number): readonly number[] {
    return this.#ledger?.seqsOf(key) ?? [];
  }

  /** Whether this room's code ran when the node was lost; within `nodeLost`. */
  ranLast(key: number): boolean {
    return this.#ledger?.ranLast === key;
  }

  detach(roomId: string): void {
    this.#listeners.delete(roomId);
  }

  send(message: ToNode): void {
    if (this.#up) this.#connection.send(message);
  }

  /**
   * The supervision tree below this node's Rooms.
   * @param timeout milliseconds; the promise rejects with `inspect_timeout` after it
   */
  inspect(clock: Clock, timeout = 2_000): Promise<unknown> {
    const request = ++this.#requests;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = clock.setTimer(timeout, () => {
      this.#inspections.delete(request);
      const remedy = 'A handler may be keeping its thread busy; ask again.';
      reject(new GenroomError('inspect_timeout', `Node '${this.name}' did not answer in ${timeout} ms`, { remedy }));
    });
    this.#inspections.set(request, { resolve, reject });
    this.send({ kind: 'inspect', request });
    return promise.finally(() => clock.clearTimer(timer));
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.#connection.stop();
  }

  #receive(message: FromNode): void {
    switch (message.kind) {
      case 'tree':
        this.#inspections.get(message.request)?.resolve(message.tree);
        this.#inspections.delete(message.request);
        return;
      case 'report':
        this.#report = message.report;
        return;
      case 'log':
        this.#log?.(message.entry);
        return;
      case 'unowned':
        this.#onUnowned?.();
        return;
      default:
        this.#listeners.get(message.roomId)?.receive(message);
    }
  }

  #say(step: NodeReport['step'], reason = ''): void {
    reportNode({ node: this.name, step, rooms: this.rooms, reason });
  }

  #lost(reason: string): boolean {
    if (!this.#up) return false;
    this.#up = false;
    this.#lostReports = this.report;
    this.#report = nothingYet;
    for (const { reject } of this.#inspections.values()) {
      reject(new GenroomError('node_lost', `Node '${this.name}' ended: ${reason}`, { remedy: 'Ask again.' }));
    }
    this.#inspections.clear();
    let explained = false;
    for (const listener of this.#listeners.values()) if (listener.nodeLost(reason)) explained = true;
    this.#ledger?.clear();
    return explained;
  }
}
