/**
 * Actors: the processes of a program on genroom. What they do is in operations.ts.
 *
 * - a bare process runs operations when told to, and leaves all other messages in its mailbox;
 * - a server logs what it gets and runs the scripts that calls, casts and the driver bring;
 * - supervisors have children of these kinds.
 */
import {
  type ChildSpec,
  childSpec,
  type DynamicSupervisor,
  dynamicSupervisor,
  genServer,
  type From,
  ignore,
  initOk,
  initStop,
  noreply,
  type Next,
  type Pid,
  receive,
  reply,
  type Reply,
  replyTo,
  shutdown,
  spawn,
  spawnLink,
  spawnMonitor,
  stop,
  stopReply,
  type Supervisor,
  supervisor,
  timeout,
  trapExit,
  via,
  type ExitReason,
  exit,
  type Call,
} from '../src/otp/index.ts';
import { runOps } from './operations.ts';
import type { Child, DynSpec, Label, Op, Reason, Script, ServerSpec, SupSpec, Time } from './program.ts';
import { LONG, SHORT, STOP } from './stepped-clock.ts';
import { type Actor, Told, type World } from './world.ts';

export function milliseconds(time: Time): number {
  if (typeof time === 'number') return time;
  return { short: SHORT, stop: STOP, long: LONG, inf: Infinity }[time];
}

/** A reason of a program as genroom has it. */
export function reasonOf(reason: Reason): ExitReason {
  if (typeof reason === 'string') return reason;
  return reason[0] === 'shutdown' ? shutdown(reason[1]) : (reason as unknown as ExitReason);
}

/** How a spawned process is bound to who spawns it. */
export type Bond = 'plain' | 'link' | readonly ['monitor', string];

/** Starts a bare process; resolves when it is ready for signals. */
export function spawnBare(
  world: World,
  label: Label,
  bond: Bond,
  trap: boolean,
  ops: readonly Op[],
  spawner?: Actor,
): Promise<Pid> {
  return new Promise((ready) => {
    const body = async (): Promise<void> => {
      const actor = world.hello(label);
      trapExit(trap);
      ready(actor.pid);
      await runOps(world, actor, ops);
      for (;;) {
        const told = await receive((message): message is Told => message instanceof Told);
        await runOps(world, actor, told.what as readonly Op[]);
      }
    };
    if (bond === 'plain') spawn(body);
    else if (bond === 'link') spawnLink(body);
    else spawner!.refs.set(bond[1], spawnMonitor(body).ref);
  });
}

interface Arg {
  readonly world: World;
  readonly label: Label;
  readonly spec: ServerSpec;
}
interface State {
  readonly world: World;
  readonly actor: Actor;
  readonly spec: ServerSpec;
}
type Done = Next<State> | Reply<State, number>;

function init({ world, label, spec }: Arg): unknown {
  const actor = world.hello(label);
  trapExit(spec.trap);
  world.log(actor.label, '', ['init']);
  const state: State = { world, actor, spec };
  const outcome = spec.plan[actor.nth - 1] ?? spec.plan.at(-1)!;
  if (outcome === 'ok') return state;
  if (outcome === 'ignore') return ignore();
  if (outcome === 'raise') throw new Error('init');
  switch (outcome[0]) {
    case 'stop':
      return initStop(reasonOf(outcome[1]));
    case 'exit':
      return exit(reasonOf(outcome[1]));
    case 'timeout':
      return initOk(state, { timeout: milliseconds(outcome[1]) });
    case 'continue':
      return initOk(state, { continue: outcome[1] });
  }
}

/** Runs operations, then `next`: at once, where none of them waits. */
function after<T>(state: State, ops: readonly Op[], next: () => T): T | Promise<T> {
  const running = runOps(state.world, state.actor, ops);
  return running ? running.then(next) : next();
}

function run(state: State, source: string, kind: string, script: Script, from?: From<number>): Done | Promise<Done> {
  state.world.log(state.actor.label, source, [kind, script.id]);
  return after(state, script.ops, () => finish(state, script, from));
}

