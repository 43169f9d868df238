/**
 * RoomTask: waiting that a handler handed away. When its promise settles, `TaskEnded` comes to the room as a message;
 * the continuation is a turn of its own, and answers the calls that returned the task.
 */
import { isAlive, type Pid, send } from '../otp/index.ts';
import type { RoomHandle } from './handles.ts';

/** A message that waits for a task. */
export interface Waiting {
  /** Of the call to answer; undefined where only the operation's outcome is to be remembered. */
  readonly seq: number | undefined;
  readonly sessionId: string;
  /** Key of its operation, where it has one. */
  readonly operation: string | undefined;
}

export class RoomTask {
  readonly callers: Waiting[] = [];
  /** What the continuation came to, boxed, once it has. */
  outcome: { readonly value: unknown } | undefined;
  #dropped = false;
  readonly #continuation: (room: RoomHandle, result: unknown) => unknown;
  readonly #failure: ((room: RoomHandle, error: unknown) => unknown) | undefined;

  constructor(
    pid: Pid,
    promise: PromiseLike<unknown>,
    continuation: (room: RoomHandle, result: unknown) => unknown,
    failure: ((room: RoomHandle, error: unknown) => unknown) | undefined,
  ) {
    this.#continuation = continuation;
    this.#failure = failure;
    const settle = (end: TaskEnded): void => {
      // The room may have ended meanwhile; then nobody is left to be told.
      if (isAlive(pid) && !this.#dropped) send(pid, end);
    };
    promise.then(
      (value) => settle(new TaskEnded(this, true, value)),
      (error: unknown) => settle(new TaskEnded(this, false, error)),
    );
  }

  /** The message that began it was refused: nothing follows. */
  drop(): void {
    this.#dropped = true;
  }

  /** Runs what was to follow. Throws the promise's error where nothing was to follow it. */
  resume(room: RoomHandle, { ok, value }: TaskEnded): unknown {
    if (ok) return this.#continuation(room, value);
    if (this.#failure) return this.#failure(room, value);
    throw value;
  }
}

/** The message of a settled task. */
export class TaskEnded {
  readonly task: RoomTask;
  readonly ok: boolean;
  /** What the promise came to: its value, or its error. */
  readonly value: unknown;

  constructor(task: RoomTask, ok: boolean, value: unknown) {
    this.task = task;
    this.ok = ok;
    this.value = value;
  }
}
