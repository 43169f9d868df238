/**
 * From: where the reply of a call goes, until it is answered or has failed.
 *
 * Invariants
 * - It settles at most once; a caller that has ended is never resumed, nor kept by a call that has no deadline.
 * - It gets its deadline when the event loop is round: a call that is answered before costs nothing for it, and none
 *   expires early.
 *
 * @example
 *   const from = new From(server, caller, 'balance', 5000, resolve, reject);
 *   from.answer(500); // the caller goes on
 */
import { beforeTidying, clearDeadline, Deadline, setDeadline } from './deadlines.ts';
import { CallError, type CallErrorCode } from './errors.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Pid } from './pid.ts';
import type { OwnedTimer, Proc } from './proc.ts';
import * as processes from './proc.ts';

// Constants of this module cost less to reach than imported ones.
const { DEAD } = processes;

/**
 * Where the reply of a call goes. A handler keeps it in its state to answer later, from any process of the node.
 * It is also the third parameter of the call's handler.
 */
export class From<R = unknown> {
  readonly #resolve: (value: R) => void;
  readonly #reject: (error: Error) => void;
  readonly #name: string;
  readonly #caller: Proc | undefined;
  readonly #server: Proc;
  readonly #timeout: number;
  #waits = true;
  #newer: From | undefined = undefined;
  #older: From | undefined = undefined;
  /** Undefined while it is a fresh call: most are answered as such. */
  #deadline: CallDeadline | undefined = undefined;

  constructor(
    server: Proc,
    caller: Proc | undefined,
    name: string,
    timeout: number,
    resolve: (value: R) => void,
    reject: (error: Error) => void,
  ) {
    this.#server = server;
    this.#caller = caller;
    this.#name = name;
    this.#timeout = timeout;
    this.#resolve = resolve;
    this.#reject = reject;
    const older = newest;
    if (older === undefined) noteFresh();
    else {
      this.#older = older;
      older.#newer = this as From;
    }
    newest = this as From;
  }

  /** The caller, or undefined when the call came from outside every process. */
  get client(): Pid | undefined {
    return this.#caller?.pid;
  }

  /** Internal to the layer: which of the server's calls it is. */
  get name(): string {
    return this.#name;
  }

  /** The server that was asked; in its handler, the process itself. */
  get pid(): Pid {
    return this.#server.pid;
  }

  get signal(): AbortSignal {
    return this.#server.signal;
  }

  get from(): this {
    return this;
  }

  /** Whether somebody still waits for the reply. */
  get open(): boolean {
    return this.#waits && this.#caller?.status !== DEAD;
  }

  /** Gives the caller its reply; does nothing if it has one, has given up or has ended. */
  answer(value: R): void {
    if (!this.#close()) return;
    this.#resolve(value);
  }

  /** Internal to the layer: its time is over. */
  expire(): void {
    this.fail('call_timeout', 'timeout');
    this.#server.remote?.forget(this as From);
  }

  /** The server ended before it answered. */
  serverEnded(reason: ExitReason): void {
    if (reason === 'noconnection') this.fail('call_nodedown', { nodedown: this.#server.pid.node });
    else this.fail('call_down', reason);
  }

  /** The server took the call's message for too many. */
  overloaded(): void {
    this.fail('call_overloaded', 'overloaded');
  }

  /** Internal to the layer: fresh calls become calls with a deadline, which their servers know of. */
  static settle(): void {
    let call = newest;
    newest = undefined;
    while (call !== undefined && call.#older !== undefined) call = call.#older;
    let newer: From | undefined;
    for (; call !== undefined; call = newer) {
      newer = call.#newer;
      call.#newer = undefined;
      const older = call.#server.openCalls;
      call.#older = older;
      if (older !== undefined) older.#newer = call;
      call.#server.openCalls = call;
      call.#deadline = new CallDeadline(call);
      if (call.#timeout !== Infinity) setDeadline(call.#deadline, call.#timeout);
      else call.#endWithCaller(call.#deadline);
    }
  }

  /** No time ends such a call: its caller's end does. A caller of another node sees to that from there. */
  #endWithCaller(end: CallDeadline): void {
    const caller = this.#caller;
    if (caller === undefined || caller.remote !== undefined) return;
    if (caller.status === DEAD) this.letGo();
    else (caller.timers ??= new Set()).add(end);
  }

  /** Internal to the layer: nobody waits for the reply any more. */
  letGo(): void {
    if (!this.#waits) return;
    this.#close();
    this.#server.remote?.forget(this as From);
  }

  /** Internal to the layer: the call has failed. */
  fail(code: CallErrorCode, reason: ExitReason): void {
    if (!this.#close()) return;
    this.#reject(new CallError(code, callText(this.#server.pid, this.#name), reason));
  }

  /** Internal to the layer: what was to be sent cannot be. */
  refuse(error: Error): void {
    if (this.#close()) this.#reject(error);
  }

  /** Takes the call off the server's list and its deadline. Returns whether the caller is still there to be told. */
  #close(): boolean {
    if (!this.#waits) return false;
    this.#waits = false;
    const newer = this.#newer;
    const older = this.#older;
    const deadline = this.#deadline;
    if (newer !== undefined) newer.#older = older;
    else if (deadline === undefined) newest = older;
    else this.#server.openCalls = older;
    if (older !== undefined) older.#newer = newer;
    this.#newer = undefined;
    this.#older = undefined;
    if (deadline === undefined) return this.#caller === undefined || this.#caller.status !== DEAD;
    if (this.#timeout !== Infinity) clearDeadline(deadline);
    else this.#caller?.timers?.delete(deadline);
    return this.#caller === undefined || this.#caller.status !== DEAD;
  }
}

class CallDeadline extends Deadline implements OwnedTimer {
  readonly #call: From;

  constructor(call: From) {
    super();
    this.#call = call;
  }

  override expire(): void {
    this.#call.expire();
  }

  /** Of a call without a time: its caller has ended. */
  cancel(): void {
    this.#call.letGo();
  }
}

/**
 * The newest of the calls that are open and were made since the event loop was round: one list for all servers, so that a
 * call that is answered soon writes nothing into its server.
 */
let newest: From | undefined;

let settlePending = false;

function noteFresh(): void {
  if (settlePending) return;
  settlePending = true;
  beforeTidying(settleFresh);
}

function settleFresh(): void {
  settlePending = false;
  From.settle();
}

export function callText(target: unknown, name: string): string {
  return `call(${String(target)}, '${String(name)}')`;
}
