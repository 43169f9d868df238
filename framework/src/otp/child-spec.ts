/**
 * Child specs: what a supervisor knows of a child: how to start it, when to restart it, how to stop it.
 *
 * Defaults as in OTP: permanent, 5,000 ms to shut down (Infinity for a supervisor), not significant.
 *
 * @example
 *   childSpec(account, { number: '7' }, { id: 7, restart: 'transient', name: via(accounts, '7') })
 */
import type { Behaviour } from './behaviour.ts';
import { BadArgument } from './errors.ts';
import type { Pid } from './pid.ts';
import type { Restart } from './restart-strategy.ts';
import type { Key } from './registry.ts';
import type { StartArguments } from './start.ts';
import type { ViaName } from './target.ts';

/** How long a child may take to stop: milliseconds, Infinity, or 'brutalKill' for no time at all. */
export type ShutdownTime = number | 'brutalKill';

export interface ChildOptions {
  /** Identifies the child within its supervisor. Default the definition's name. */
  readonly id?: Key;
  readonly restart?: Restart;
  readonly shutdown?: ShutdownTime;
  readonly type?: 'worker' | 'supervisor';
  /** Its orderly end may end the supervisor; see `autoShutdown`. */
  readonly significant?: boolean;
  /** A name it registers at every start. */
  readonly name?: ViaName;
}

export interface ChildSpec extends ChildOptions {
  readonly id: Key;
  /** The definition to start, with its argument: data, so that a spec can be compared and sent. */
  readonly behaviour?: Behaviour;
  readonly arg?: unknown;
  /** Or a function that starts and links it. */
  readonly start?: () => Promise<Pid>;
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
  ...rest: StartArguments<B> extends [arg?: infer A, options?: unknown]
    ? [arg?: A, options?: ChildOptions]
    : [arg: StartArguments<B>[0], options?: ChildOptions]
): ChildSpec {
  return { id: behaviour.name, ...rest[1], behaviour, arg: rest[0] };
}

const RESTARTS: readonly unknown[] = ['permanent', 'transient', 'temporary'];

/** Checks a spec and fills in its defaults. @throws BadArgument with a code for each kind of fault */
export function normalSpec(spec: ChildSpec): NormalSpec {
  if (typeof spec !== 'object' || spec === null)
    throw bad('bad_child_spec', spec, 'is no child spec', 'Make one with childSpec(definition, arg).');
  if (spec.id === undefined)
    throw bad('missing_id', spec, 'has no id', 'Give it one that is unique within its supervisor.');
  if (typeof spec.start !== 'function' && spec.behaviour === undefined) {
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
      `has the restart type ${String(restart)}`,
      `Use one of ${RESTARTS.join(', ')}.`,
    );
  const type = spec.type ?? (spec.behaviour && 'isSupervisor' in spec.behaviour ? 'supervisor' : 'worker');
  const shutdown = spec.shutdown ?? (type === 'supervisor' ? Infinity : 5000);
  if (shutdown !== 'brutalKill' && !(typeof shutdown === 'number' && shutdown >= 0)) {
    throw bad(
      'invalid_shutdown',
      spec.id,
      `has the shutdown time ${String(shutdown)}`,
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
  return { ...spec, restart, type, shutdown, significant };
}

function bad(code: string, what: unknown, fault: string, remedy: string): BadArgument {
  return new BadArgument(code, `the child spec ${String(what)} ${fault}`, remedy);
}
