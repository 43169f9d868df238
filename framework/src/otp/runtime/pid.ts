/**
 * Pid: the address of a process.
 *
 * A pid is a value: a node, in one of its lives, and a number that is never used again there. It hands out nothing of
 * the process. There is one Pid object a process on each node, also for processes of other nodes, so `===` compares.
 *
 * @example
 *   const pid = await start(account, { number: '7' });
 *   String(pid); // '<main.12>'
 */
import { inspect } from 'node:util';
import { BadArgument } from './errors.ts';

/** Where a pid keeps its process, or what stands for a process of another node. Not exported from the layer. */
export const PROC: unique symbol = Symbol('genroom.process');

/** A node in one of its lives: a thread that takes the name of another one is a different home. */
export interface Home {
  readonly name: string;
  /** Different for every thread that ever has the name. */
  readonly incarnation: number;
}

let nextId = 1;
let here: Home = { name: 'main', incarnation: newIncarnation() };

function newIncarnation(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

/** The name of this thread's node, the first part of every pid made here. */
export function node(): string {
  return here.name;
}

/** This thread's node. */
export function home(): Home {
  return here;
}

/**
 * Names this thread's node; before its first process starts, for a pid says of which node it is.
 *
 * @throws BadArgument `node_named_late` for another name once there was a process
 */
export function nameNode(name: string): void {
  if (name === here.name) return;
  if (nextId > 1)
    throw new BadArgument(
      'node_named_late',
      `the node ${here.name} has had processes, and cannot be named ${name} any more`,
      'Call nameNode before anything is started.',
    );
  here = { name, incarnation: here.incarnation };
}

export class Pid {
  readonly home: Home;
  readonly id: number;
  /** The process while it lives here; gone with it, so that a kept pid keeps no dead state. */
  [PROC]: unknown;

  /** @param home where the process lives, and its number there; default a new number here */
  constructor(owner: unknown, home: Home = here, id: number = nextId++) {
    this.home = home;
    this.id = id;
    this[PROC] = owner;
  }

  /** The name of the node on which the process lives. */
  get node(): string {
    return this.home.name;
  }

  toString(): string {
    return `<${this.home.name}.${this.id}>`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Whether two pids name the same process, also where another copy of this module made one of them. */
export function samePid(a: Pid, b: Pid): boolean {
  return a.id === b.id && a.home.name === b.home.name && a.home.incarnation === b.home.incarnation;
}
