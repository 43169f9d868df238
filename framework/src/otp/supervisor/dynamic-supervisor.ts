/**
 * dynamicSupervisor: starts children on demand, any number of them, each supervised one for one.
 *
 * Differs from `supervisor` as in Elixir: children are known by pid, an orderly end forgets them whatever their type,
 * stopping signals all at once and waits for all together (rule R-44), and `maxChildren` bounds them. None is
 * significant: a dynamic supervisor ends for no child's end (row SUPE-50).
 *
 * @example
 *   const rooms = dynamicSupervisor({ name: 'rooms', maxChildren: 10_000 });
 *   const sup = await start(rooms);
 *   const pid = await startChild(sup, childSpec(account, { number: '7' }));
 */
import { behaviourOf, compile, type CompiledServer } from '../gen-server/gen-server.ts';
import { IGNORE, type Init, noreply, type Next, reply, type Reply, Step, stop } from '../gen-server/step.ts';
import type { Behaviour } from '../process/behaviour.ts';
import { publishUnexpected } from '../reports/channels.ts';
import { BadArgument } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import { INFO } from '../runtime/mailbox.ts';
import { isExit, isMadeBy } from '../runtime/monitor.ts';
import { home, Pid } from '../runtime/pid.ts';
import { currentProc } from '../runtime/proc.ts';
import { type ChildStart, startChildProcess, stopChildProcess, whenDone } from './child-process.ts';
import { keptSpec, type NormalSpec } from './child-spec.ts';
import { countsOf, type ChildAnswer, type ChildErrorCode, type ChildInfo, startFault } from './children.ts';
import { isReportedEnd, isRestarted } from './restart-strategy.ts';
import { type DynamicFlags, flagsOf, type NormalFlags } from './supervisor-flags.ts';
import { countRestart, reportChild } from './supervisor-report.ts';

export interface DynamicSupervisorDefinition<A = void> extends DynamicFlags {
  readonly name: string;
  /**
   * Asked at the start and at a code change: what it returns goes before the definition's own flags. It may decline by
   * `ignore()`: nothing is started, or changed.
   */
  readonly init?: (arg: A) => DynamicFlags | Init<never>;
}

export interface DynamicSupervisor<A = void> extends Behaviour<A> {
  readonly isSupervisor: true;
}

interface Child {
  readonly spec: NormalSpec;
  /** The one that is running, or the last one while restarting. */
  pid: Pid;
  restarting: boolean;
}

interface State {
  /** What it was started with: `init` is asked with it again at a code change. */
  readonly arg: unknown;
  readonly flags: NormalFlags;
  /** By the `keyOf` of the pid that is running, or of the last one while restarting (row DS-41). */
  readonly children: Map<unknown, Child>;
  readonly restarts: number[];
}

/** The number of a pid of this node, which a Map finds without touching what it stands for; another pid itself. */
function keyOf(pid: Pid): unknown {
  return pid.home === home() ? pid.id : pid;
}

/** What is asked for may be anything, also what cannot be looked at. */
function childOf({ children }: State, pid: Pid): Child | undefined {
  try {
    const child = pid instanceof Pid ? children.get(keyOf(pid)) : undefined;
    return child?.pid === pid ? child : undefined;
  } catch {
    return undefined;
  }
}

class Retry {
  readonly pid: Pid;
  readonly reason: ExitReason;

  constructor(pid: Pid, reason: ExitReason) {
    this.pid = pid;
    this.reason = reason;
  }
}

type Answer = Reply<State, ChildAnswer>;
type Maybe<T> = T | Promise<T>;

/** Defines a dynamic supervisor. @throws BadArgument for a bad flag */
export function dynamicSupervisor<A = void>(definition: DynamicSupervisorDefinition<A>): DynamicSupervisor<A> {
  const { name, init, ...flags } = definition;
  flagsOf(name, flags);
  const server = dynamicServer(name, flags, init as ((arg: unknown) => DynamicFlags | Init<never>) | undefined);
  return { ...behaviourOf<A>(server), isSupervisor: true };
}

