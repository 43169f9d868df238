/**
 * Calls and casts: how one process asks another.
 *
 * A call is a request with a reply and a deadline; a cast is a message without a reply. Rules: a call that
 * gets no reply fails in the caller (timeout, no such process, server ended, itself), the server goes on; the first
 * reply counts and any later one is dropped; afterwards neither side keeps anything of it.
 *
 * Invariant: a call to a process that is gone fails at once; a cast to one is silent.
 *
 * @example
 *   const cents = await call(account, 'balance');
 *   cast(account, 'deposit', 500);
 */
import * as targets from '../process/target.ts';
import type { Target } from '../process/target.ts';
import { badTimeout, CallError, ProcessEnded } from '../runtime/errors.ts';
import { From, callText } from '../runtime/from.ts';
import * as marks from '../runtime/mailbox.ts';
import * as processes from '../runtime/proc.ts';
import type { CallPayload, CallReply, CastPayload, GenServer, Handlers } from './gen-server.ts';

// Constants of this module cost less to reach than imported ones.
const { CAST } = marks;
const { currentProc, DEAD } = processes;
const { resolveTarget, targetError } = targets;

/** Milliseconds a call waits for its reply when it says nothing else, as in OTP. */
export const DEFAULT_CALL_TIMEOUT = 5000;

export interface CallOptions {
  /** Milliseconds until the call fails with `call_timeout`; Infinity waits for ever. Default 5,000. */
  readonly timeout?: number;
}

let lastResolve: (value: never) => void;
let lastReject: (error: Error) => void;
/** One executor for all calls, so that a call allocates no closure. */
const capture = (resolve: (value: never) => void, reject: (error: Error) => void): void => {
  lastResolve = resolve;
  lastReject = reject;
};

/**
 * Asks a server and waits for its reply.
 *
 * @param target a Ref, or a name made by `via`
 * @param name one of the server's `calls`
 * @param rest the payload that the handler takes, then options
 * @throws CallError `call_timeout`, `call_noproc`, `call_down`, `call_self` (rules ); BadArgument `bad_target`
 */
export function call<G extends GenServer, N extends keyof Handlers<G>['calls'] & string>(
  target: Target<G>,
  name: N,
  ...rest: [...CallPayload<G, N>, options?: CallOptions]
): Promise<CallReply<G, N>>;
export function call(target: Target, name: string, payload?: unknown, options?: CallOptions): Promise<unknown> {
  return request(target, name, payload, options?.timeout ?? DEFAULT_CALL_TIMEOUT);
}

/** `call` without types: for targets and names known only at run time. */
export function request(target: Target, name: string, payload: unknown, timeout: number): Promise<unknown> {
  const caller = currentProc();
  if (caller !== undefined && caller.status === DEAD) return Promise.reject(new ProcessEnded(caller.pid));
  let server: processes.Proc | undefined;
  try {
    server = resolveTarget(target);
  } catch (error) {
    return Promise.reject(targetError(target, error));
  }
  if (server === undefined) return Promise.reject(new CallError('call_noproc', callText(target, name), 'noproc'));
  if (server === caller) return Promise.reject(new CallError('call_self', callText(target, name), 'callingSelf'));
  if (typeof timeout !== 'number' || !(timeout >= 0))
    return Promise.reject(badTimeout(callText(target, name), timeout));
  const promise = new Promise<unknown>(capture);
  const from = new From<unknown>(server, caller, name, timeout, lastResolve as (value: unknown) => void, lastReject);
  server.deliver(name, payload, from);
  return promise;
}

/**
 * Sends a message without a reply; silent where the process is gone (rule R-02).
 *
 * @throws ProcessEnded when the process that sends has ended; NotData for a payload that no other node can be told;
 *   BadArgument `bad_target`; `not_unique` for a name in a registry with duplicate keys
 */
export function cast<G extends GenServer, N extends keyof Handlers<G>['casts'] & string>(
  target: Target<G>,
  name: N,
  ...payload: CastPayload<G, N>
): void;
export function cast(target: Target, name: string, payload?: unknown): void {
  const sender = currentProc();
  if (sender !== undefined && sender.status === DEAD) throw new ProcessEnded(sender.pid);
  let server: processes.Proc | undefined;
  try {
    server = resolveTarget(target);
  } catch (error) {
    throw targetError(target, error);
  }
  server?.deliver(name, payload, CAST);
}

/** Answers a call that a handler left open with `noreply`. The first answer counts; may come from any process. */
export function replyTo<R>(from: From<R>, value: R): void {
  const replier = currentProc();
  if (replier !== undefined && replier.status === DEAD) throw new ProcessEnded(replier.pid);
  from.answer(value);
}
