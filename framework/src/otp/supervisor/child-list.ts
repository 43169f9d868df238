/**
 * ChildList: the children of a supervisor in start order, found by id and by pid in constant time (row SUPE-86).
 *
 * Invariant: a child is under its pid exactly while `pid` says so; therefore only `runs` changes that.
 *
 * @example
 *   const child = list.add(spec, pid);
 *   list.ofPid(exit.from) === child;
 *   list.runs(child, undefined); // it has ended
 */
import { comparable, type Key } from '../runtime/key.ts';
import type { Pid } from '../runtime/pid.ts';
import type { NormalSpec } from './child-spec.ts';

export interface Child {
  spec: NormalSpec;
  /** Undefined while it does not run. */
  readonly pid: Pid | undefined;
  /** Its restart failed and is to be tried again. */
  restarting: boolean;
  /** How many of its restarts have failed. */
  failures: number;
}

export class ChildList {
  /** A Map keeps the order in which its keys came. */
  private readonly byId = new Map<unknown, Child>();
  private readonly byPid = new Map<Pid, Child>();

  get size(): number {
    return this.byId.size;
  }

  find(id: Key): Child | undefined {
    return this.byId.get(comparable(id));
  }

  ofPid(pid: Pid): Child | undefined {
    return this.byPid.get(pid);
  }

  has(child: Child): boolean {
    return this.find(child.spec.id) === child;
  }

  /** Adds a child as the last one. */
  add(spec: NormalSpec, pid: Pid | undefined): Child {
    const child: Child = { spec, pid: undefined, restarting: false, failures: 0 };
    this.byId.set(comparable(spec.id), child);
    this.runs(child, pid);
    return child;
  }

  /** From now on the child runs as `pid`, or not at all. */
  runs(child: Child, pid: Pid | undefined): void {
    if (child.pid) this.byPid.delete(child.pid);
    (child as { pid: Pid | undefined }).pid = pid;
    if (pid) this.byPid.set(pid, child);
  }

  delete(child: Child): void {
    this.runs(child, undefined);
    if (this.has(child)) this.byId.delete(comparable(child.spec.id));
  }

  inOrder(): Child[] {
    return [...this.byId.values()];
  }

  /** The list for new specs: their order and what they say, running or not as before; then those they lack. */
  updated(specs: readonly NormalSpec[]): ChildList {
    const list = new ChildList();
    const take = (child: Child): void => {
      list.byId.set(comparable(child.spec.id), child);
      if (child.pid) list.byPid.set(child.pid, child);
    };
    for (const spec of specs) {
      const child = this.find(spec.id);
      if (child) take(Object.assign(child, { spec }));
      else list.add(spec, undefined);
    }
    for (const child of this.inOrder()) if (!list.has(child)) take(child);
    return list;
  }
}
