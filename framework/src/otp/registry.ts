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
import { type Behaviour, BehaviourProc, type InitFailure, MAKE } from './behaviour.ts';
import { From } from './call.ts';
import { BadArgument, NoProcess } from './errors.ts';
import type { ExitReason } from './exit-reason.ts';
import { endProcess } from './exit-signals.ts';
import type { GenServer } from './gen-server.ts';
import { addLink, removeLink } from './monitor.ts';
import type { Pid } from './pid.ts';
import { DEAD, type HeldName, type Proc, RUNNING } from './proc.ts';
import { requireProc } from './spawn.ts';
import { ViaName } from './target.ts';

export type Key = string | number | bigint | boolean | readonly Key[];

/** Keys in the form in which Map compares them: arrays become text that shows each part's type. */
export function comparable(key: Key): unknown {
  return Array.isArray(key) ? `[${key.map(partText).join(',')}` : typeof key === 'string' && key.startsWith('[') ? `[s${key}` : key;
}

function partText(part: Key): string {
  if (Array.isArray(part)) return `[${part.map(partText).join(',')}]`;
  return typeof part === 'string' ? JSON.stringify(part) : typeof part === 'bigint' ? `${part}n` : String(part);
}

interface Entry extends HeldName {
  readonly proc: Proc;
  readonly key: Key;
  value: unknown;
}

class RegistryProc extends BehaviourProc {
  readonly table = new Map<unknown, Entry>();
  readonly definition: RegistryDefinition;

  constructor(definition: RegistryDefinition, parent: Proc | undefined) {
    super(parent);
    this.definition = definition;
    // The ends of registrants are no affair of its; entries go by themselves.
    this.trapExit = true;
  }

  override get behaviour(): string {
    return `registry ${this.definition.name}`;
  }

  override describeState(): unknown {
    return { keys: this.table.size };
  }

  override begin(): InitFailure | undefined {
    if (this.definition.process) {
      return { ignored: false, reason: { alreadyStarted: this.definition.process.pid } };
    }
    this.definition.process = this;
    (this.names ??= []).push({
      release: () => {
        if (this.definition.process === this) this.definition.process = undefined;
      },
      describe: () => this.definition.name,
    });
    return undefined;
  }

  override exitBySignal(reason: ExitReason): void {
    endProcess(this, reason);
  }

  override deliver(head: unknown, _body: unknown, mark: unknown): void {
    // It answers no calls; who makes one shall not wait.
    if (mark instanceof From) return mark.serverEnded('noproc');
    const message = head as { tag?: unknown; from?: unknown; reason?: ExitReason } | undefined;
    // Its parent's EXIT ends it; there is nothing to be said to it otherwise.
    if (message?.tag === 'EXIT' && message.from === this.parent) endProcess(this, message.reason!);
  }

  protected override handle(): void {
    this.mailbox.clear();
    this.status = RUNNING;
  }

  add(proc: Proc, key: Key, value: unknown): Entry | undefined {
    const at = comparable(key);
    const held = this.table.get(at);
    if (held && held.proc.status !== DEAD) return held;
    const entry: Entry = {
      proc,
      key,
      value,
      release: () => {
        if (this.table.get(at) === entry) this.table.delete(at);
      },
      describe: () => `${this.definition.name}/${String(key)}`,
    };
    this.table.set(at, entry);
    (proc.names ??= []).push(entry);
    addLink(proc, this);
    return undefined;
  }

  find(key: Key): Entry | undefined {
    const entry = this.table.get(comparable(key));
    return entry && entry.proc.status !== DEAD ? entry : undefined;
  }

  remove(proc: Proc, key: Key): void {
    const entry = this.find(key);
    if (entry?.proc !== proc) return;
    entry.release(proc);
    proc.names = proc.names!.filter((name) => name !== entry);
    const holdsAnother = proc.names.some((name) => this.table.get(comparable((name as Entry).key)) === name);
    if (!holdsAnother) removeLink(proc, this);
  }
}

declare const registered: unique symbol;

/** A registry's definition; one process of it runs on a node at a time. */
export interface RegistryName<G extends GenServer = GenServer> extends Behaviour<void> {
  readonly [registered]?: G;
}

class RegistryDefinition<G extends GenServer = GenServer> implements RegistryName<G> {
  readonly name: string;
  declare readonly [registered]?: G;
  process: RegistryProc | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }

  [MAKE](parent: Proc | undefined): RegistryProc {
    return new RegistryProc(this as RegistryDefinition, parent);
  }

  running(): RegistryProc {
    if (this.process) return this.process;
    throw new NoProcess(`the registry ${this.name} is not running`, 'Start it first, as the first child of your supervisor.');
  }
}

function processOf(name: RegistryName): RegistryProc {
  return (name as unknown as RegistryDefinition).running();
}

/** Defines a registry with unique keys. Start it like any process, before those that register. */
export function registry<G extends GenServer = GenServer>(definition: { name: string }): RegistryName<G> {
  if (typeof definition.name !== 'string' || definition.name === '') {
    throw new BadArgument('bad_registry', 'a registry needs a name', 'Give it one: registry({ name: "accounts" }).');
  }
  return new RegistryDefinition<G>(definition.name);
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
    return this.#registry.process?.find(this.#key)?.proc;
  }

  override claim(proc: Proc): Pid | undefined {
    return this.#registry.running().add(proc, this.#key, this.#value)?.proc.pid;
  }

  override toString(): string {
    return `${this.#registry.name}/${String(this.#key)}`;
  }
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

export function lookup(name: RegistryName, key: Key): { pid: Pid; value: unknown } | undefined {
  const entry = processOf(name).find(key);
  return entry && { pid: entry.proc.pid, value: entry.value };
}

/** How many keys are registered. */
export function count(name: RegistryName): number {
  return processOf(name).table.size;
}
