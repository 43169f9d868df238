/**
 * Asking and telling whoever has a name on each of several nodes. GenServer.multi_call and abcast.
 *
 *     const { replies, bad } = await multiCall(via(caches, 'prices'), 'size');
 *     abcast(via(caches, 'prices'), 'clear');
 */
import { cast, type CallOptions, DEFAULT_CALL_TIMEOUT, request } from '../otp/gen-server/call.ts';
import { badTimeout, isTimeout } from '../otp/runtime/errors.ts';
import type { CallPayload, CallReply, CastPayload, GenServer, Handlers } from '../otp/gen-server/gen-server.ts';
import { home } from '../otp/runtime/pid.ts';
import type { Target, ViaName } from '../otp/process/target.ts';
import { nameOn, nodes } from './distribution.ts';
import { NotData } from './not-data.ts';

export interface NodesOption {
  /** Which nodes; default this one and all that it is joined with. */
  readonly nodes?: readonly string[];
}

export interface MultiReply<R> {
  readonly replies: readonly { readonly node: string; readonly value: R }[];
  /** Nodes that did not answer: not joined, nobody has the name there, or not in time. */
  readonly bad: readonly string[];
}

/**
 * Calls whoever has the name on each node, all at once, and waits for all answers; fails for none of them. Late answers
 * are dropped.
 *
 * @param options `timeout` in milliseconds, default 5,000; `nodes`
 * @throws NotData when the payload is none; BadArgument `invalid_timeout`
 */
export function multiCall<G extends GenServer, N extends keyof Handlers<G>['calls'] & string>(
  name: ViaName<G>,
  call: N,
  ...rest: [...CallPayload<G, N>, options?: CallOptions & NodesOption]
): Promise<MultiReply<CallReply<G, N>>>;
export async function multiCall(
  name: ViaName,
  call: string,
  payload?: unknown,
  options: CallOptions & NodesOption = {},
): Promise<MultiReply<unknown>> {
  const asked = options.nodes ?? [home().name, ...nodes()];
  const { timeout = DEFAULT_CALL_TIMEOUT } = options;
  if (!isTimeout(timeout)) throw badTimeout('multiCall', timeout);
  const answers = await Promise.allSettled(
    asked.map(async (node) => request(nameOn(node, name), call, payload, timeout)),
  );
  const replies: { node: string; value: unknown }[] = [];
  const bad: string[] = [];
  answers.forEach((answer, index) => {
    const node = asked[index]!;
    if (answer.status === 'fulfilled') replies.push({ node, value: answer.value });
    else if (answer.reason instanceof NotData) throw answer.reason;
    else bad.push(node);
  });
  return { replies, bad };
}

const castTo = cast as (target: Target, name: string, payload: unknown) => void;

/**
 * Casts to whoever has the name on each node; nobody there is silent.
 * @param rest the payload, then `{ nodes }`
 */
export function abcast<G extends GenServer, N extends keyof Handlers<G>['casts'] & string>(
  name: ViaName<G>,
  message: N,
  ...rest: [...CastPayload<G, N>, options?: NodesOption]
): void;
export function abcast(name: ViaName, message: string, payload?: unknown, options: NodesOption = {}): void {
  for (const node of options.nodes ?? [home().name, ...nodes()]) {
    castTo(nameOn(node, name), message, payload);
  }
}
