/**
 * Arrivals: what a signal from another node does here. Each takes effect when it arrives, in the order sent; none throws
 * for what it finds gone.
 */
import { From } from '../otp/runtime/from.ts';
import type { ExitReason } from '../otp/runtime/exit-reason.ts';
import { sendExit } from '../otp/process/exit-signals.ts';
import { CAST, INFO } from '../otp/runtime/mailbox.ts';
import { addMonitor } from '../otp/runtime/monitor.ts';
import type { Proc } from '../otp/runtime/proc.ts';
import type { Address } from '../otp/runtime/remote.ts';
import { orderStop } from '../otp/gen-server/stop-server.ts';
import { serveSystem } from '../otp/sys/sys-operations.ts';
import { shown } from '../platform/error-text.ts';
import type { Peer } from './peer.ts';
import { aliasAt, isHere, localPid, localThing, procAt, remotePid, remoteProc } from './references.ts';
import { BadSignal, isSignal } from './signal-shape.ts';
import * as signal from './signals.ts';
import { decode, type Homes } from './unwire.ts';

/**
 * Carries out a signal that `peer` sent.
 * @throws BadSignal for what is none, or contains what is no message
 */
export function arrive(peer: Peer, one: unknown, homes: Homes): void {
  if (!isSignal(one)) throw new BadSignal(peer.home.name, shown(one));
  const read = (body: unknown, tagged: boolean): unknown => {
    if (!tagged) return body;
    try {
      return decode(body, homes);
    } catch (error) {
      throw new BadSignal(peer.home.name, 'a message that cannot be read', error);
    }
  };
  const reason = (body: unknown, tagged: boolean): ExitReason => read(body, tagged) as ExitReason;
  switch (one[0]) {
    case signal.MESSAGE: {
      const message = read(one[2], one[3]);
      const alias = aliasAt(one[1]);
      if (alias) alias.deliver(message);
      else procAt(one[1])?.deliver(message, undefined, INFO);
      return;
    }
    case signal.CAST:
      procAt(one[1])?.deliver(one[2], read(one[3], one[4]), CAST);
      return;
    case signal.CALL: {
      const [, to, name, call, client, body, tagged] = one;
      const from = accept(peer, to, name, call, client);
      if (from) from.proc.deliver(name, read(body, tagged), from.call);
      return;
    }
    case signal.SYSTEM: {
      const [, to, operation, call, client, body, tagged] = one;
      const from = accept(peer, to, `sys.${operation}`, call, client);
      if (from) serveSystem(from.proc, operation, read(body, tagged) as unknown[], from.call);
      return;
    }
    case signal.REPLY:
      peer.takeCall(one[1])?.answer(read(one[2], one[3]));
      return;
    case signal.FAILURE: {
      const [, call, code, body, tagged] = one;
      const from = peer.takeCall(call);
      if (code === 'refused') from?.refuse(read(body, tagged) as Error);
      else from?.fail(code, reason(body, tagged));
      return;
    }
    case signal.FORGET:
      peer.unserve(one[1]);
      return;
    case signal.ANSWER: {
      const from = isHere(one[1]) ? localThing(one[1].id) : undefined;
      if (from instanceof From) from.answer(read(one[2], one[3]));
      return;
    }
    case signal.STOP: {
      const proc = procAt(one[1]);
      if (proc) orderStop(proc, reason(one[3], one[4]), one[2] === 0 ? undefined : remotePid(peer, one[2]));
      return;
    }
    case signal.EXIT: {
      const proc = procAt(one[1]);
      const { node, incarnation, id } = one[2];
      const from = isHere(one[2]) ? localPid(id) : remotePid(homes.at(node, incarnation), id);
      if (proc) sendExit(proc, from, reason(one[3], one[4]));
      return;
    }
    case signal.LINK:
      peer.linked(remoteProc(peer, one[2]), procAt(one[1]), one[1] as number, one[3]);
      return;
    case signal.UNLINK:
      peer.unlinked(remoteProc(peer, one[2]), procAt(one[1]), one[3]);
      return;
    case signal.LINK_ENDED:
      peer.unlinked(remoteProc(peer, one[2]), procAt(one[1]), one[3], reason(one[4], one[5]));
      return;
    case signal.MONITOR:
      watch(peer, procAt(one[1]), one[2]);
      return;
    case signal.DEMONITOR:
      peer.unwatch(one[1]);
      return;
    case signal.DOWN:
      peer.down(one[1], reason(one[2], one[3]));
  }
}

/** The call of a process there as a call here; nobody there, and it has failed. */
function accept(
  peer: Peer,
  to: Address,
  name: string,
  call: number,
  client: number,
): { readonly proc: Proc; readonly call: From } | undefined {
  const proc = procAt(to);
  if (!proc) {
    peer.noProcess(call);
    return undefined;
  }
  const from = new From(
    proc,
    client === 0 ? undefined : remoteProc(peer, client),
    name,
    Infinity,
    (value) => peer.reply(call, value),
    (error) => peer.failure(call, error),
  );
  peer.serve(call, from);
  return { proc, call: from };
}

function watch(peer: Peer, proc: Proc | undefined, number: number): void {
  if (!proc) return peer.watchedEnded(number, 'noproc');
  peer.watch(
    number,
    addMonitor((ended) => peer.watchedEnded(number, ended), proc, proc.pid),
  );
}
