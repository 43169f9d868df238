/**
 * RegistryProc: the process of a registry, with its entries. What they promise is said in registry.ts.
 *
 * Invariants
 * - It runs no code for a message: entries are read and written by whoever registers or looks up.
 * - A process is linked with it exactly while it holds an entry here.
 */
import type { GenServer } from '../gen-server/gen-server.ts';
import { type Behaviour, BehaviourProc, type InitFailure, MAKE } from '../process/behaviour.ts';
import { endProcess } from '../process/exit-signals.ts';
import { resolveTarget, type Target } from '../process/target.ts';
import { publishStray } from '../reports/channels.ts';
import { BadArgument, NoProcess } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import { From } from '../runtime/from.ts';
import { type Key, comparable } from '../runtime/key.ts';
import { INFO } from '../runtime/mailbox.ts';
import { addLink, removeLink } from '../runtime/monitor.ts';
import type { Pid } from '../runtime/pid.ts';
import { DEAD, type HeldName, type Proc, RUNNING } from '../runtime/proc.ts';
import { SmallSet } from '../runtime/small-set.ts';
import type { Status } from '../runtime/status.ts';

/** One key that a process holds. */
export class Entry implements HeldName {
  readonly proc: Proc;
  readonly key: Key;
  value: unknown;
  readonly #registry: RegistryProc;

  constructor(registry: RegistryProc, proc: Proc, key: Key, value: unknown) {
    this.#registry = registry;
    this.proc = proc;
    this.key = key;
    this.value = value;
  }

  release(): void {
    this.#registry.released(this);
  }

  describe(): string {
    return `${this.#registry.definition.name}/${String(this.key)}`;
  }
}

/** What listeners get when a key is given or taken back. */
export interface RegistryEvent {
  readonly tag: 'REGISTERED' | 'UNREGISTERED';
  readonly registry: string;
  readonly key: Key;
  readonly pid: Pid;
  readonly value: unknown;
}

/** The registries that run, by the names under which other nodes know them; of several with one name the last started. */
export const running = new Map<string, RegistryProc>();

/** Who has a name in a registry of this node. Internal: for signals from other nodes. */
export function holderOf(registry: string, key: Key): Proc | undefined {
  const proc = running.get(registry);
  return proc?.definition.duplicate === false ? proc.holder(key) : undefined;
}

export class RegistryProc extends BehaviourProc {
  /** Entries of unique keys. */
  readonly table = new Map<unknown, Entry>();
  /** Who holds each of them: what a message by name looks up, without a step by way of the entry. */
  private readonly holders = new Map<unknown, Proc>();
  /** Entries of duplicate keys, in the order in which they came. */
  readonly many = new Map<unknown, Set<Entry>>();
  /** How many entries a process holds here: with the last one its link goes. */
  private readonly held = new Map<Proc, number>();
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

  override describe(part: Pick<Status, 'message' | 'reason'>): Status {
    return { ...part, state: { entries: this.size }, log: [] };
  }