function dynamicServer(
  name: string,
  own: DynamicFlags,
  askedFor: ((arg: unknown) => DynamicFlags | Init<never>) | undefined,
): CompiledServer {
  function flagsFor(arg: unknown): NormalFlags | Step {
    const asked = askedFor?.(arg);
    if (asked instanceof Step) return asked;
    const flags = askedFor ? flagsOf(name, asked as DynamicFlags) : undefined;
    return flagsOf(name, { ...own, ...(flags && (asked as DynamicFlags)) });
  }

  function init(arg: unknown): State | Step {
    const flags = flagsFor(arg);
    return flags instanceof Step ? flags : { arg, flags, children: new Map(), restarts: [] };
  }

  /** Rows DS-09, DS-10: the children stay, also where they are more than are allowed from now on. */
  function codeChange(_oldVersion: unknown, old: unknown): State {
    const state = old as State;
    const flags = flagsFor(state.arg);
    if (!(flags instanceof Step)) return { ...state, flags };
    if (flags.kind === IGNORE) return state;
    throw new BadArgument('bad_flags', `${name} declines the code change`, 'Return the flags, or ignore().');
  }

  const fault = (state: State, code: ChildErrorCode, child: unknown, reason?: ExitReason): Answer =>
    reply({ error: { code, child: String(child), ...(reason === undefined ? {} : { reason }) } }, state);

  function startChild(state: State, spec: NormalSpec): Maybe<Answer> {
    const { maxChildren, extraArguments } = state.flags;
    if (spec.significant)
      return fault(state, 'child_start_failed', spec.id, 'significant, but a dynamic supervisor ends for no child');
    if (state.children.size >= maxChildren) return fault(state, 'max_children', spec.id);
    const started = startChildProcess(spec, extraArguments);
    return started instanceof Promise ? started.then((s) => enter(state, spec, s)) : enter(state, spec, started);
  }

  function enter(state: State, spec: NormalSpec, started: ChildStart): Answer {
    if ('reason' in started) return reply({ error: startFault(spec.id, started.reason) }, state);
    if (!('pid' in started)) return fault(state, 'child_ignored', spec.id);
    state.children.set(keyOf(started.pid), { spec: keptSpec(spec), pid: started.pid, restarting: false });
    return reply({ value: started }, state);
  }

  function terminateChild(state: State, pid: Pid): Maybe<Answer> {
    const child = childOf(state, pid);
    if (!child) return fault(state, 'not_found', pid);
    return whenDone(stopChildProcess(currentProc()!, pid, child.spec), () => {
      state.children.delete(keyOf(pid));
      return reply({}, state);
    });
  }

  function ended(state: State, pid: Pid, reason: ExitReason): Maybe<Next<State>> {
    const child = childOf(state, pid);
    if (!child) return noreply(state);
    if (isReportedEnd(child.spec.restart, reason))
      reportChild(currentProc()!, 'childTerminated', reason, child.spec, pid);
    if (!isRestarted(child.spec.restart, reason)) {
      state.children.delete(keyOf(pid));
      return noreply(state);
    }
    return restart(state, child, reason);
  }

  function restart(state: State, child: Child, reason: ExitReason): Maybe<Next<State>> {
    const { intensity, extraArguments } = state.flags;
    const me = currentProc()!;
    const pid = child.restarting ? undefined : child.pid;
    if (countRestart(me, name, state.restarts, intensity, { childId: child.spec.id, pid, reason })) {
      reportChild(me, 'shutdown', 'reachedMaxRestartIntensity', child.spec, child.pid);
      state.children.delete(keyOf(child.pid));
      return stop('shutdown', state);
    }
    const started = startChildProcess(child.spec, extraArguments);
    if (started instanceof Promise) return started.then((s) => restarted(state, child, s));
    return restarted(state, child, started);
  }

  function restarted(state: State, child: Child, started: ChildStart): Next<State> {
    const before = child.pid;
    if ('reason' in started) {
      const me = currentProc()!;
      reportChild(me, 'startError', started.reason, child.spec, undefined);
      child.restarting = true;
      me.deliver(new Retry(before, started.reason), undefined, INFO);
      return noreply(state);
    }
    // First in, then out: a Map that becomes empty shrinks, and has to grow again.
    if ('pid' in started) {
      child.pid = started.pid;
      child.restarting = false;
      state.children.set(keyOf(started.pid), child);
    }
    state.children.delete(keyOf(before));
    return noreply(state);
  }

  function info(state: State, message: unknown): Maybe<Next<State>> {
    if (isExit(message)) return ended(state, message.from, message.reason);
    if (!isMadeBy(message, Retry)) {
      publishUnexpected(currentProc()!, message);
      return noreply(state);
    }
    const child = childOf(state, message.pid);
    return child?.restarting ? restart(state, child, message.reason) : noreply(state);
  }

  /** All at once, then together (rule R-44). */
  function stopAll(state: State): Promise<unknown> | undefined {
    const me = currentProc()!;
    const waits: Promise<unknown>[] = [];
    for (const child of state.children.values()) {
      const stopped = stopChildProcess(me, child.pid, child.spec);
      if (stopped instanceof Promise) waits.push(stopped);
    }
    return waits.length > 0 ? Promise.all(waits) : undefined;
  }

  const describe = (child: Child): ChildInfo => ({
    id: undefined,
    pid: child.restarting ? undefined : child.pid,
    type: child.spec.type,
    behaviour: child.spec.behaviour?.name,
    restarting: child.restarting,
  });

  return compile(
    {
      name,
      trapExit: true,
      init,
      calls: {
        startChild: startChild,
        terminateChild: terminateChild,
        restartChild: (state: State, id: unknown) => fault(state, 'not_found', id),
        deleteChild: (state: State, id: unknown) => fault(state, 'not_found', id),
        whichChildren: (state: State) => reply([...state.children.values()].map(describe).reverse(), state),
        childSpec: (state: State, pid: Pid) => {
          const child = childOf(state, pid);
          return child ? reply({ value: child.spec }, state) : fault(state, 'not_found', pid);
        },
        countChildren: (state: State) => reply(countsOf([...state.children.values()].map(describe)), state),
      },
      casts: {},
      info: info,
      codeChange,
      terminate: (_reason, state) => stopAll(state as State),
    },
    'dynamicSupervisor',
  );
}
