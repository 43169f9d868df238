/**
 * agent: a process that keeps a value, read and changed by functions. Elixir's Agent.
 *
 * A function that throws ends the agent, and its caller fails with the same reason (rule R-65): it runs in the agent.
 *
 * @example
 *   const hits = await agent.start(() => 0);
 *   agent.cast(hits, (n) => n + 1);
 *   await agent.get(hits, (n) => n); // 1
 */
import { cast as castTo, DEFAULT_CALL_TIMEOUT, request } from './gen-server/call.ts';
import { genServer } from './gen-server/gen-server.ts';
import { noreply, reply } from './gen-server/step.ts';
import { type Behaviour, MAKE } from './process/behaviour.ts';
import { start as startBehaviour, startLink as startBehaviourLink, type StartOptions } from './process/start.ts';
import type { Ref, Target } from './process/target.ts';
import type { ChildOptions, ChildSpec } from './supervisor/child-spec.ts';

declare const stateOf: unique symbol;

/** An agent's pid; TypeScript knows its value. */
export type AgentRef<S> = Ref & { readonly [stateOf]?: S };
/** Whoever an agent's functions are for: its pid or a name. */
export type AgentTarget<S> = AgentRef<S> | (Target & { readonly [stateOf]?: S });

export interface AgentOptions {
  /** Milliseconds until the call fails with `call_timeout`. Default 5,000. */
  readonly timeout?: number;
}

type Change<S> = (state: S) => S | Promise<S>;

/** A behaviour that keeps what `init` returns. */
export function define<S>(name: string, init: () => S | Promise<S>): Behaviour<void> {
  const server = genServer({
    name,
    init: async (): Promise<{ value: S }> => ({ value: (await init()) as S }),
    calls: {
      get: async (state: { value: S }, read: (value: S) => unknown) => reply(await read(state.value), state),
      update: async (state: { value: S }, change: Change<S>) => {
        const value = await change(state.value);
        return reply(undefined, { value });
      },
      getAndUpdate: async (
        state: { value: S },
        change: (value: S) => readonly [unknown, S] | Promise<readonly [unknown, S]>,
      ) => {
        const [answer, value] = await change(state.value);
        return reply(answer, { value });
      },
    },
    casts: { update: async (state: { value: S }, change: Change<S>) => noreply({ value: await change(state.value) }) },
    codeChange: (_oldVersion, state, extra) => {
      const { value } = state as { value: S };
      return { value: (extra as (value: S) => S)(value) };
    },
    formatStatus: ({ state }) => ({ state: state.value }),
  });
  return { name, [MAKE]: server[MAKE].bind(server) };
}

/** Starts an agent that keeps what `init` returns. @throws StartError */
export function start<S>(init: () => S | Promise<S>, options?: StartOptions): Promise<AgentRef<S>> {
  return startBehaviour(define('agent', init), undefined, options);
}

/** As `start`, linked to the running process. */
export function startLink<S>(init: () => S | Promise<S>, options?: StartOptions): Promise<AgentRef<S>> {
  return startBehaviourLink(define('agent', init), undefined, options);
}

/** A child that is an agent. */
export function childSpec<S>(init: () => S | Promise<S>, options: ChildOptions = {}): ChildSpec {
  return { id: 'agent', ...options, behaviour: define('agent', init), arg: undefined };
}

/** What `read` makes of the value. */
export function get<S, R>(
  target: AgentTarget<S>,
  read: (value: S) => R | Promise<R>,
  options: AgentOptions = {},
): Promise<R> {
  return request(target, 'get', read, options.timeout ?? DEFAULT_CALL_TIMEOUT) as Promise<R>;
}

/** Replaces the value; resolves when that is done. */
export function update<S>(target: AgentTarget<S>, change: Change<S>, options: AgentOptions = {}): Promise<void> {
  return request(target, 'update', change, options.timeout ?? DEFAULT_CALL_TIMEOUT) as Promise<void>;
}

/** Replaces the value and answers: `change` returns both, the answer first. */
export function getAndUpdate<S, R>(
  target: AgentTarget<S>,
  change: (value: S) => readonly [R, S] | Promise<readonly [R, S]>,
  options: AgentOptions = {},
): Promise<R> {
  return request(target, 'getAndUpdate', change, options.timeout ?? DEFAULT_CALL_TIMEOUT) as Promise<R>;
}

/** Replaces the value some time; tells nobody. */
export function cast<S>(target: AgentTarget<S>, change: Change<S>): void {
  (castTo as (target: Target, name: string, payload: unknown) => void)(target, 'update', change);
}

export { stopServer as stop } from './gen-server/stop-server.ts';