  override begin(): InitFailure | undefined {
    if (this.definition.process) {
      return { ignored: false, reason: { alreadyStarted: this.definition.process.pid } };
    }
    this.definition.process = this;
    running.set(this.definition.name, this);
    (this.names ??= new SmallSet()).add({
      release: () => {
        if (this.definition.process === this) this.definition.process = undefined;
        if (running.get(this.definition.name) === this) running.delete(this.definition.name);
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
    if (message?.tag === 'EXIT' && message.from === this.boundTo) endProcess(this, message.reason!);
  }

  protected override handle(): void {
    this.dropMessages();
    this.status = RUNNING;
  }

  get size(): number {
    let size = this.table.size;
    for (const entries of this.many.values()) size += entries.size;
    return size;
  }

  /** Every entry, of every key. */
  *entries(): Generator<Entry> {
    yield* this.table.values();
    for (const entries of this.many.values()) yield* entries;
  }

  /** The entries of one key whose processes live. */
  under(key: Key): Entry[] {
    const at = comparable(key);
    const unique = this.table.get(at);
    const all = unique ? [unique] : [...(this.many.get(at) ?? [])];
    return all.filter(({ proc }) => proc.status !== DEAD);
  }

  /** Gives a key; the entry that stands in the way, if it is unique and taken. */
  add(proc: Proc, key: Key, value: unknown): Entry | undefined {
    const at = comparable(key);
    const held = this.table.get(at);
    if (held && held.proc.status !== DEAD) return held;
    const entry = new Entry(this, proc, key, value);
    if (this.definition.duplicate) {
      const entries = this.many.get(at);
      if (entries) entries.add(entry);
      else this.many.set(at, new Set([entry]));
    } else {
      this.table.set(at, entry);
      this.holders.set(at, proc);
    }
    this.announce('REGISTERED', entry);
    (proc.names ??= new SmallSet()).add(entry);
    this.held.set(proc, (this.held.get(proc) ?? 0) + 1);
    addLink(proc, this);
    return undefined;
  }

  /** The living process that holds a unique key. */
  holder(key: Key): Proc | undefined {
    const proc = this.holders.get(comparable(key));
    return proc !== undefined && proc.status !== DEAD ? proc : undefined;
  }

  find(key: Key): Entry | undefined {
    const entry = this.table.get(comparable(key));
    return entry && entry.proc.status !== DEAD ? entry : undefined;
  }

  /** Takes back a process's entries under a key, those whose value `matches`. */
  remove(proc: Proc, key: Key, matches: (value: unknown) => boolean = () => true): void {
    const gone = this.under(key).filter((entry) => entry.proc === proc && matches(entry.value));
    if (gone.length === 0) return;
    for (const entry of gone) {
      this.released(entry);
      proc.names?.delete(entry);
    }
    if (!this.held.has(proc)) removeLink(proc, this);
  }

  /** An entry's key is free again. */
  released(entry: Entry): void {
    const at = comparable(entry.key);
    if (this.definition.duplicate) {
      const entries = this.many.get(at);
      if (!entries?.delete(entry)) return;
      if (entries.size === 0) this.many.delete(at);
    } else {
      if (this.table.get(at) !== entry) return;
      this.table.delete(at);
      this.holders.delete(at);
    }
    const left = this.held.get(entry.proc)! - 1;
    if (left === 0) this.held.delete(entry.proc);
    else this.held.set(entry.proc, left);
    this.announce('UNREGISTERED', entry);
  }

  private announce(tag: RegistryEvent['tag'], { key, proc, value }: Entry): void {
    const { listeners, name } = this.definition;
    for (const listener of listeners) {
      const event = { tag, registry: name, key, pid: proc.pid, value } satisfies RegistryEvent;
      try {
        resolveTarget(listener)?.deliver(event, undefined, INFO);
      } catch (error) {
        // A value that no other node can be told, say: that is not the affair of who registers, or ends.
        publishStray({ pid: undefined, error, origin: 'uncaughtException', ended: false });
      }
    }
  }
}

declare const registered: unique symbol;

/** A registry's definition; one process of it runs on a node at a time. */
export interface RegistryName<G extends GenServer = GenServer> extends Behaviour<void> {
  readonly [registered]?: G;
}

export interface RegistryOptions {
  readonly name: string;
  /** Whether a key is held by one process (default) or by any number, each any number of times. */
  readonly keys?: 'unique' | 'duplicate';
  /** Who gets a RegistryEvent for every entry that comes or goes. */
  readonly listeners?: readonly Target[];
  /** Values kept beside the entries; see `meta`. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

export class RegistryDefinition<G extends GenServer = GenServer> implements RegistryName<G> {
  readonly name: string;
  declare readonly [registered]?: G;
  readonly duplicate: boolean;
  readonly listeners: readonly Target[];
  readonly meta: Map<string, unknown>;
  process: RegistryProc | undefined = undefined;

  constructor({ name, keys = 'unique', listeners = [], meta = {} }: RegistryOptions) {
    this.name = name;
    this.duplicate = keys === 'duplicate';
    this.listeners = listeners;
    this.meta = new Map(Object.entries(meta));
  }

  [MAKE](parent: Proc | undefined): RegistryProc {
    return new RegistryProc(this, parent);
  }

  running(): RegistryProc {
    if (this.process) return this.process;
    throw new NoProcess(
      `the registry ${this.name} is not running`,
      'Start it first, as the first child of your supervisor.',
    );
  }
}

/** The running process of a registry. Internal to the layer. @throws NoProcess */
export function processOf(name: RegistryName): RegistryProc {
  return (name as unknown as RegistryDefinition).running();
}

/** The error of who needs one process a key from a registry that may have several. */
export function notUnique({ name }: { readonly name: string }): BadArgument {
  return new BadArgument(
    'not_unique',
    `the registry ${name} has duplicate keys`,
    'Use a registry with unique keys for names, or dispatch.',
  );
}
