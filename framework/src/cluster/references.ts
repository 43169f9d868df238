/**
 * References: what a message may name on another node instead of containing it: a pid, the reference of a monitor, the
 * `From` of a call, an alias.
 *
 * Each has a home and a number there. It is interned: the same reference is the same object on a node however often it
 * crosses, and one that comes home is the object that left, so `===` holds everywhere.
 */
import { Alias } from '../otp/process/alias.ts';
import { From } from '../otp/runtime/from.ts';
import { Monitor } from '../otp/runtime/monitor.ts';
import { home, Pid } from '../otp/runtime/pid.ts';
import { DEAD, type Proc, procOf } from '../otp/runtime/proc.ts';
import { holderOf } from '../otp/registry/registry-process.ts';
import { type Address, type RemoteNode, RemoteProc } from '../otp/runtime/remote.ts';
import { WeakTable } from './weak-table.ts';

/** A reference as it stands in a message. */
export interface Reference {
  readonly node: string;
  readonly incarnation: number;
  readonly id: number;
}

export type Named = Monitor | From | Alias;

/** A node as references need it: what its own signals go through, and what of it is known here. */
export interface HomeNode extends RemoteNode {
  readonly pids: WeakTable<Pid>;
  readonly named: WeakTable<Named>;
  answer(from: Reference, value: unknown): void;
}

/** Pids of this node that others know, by their numbers. */
const pids = new WeakTable<Pid>();
/** Other things of this node that others know. */
const named = new WeakTable<Named>();
const numbers = new WeakMap<Named, number>();
/** Where a thing of another node comes from. */
const origins = new WeakMap<Named, Reference>();
let next = 1;

export function referenceOfPid(pid: Pid): Reference {
  if (pid.home === home() && !pids.has(pid.id)) pids.set(pid.id, pid);
  return { node: pid.home.name, incarnation: pid.home.incarnation, id: pid.id };
}

export function referenceOf(thing: Named): Reference {
  const origin = origins.get(thing);
  if (origin) return origin;
  let id = numbers.get(thing);
  if (id === undefined) {
    id = next++;
    numbers.set(thing, id);
    named.set(id, thing);
    if (thing instanceof Alias) keep(id, thing);
  }
  const { name, incarnation } = home();
  return { node: name, incarnation, id };
}

/** Aliases that others know. Their owners may hold them no more, and still get what is sent to them. */
const aliases = new Map<number, Alias>();
const FEW = 64;
let sweepAt = FEW;

function keep(id: number, alias: Alias): void {
  aliases.set(id, alias);
  if (aliases.size < sweepAt) return;
  for (const [known, { active }] of aliases) if (!active) aliases.delete(known);
  sweepAt = Math.max(FEW, aliases.size * 2);
}

export function isHere({ node, incarnation }: Reference): boolean {
  const here = home();
  return node === here.name && incarnation === here.incarnation;
}

/** The pid of a process of this node. One that nobody here knows any more has ended: its pid leads nowhere. */
export function localPid(id: number): Pid {
  const known = pids.get(id);
  if (known) return known;
  const pid = new Pid(undefined, home(), id);
  pids.set(id, pid);
  return pid;
}

export function remotePid(node: HomeNode, id: number): Pid {
  return remoteProc(node, id).pid;
}

/** What stands for a process of another node. */
export function remoteProc(node: HomeNode, id: number): RemoteProc {
  const known = node.pids.get(id);
  if (known) return procOf(known) as RemoteProc;
  const proc = RemoteProc.of(node, id);
  node.pids.set(id, proc.pid);
  return proc;
}

/** The process of this node that a signal is for. */
export function procAt(to: Address): Proc | undefined {
  if (typeof to === 'number') {
    const pid = pids.get(to);
    return pid && procOf(pid);
  }
  if ('alias' in to) return undefined;
  const proc = holderOf(to.registry, to.key);
  return proc?.status === DEAD ? undefined : proc;
}

/** The alias, or monitor used as one, of this node that a message is for, if it is for one. */
export function aliasAt(to: Address): Alias | Monitor | undefined {
  if (typeof to === 'number' || !('alias' in to)) return undefined;
  const thing = named.get(to.alias);
  return thing instanceof From ? undefined : thing;
}

/** The thing of this node that has come home, if it still is. */
export function localThing(id: number): Named | undefined {
  return named.get(id);
}

/** Brings a thing of another node in: the one known here, or a new one. */
export function remoteThing<T extends Named>(node: HomeNode, reference: Reference, make: () => T): T {
  const known = node.named.get(reference.id);
  if (known) return known as T;
  const thing = make();
  origins.set(thing, reference);
  node.named.set(reference.id, thing);
  return thing;
}

/** A reference to a monitor of another node: it compares, and leads to its owner if it is an alias there. */
export function monitorOf(node: HomeNode, id: number, pid: Pid): Monitor {
  return new Monitor(pid, RemoteProc.of(node, { alias: id }), { alias: 'explicitUnalias' });
}

export function aliasOf(node: HomeNode, id: number): Alias {
  return new Alias(RemoteProc.of(node, { alias: id }), false);
}

/** A call that waits on another node: an answer given here goes there. */
export function fromOf(node: HomeNode, reference: Reference): From {
  return new From(
    RemoteProc.of(node, 0),
    undefined,
    'forwarded',
    Infinity,
    (value) => node.answer(reference, value),
    () => {},
  );
}
