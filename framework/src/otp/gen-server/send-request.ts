/**
 * Requests: calls that are sent now and waited for later, one by one or whichever of several is first. OTP's
 * gen_server:send_request and its collections.
 *
 * While nobody waits, the response comes as a RESPONSE message into the mailbox of the process that asked: so a genServer
 * asks another server without standing still, and gets the answer at `info`.
 *
 * Invariants
 * - One response a request: the reply, or why there is none (`noproc`, or the reason the server ended with).
 * - After `receiveResponse` has timed out nothing of the request arrives, and the server keeps nothing of it; after `waitResponse` it still may.
 *
 * @example
 *   casts: { refresh: (state) => noreply({ ...state, asked: sendRequest(store, 'load', state.key) }) },
 *   info: (state, message) => {
 *     const loaded = checkResponse(message, state.asked);
 *     return noreply(loaded?.ok ? { ...state, value: loaded.value } : state);
 *   },
 */
import { ownedTimer } from '../process/owned-timer.ts';
import { requireProc } from '../process/spawn.ts';
import { resolveTarget, type Target } from '../process/target.ts';
import { currentClock } from '../runtime/clock.ts';
import { BadArgument, badTimeout, CallError, isTimeout } from '../runtime/errors.ts';
import { crashOf, type ExitReason, type Outcome } from '../runtime/exit-reason.ts';
import { From } from '../runtime/from.ts';
import { INFO } from '../runtime/mailbox.ts';
import { tagOf, takeMessage } from '../runtime/monitor.ts';
import { DEAD, type Proc } from '../runtime/proc.ts';
import type { CallPayload, CallReply, GenServer, Handlers } from './gen-server.ts';

/** The message with a response, while nobody waits for it. */
export interface ResponseMessage<R = unknown> {
  readonly tag: 'RESPONSE';
  readonly request: Request<R>;
  readonly outcome: Outcome<R>;
}

export function isResponse(message: unknown): message is ResponseMessage {
  return tagOf(message) === 'RESPONSE';
}

export interface ResponseOptions {
  /** Milliseconds to wait. Default Infinity. */
  readonly timeout?: number;
  /** Instead: until when, by `currentClock().now()`. */
  readonly until?: number;
}

/** A call under way; to be waited for by the process that sent it. */
export class Request<R = unknown> {
  /** Internal to the layer. */
  readonly owner: Proc;
  /** Takes an `Outcome<R>`; so declared, a request of a number is one of anything. */
  #waiter: ((outcome: Outcome<never>) => void) | undefined = undefined;
  #open = true;
  readonly #call: From | undefined = undefined;

  constructor(owner: Proc, target: Target, name: string, payload: unknown) {
    this.owner = owner;
    const server = resolveTarget(target);
    if (server === undefined || server === owner) {
      this.#settle({ ok: false, reason: server ? 'callingSelf' : 'noproc' });
      return;
    }
    this.#call = new From(
      server,
      owner,
      name,
      Infinity,
      (value) => this.#settle({ ok: true, value: value as R }),
      (error) => this.#settle({ ok: false, reason: reasonOf(error) }),
    );
    server.deliver(name, payload, this.#call);
  }

  /** Whether its response may still come. */
  get open(): boolean {
    return this.#open;
  }

  #settle(outcome: Outcome<R>): void {
    if (!this.#open || this.owner.status === DEAD) return;
    if (this.#waiter) return this.#waiter(outcome as Outcome<never>);
    this.owner.deliver({ tag: 'RESPONSE', request: this, outcome } satisfies ResponseMessage<R>, undefined, INFO);
  }

  /** Internal to the layer: who gets the response instead of the mailbox. */
  wait(waiter?: (outcome: Outcome<R>) => void): void {
    this.#waiter = waiter as (outcome: Outcome<never>) => void;
  }

  /** Internal to the layer: no response is wanted any more. */
  close(): void {
    this.#open = false;
    this.#waiter = undefined;
    this.#call?.letGo();
  }
}

function reasonOf(error: unknown): ExitReason {
  return error instanceof CallError ? error.reason : crashOf(error);
}

/**
 * Sends a call without waiting for its reply.
 * @throws NoProcess outside of a process: there `call` gives a promise
 */
export function sendRequest<G extends GenServer, N extends keyof Handlers<G>['calls'] & string>(
  target: Target<G>,
  name: N,
  ...payload: CallPayload<G, N>
): Request<CallReply<G, N>>;
export function sendRequest(target: Target, name: string, payload?: unknown): Request {
  return new Request(requireProc('sendRequest'), target, name, payload);
}

/** The response to `request` that a message is, if it is one; then the request is done. */
export function checkResponse<R>(message: unknown, request: Request<R> | undefined): Outcome<R> | undefined {
  if (!isResponse(message) || message.request !== request) return undefined;
  message.request.close();
  return message.outcome as Outcome<R>;
}

/** Waits for a response; undefined after the timeout: it may be waited for again. @throws BadArgument `not_owner` */
export async function waitResponse<R>(
  request: Request<R>,
  options: ResponseOptions = {},
): Promise<Outcome<R> | undefined> {
  return (await first([request], options))?.outcome;
}

/** As `waitResponse`, but after the timeout the request is given up: nothing of it arrives later. */
export async function receiveResponse<R>(
  request: Request<R>,
  options: ResponseOptions = {},
): Promise<Outcome<R> | undefined> {
  const answered = await first([request], options);
  if (!answered) giveUp(request);
  return answered?.outcome;
}

export interface LabelledResponse<L, R> {
  readonly label: L;
  readonly outcome: Outcome<R>;
}

/** Requests under way, each with a label, of which whichever is answered first is taken. OTP's request_id_collection. */
export class Requests<L, R = unknown> {
  readonly #labels = new Map<Request<R>, L>();

