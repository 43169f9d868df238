/**
 * partitionSupervisor: one child several times over, and a key decides which one is asked. Elixir's PartitionSupervisor.
 *
 * A whole number routes to its absolute value modulo the partitions, any other key to its hash: stable for as long as the
 * number of partitions is (rule R-63).
 *
 * @example
 *   const counters = partitionSupervisor({ name: 'counters', partitions: 4, child: childSpec(counter) });
 *   await start(counters);
 *   cast(partition(counters, userId), 'add', 1);
 */
import { availableParallelism } from 'node:os';
import { GenServerProc } from '../gen-server/gen-server-process.ts';
import type { GenServer } from '../gen-server/gen-server.ts';
import { type Behaviour, MAKE } from '../process/behaviour.ts';
import { ViaName } from '../process/target.ts';
import { BadArgument, NoProcess } from '../runtime/errors.ts';
import { comparable, type Key } from '../runtime/key.ts';
import type { Pid } from '../runtime/pid.ts';
import { DEAD, type Proc, procOf } from '../runtime/proc.ts';
import type { ChildSpec } from './child-spec.ts';
import type { Intensity } from './restart-intensity.ts';
import { childPid } from './supervisor-server.ts';
import { restartChild, supervisor, type Supervisor, terminateChild } from './supervisor.ts';

export interface PartitionSupervisorDefinition {
  readonly name: string;
  /** Default as many as the machine runs in parallel. */
  readonly partitions?: number;
  /** The child; its id becomes the partition's number. */
  readonly child: ChildSpec;
  /** Makes the argument of each partition's child. Default the child's own argument for all. */
  readonly withArguments?: (arg: unknown, partition: number) => unknown;
  /** Default 3 restarts in 5,000 ms, over all partitions together. */
  readonly intensity?: Intensity;
  readonly autoShutdown?: 'never';
}

export interface PartitionSupervisor extends Supervisor<void> {
  readonly partitions: number;
}

class Definition implements PartitionSupervisor {
  readonly isSupervisor = true;
  readonly name: string;
  readonly partitions: number;
  readonly #behaviour: Behaviour;
  process: GenServerProc | undefined = undefined;
  live: number;

  constructor(name: string, partitions: number, behaviour: Behaviour) {
    this.name = name;
    this.partitions = partitions;
    this.live = partitions;
    this.#behaviour = behaviour;
  }

  [MAKE](parent: Proc | undefined): GenServerProc {
    const proc = this.#behaviour[MAKE](parent) as GenServerProc;
    this.process = proc;
    this.live = this.partitions;
    return proc;
  }

  running(): GenServerProc {
    if (this.process && this.process.status !== DEAD) return this.process;
    throw new NoProcess(`the partition supervisor ${this.name} is not running`, 'Start it first.');
  }
}

/** Defines a partition supervisor. @throws BadArgument for a missing name or child, or a bad number of partitions */
export function partitionSupervisor(definition: PartitionSupervisorDefinition): PartitionSupervisor {
  const {
    name,
    partitions = availableParallelism(),
    child,
    withArguments,
    intensity,
    autoShutdown = 'never',
  } = definition;
  if (typeof name !== 'string' || name === '') throw bad('it needs a name', 'Give it one: { name: "counters", … }.');
  if (!child) throw bad(`${name} needs a child`, 'Give it a child spec.');
  if (!(Number.isInteger(partitions) && partitions > 0))
    throw bad(`${name} has ${String(partitions)} partitions`, 'Give a whole number from 1 up.');
  if (withArguments !== undefined && (typeof withArguments !== 'function' || withArguments.length !== 2)) {
    throw bad(`withArguments of ${name} takes two parameters`, 'Write it as (arg, partition) => ….');
  }
  if (autoShutdown !== 'never')
    throw bad(`${name} cannot shut down automatically`, "Leave autoShutdown out, or 'never'.");
  const children = Array.from({ length: partitions }, (_, i): ChildSpec => {
    return { ...child, id: i, arg: withArguments ? withArguments(child.arg, i) : child.arg };
  });
  return new Definition(
    name,
    partitions,
    supervisor({ name, strategy: 'oneForOne', children, ...(intensity && { intensity }) }),
  );
}

function bad(what: string, remedy: string): BadArgument {
  return new BadArgument('bad_partition_supervisor', `a partition supervisor: ${what}`, remedy);
}

/** 32-bit FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** The partition of a key among `live`. */
export function partitionOf(key: Key, live: number): number {
  return typeof key === 'number' && Number.isInteger(key)
    ? Math.abs(key) % live
    : hash(`${typeof key}:${String(comparable(key))}`) % live;
}

class PartitionVia<G extends GenServer> extends ViaName<G> {
  readonly #definition: Definition;
  readonly #key: Key;

  constructor(definition: Definition, key: Key) {
    super();
    this.#definition = definition;
    this.#key = key;
  }

  override resolve(): Proc | undefined {
    const { process: running, live } = this.#definition;
    if (!running || running.status === DEAD) return undefined;
    if (live === 0)
      throw new NoProcess(`${this.#definition.name} has no live partition`, 'Resize it to 1 or more first.');
    const pid = childPid(running, partitionOf(this.#key, live));
    return pid && procOf(pid);
  }

  override claim(): Pid | undefined {
    throw new BadArgument(
      'bad_name',
      `${String(this)} is a partition and no name to register`,
      'Register names in a registry.',
    );
  }

  override toString(): string {
    return `${this.#definition.name}/${String(this.#key)}`;
  }
}

/** Whoever handles a key, found anew at each use. */
export function partition<G extends GenServer = GenServer>(supervisor: PartitionSupervisor, key: Key): ViaName<G> {
  return new PartitionVia<G>(supervisor as Definition, key);
}

/** How many partitions there are, stopped ones included. @throws NoProcess when it does not run */
export function partitions(supervisor: PartitionSupervisor): number {
  (supervisor as Definition).running();
  return supervisor.partitions;
}

/**
 * Changes how many partitions are live, from 0 to the number defined; keys route to the live ones. Returns how many were.
 * @throws BadArgument beyond the number defined
 */
export async function resizePartitions(supervisor: PartitionSupervisor, live: number): Promise<number> {
  const definition = supervisor as Definition;
  const { pid } = definition.running();
  if (!(Number.isInteger(live) && live >= 0 && live <= definition.partitions)) {
    throw bad(
      `${definition.name} cannot have ${String(live)} live partitions`,
      `Give a whole number from 0 to ${definition.partitions}.`,
    );
  }
  const before = definition.live;
  // Whoever grows is routed to only when it runs, whoever shrinks no more before it stops.
  if (live < before) definition.live = live;
  for (let i = before; i < live; i++) await restartChild(pid, i);
  for (let i = before - 1; i >= live; i--) await terminateChild(pid, i);
  definition.live = live;
  return before;
}
