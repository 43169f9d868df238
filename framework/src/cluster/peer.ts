/**
 * Peer: another node in one of its lives, connected or not: what this node has open with it, and the way of signals there.
 *
 * Invariants
 * - Signals leave in the order in which they are given, and only while the node is connected; otherwise a call fails with
 *   `call_nodedown`, a link or monitor ends with 'noconnection', and the rest goes nowhere, as in OTP.
 * - `lost` ends all that was open, once: calls, then monitors, then links.
 * - A node that took this one's name later is another Peer: pids of this one never reach it.
 */
import type { From } from '../otp/runtime/from.ts';
import { type Monitor, notifyDown, removeMonitor } from '../otp/runtime/monitor.ts';
import { CallError } from '../otp/runtime/errors.ts';
import { describeReason, type ExitReason } from '../otp/runtime/exit-reason.ts';
import { linkSignal } from '../otp/process/exit-signals.ts';
import type { Home, Pid } from '../otp/runtime/pid.ts';
import { type Proc, procOf } from '../otp/runtime/proc.ts';
import type { Address, RemoteProc } from '../otp/runtime/remote.ts';
import { LinkTable } from './link-table.ts';
import { NotData } from './not-data.ts';
import { type HomeNode, type Named, type Reference, referenceOfPid } from './references.ts';
import * as signal from './signals.ts';
import type { Signal } from './signals.ts';
import { WeakTable } from './weak-table.ts';
import { encode, type Encoded } from './wire.ts';
import { SmallSet } from '../otp/runtime/small-set.ts';

/** Where a connected node's signals go. */
export type Send = (signal: Signal, transfer?: readonly ArrayBuffer[]) => void;

export class Peer implements HomeNode {
  readonly home: Home;
  readonly pids = new WeakTable<Pid>();
  readonly named = new WeakTable<Named>();
  #send: Send | undefined = undefined;
  #next = 1;
  /** Calls of this node that wait for an answer from there. */
  readonly #calls = new Map<number, From>();
  readonly #callNumbers = new Map<From, number>();
  /** Monitors of this node on processes there. */
  readonly #monitors = new Map<number, Monitor>();
  readonly #monitorNumbers = new Map<Monitor, number>();
  readonly #links = new LinkTable();
  /** Calls and monitors from there, by their numbers there. */
  readonly #served = new Map<number, From>();
  readonly #watched = new Map<number, Monitor>();

  constructor(home: Home) {
    this.home = home;
  }

  get connected(): boolean {
    return this.#send !== undefined;
  }

  /** What is open with the node, for tests and reports. */
  get open(): { calls: number; monitors: number; links: number; served: number; watched: number } {
    return {
      calls: this.#calls.size,
      monitors: this.#monitors.size,
      links: this.#links.size,
      served: this.#served.size,
      watched: this.#watched.size,
    };
  }

  connect(send: Send): void {
    this.#send = send;
  }

  message(to: Address, message: unknown): void {
    const { body, tagged, transfer } = encode(message, 'a message');
    this.#send?.([signal.MESSAGE, to, body, tagged], transfer);
  }

  cast(to: Address, name: string, payload: unknown): void {
    const { body, tagged, transfer } = encode(payload, `the cast '${name}'`);
    this.#send?.([signal.CAST, to, name, body, tagged], transfer);
  }

  call(to: Address, name: string, payload: unknown, from: From): void {
    const encoded = this.#request(`the call '${name}'`, payload, from);
    if (!encoded) return;
    const { body, tagged, transfer } = encoded;
    const client = from.client ? referenceOfPid(from.client).id : 0;
    this.#send!([signal.CALL, to, name, this.#enterCall(from), client, body, tagged], transfer);
  }

  system(to: Address, operation: string, parameters: readonly unknown[], from: From): void {
    const encoded = this.#request(`sys.${operation}`, parameters, from);
    if (!encoded) return;
    const { body, tagged, transfer } = encoded;
    const client = from.client ? referenceOfPid(from.client).id : 0;
    this.#send!([signal.SYSTEM, to, operation, this.#enterCall(from), client, body, tagged], transfer);
  }

