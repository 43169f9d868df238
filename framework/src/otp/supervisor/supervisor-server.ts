/**
 * The server behind `supervisor`: its loop, as a genServer over the list of its children. See supervisor.ts for what it
 * promises.
 *
 * Invariants
 * - `children` stands in start order; a temporary child is in it only while it runs, or after a code change until it does.
 * - Nothing here is async unless a child's init or its stop takes time; then the mailbox waits, as in OTP.
 */
import { compile, type CompiledServer } from '../gen-server/gen-server.ts';
import { IGNORE, type Init, initStop, noreply, type Next, reply, type Reply, Step, stop } from '../gen-server/step.ts';
import { publishUnexpected } from '../reports/channels.ts';
import { BadArgument } from '../runtime/errors.ts';
import { type ExitReason, shutdown } from '../runtime/exit-reason.ts';
import { comparable, type Key } from '../runtime/key.ts';
import { INFO } from '../runtime/mailbox.ts';
import { isExit, isMadeBy } from '../runtime/monitor.ts';
import { Pid } from '../runtime/pid.ts';
import { currentProc } from '../runtime/proc.ts';
import { type Child, ChildList } from './child-list.ts';
import { type ChildStart, startChildProcess, stopChildProcess, whenDone } from './child-process.ts';
import { type ChildSpec, keptSpec, type NormalSpec, normalSpec } from './child-spec.ts';
import {
  countsOf,
  type ChildAnswer,
  type ChildErrorCode,
  type ChildFault,
  type ChildInfo,
  startFault,
} from './children.ts';
import type { Intensity } from './restart-intensity.ts';
import { countsAsSignificant, isReportedEnd, isRestarted, restartSet, type Strategy } from './restart-strategy.ts';
import type { AutoShutdown } from './supervisor-flags.ts';
import { countRestart, reportChild } from './supervisor-report.ts';

interface Flags {
  readonly strategy: Strategy;
  readonly intensity: Intensity;
  readonly autoShutdown: AutoShutdown;
}

export interface SupervisorSettings extends Flags {
  readonly name: string;
  readonly children: readonly ChildSpec[] | ((arg: unknown) => readonly ChildSpec[] | Init<never>);
}

interface State {
  /** What it was started with: `children` is asked with it again at a code change. */
  readonly arg: unknown;
  readonly flags: Flags;
  children: ChildList;
  readonly restarts: number[];
}

/** The supervisor's message to itself: try once more to start what could not be restarted. */
class Retry {
  readonly child: Child;
  /** Only the one of its last failure counts: terminateChild and restartChild may have come between. */
  readonly failures: number;
  readonly reason: ExitReason;

  constructor(child: Child, reason: ExitReason) {
    this.child = child;
    this.failures = child.failures;
    this.reason = reason;
  }
}

type Answer = Reply<State, ChildAnswer>;
type Maybe<T> = T | Promise<T>;

