/** Stopping a server from outside, with its `terminate`. OTP's gen_server:stop (rule R-08). */
import { isDeepStrictEqual } from 'node:util';
import { sendExit } from '../process/exit-signals.ts';
import { ownedTimer } from '../process/owned-timer.ts';
import { FunctionProc } from '../process/spawn.ts';
import { resolveTarget, type Target } from '../process/target.ts';
import { badTimeout, CallError, isTimeout, ProcessEnded } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import { SYSTEM } from '../runtime/mailbox.ts';
import { addMonitor, removeMonitor } from '../runtime/monitor.ts';
import type { Pid } from '../runtime/pid.ts';
import { currentProc, DEAD, type Proc } from '../runtime/proc.ts';
import type { RemoteProc } from '../runtime/remote.ts';
import { GenServerProc } from './gen-server-process.ts';

/**
 * Lets a server run `terminate` and end with `reason`; resolves when it has ended.
 *
 * @param options.timeout milliseconds; when they pass the caller fails, the server goes on ending. Default Infinity
 * @throws CallError `call_noproc`, `call_timeout`, `call_self`; `call_down` when it ended with another reason
 */
export function stopServer(
  target: Target,
  reason: ExitReason = 'normal',
  options: { timeout?: number } = {},
): Promise<void> {
  const caller = currentProc();
  if (caller?.status === DEAD) return Promise.reject(new ProcessEnded(caller.pid));
  const proc = resolveTarget(target);
  if (!proc) return Promise.reject(new CallError('call_noproc', textOf(target), 'noproc'));
  if (proc === caller) return Promise.reject(new CallError('call_self', textOf(target), 'callingSelf'));
  const { timeout = Infinity } = options;
  if (!isTimeout(timeout)) return Promise.reject(badTimeout(textOf(target), timeout));
  const promise = new Promise<void>(capture);
  const resolve = lastResolve;
  const reject = lastReject;
  let cancel: (() => void) | undefined;
  const watch = addMonitor(
    (ended) => {
      cancel?.();
      if (caller?.status === DEAD) return;
      if (sameReason(ended, reason)) resolve();
      else if (proc.remote) reject(remoteEnd(proc, textOf(target), ended));
      else reject(new CallError('call_down', textOf(target), ended));
    },
    proc,
    proc.pid,
  );
  if (timeout !== Infinity) {
    cancel = ownedTimer(caller, timeout, () => {
      removeMonitor(watch, proc, false);
      reject(new CallError('call_timeout', textOf(target), 'timeout'));
    });
  }
  orderStop(proc, reason, caller?.pid);
  return promise;
}

let lastResolve: () => void;
let lastReject: (error: Error) => void;
/** One executor for all, so that a stop makes one closure and not three. */
const capture = (resolve: () => void, reject: (error: Error) => void): void => {
  lastResolve = resolve;
  lastReject = reject;
};

/** A reason that cannot be read is that of nobody else; whoever compares it must not fail for it. */
function sameReason(ended: ExitReason, asked: ExitReason): boolean {
  try {
    return ended === asked || isDeepStrictEqual(ended, asked);
  } catch {
    return false;
  }
}

function textOf(target: Target): string {
  return `stop(${String(target)})`;
}

/** Of a process of another node only its monitor tells whether it was there. */
function remoteEnd({ pid }: Proc, text: string, ended: ExitReason): CallError {
  if (ended === 'noproc') return new CallError('call_noproc', text, ended);
  if (ended === 'noconnection') return new CallError('call_nodedown', text, { nodedown: pid.node });
  return new CallError('call_down', text, ended);
}

function stopNow(server: GenServerProc, reason: ExitReason): void {
  server.stopWith(reason, undefined, undefined);
}

/** Tells a process to stop, in the way its kind understands. */
export function orderStop(proc: Proc, reason: ExitReason, from: Pid | undefined): void {
  if (proc.remote) proc.remote.stop((proc as RemoteProc).address, reason, from);
  else if (proc instanceof GenServerProc) proc.deliver(stopNow, reason, SYSTEM);
  else if (proc instanceof FunctionProc) sendExit(proc, from ?? proc.pid, reason);
  else proc.exitBySignal(reason);
}
