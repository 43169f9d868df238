/**
 * supervisor: keeps a fixed set of children running, by one of three strategies.
 *
 * Rules: children start in order and stop in reverse; a failed restart counts and is tried again through
 * the supervisor's own mailbox; past the intensity it ends its children and itself with 'shutdown'. It runs the inits of
 * its children in its own loop: a slow init holds up everyone (let it return and load in `continue`).
 *
 * @example
 *   const bank = supervisor({
 *     name: 'bank',
 *     strategy: 'restForOne',
 *     children: [childSpec(accounts), childSpec(branches)],
 *   });
 *   await start(bank);
 */
import { types } from 'node:util';
import { shown } from '../../platform/error-text.ts';
import { request } from '../gen-server/call.ts';
import { behaviourOf } from '../gen-server/gen-server.ts';
import type { Init } from '../gen-server/step.ts';
import type { Behaviour } from '../process/behaviour.ts';
import type { Target } from '../process/target.ts';
import { BadArgument } from '../runtime/errors.ts';
import type { Key } from '../runtime/key.ts';
import { Pid } from '../runtime/pid.ts';
import { type ChildSpec, isKey, normalSpec, type NormalSpec, type StartedWith } from './child-spec.ts';
import { type ChildAnswer, ChildError, type ChildInfo } from './children.ts';
import { checkIntensity, DEFAULT_INTENSITY, type Intensity } from './restart-intensity.ts';
import type { Strategy } from './restart-strategy.ts';
import { type AutoShutdown, checkAutoShutdown } from './supervisor-flags.ts';
import { type SupervisorSettings, supervisorServer } from './supervisor-server.ts';

export interface SupervisorDefinition<A> {
  readonly name: string;
  readonly strategy: Strategy;
  /** Default 3 restarts in 5,000 ms. */
  readonly intensity?: Intensity;
  /** Whether the orderly end of significant children ends the supervisor. Default 'never'. */
  readonly autoShutdown?: AutoShutdown;
  /** The children in start order, or a function that makes them from the start argument; it may decline by `ignore()`. */
  readonly children: readonly ChildSpec[] | ((arg: A) => readonly ChildSpec[] | Init<never>);
}

declare const supervisorMark: unique symbol;
export interface Supervisor<A = never> extends Behaviour<A> {
  readonly isSupervisor: true;
  readonly [supervisorMark]?: true;
}

const STRATEGIES: readonly unknown[] = ['oneForOne', 'oneForAll', 'restForOne'];

/** Defines a supervisor. @throws BadArgument for a bad strategy or intensity */
export function supervisor<A = void>(definition: SupervisorDefinition<A>): Supervisor<A> {
  if (!STRATEGIES.includes(definition.strategy)) {
    throw new BadArgument(
      'invalid_strategy',
      `${definition.name} has the strategy ${String(definition.strategy)}`,
      `Use one of ${STRATEGIES.join(', ')}.`,
    );
  }
  const intensity = checkIntensity(definition.name, definition.intensity ?? DEFAULT_INTENSITY);
  const autoShutdown = checkAutoShutdown(definition.name, definition.autoShutdown ?? 'never');
  const server = supervisorServer({ ...definition, intensity, autoShutdown } as SupervisorSettings);
  return { ...behaviourOf<A>(server), isSupervisor: true };
}

/** For a start function that resolves with `{ pid, info }`: that is the answer then, not the pid alone. */
export interface WithInfo {
  readonly info: true;
}

/**
 * Starts a child and adds it.
 *
 * @throws ChildError already_started, already_present, child_start_failed, max_children; child_ignored when its init
 *   declined: a supervisor keeps the spec then, unless the child is temporary; a dynamic one keeps nothing
 */
export function startChild(target: Target, spec: ChildSpec): Promise<Pid>;
export function startChild<I>(target: Target, spec: ChildSpec<I>, options: WithInfo): Promise<StartedWith<I>>;
export function startChild(target: Target, spec: ChildSpec, options?: WithInfo): Promise<Pid | StartedWith> {
  const answer = request(target, 'startChild', normalSpec(spec), Infinity);
  return options === undefined ? answer.then(pidOf) : answer.then((a) => startedOf(a, options));
}

/** Stops a child. A supervisor keeps its spec, a dynamic one (where the child is named by pid) forgets it. @throws ChildError not_found */
export function terminateChild(target: Target, child: Key | Pid): Promise<void> {
  return ask(target, 'terminateChild', child).then(valueOf<void>);
}

/** Starts a stopped child again. @throws ChildError not_found, running, restarting, child_start_failed, child_ignored */
export function restartChild(target: Target, id: Key): Promise<Pid>;
export function restartChild(target: Target, id: Key, options: WithInfo): Promise<StartedWith>;
export function restartChild(target: Target, id: Key, options?: WithInfo): Promise<Pid | StartedWith> {
  return ask(target, 'restartChild', id).then((answer) => startedOf(answer, options));
}

/** Forgets a stopped child. @throws ChildError not_found, running, restarting */
export function deleteChild(target: Target, id: Key): Promise<void> {
  return ask(target, 'deleteChild', id).then(valueOf<void>);
}

/** The spec of a child with every default filled in; of a dynamic supervisor's child by its pid. @throws ChildError not_found */
export function getChildSpec(target: Target, child: Key | Pid): Promise<NormalSpec> {
  return ask(target, 'childSpec', child).then(valueOf<NormalSpec>);
}

/** The children, last started first (rule R-50). */
export function whichChildren(target: Target): Promise<ChildInfo[]> {
  return request(target, 'whichChildren', undefined, Infinity) as Promise<ChildInfo[]>;
}

export interface ChildCounts {
  /** Children with a spec, running or not. */
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

export function countChildren(target: Target): Promise<ChildCounts> {
  return request(target, 'countChildren', undefined, Infinity) as Promise<ChildCounts>;
}

/** What can name no child is no supervisor's trouble: it would fail over it. */
function ask(target: Target, operation: string, child: unknown): Promise<unknown> {
  if (isPid(child) || isKey(child)) return request(target, operation, child, Infinity);
  return Promise.reject(new ChildError({ code: 'not_found', child: shown(child) }));
}

function isPid(child: unknown): boolean {
  return typeof child === 'object' && child !== null && !types.isProxy(child) && child instanceof Pid;
}

function pidOf(answer: unknown): Pid {
  return valueOf<{ pid: Pid }>(answer).pid;
}

function startedOf(answer: unknown, options: WithInfo | undefined): Pid | StartedWith {
  const { pid, info } = valueOf<{ pid: Pid; info?: unknown }>(answer);
  return options?.info ? { pid, info } : pid;
}

function valueOf<T>(answer: unknown): T {
  const { error, value } = answer as ChildAnswer;
  if (error) throw new ChildError(error);
  return value as T;
}
