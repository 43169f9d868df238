/**
 * GroupTable: the members of the groups of one scope, as one node knows them: its own, and those of each other node that
 * has the scope. A process that has joined several times is a member so many times, as in OTP's pg.
 *
 *     table.add(own, 'lobby', [pid]); table.members('lobby'); // [pid]
 */
import type { Pid } from '../otp/runtime/pid.ts';
import { comparable, type Key } from '../otp/runtime/key.ts';

export interface Group {
  readonly group: Key;
  readonly pids: readonly Pid[];
}

export class GroupTable {
  /** By whose scope process the members are told of; groups by their comparable keys. */
  readonly #of = new Map<Pid, Map<unknown, Group>>();

  add(owner: Pid, group: Key, pids: readonly Pid[]): void {
    let groups = this.#of.get(owner);
    if (!groups) this.#of.set(owner, (groups = new Map<unknown, Group>()));
    const key = comparable(group);
    groups.set(key, { group, pids: [...(groups.get(key)?.pids ?? []), ...pids] });
  }

  /** Takes each of `pids` out once. Returns those that were in. */
  remove(owner: Pid, group: Key, pids: readonly Pid[]): Pid[] {
    const groups = this.#of.get(owner);
    const key = comparable(group);
    const left = [...(groups?.get(key)?.pids ?? [])];
    const removed = pids.filter((pid) => {
      const at = left.lastIndexOf(pid);
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
    if (left.length > 0) groups?.set(key, { group, pids: left });
    else groups?.delete(key);
    return removed;
  }

  /** Forgets all that an owner told. Returns it. */
  drop(owner: Pid): Group[] {
    const groups = this.groupsOf(owner);
    this.#of.delete(owner);
    return groups;
  }

  groupsOf(owner: Pid): Group[] {
    return [...(this.#of.get(owner)?.values() ?? [])];
  }

  membersOf(owner: Pid, group: Key): Pid[] {
    return [...(this.#of.get(owner)?.get(comparable(group))?.pids ?? [])];
  }

  members(group: Key): Pid[] {
    return [...this.#of.keys()].flatMap((owner) => this.membersOf(owner, group));
  }

  /** Every group that has a member, once. */
  groups(): Group[] {
    const all = new Map<unknown, Key>();
    for (const groups of this.#of.values()) for (const [key, { group }] of groups) all.set(key, group);
    return [...all.values()].map((group) => ({ group, pids: this.members(group) }));
  }
}
