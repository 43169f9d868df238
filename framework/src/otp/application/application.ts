/**
 * application: a part of a program that is started and stopped as a whole: a supervision tree, what must run before it,
 * and its configuration. OTP's application; `serve` needs none, but is well started from one.
 *
 * A definition is a value and stands for itself wherever Elixir uses the application's name. `app.start` and its kin
 * (application-controller.ts) run it; `app.getEnv` and its kin (application-env.ts) read its configuration.
 *
 * @example
 *   const bank = application({
 *     name: 'bank',
 *     applications: [storage],
 *     env: { currency: 'EUR', limit: 500 },
 *     start: () => startLink(supervisor({ name: 'bank', strategy: 'oneForOne', children: [childSpec(accounts)] })),
 *   });
 *   await app.ensureAllStarted(bank, { type: 'permanent' }); // storage, then bank
 *   app.getEnv(bank, 'limit'); // 500, a number
 *   process.once('SIGTERM', () => void app.stopAll().then(() => process.exit()));
 */
import { GenroomError } from '../../platform/errors.ts';
import { errorOf, type ExitReason } from '../runtime/exit-reason.ts';
import type { Pid } from '../runtime/pid.ts';

/**
 * What the end of its tree means for the others (it ends by itself or past its intensity, not by `app.stop`):
 *
 * - permanent: whatever the reason, all other applications are stopped, then the node ends.
 * - transient: the same, unless the reason is 'normal'.
 * - temporary: nothing; it is reported.
 */
export type StartType = 'permanent' | 'transient' | 'temporary';

/** What `start` may resolve with instead of the pid alone: `prepStop` and `stop` are given the state. */
export interface StartedApplication<S> {
  readonly pid: Pid;
  readonly state: S;
}

export interface ApplicationDefinition<E, S> {
  /** Unique among the applications of a node. */
  readonly name: string;
  readonly description?: string;
  readonly version?: string;
  /** What must run before it. */
  readonly applications?: readonly Application[];
  /** The configuration's keys and their values, until `putEnv` changes them. */
  readonly env?: E;
  /**
   * Starts and links the supervisor at the top of its tree. Left out, the application has no processes, so that neither
   * `prepStop` nor `stop` is called: it is a library with a configuration.
   */
  readonly start?: () => Promise<Pid | StartedApplication<S>>;
  /** Runs before its tree is stopped. What it returns, if anything, is the state that `stop` gets. A throw is reported. */
  readonly prepStop?: (state: S | undefined) => S | void | Promise<S | void>;
  /** Runs after its tree has ended, in whatever way. A throw is reported. */
  readonly stop?: (state: S | undefined) => unknown;
}

declare const environment: unique symbol;

export interface Application<E = unknown> {
  readonly name: string;
  readonly definition: ApplicationDefinition<unknown, unknown>;
  readonly [environment]?: E;
}

/** Defines an application. Nothing is loaded or started yet. */
export function application<E extends object = Record<never, never>, S = undefined>(
  definition: ApplicationDefinition<E, S>,
): Application<E> {
  return { name: definition.name, definition: definition as ApplicationDefinition<unknown, unknown> };
}

export type ApplicationErrorCode =
  | 'application_name_taken'
  | 'application_not_loaded'
  | 'application_not_started'
  | 'application_running'
  | 'application_started'
  | 'application_start_failed'
  | 'dependency_not_started'
  | 'env_not_set';

const REMEDIES: Record<ApplicationErrorCode, string> = {
  application_name_taken: 'Two definitions have one name: give each its own, or unload the other first.',
  application_not_loaded: 'Load or start it first, or put the value.',
  application_not_started: 'Start it first.',
  application_running: 'Stop it first.',
  application_started: 'Use ensureStarted where it may run already.',
  application_start_failed: 'Mend what its start reports; see the reason.',
  dependency_not_started: 'Use ensureAllStarted, or start that one first.',
  env_not_set: 'Put the value, or give it in the definition; getEnv takes a default.',
};

/** An application could not do as asked. `application` is the one in question, by name. */
export class ApplicationError extends GenroomError {
  declare readonly code: ApplicationErrorCode;
  readonly application: string;
  /** Why its start failed. */
  readonly reason: ExitReason | undefined;

  constructor(code: ApplicationErrorCode, name: string, message: string, reason?: ExitReason) {
    super(code, `the application ${name} ${message}`, {
      remedy: REMEDIES[code],
      ...(reason !== undefined && { cause: errorOf(reason) }),
    });
    this.application = name;
    this.reason = reason;
  }
}
