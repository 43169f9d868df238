/**
 * Registry: names for processes, keyed by plain values, never in a global table that only grows.
 *
 * A key is a string, number, bigint, boolean, or an array of those; keys are typed strictly, 1 and '1' differ (row
 * REGU-14), so user input is a safe key. A name dies with its process and is free before anyone hears of its end.
 * Each registrant is linked to the registry's process: if that crashes, so do they.
 *
 * @example
 *   const accounts = registry<typeof account>({ name: 'accounts' });
 *   await start(accounts);
 *   await start(account, { number: '7' }, { name: via(accounts, '7') });
 *   await call(via(accounts, '7'), 'balance');
 */
import type { GenServer } from '../gen-server/gen-server.ts';
import { requireProc } from '../process/spawn.ts';
import { ViaName } from '../process/target.ts';
import { BadArgument } from '../runtime/errors.ts';
import type { Key } from '../runtime/key.ts';
import type { Pid } from '../runtime/pid.ts';
import type { Proc } from '../runtime/proc.ts';
import type { NameAddress } from '../runtime/remote.ts';
import {
  type RegistryName,
  type RegistryOptions,
  RegistryDefinition,
  processOf,
  notUnique,
  running,
} from './registry-process.ts';

/** Defines a registry. Start it like any process, before those that register. @throws BadArgument */
export function registry<G extends GenServer = GenServer>(definition: RegistryOptions): RegistryName<G> {
  if (typeof definition.name !== 'string' || definition.name === '') {
    throw new BadArgument('bad_registry', 'a registry needs a name', 'Give it one: registry({ name: "accounts" }).');
  }
  if (definition.keys !== undefined && definition.keys !== 'unique' && definition.keys !== 'duplicate') {
    throw new BadArgument(
      'bad_registry',
      `${definition.name} has the keys ${String(definition.keys)}`,
      "Use 'unique' or 'duplicate'.",
    );
  }
  return new RegistryDefinition<G>(definition);
}

class RegistryVia<G extends GenServer> extends ViaName<G> {
  readonly #registry: RegistryDefinition;
  readonly #key: Key;
  readonly #value: unknown;

  constructor(definition: RegistryDefinition, key: Key, value: unknown) {
    super();
    this.#registry = definition;
    this.#key = key;
    this.#value = value;
  }

  override resolve(): Proc | undefined {
    if (this.#registry.duplicate) throw notUnique(this.#registry);
    return this.#registry.process?.holder(this.#key);
  }

  override claim(proc: Proc): Pid | undefined {
    if (this.#registry.duplicate) throw notUnique(this.#registry);
    return this.#registry.running().add(proc, this.#key, this.#value)?.proc.pid;
  }

  override get address(): NameAddress {
    return { registry: this.#registry.name, key: this.#key };
  }

  override toString(): string {
    return `${this.#registry.name}/${String(this.#key)}`;
  }
}

/** A name in a registry known by its own name, running or not. Internal: for messages from other nodes. */
export function nameOf(registry: string, key: Key): ViaName {
  return new RegistryVia(
    running.get(registry)?.definition ?? new RegistryDefinition({ name: registry }),
    key,
    undefined,
  );
}

/** A name that is looked up at each use. Give it to `start` as `name`, or to anything that takes a target. */
export function via<G extends GenServer>(name: RegistryName<G>, key: Key, value?: unknown): ViaName<G> {
  return new RegistryVia<G>(name as unknown as RegistryDefinition, key, value);
}

/**
 * Gives the running process a key. Returns undefined, or the living process that has it already (rule R-60).
 * @throws NoProcess when the registry does not run
 */
export function register(name: RegistryName, key: Key, value?: unknown): Pid | undefined {
  return processOf(name).add(requireProc('register'), key, value)?.proc.pid;
}

/** Takes a key from the running process; the keys of others are not touched (rule R-62). */
export function unregister(name: RegistryName, key: Key): void {
  processOf(name).remove(requireProc('unregister'), key);
}

/** Who holds a key, and its value; of duplicate keys the first. */
export function lookup(name: RegistryName, key: Key): { pid: Pid; value: unknown } | undefined {
  const [entry] = processOf(name).under(key);
  return entry && { pid: entry.proc.pid, value: entry.value };
}

/** How many entries there are. */
export function count(name: RegistryName): number {
  return processOf(name).size;
}
