/**
 * RemoteProc: stands here for a process of another node, so that signals to it take the way of all signals.
 *
 * What a process of this node does to another (send, cast, call, link, monitor, exit) ends at a Proc. Where that is a
 * RemoteProc, it goes on to the node of the real one, through what the cluster layer gives as RemoteNode. This layer
 * knows no connections. A process of this node costs nothing for it.
 *
 * Invariants
 * - A RemoteProc is never started, scheduled or ended; its status says nothing of the process it stands for.
 * - `links` and `watchers` hold those of this node that are linked with it or watch it, until a signal of its node, or
 *   the loss of that node, takes them out.
 */
import type { ExitReason } from './exit-reason.ts';
import type { From } from './from.ts';
import type { Key } from './key.ts';
import { CAST, INFO } from './mailbox.ts';
import type { Monitor } from './monitor.ts';
import { type Home, Pid } from './pid.ts';
import { Proc } from './proc.ts';
import { inNoContext } from './scheduler.ts';

/** Whom a signal is for on its node: a process by its number, or whoever has a name. */
export type Address = number | NameAddress | AliasAddress;

export interface NameAddress {
  readonly registry: string;
  readonly key: Key;
}

export interface AliasAddress {
  readonly alias: number;
}

/** The signals that reach a process of another node, in the order in which they are given. None of them waits. */
export interface RemoteNode {
  readonly home: Home;
  /** @throws NotData for a message that is no data */
  message(to: Address, message: unknown): void;
  /** @throws NotData */
  cast(to: Address, name: string, payload: unknown): void;
  /** Fails `from` by itself when the payload is no data, or the node is lost. */
  call(to: Address, name: string, payload: unknown, from: From): void;
  /** A request of `sys`, which the server carries out by its name; answered as a call is. */
  system(to: Address, operation: string, parameters: readonly unknown[], from: From): void;
  /** Nobody waits for this call any more. */
  forget(from: From): void;
  stop(to: Address, reason: ExitReason, from: Pid | undefined): void;
  /** `exit(pid, reason)`. */
  exit(to: Address, reason: ExitReason, from: Pid): void;
  link(to: RemoteProc, from: Proc): void;
  unlink(to: RemoteProc, from: Proc): void;
  /** A process of this node that was linked with that one has ended. */
  linkEnded(to: RemoteProc, reason: ExitReason, from: Pid): void;
  monitor(to: RemoteProc, ref: Monitor): void;
  demonitor(to: RemoteProc, ref: Monitor): void;
}

export class RemoteProc extends Proc {
  readonly #node: RemoteNode;
  readonly address: Address;

  /** What stands for a process of another node; it keeps nothing of the context in which it is made. */
  static of(node: RemoteNode, address: Address): RemoteProc {
    return inNoContext(makeRemote, node, address);
  }

  /** Made by `of` only. */
  constructor(node: RemoteNode, address: Address) {
    super(undefined, new Pid(undefined, node.home, typeof address === 'number' ? address : 0));
    this.#node = node;
    this.address = address;
  }

  override get remote(): RemoteNode {
    return this.#node;
  }

  override deliver(head: unknown, body: unknown, mark: unknown): void {
    if (mark === INFO) this.#node.message(this.address, head);
    else if (mark === CAST) this.#node.cast(this.address, head as string, body);
    else this.#node.call(this.address, head as string, body, mark as From);
  }

  override exitBySignal(reason: ExitReason): void {
    this.#node.exit(this.address, reason, this.pid);
  }

  override get behaviour(): string {
    return `process of ${this.pid.node}`;
  }

  protected override handle(): void {}
}

const makeRemote = (node: RemoteNode, address: Address): RemoteProc => new RemoteProc(node, address);
