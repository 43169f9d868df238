/**
 * taskSupervisor: a dynamic supervisor of tasks. Elixir's Task.Supervisor.
 *
 * A task under it is the supervisor's child, stopped with it, and its owner waits for it as for any other. `async` links
 * it to its owner too; `asyncNolink` does not: a crash is the owner's to read, not to share.
 *
 * @example
 *   const tasks = await start(taskSupervisor({ name: 'tasks', maxChildren: 100 }));
 *   const lookup = await taskSup.asyncNolink(tasks, () => fetchProfile(id));
 *   const outcome = await task.yield(lookup);
 */
import { requireProc } from '../process/spawn.ts';
import type { Target } from '../process/target.ts';
import type { Pid } from '../runtime/pid.ts';
import { currentProc, DEAD, type Proc } from '../runtime/proc.ts';
import type { ChildOptions } from '../supervisor/child-spec.ts';
import {
  dynamicSupervisor,
  type DynamicSupervisor,
  type DynamicSupervisorDefinition,
} from '../supervisor/dynamic-supervisor.ts';
import { startChild as startUnder, whichChildren } from '../supervisor/supervisor.ts';
import { beginTask, runTask, type Task, type TaskBody } from './task.ts';

/** Defines a supervisor of tasks. */
export function taskSupervisor(definition: DynamicSupervisorDefinition): DynamicSupervisor {
  return dynamicSupervisor(definition);
}

export interface TaskOptions {
  /** Time to stop when the supervisor ends. Default 5,000 ms. */
  readonly shutdown?: ChildOptions['shutdown'];
}

/** A task of the running process under a supervisor, linked to both. @throws ChildError `max_children` */
function asyncTask<T>(supervisor: Target, body: TaskBody<T>, options: TaskOptions = {}): Promise<Task<T>> {
  return under(supervisor, body, options, true);
}

/** As `async`, not linked to the running process. */
export function asyncNolink<T>(supervisor: Target, body: TaskBody<T>, options: TaskOptions = {}): Promise<Task<T>> {
  return under(supervisor, body, options, false);
}

async function under<T>(
  supervisor: Target,
  body: TaskBody<T>,
  options: TaskOptions,
  linked: boolean,
): Promise<Task<T>> {
  const owner = requireProc('taskSup.async');
  let made: Task<T> | undefined;
  // It begins in the supervisor's slice, watched by its owner already, so that not even an immediate end is missed.
  const begin = async (): Promise<Pid> => {
    if (owner.status === DEAD) throw new Error(`the owner ${owner.pid} has ended`);
    const supervisorProc = requireProc('taskSup');
    made = beginTask(owner, body, linked ? [supervisorProc, owner] : [supervisorProc]);
    return made.pid!;
  };
  await startUnder(supervisor, { id: 'task', restart: 'temporary', ...options, start: begin });
  return made!;
}

/** Fire and forget under a supervisor; may be restarted, if `restart` says so. */
export function startChild(supervisor: Target, body: TaskBody<unknown>, options: ChildOptions = {}): Promise<Pid> {
  const caller: Proc | undefined = currentProc();
  return startUnder(supervisor, {
    id: 'task',
    restart: 'temporary',
    ...options,
    start: async () => runTask(caller, body, [requireProc('taskSup')]),
  });
}

/** The tasks that run under a supervisor. */
export async function children(supervisor: Target): Promise<Pid[]> {
  return (await whichChildren(supervisor)).flatMap(({ pid }) => pid ?? []);
}

export { asyncTask as async };
export { asyncStreamNolink, asyncStreamUnder as asyncStream } from './task-stream.ts';
export { terminateChild } from '../supervisor/supervisor.ts';
