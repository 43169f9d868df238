/**
 * The configuration of applications: values by key, typed by the definition's `env`. Elixir's Application.get_env and kin.
 *
 * Loading an application sets what its definition says, over what was put before unless that was put as persistent.
 * Values are shared, not copied: change one by putting another.
 *
 * @example
 *   app.putEnv(bank, 'limit', 700);
 *   app.fetchEnvOrThrow(bank, 'limit'); // 700
 */
import { type Application, ApplicationError } from './application.ts';
import { configure, envOf, unconfigure } from './loaded-applications.ts';

/** The keys of an application's configuration. */
type KeyOf<E> = keyof E & string;

/** The value of a key, or `fallback`: undefined unless given. */
export function getEnv<E, K extends KeyOf<E>>(application: Application<E>, key: K): E[K] | undefined;
export function getEnv<E, K extends KeyOf<E>, D>(application: Application<E>, key: K, fallback: D): E[K] | D;
export function getEnv(application: Application, key: string, fallback?: unknown): unknown {
  const env = envOf(application);
  return env?.has(key) ? env.get(key) : fallback;
}

/** The value of a key in an object, since it may be undefined; undefined where none is set. */
export function fetchEnv<E, K extends KeyOf<E>>(application: Application<E>, key: K): { value: E[K] } | undefined {
  const env = envOf(application);
  return env?.has(key) ? { value: env.get(key) as E[K] } : undefined;
}

/**
 * The value of a key. Elixir's `fetch_env!`.
 *
 * @throws ApplicationError `application_not_loaded` when it is neither loaded nor configured, `env_not_set` when it has
 *   no such value
 */
export function fetchEnvOrThrow<E, K extends KeyOf<E>>(application: Application<E>, key: K): E[K] {
  const found = fetchEnv(application, key);
  if (found) return found.value;
  throw envOf(application)
    ? new ApplicationError('env_not_set', application.name, `has no value at ${key}`)
    : new ApplicationError('application_not_loaded', application.name, 'is neither loaded nor configured');
}

/** Every key that is set, with its value. */
export function getAllEnv<E>(application: Application<E>): Partial<E> {
  return Object.fromEntries(envOf(application) ?? []) as Partial<E>;
}

/** Sets a value. @param options.persistent whether it stays when the application is loaded later. Default false */
export function putEnv<E, K extends KeyOf<E>>(
  application: Application<E>,
  key: K,
  value: E[K],
  options: { readonly persistent?: boolean } = {},
): void {
  configure(application, key, value, options.persistent ?? false);
}

/** Sets several values. */
export function putAllEnv<E>(
  application: Application<E>,
  values: Partial<E>,
  options: { readonly persistent?: boolean } = {},
): void {
  for (const [key, value] of Object.entries(values)) configure(application, key, value, options.persistent ?? false);
}

/** Takes a value out; the key is as if it never had one. */
export function deleteEnv<E>(application: Application<E>, key: KeyOf<E>): void {
  unconfigure(application, key);
}
