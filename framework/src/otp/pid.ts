/**
 * Pid: the address of a process.
 *
 * A pid is a value: a node's name and a number that is never used again on that node. It hands out nothing of the
 * process. On its own node there is one Pid object a process, so `===` compares; `samePid` compares across nodes.
 *
 * @example
 *   const pid = await start(account, { number: '7' });
 *   String(pid); // '<main.12>'
 */
import { inspect } from 'node:util';

/** Where a local pid keeps its process. Not exported from the layer. */
export const PROC: unique symbol = Symbol('genroom.process');

let nextId = 1;
let nodeName = 'main';

/** The name of this thread's node, the first part of every pid made here. */
export function node(): string {
  return nodeName;
}

/** Names this thread's node; before its first process starts. */
export function nameNode(name: string): void {
  nodeName = name;
}

export class Pid {
  readonly node: string;
  readonly id: number;
  /** The process while it lives here; gone with it, so that a kept pid keeps no dead state. */
  [PROC]: unknown;

  constructor(owner: unknown) {
    this.node = nodeName;
    this.id = nextId++;
    this[PROC] = owner;
  }

  toString(): string {
    return `<${this.node}.${this.id}>`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Whether two pids name the same process, also when one of them crossed a thread boundary as data. */
export function samePid(a: { node: string; id: number }, b: { node: string; id: number }): boolean {
  return a.id === b.id && a.node === b.node;
}
