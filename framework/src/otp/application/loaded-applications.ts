/**
 * The applications that this node knows: what of each is known, whether it runs, and how it is configured.
 *
 * Invariant: a name stands for one definition from `load` to `unload`. What is kept here is data: application-env.ts reads
 * and changes the configuration, application-controller.ts what runs.
 */
import type { Pid } from '../runtime/pid.ts';
import { type Application, ApplicationError, type StartType } from './application.ts';

export interface Entry {
  readonly application: Application;
  /** While it starts; later starts wait for it. */
  starting: Promise<unknown> | undefined;
  running: Running | undefined;
}

export interface Running {
  readonly type: StartType;
  /** Its master, the process above its tree; undefined for a library. */
  readonly pid: Pid | undefined;
  /** By `stop`: its end is nobody else's affair. */
  stopping: boolean;
}

/** What is set now, and which of it a new load leaves as it is. */
interface Configuration {
  readonly env: Map<string, unknown>;
  readonly persistent: Map<string, unknown>;
}

const entries = new Map<string, Entry>();
const configurations = new Map<string, Configuration>();

/** The entry of a loaded application. @throws ApplicationError `application_name_taken` when its name is another's */
export function entryOf(application: Application): Entry | undefined {
  const entry = entries.get(application.name);
  if (entry && entry.application !== application)
    throw new ApplicationError('application_name_taken', application.name, 'is another one that is loaded');
  return entry;
}

/** The values of an application; undefined where it is neither loaded nor configured. */
export function envOf(application: Application): ReadonlyMap<string, unknown> | undefined {
  const env = configurations.get(application.name)?.env;
  return entryOf(application) || env?.size ? env : undefined;
}

function configurationOf({ name }: Application): Configuration {
  const known = configurations.get(name);
  if (known) return known;
  const made = { env: new Map<string, unknown>(), persistent: new Map<string, unknown>() };
  configurations.set(name, made);
  return made;
}

export function configure(application: Application, key: string, value: unknown, persistent: boolean): void {
  entryOf(application);
  const configuration = configurationOf(application);
  configuration.env.set(key, value);
  if (persistent) configuration.persistent.set(key, value);
}

export function unconfigure(application: Application, key: string): void {
  entryOf(application);
  const configuration = configurations.get(application.name);
  configuration?.env.delete(key);
  configuration?.persistent.delete(key);
}

/** Makes an application known, with what its definition configures. */
export function load(application: Application): Entry {
  const known = entryOf(application);
  if (known) return known;
  const { env, persistent } = configurationOf(application);
  for (const [key, value] of Object.entries(application.definition.env ?? {})) env.set(key, value);
  for (const [key, value] of persistent) env.set(key, value);
  const entry: Entry = { application, starting: undefined, running: undefined };
  entries.set(application.name, entry);
  return entry;
}

/** Forgets an application. @throws ApplicationError `application_not_loaded`, `application_running` */
export function unload(application: Application): void {
  const entry = entryOf(application);
  if (!entry) throw new ApplicationError('application_not_loaded', application.name, 'is not loaded');
  if (entry.running || entry.starting)
    throw new ApplicationError('application_running', application.name, 'runs and cannot be unloaded');
  entries.delete(application.name);
  const { env, persistent } = configurationOf(application);
  env.clear();
  if (persistent.size === 0) configurations.delete(application.name);
}

/** The loaded ones, in the order in which they were. */
export function loaded(): Entry[] {
  return [...entries.values()];
}