export function supervisorServer(settings: SupervisorSettings): CompiledServer {
  const { name, strategy, intensity, autoShutdown } = settings;
  const flags: Flags = { strategy, intensity, autoShutdown };

  function init(arg: unknown): unknown {
    const specs = specsOf(arg);
    if (specs instanceof Step) return specs;
    const state: State = { arg, flags, children: new ChildList(), restarts: [] };
    return whenDone(startInOrder(state, specs, 0), (fault) => {
      if (!fault) return state;
      return whenDone(stopAll(state, state.children.inOrder()), () =>
        initStop(shutdown({ failedToStartChild: fault.child, reason: fault.reason })),
      );
    });
  }

  /** The specs that the definition asks for, checked; or the step by which it declines. */
  function specsOf(arg: unknown): readonly NormalSpec[] | Step {
    const children = typeof settings.children === 'function' ? settings.children(arg) : settings.children;
    if (children instanceof Step) return children;
    if (!Array.isArray(children))
      throw new BadArgument(
        'bad_children',
        `the children of ${name} are no list`,
        'Give a list of child specs, or ignore().',
      );
    const specs = children.map(normalSpec);
    checkSpecs(specs);
    return specs;
  }

  /** Rows SUPE-53 to SUPE-59, SUPE-81: it is asked again; `ignore()` leaves all as is, and so does a throw. */
  function codeChange(_oldVersion: unknown, old: unknown): State {
    const state = old as State;
    const specs = specsOf(state.arg);
    if (specs instanceof Step) {
      if (specs.kind === IGNORE) return state;
      throw new BadArgument('bad_children', `${name} declines the code change`, 'Return the children, or ignore().');
    }
    return { ...state, flags, children: state.children.updated(specs) };
  }

  function checkSpecs(specs: readonly NormalSpec[]): void {
    const ids = new Set<unknown>();
    for (const spec of specs) {
      if (ids.has(comparable(spec.id))) {
        throw new BadArgument(
          'duplicate_child_id',
          `${name} has two children with the id ${String(spec.id)}`,
          'Give each an id of its own: childSpec(definition, arg, { id }).',
        );
      }
      ids.add(comparable(spec.id));
      checkSignificant(spec);
    }
  }

  function checkSignificant(spec: NormalSpec): void {
    if (spec.significant && autoShutdown === 'never') {
      throw new BadArgument(
        'invalid_significant',
        `${name} has the significant child ${String(spec.id)} but never shuts down for one`,
        'Set autoShutdown, or drop significant.',
      );
    }
  }

  /** Starts specs from `index` on; ends with the first that fails. */
  function startInOrder(state: State, specs: readonly NormalSpec[], index: number): Maybe<ChildFault | undefined> {
    for (let i = index; i < specs.length; i++) {
      const spec = specs[i]!;
      const started = startChildProcess(spec);
      if (started instanceof Promise) {
        return started.then((s) => enterFirst(state, spec, s) ?? startInOrder(state, specs, i + 1));
      }
      const fault = enterFirst(state, spec, started);
      if (fault) return fault;
    }
    return undefined;
  }

  function enterFirst(state: State, spec: NormalSpec, started: ChildStart): ChildFault | undefined {
    if ('reason' in started) reportChild(currentProc()!, 'startError', started.reason, spec, undefined);
    return enter(state, spec, started);
  }

  function enter(state: State, spec: NormalSpec, started: ChildStart): ChildFault | undefined {
    if ('reason' in started) return startFault(spec.id, started.reason);
    const pid = 'pid' in started ? started.pid : undefined;
    // A temporary child that declines to start leaves nothing (rule R-47).
    if (pid || spec.restart !== 'temporary') state.children.add(keptSpec(spec), pid);
    return undefined;
  }

  /** Stops children one by one, the last started first (rule R-44). */
  function stopAll(state: State, list: readonly Child[], last = list.length - 1): Maybe<void> {
    for (let i = last; i >= 0; i--) {
      const { pid, spec } = list[i]!;
      state.children.runs(list[i]!, undefined);
      const stopped = stopChildProcess(currentProc()!, pid, spec);
      if (stopped instanceof Promise) return stopped.then(() => stopAll(state, list, i - 1));
    }
  }

  const fault = (state: State, code: ChildErrorCode, child: unknown, pid?: Pid, reason?: ExitReason): Answer =>
    reply({ error: { code, child: String(child), pid, ...(reason === undefined ? {} : { reason }) } }, state);

  function startChild(state: State, spec: NormalSpec): Maybe<Answer> {
    const present = state.children.find(spec.id);
    if (present)
      return present.pid
        ? fault(state, 'already_started', spec.id, present.pid)
        : fault(state, 'already_present', spec.id);
    if (spec.significant && state.flags.autoShutdown === 'never')
      return fault(state, 'child_start_failed', spec.id, undefined, 'significant, but autoShutdown is never');
    return whenDone(startChildProcess(spec), (started) => {
      const failed = enter(state, spec, started);
      if (failed) return reply({ error: failed }, state);
      return 'pid' in started ? reply({ value: started }, state) : fault(state, 'child_ignored', spec.id);
    });
  }

  function terminateChild(state: State, id: Key): Maybe<Answer> {
    const child = state.children.find(id);
    if (!child) return fault(state, 'not_found', id);
    return whenDone(stopChildProcess(currentProc()!, child.pid, child.spec), () => {
      state.children.runs(child, undefined);
      child.restarting = false;
      if (child.spec.restart === 'temporary') state.children.delete(child);
      return reply({}, state);
    });
  }

  function restartChild(state: State, id: Key): Maybe<Answer> {
    const child = state.children.find(id);
    if (!child) return fault(state, 'not_found', id);
    if (child.pid) return fault(state, 'running', id, child.pid);
    if (child.restarting) return fault(state, 'restarting', id);
    return whenDone(startChildProcess(child.spec), (started) => {
      if ('reason' in started) return reply({ error: startFault(id, started.reason) }, state);
      if (!('pid' in started)) return fault(state, 'child_ignored', id);
      state.children.runs(child, started.pid);
      child.spec = keptSpec(child.spec);
      return reply({ value: started }, state);
    });
  }

  function deleteChild(state: State, id: Key): Answer {
    const child = state.children.find(id);
    if (!child) return fault(state, 'not_found', id);
    if (child.pid) return fault(state, 'running', id, child.pid);
    if (child.restarting) return fault(state, 'restarting', id);
    state.children.delete(child);
    return reply({}, state);
  }

  function ended(state: State, pid: Pid, reason: ExitReason): Maybe<Next<State>> {
    const child = state.children.ofPid(pid);
    if (!child) return noreply(state);
    state.children.runs(child, undefined);
    const { restart, significant } = child.spec;
    const { autoShutdown } = state.flags;
    if (isReportedEnd(restart, reason)) reportChild(currentProc()!, 'childTerminated', reason, child.spec, pid);
    if (isRestarted(restart, reason)) return restartAfter(state, child, pid, reason);
    if (restart === 'temporary') state.children.delete(child);
    if (autoShutdown !== 'never' && countsAsSignificant(restart, significant, reason)) {
      const othersRun = state.children.inOrder().some((c) => c.spec.significant && (c.pid ?? c.restarting));
      if (autoShutdown === 'anySignificant' || !othersRun) return stop('shutdown', state);
    }
    return noreply(state);
  }

  /** Counts a restart, and carries it out unless it was one too many. */
  function restartAfter(state: State, child: Child, pid: Pid | undefined, reason: ExitReason): Maybe<Next<State>> {
    const me = currentProc()!;
    const { strategy, intensity } = state.flags;
    if (countRestart(me, name, state.restarts, intensity, { childId: child.spec.id, pid, reason })) {
      reportChild(me, 'shutdown', 'reachedMaxRestartIntensity', child.spec, pid);
      return stop('shutdown', state);
    }
    const set = restartSet(strategy, child, () => state.children.inOrder());
    return whenDone(
      stopAll(
        state,
        set.filter((c) => c !== child),
      ),
      () => {
        // A temporary bystander is stopped with the others and not started again (rule R-46).
        for (const other of set) if (other.spec.restart === 'temporary') state.children.delete(other);
        return whenDone(
          startAgain(
            state,
            set.filter((c) => c.spec.restart !== 'temporary'),
            0,
          ),
          () => noreply(state),
        );
      },
    );
  }

  function startAgain(state: State, set: readonly Child[], from: number): Maybe<void> {
    for (let i = from; i < set.length; i++) {
      const child = set[i]!;
      const started = startChildProcess(child.spec);
      if (started instanceof Promise) {
        return started.then((s): Maybe<void> => {
          const retry = revive(state, set, child, s);
          return retry ? retry.done : startAgain(state, set, i + 1);
        });
      }
      const retry = revive(state, set, child, started);
      if (retry) return retry.done;
    }
  }

  /** Enters a restarted child; when it failed, sees to its retry and ends the round. */
  function revive(
    state: State,
    set: readonly Child[],
    child: Child,
    started: ChildStart,
  ): { done: Maybe<void> } | undefined {
    if (!('reason' in started)) {
      child.restarting = false;
      state.children.runs(child, 'pid' in started ? started.pid : undefined);
      return undefined;
    }
    child.restarting = true;
    child.failures++;
    const { reason } = started;
    const me = currentProc()!;
    reportChild(me, 'startError', reason, child.spec, undefined);
    // With oneForAll those already started go down again before the retry (rule R-45).
    const down = state.flags.strategy === 'oneForAll' ? stopAll(state, set) : undefined;
    const retry = new Retry(child, reason);
    return { done: whenDone(down, () => me.deliver(retry, undefined, INFO)) };
  }

  function info(state: State, message: unknown): Maybe<Next<State>> {
    if (isExit(message)) return ended(state, message.from, message.reason);
    if (!isMadeBy(message, Retry)) {
      publishUnexpected(currentProc()!, message);
      return noreply(state);
    }
    const { child, failures, reason } = message;
    const counts = child.restarting && child.failures === failures && state.children.has(child);
    return counts ? restartAfter(state, child, undefined, reason) : noreply(state);
  }

  function describe(child: Child): ChildInfo {
    const { id, type, behaviour } = child.spec;
    return { id, pid: child.pid, type, behaviour: behaviour?.name, restarting: child.restarting };
  }

  return compile(
    {
      name,
      trapExit: true,
      init,
      calls: {
        startChild: startChild,
        terminateChild: terminateChild,
        restartChild: restartChild,
        deleteChild: deleteChild,
        whichChildren: (state: State) => reply(state.children.inOrder().map(describe).reverse(), state),
        childSpec: (state: State, id: Key) => {
          const child = state.children.find(id);
          return child ? reply({ value: child.spec }, state) : fault(state, 'not_found', id);
        },
        countChildren: (state: State) => reply(countsOf(state.children.inOrder().map(describe)), state),
      },
      casts: {},
      info: info,
      codeChange,
      // A start that failed has stopped what it started.
      terminate: (_reason, state) => state && stopAll(state as State, (state as State).children.inOrder()),
    },
    'supervisor',
  );
}

/** The pid of a supervisor's child while it runs. Internal to the layer. */
export function childPid(supervisor: { readonly state: unknown }, id: Key): Pid | undefined {
  return (supervisor.state as State | undefined)?.children.find(id)?.pid;
}