function finish(state: State, { finish: end }: Script, from?: From<number>): Done {
  switch (end[0]) {
    case 'reply':
      return reply(end[1], state);
    case 'noreply':
      return noreply(state);
    case 'keep':
      state.world.froms.set(end[1], from!);
      return noreply(state);
    case 'replyNow':
      replyTo(from!, end[1]);
      return noreply(state);
    case 'replyTimeout':
      return reply(end[1], state, { timeout: milliseconds(end[2]) });
    case 'noreplyTimeout':
      return noreply(state, { timeout: milliseconds(end[1]) });
    case 'replyContinue':
      return reply(end[1], state, { continue: end[2] });
    case 'continue':
      return noreply(state, { continue: end[1] });
    case 'stop':
      return stop(reasonOf(end[1]), state);
    case 'stopReply':
      return stopReply(reasonOf(end[1]), end[2], state);
    case 'raise':
      throw new Error(end[1]);
    case 'exit':
      return exit(reasonOf(end[1]));
    case 'bad':
      return 'bad' as unknown as Done;
  }
}

export const server = genServer({
  name: 'server',
  init: (arg: Arg) => init(arg) as State,
  calls: {
    run: (state, script: Script, { from, client }: Call<number>) =>
      run(state, state.world.labelOf(client), 'call', script, from),
  },
  casts: {
    run: (state, { who, script }: { who: string; script: Script }) =>
      run(state, who, 'cast', script) as Next<State> | Promise<Next<State>>,
  },
  continue: (state, ops) => {
    state.world.log(state.actor.label, '', ['continue']);
    return after(state, ops as readonly Op[], () => noreply(state));
  },
  info: (state, message) => {
    const { world, actor } = state;
    if (message instanceof Told)
      return run(state, '', 'told', message.what as Script) as Next<State> | Promise<Next<State>>;
    if (message === timeout) world.log(actor.label, '', ['timeout']);
    else world.log(actor.label, ...world.message(actor, message));
    return noreply(state);
  },
  terminate: (reason, state) => {
    const { world, actor, spec } = state;
    world.log(actor.label, '', ['terminate', world.reason(reason)]);
    if (spec.term === 'raise') throw new Error('terminate');
    if (spec.term === 'hold') return world.hold(actor);
    if (typeof spec.term !== 'string') exit(reasonOf(spec.term[1]));
  },
});

export function nameOf(world: World, { name }: ServerSpec): ReturnType<typeof via> | undefined {
  return name && via(world.registries.get(name[0])!, name[1]);
}

export function childSpecOf(world: World, child: Child): ChildSpec {
  const { id, restart, significant, kind } = child;
  const options = {
    id,
    restart,
    significant,
    shutdown: child.shutdown === 'brutal' ? ('brutalKill' as const) : milliseconds(child.shutdown),
  };
  if (kind === 'bare') return { ...options, start: () => spawnBare(world, id, 'link', child.trap ?? false, []) };
  if (kind === 'sup') return childSpec(sup(world, id, child.sup!), undefined, options);
  const name = nameOf(world, child.server!);
  return childSpec(server, { world, label: id, spec: child.server! }, name ? { ...options, name } : options);
}

const camel = (name: string): string => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
const period = (time: 'second' | 'long'): number => (time === 'second' ? 1000 : LONG);

export function sup(world: World, label: Label, spec: SupSpec): Supervisor<void> {
  return supervisor({
    name: label,
    strategy: camel(spec.strategy) as 'oneForOne',
    intensity: { max: spec.max, period: period(spec.period) },
    autoShutdown: camel(spec.auto) as 'never',
    children: () => {
      world.hello(label);
      return spec.children.map((child) => childSpecOf(world, child));
    },
  });
}

export function dyn(label: Label, spec: DynSpec): DynamicSupervisor {
  return dynamicSupervisor({
    name: label,
    intensity: { max: spec.max, period: period(spec.period) },
    ...(spec.most === 'inf' ? {} : { maxChildren: spec.most }),
  });
}
