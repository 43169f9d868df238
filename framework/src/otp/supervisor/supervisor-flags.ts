/**
 * The flags of a dynamic supervisor, and what supervisors of both kinds check in theirs.
 *
 * @example
 *   dynamicSupervisor({ name: 'players', maxChildren: 100, extraArguments: [roomId] });
 */
import { BadArgument } from '../runtime/errors.ts';
import { checkIntensity, DEFAULT_INTENSITY, type Intensity } from './restart-intensity.ts';

export interface DynamicFlags {
  /** Default 3 restarts in 5,000 ms, over all children together. */
  readonly intensity?: Intensity;
  /** Default unlimited. Running and restarting children count. */
  readonly maxChildren?: number;
  /** A dynamic supervisor has no significant children. Default 'never' */
  readonly autoShutdown?: 'never';
  /**
   * What every child is given before its own argument: a definition's argument becomes `[...extraArguments, arg]`, a
   * start function is called with them. Default none.
   */
  readonly extraArguments?: readonly unknown[];
}

export type AutoShutdown = 'never' | 'anySignificant' | 'allSignificant';
export type NormalFlags = Required<DynamicFlags>;

const AUTO_SHUTDOWN: readonly unknown[] = ['never', 'anySignificant', 'allSignificant'];

/** @throws BadArgument for a value that autoShutdown does not have */
export function checkAutoShutdown(name: string, autoShutdown: AutoShutdown): AutoShutdown {
  if (AUTO_SHUTDOWN.includes(autoShutdown)) return autoShutdown;
  throw new BadArgument(
    'invalid_auto_shutdown',
    `${name} has the autoShutdown ${String(autoShutdown)}`,
    `Use one of ${AUTO_SHUTDOWN.join(', ')}.`,
  );
}

/** Fills in the defaults. @throws BadArgument with a code for each kind of fault */
export function flagsOf(name: string, flags: DynamicFlags): NormalFlags {
  if (typeof flags !== 'object' || flags === null)
    throw new BadArgument('bad_flags', `the init of ${name} gave no flags`, 'Return an object of flags, or ignore().');
  const { intensity = DEFAULT_INTENSITY, maxChildren = Infinity, autoShutdown = 'never', extraArguments = [] } = flags;
  if (!(maxChildren === Infinity || (Number.isInteger(maxChildren) && maxChildren >= 0))) {
    throw new BadArgument(
      'invalid_max_children',
      `${name} allows ${String(maxChildren)} children`,
      'Give a whole number from 0 up, or Infinity.',
    );
  }
  if (!Array.isArray(extraArguments)) {
    throw new BadArgument(
      'invalid_extra_arguments',
      `${name} has the extra arguments ${String(extraArguments)}`,
      'Give a list.',
    );
  }
  if (autoShutdown !== 'never') {
    throw new BadArgument(
      'invalid_auto_shutdown',
      `${name} has the autoShutdown ${String(autoShutdown)}`,
      "Leave it out, or 'never': only a supervisor has significant children.",
    );
  }
  return { intensity: checkIntensity(name, intensity), maxChildren, autoShutdown, extraArguments };
}