  #request(what: string, payload: unknown, from: From): Encoded | undefined {
    if (!this.#send) {
      from.serverEnded('noconnection');
      return undefined;
    }
    try {
      return encode(payload, what);
    } catch (error) {
      from.refuse(error as NotData);
      return undefined;
    }
  }

  #enterCall(from: From): number {
    const call = this.#next++;
    this.#calls.set(call, from);
    this.#callNumbers.set(from, call);
    return call;
  }

  forget(from: From): void {
    const call = this.#callNumbers.get(from);
    if (call === undefined) return;
    this.takeCall(call);
    this.#send?.([signal.FORGET, call]);
  }

  /** Takes a call that has its answer off the list. */
  takeCall(call: number): From | undefined {
    const from = this.#calls.get(call);
    if (!from) return undefined;
    this.#calls.delete(call);
    this.#callNumbers.delete(from);
    return from;
  }

  stop(to: Address, reason: ExitReason, from: Pid | undefined): void {
    const { body, tagged } = encodeReason(reason);
    this.#send?.([signal.STOP, to, from ? referenceOfPid(from).id : 0, body, tagged]);
  }

  exit(to: Address, reason: ExitReason, from: Pid): void {
    const { body, tagged } = encodeReason(reason);
    this.#send?.([signal.EXIT, to, referenceOfPid(from), body, tagged]);
  }

  link(to: RemoteProc, from: Proc): void {
    if (this.#links.has(to, from.pid)) return;
    const number = this.#next++;
    this.#links.open(to, from.pid).sent = number;
    if (this.#send) this.#send([signal.LINK, to.address, referenceOfPid(from.pid).id, number]);
    else this.#endLink(to, from, 'noconnection');
  }

  unlink(to: RemoteProc, from: Proc): void {
    const seen = this.#links.close(to, from.pid);
    this.#send?.([signal.UNLINK, to.address, referenceOfPid(from.pid).id, seen]);
  }

  linkEnded(to: RemoteProc, reason: ExitReason, from: Pid): void {
    const seen = this.#links.close(to, from);
    const { body, tagged } = encodeReason(reason);
    this.#send?.([signal.LINK_ENDED, to.address, referenceOfPid(from).id, seen, body, tagged]);
  }

  monitor(to: RemoteProc, ref: Monitor): void {
    const number = this.#next++;
    this.#monitors.set(number, ref);
    this.#monitorNumbers.set(ref, number);
    if (this.#send) this.#send([signal.MONITOR, to.address, number]);
    else this.down(number, 'noconnection');
  }

  demonitor(_to: RemoteProc, ref: Monitor): void {
    const number = this.#monitorNumbers.get(ref);
    if (number === undefined) return;
    this.#monitors.delete(number);
    this.#monitorNumbers.delete(ref);
    this.#send?.([signal.DEMONITOR, number]);
  }

  answer(from: Reference, value: unknown): void {
    const { body, tagged, transfer } = encode(value, 'a reply');
    this.#send?.([signal.ANSWER, from, body, tagged], transfer);
  }

  /** Answers a call from there. A reply that is no data fails the call. */
  reply(call: number, value: unknown): void {
    if (!this.#served.delete(call) || !this.#send) return;
    try {
      const { body, tagged, transfer } = encode(value, 'the reply');
      this.#send([signal.REPLY, call, body, tagged], transfer);
    } catch (error) {
      const { body, tagged } = encode(error, 'an error');
      this.#send([signal.FAILURE, call, 'refused', body, tagged]);
    }
  }

  failure(call: number, error: Error): void {
    if (!this.#served.delete(call)) return;
    const failed = error instanceof CallError;
    const { body, tagged } = encodeReason(failed ? error.reason : (error as unknown as ExitReason));
    this.#send?.([signal.FAILURE, call, failed ? error.code : 'refused', body, tagged]);
  }

  /** A call from there found nobody. */
  noProcess(call: number): void {
    this.#send?.([signal.FAILURE, call, 'call_noproc', 'noproc', false]);
  }

  /** A call from there that its server is to answer. */
  serve(call: number, from: From): void {
    if (from.open) this.#served.set(call, from);
  }

  /** Nobody waits there any more. */
  unserve(call: number): void {
    const from = this.#served.get(call);
    this.#served.delete(call);
    from?.fail('call_timeout', 'timeout');
  }

  /** A process there links with one here. */
  linked(there: RemoteProc, here: Proc | undefined, to: number, number: number): void {
    if (!here) {
      this.#send?.([signal.LINK_ENDED, there.address, to, number, 'noproc', false]);
      return;
    }
    (here.links ??= new SmallSet()).add(there);
    (there.links ??= new SmallSet()).add(here);
    this.#links.open(there, here.pid).received = number;
  }

  /**
   * The link between a process there and one here is over; with a reason that reaches the one here, if it still has it.
   * Not if the one here has linked anew and `seen`, the last LINK known there, was before.
   */
  unlinked(there: RemoteProc, here: Proc | undefined, seen: number, reason?: ExitReason): void {
    if (here && !this.#links.stands(there, here.pid, seen)) this.#endLink(there, here, reason);
  }

  #endLink(there: RemoteProc, here: Proc, reason: ExitReason | undefined): void {
    this.#links.close(there, here.pid);
    there.links?.delete(here);
    const stood = here.links?.delete(there) ?? false;
    if (stood && reason !== undefined) linkSignal(here, there.pid, reason);
  }

  /** A process there watches one here. */
  watch(number: number, monitor: Monitor): void {
    this.#watched.set(number, monitor);
  }

  unwatch(number: number): void {
    const monitor = this.#watched.get(number);
    this.#watched.delete(number);
    if (monitor) removeMonitor(monitor, procOf(monitor.pid), false);
  }

  /** A process here that is watched from there has ended. */
  watchedEnded(number: number, reason: ExitReason): void {
    this.#watched.delete(number);
    const { body, tagged } = encodeReason(reason);
    this.#send?.([signal.DOWN, number, body, tagged]);
  }

  /** A process there that is watched from here has ended. */
  down(number: number, reason: ExitReason): void {
    const monitor = this.#monitors.get(number);
    if (!monitor) return;
    this.#monitors.delete(number);
    this.#monitorNumbers.delete(monitor);
    procOf(monitor.pid)?.watchers?.delete(monitor);
    notifyDown(monitor, reason);
  }

  /** The connection is gone. */
  lost(): void {
    if (!this.#send) return;
    this.#send = undefined;
    for (const call of this.#calls.keys()) this.takeCall(call)?.serverEnded('noconnection');
    for (const number of this.#monitors.keys()) this.down(number, 'noconnection');
    for (const there of this.#links.remotes())
      for (const here of there.links ?? []) this.#endLink(there, here, 'noconnection');
    for (const number of this.#watched.keys()) this.unwatch(number);
    for (const call of this.#served.keys()) this.unserve(call);
  }
}

/** A reason always arrives: one that is no data as its text. */
function encodeReason(reason: ExitReason): Encoded {
  try {
    return encode(reason, 'an exit reason');
  } catch {
    return { body: { kind: 'notData', text: describeReason(reason) }, tagged: false, transfer: undefined };
  }
}
