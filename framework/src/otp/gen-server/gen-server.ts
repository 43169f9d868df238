/**
 * genServer: a server process as a plain object of functions over explicit state.
 *
 * One message is handled at a time. A handler receives the state and returns what comes next, built by `reply`,
 * `noreply`, `stop` and their kin; it may be async, then nothing else is handled meanwhile (signals still take effect).
 * A throw in it is a crash, never a return value (rule R-09). TypeScript infers state, payloads and replies from the
 * definition alone.
 *
 * @example
 *   const account = genServer({
 *     name: 'account',
 *     init: (of: { number: string }) => ({ ...of, cents: 0 }),
 *     calls: { balance: (state) => reply(state.cents, state) },
 *     casts: { deposit: (state, cents: number) => noreply({ ...state, cents: state.cents + cents }) },
 *   });
 *   const seven = await start(account, { number: '7' });
 *   cast(seven, 'deposit', 500);
 *   await call(seven, 'balance'); // 500
 */
import { shown } from '../../platform/error-text.ts';
import { type Behaviour, MAKE } from '../process/behaviour.ts';
import { BadArgument } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import type { From } from '../runtime/from.ts';
import type { Pid } from '../runtime/pid.ts';
import type { Self } from '../runtime/self.ts';
import type { ShownStatus, Status } from '../runtime/status.ts';
import { GenServerProc } from './gen-server-process.ts';
import { HandlerTable } from './handler-table.ts';
import type { Init, Next, Reply } from './step.ts';

/** Third parameter of a call's handler. Annotate it, `Call<R>`, to answer later: the caller's type follows. */
export interface Call<R = unknown> extends Self {
  readonly from: From<R>;
  /** Who calls; undefined for a caller outside every process. */
  readonly client: Pid | undefined;
}

type MaybePromise<T> = T | Promise<T>;

/** As methods, so that a handler may declare which payload it takes; what declares none gets an unknown one. */
interface Handler<S> {
  call(state: NoInfer<S>, payload: unknown, call: Call): MaybePromise<Reply<S, unknown> | Next<S>>;
  cast(state: NoInfer<S>, payload: unknown, self: Self): MaybePromise<Next<S>>;
}
export type CallHandlers<S> = Record<string, Handler<S>['call']>;
export type CastHandlers<S> = Record<string, Handler<S>['cast']>;

export interface GenServerDefinition<A, S, C, K> {
  /** Names the behaviour in reports. */
  readonly name: string;
  /** Exits of linked processes arrive as EXIT messages at `info`, and `terminate` runs on shutdown. Default false. */
  readonly trapExit?: boolean;
  /**
   * More queued messages than this kill the process; calls among them fail with `call_down`. A whole number from 0 up, or
   * Infinity. Default unbounded, as in OTP.
   */
  readonly maxQueue?: number;
  /**
   * Returns the first state. Must be quick; slow loading belongs in `continue` (`initOk(state, { continue: 'load' })`).
   * The handlers' state is inferred from it: annotate each parameter, the second as `Self`.
   */
  readonly init: (arg: A, self: Self) => MaybePromise<S | Init<S>>;
  /** Runs before any queued message when a step asked for it. */
  continue?(state: NoInfer<S>, continuation: unknown, self: Self): MaybePromise<Next<NoInfer<S>>>;
  readonly calls?: C;
  readonly casts?: K;
  /** Everything that is neither call nor cast: plain messages, DOWN, EXIT, timers, `timeout`. */
  info?(state: NoInfer<S>, message: unknown, self: Self): MaybePromise<Next<NoInfer<S>>>;
  /** Runs at an orderly stop, after a throw, and on a shutdown when exits are trapped (rules ). */
  terminate?(reason: ExitReason, state: NoInfer<S>, self: Self): MaybePromise<unknown>;
  /** Makes the state of the new code out of the old one; refuses by a throw. See `changeCode`. */
  codeChange?(oldVersion: unknown, state: unknown, extra: unknown): MaybePromise<NoInfer<S>>;
  /** What crash reports and `sys.getStatus` may show; redact here. What it leaves out is shown as it is. */
  formatStatus?(status: Status<NoInfer<S>>): ShownStatus;
}

declare const handlers: unique symbol;
declare const stateType: unique symbol;

export interface GenServer<A = never, S = unknown, C = unknown, K = unknown> extends Behaviour<A> {
  readonly [handlers]?: { calls: C; casts: K };
  readonly [stateType]?: S;
}

/** The state of a genServer's type. */
export type StateOf<G> = G extends { readonly [stateType]?: infer S } ? S : never;

