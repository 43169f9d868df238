/**
 * Child specs: what a supervisor knows of a child: how to start it, when to restart it, how to stop it.
 *
 * Defaults as in OTP: permanent, 5,000 ms to shut down (Infinity for a supervisor), not significant.
 *
 * @example
 *   childSpec(account, { number: '7' }, { id: 7, restart: 'transient', name: via(accounts, '7') })
 */
import { types } from 'node:util';
import { shown } from '../../platform/error-text.ts';
import { type Behaviour, isBehaviour } from '../process/behaviour.ts';
import type { StartArguments } from '../process/start.ts';
import type { NameFor, ViaName } from '../process/target.ts';
import { BadArgument } from '../runtime/errors.ts';
import type { Key } from '../runtime/key.ts';
import type { Pid } from '../runtime/pid.ts';
import type { Restart } from './restart-strategy.ts';

/** How long a child may take to stop: milliseconds, Infinity, or 'brutalKill' for no time at all. */
export type ShutdownTime = number | 'brutalKill';

export interface ChildOptions<B extends Behaviour = Behaviour> {
  /** Identifies the child within its supervisor. Default the definition's name; of a supervisor with a name, its key. */
  readonly id?: Key;
  readonly restart?: Restart;
  readonly shutdown?: ShutdownTime;
  readonly type?: 'worker' | 'supervisor';
  /** Its orderly end may end the supervisor; see `autoShutdown`. */
  readonly significant?: boolean;
  /** A name it registers at every start. */
  readonly name?: NameFor<B>;
}

/** `I` is the type of the information that its start function may give beside the pid. */
export interface ChildSpec<I = unknown> extends ChildOptions {
  readonly id: Key;
  readonly name?: ViaName;
  /** The definition to start, with its argument: data, so that a spec can be compared and sent. */
  readonly behaviour?: Behaviour;
  readonly arg?: unknown;
  /** Or a function that starts and links it. It is given a dynamic supervisor's `extraArguments`. */
  readonly start?: (...extraArguments: never[]) => Promise<Pid | StartedWith<I>>;
}

/** What a start function may resolve with instead of the bare pid: OTP's `{ok, Pid, Info}`. */
export interface StartedWith<I = unknown> {
  readonly pid: Pid;
  readonly info: I;
}

/** A spec with every default filled in. */
export interface NormalSpec extends ChildSpec {
  readonly restart: Restart;
  readonly shutdown: ShutdownTime;
  readonly type: 'worker' | 'supervisor';
  readonly significant: boolean;
}

/** The spec of a child that runs `behaviour`. */
export function childSpec<B extends Behaviour>(
  behaviour: B,
  ...rest: [] extends StartArguments<B>
    ? [arg?: StartArguments<B>[0], options?: ChildOptions<B>]
    : [arg: StartArguments<B>[0], options?: ChildOptions<B>]
): ChildSpec {
  const [arg, options] = rest;
  if (options === undefined) return { id: behaviour.name, behaviour, arg };
  const key = 'isSupervisor' in behaviour ? options.name?.address?.key : undefined;
  return { id: key ?? behaviour.name, ...options, behaviour, arg };
}

/** Whether a value can name a child; never throws. */
export function isKey(value: unknown): value is Key {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return true;
    case 'object':
      return !types.isProxy(value) && Array.isArray(value) && value.every(isKey);
    default:
      return false;
  }
}

const RESTARTS: readonly unknown[] = ['permanent', 'transient', 'temporary'];

/** Checks a spec and fills in its defaults. @throws BadChildSpec with a code for each kind of fault */
export function normalSpec(spec: ChildSpec): NormalSpec {
  if (typeof spec !== 'object' || spec === null)
    throw bad('bad_child_spec', spec, 'is no child spec', 'Make one with childSpec(definition, arg).');
  if (spec.id === undefined)
    throw bad('missing_id', spec, 'has no id', 'Give it one that is unique within its supervisor.');
  if (!isKey(spec.id))
    throw bad(
      'invalid_id',
      spec.id,
      'has no id by which it could be found',
      'Use a string or a number, or a list of those.',
    );
  if (spec.behaviour === undefined ? typeof spec.start !== 'function' : !isBehaviour(spec.behaviour)) {
    throw bad(
      'missing_start',
      spec.id,
      'has neither a definition nor a start function',
      'Make it with childSpec(definition, arg).',
    );
  }
  const restart = spec.restart ?? 'permanent';
  if (!RESTARTS.includes(restart))
    throw bad(
      'invalid_restart',
      spec.id,
      `has the restart type ${shown(restart)}`,
      `Use one of ${RESTARTS.join(', ')}.`,
    );
  const type = spec.type ?? (spec.behaviour && 'isSupervisor' in spec.behaviour ? 'supervisor' : 'worker');
  if (type !== 'worker' && type !== 'supervisor')
    throw bad('invalid_child_type', spec.id, `has the type ${shown(type)}`, "Use 'worker' or 'supervisor'.");
  const shutdown = spec.shutdown ?? (type === 'supervisor' ? Infinity : 5000);
  if (shutdown !== 'brutalKill' && !(typeof shutdown === 'number' && shutdown >= 0)) {
    throw bad(
      'invalid_shutdown',
      spec.id,
      `has the shutdown time ${shown(shutdown)}`,
      "Use milliseconds, Infinity or 'brutalKill'.",
    );
  }
  const significant = spec.significant ?? false;
  if (significant && restart === 'permanent') {
    throw bad(
      'invalid_significant',
      spec.id,
      'is permanent and significant',
      'A significant child is transient or temporary.',
    );
  }
  const { id, behaviour, arg, start, name } = spec;
  // All fields by name: specs of one shape, and a fraction of what a spread costs.
  return { id, behaviour, arg, start, name, restart, type, shutdown, significant };
}

/**
 * The spec as a supervisor keeps it once the child runs: a temporary child is never started again, so what it was started
 * with goes (rows SUPE-42, SUPE-73).
 */
export function keptSpec(spec: NormalSpec): NormalSpec {
  if (spec.restart !== 'temporary') return spec;
  const { id, behaviour, name, restart, type, shutdown, significant } = spec;
  return { id, behaviour, arg: undefined, start: undefined, name, restart, type, shutdown, significant };
}

export type SpecErrorCode =
  | 'bad_child_spec'
  | 'missing_id'
  | 'invalid_id'
  | 'missing_start'
  | 'invalid_restart'
  | 'invalid_child_type'
  | 'invalid_shutdown'
  | 'invalid_significant';

/** A child spec that no supervisor can work with. */
export class BadChildSpec extends BadArgument {
  declare readonly code: SpecErrorCode;
}

function bad(code: SpecErrorCode, what: unknown, fault: string, remedy: string): BadChildSpec {
  return new BadChildSpec(code, `the child spec ${shown(what)} ${fault}`, remedy);
}