  get size(): number {
    return this.#labels.size;
  }

  /** @throws BadArgument `duplicate_request` */
  add(request: Request<R>, label: L): this {
    if (this.#labels.has(request))
      throw new BadArgument('duplicate_request', 'the request is in the collection already', 'Add each request once.');
    this.#labels.set(request, label);
    return this;
  }

  /** The next response; undefined after the timeout, or when no request is left. */
  async wait(options: ResponseOptions = {}): Promise<LabelledResponse<L, R> | undefined> {
    const answered = this.size > 0 && (await first([...this.#labels.keys()], options));
    return answered ? this.#take(answered.request, answered.outcome) : undefined;
  }

  /** As `wait`, but after the timeout all that are left are given up and taken out. */
  async receive(options: ResponseOptions = {}): Promise<LabelledResponse<L, R> | undefined> {
    const answered = await this.wait(options);
    if (answered) return answered;
    for (const request of this.#labels.keys()) giveUp(request);
    this.#labels.clear();
    return undefined;
  }

  /** The response to one of them that a message is, if it is one. */
  check(message: unknown): LabelledResponse<L, R> | undefined {
    if (!isResponse(message) || !this.#labels.has(message.request as Request<R>)) return undefined;
    message.request.close();
    return this.#take(message.request as Request<R>, message.outcome as Outcome<R>);
  }

  #take(request: Request<R>, outcome: Outcome<R>): LabelledResponse<L, R> {
    const label = this.#labels.get(request)!;
    this.#labels.delete(request);
    return { label, outcome };
  }
}

interface Answered<R> {
  readonly request: Request<R>;
  readonly outcome: Outcome<R>;
}

/** The response that comes, or came, first. */
function first<R>(requests: readonly Request<R>[], options: ResponseOptions): Promise<Answered<R> | undefined> {
  const me = requireProc('waitResponse');
  if (requests.some(({ owner }) => owner !== me))
    throw new BadArgument('not_owner', `${me.pid} did not send this request`, 'Wait where sendRequest was called.');
  const { until, timeout = until === undefined ? Infinity : Math.max(0, until - currentClock().now()) } = options;
  if (!isTimeout(timeout)) throw badTimeout('waitResponse', timeout);
  const there = takeMessage(me, (m) => isResponse(m) && requests.includes(m.request as Request<R>));
  if (there) {
    const { request, outcome } = there.message as ResponseMessage<R>;
    request.close();
    return Promise.resolve({ request, outcome });
  }
  const waiting = requests.filter(({ open }) => open);
  // What was answered or given up before will never come.
  if (waiting.length === 0) return Promise.resolve({ request: requests[0]!, outcome: { ok: false, reason: 'noproc' } });
  return new Promise((resolve) => {
    const cancel = ownedTimer(me, timeout, () => done(undefined));
    const done = (answered: Answered<R> | undefined): void => {
      cancel();
      for (const request of waiting) request.wait();
      answered?.request.close();
      resolve(answered);
    };
    for (const request of waiting) request.wait((outcome) => done({ request, outcome }));
  });
}

/** Nothing of a request arrives any more, and nothing of it stays in the mailbox. */
function giveUp(request: Request): void {
  request.close();
  takeMessage(request.owner, (m) => isResponse(m) && m.request === request);
}