/** The handlers of a genServer's type. */
export type Handlers<G> = G extends { readonly [handlers]?: infer H }
  ? NonNullable<H> & { calls: unknown; casts: unknown }
  : never;

type PayloadOf<F> = F extends (state: never, ...rest: infer P) => unknown
  ? P extends [infer Payload, ...unknown[]]
    ? Payload extends Self
      ? []
      : unknown extends Payload
        ? [payload?: undefined]
        : undefined extends Payload
          ? [payload?: Payload]
          : [payload: Payload]
    : P extends [payload?: infer Optional, ...rest: unknown[]]
      ? [payload?: unknown extends Optional ? undefined : Optional]
      : [payload?: undefined]
  : never;
type ReplyNow<T> = T extends Reply<unknown, infer V> ? V : never;
type ReplyLater<T, F> =
  Exclude<T, Reply<unknown, unknown>> extends never
    ? never
    : F extends (state: never, payload: never, call: Call<infer R>) => unknown
      ? R
      : unknown;
type ReplyOf<F> = F extends (...args: never[]) => infer T ? ReplyNow<Awaited<T>> | ReplyLater<Awaited<T>, F> : never;

export type CallPayload<G, N extends string> = PayloadOf<Handlers<G>['calls'][N & keyof Handlers<G>['calls']]>;
export type CastPayload<G, N extends string> = PayloadOf<Handlers<G>['casts'][N & keyof Handlers<G>['casts']]>;
export type CallReply<G, N extends string> = ReplyOf<Handlers<G>['calls'][N & keyof Handlers<G>['calls']]>;

/** Handlers that were left out are none, not any. */
type Defined<H> = string extends keyof H ? Record<never, never> : H;

/**
 * Defines a server. See the example at the top of this file.
 *
 * Elixir's `use GenServer`; semantics by the rules of OTP's gen_server.
 *
 * @throws BadArgument `invalid_max_queue`
 */
export function genServer<A, S, C extends CallHandlers<S>, K extends CastHandlers<S>>(
  definition: GenServerDefinition<A, S, C, K>,
): GenServer<A, S, Defined<C>, Defined<K>> {
  checkMaxQueue(definition.name, definition.maxQueue);
  const compiled = compile(definition as unknown as CompiledServer['definition'], 'genServer');
  return behaviourOf(compiled) as GenServer<A, S, C, K>;
}

function checkMaxQueue(name: string, maxQueue: number | undefined): void {
  if (maxQueue === undefined || maxQueue === Infinity || (Number.isInteger(maxQueue) && maxQueue >= 0)) return;
  throw new BadArgument(
    'invalid_max_queue',
    `${name} allows ${shown(maxQueue)} queued messages`,
    'Give a whole number from 0 up, or Infinity.',
  );
}

const COMPILED: unique symbol = Symbol('genroom.compiled');

interface Compiled extends Behaviour {
  readonly [COMPILED]: CompiledServer;
}

/** What `start` starts of a compiled server. Internal to the layer. */
export function behaviourOf<A = never>(compiled: CompiledServer): Behaviour<A> {
  const behaviour: Compiled = {
    name: compiled.definition.name,
    [MAKE]: (parent) => new GenServerProc(compiled, parent),
    [COMPILED]: compiled,
  };
  return behaviour as unknown as Behaviour<A>;
}

/** The compiled form of a definition; undefined for one that no server runs. Internal to the layer. */
export function serverOf(definition: Behaviour): CompiledServer | undefined {
  return (definition as Partial<Compiled>)[COMPILED];
}

/** A definition as the process uses it: handlers by name in tables. */
export interface CompiledServer {
  readonly kind: 'genServer' | 'supervisor' | 'dynamicSupervisor';
  readonly definition: GenServerDefinition<unknown, unknown, CallHandlers<unknown>, CastHandlers<unknown>>;
  readonly calls: HandlerTable<CallHandlers<unknown>[string]>;
  readonly casts: HandlerTable<CastHandlers<unknown>[string]>;
  /** The definition's, or more than any mailbox holds. */
  readonly maxQueue: number;
}

/** The largest number that V8 compares without looking whether it is one with a fraction. */
const NO_LIMIT = 2 ** 31 - 1;

export function compile(definition: CompiledServer['definition'], kind: CompiledServer['kind']): CompiledServer {
  return {
    kind,
    definition,
    calls: new HandlerTable(definition.calls ?? {}),
    casts: new HandlerTable(definition.casts ?? {}),
    maxQueue: Math.min(definition.maxQueue ?? NO_LIMIT, NO_LIMIT),
  };
}
