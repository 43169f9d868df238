/**
 * task.asyncStream: a task for each item, some at a time. Elixir's Task.async_stream.
 *
 * Outcomes come in the items' order, or as they end. When the consumer stops early, the running tasks are killed and
 * nothing of them reaches anybody. The tasks belong to the process that first asks for an outcome.
 *
 * @example
 *   for await (const outcome of task.asyncStream(urls, fetchPage, { maxConcurrency: 4 })) …
 */
import { availableParallelism } from 'node:os';
import { sendExit } from '../process/exit-signals.ts';
import { requireProc } from '../process/spawn.ts';
import type { Target } from '../process/target.ts';
import { BadArgument, CallError, isTimeout } from '../runtime/errors.ts';
import type { Outcome } from '../runtime/exit-reason.ts';
import { isExit, removeLink, takeMessage } from '../runtime/monitor.ts';
import { procOf } from '../runtime/proc.ts';
import { asyncNolink, async as asyncUnder } from './task-supervisor.ts';
import { DEFAULT_TIMEOUT } from './task-wait.ts';
import { beginTask, type Task } from './task.ts';

export interface StreamOptions {
  /** Tasks at a time. Default as many as the machine runs in parallel. */
  readonly maxConcurrency?: number;
  /** Whether outcomes come in the items' order. Default true. */
  readonly ordered?: boolean;
  /** Milliseconds each task may take, or Infinity. Default 5,000. */
  readonly timeout?: number;
  /** What a timeout does: it fails the consumer (default), or kills the task, whose outcome has the reason 'timeout'. */
  readonly onTimeout?: 'exit' | 'killTask';
  /** Failed outcomes carry their item. Default false. */
  readonly zipInputOnExit?: boolean;
  /** A supervisor to run the tasks under. */
  readonly supervisor?: Target;
  /** Whether the tasks are linked to the consumer: a crash is then its own, unless it traps exits. Default true. */
  readonly link?: boolean;
}

/** An outcome in a stream; a failed one with its item, where `zipInputOnExit` is set. */
export type StreamOutcome<I, T> = Outcome<T> & { readonly input?: I };

interface Running<I, T> {
  readonly task: Task<T>;
  readonly input: I;
  outcome: Outcome<T> | undefined;
  readonly ended: Promise<void>;
}

/** Runs `work` on each item. @throws BadArgument for bad options; CallError `call_timeout` where a task takes too long */
export function asyncStream<I, T>(
  items: Iterable<I> | AsyncIterable<I>,
  work: (item: I) => T | Promise<T>,
  options: StreamOptions = {},
): AsyncGenerator<StreamOutcome<I, T>, void, undefined> {
  const { maxConcurrency = availableParallelism(), timeout = DEFAULT_TIMEOUT, onTimeout = 'exit' } = options;
  if (!(Number.isInteger(maxConcurrency) && maxConcurrency > 0))
    throw bad('maxConcurrency', maxConcurrency, 'Give a whole number from 1 up.');
  if (!isTimeout(timeout)) throw bad('timeout', timeout, 'Give milliseconds or Infinity.');
  if (onTimeout !== 'exit' && onTimeout !== 'killTask') throw bad('onTimeout', onTimeout, "Use 'exit' or 'killTask'.");
  return run(items, work, { ...options, maxConcurrency, timeout, onTimeout });
}

/** As `asyncStream`, with the tasks under a supervisor, linked to both. Task.Supervisor's. */
export function asyncStreamUnder<I, T>(
  supervisor: Target,
  items: Iterable<I> | AsyncIterable<I>,
  work: (item: I) => T | Promise<T>,
  options: StreamOptions = {},
): AsyncGenerator<StreamOutcome<I, T>, void, undefined> {
  return asyncStream(items, work, { ...options, supervisor, link: true });
}

/** As `asyncStream`, with the tasks under a supervisor and not linked to the consumer: a crash is an outcome. */
export function asyncStreamNolink<I, T>(
  supervisor: Target,
  items: Iterable<I> | AsyncIterable<I>,
  work: (item: I) => T | Promise<T>,
  options: StreamOptions = {},
): AsyncGenerator<StreamOutcome<I, T>, void, undefined> {
  return asyncStream(items, work, { ...options, supervisor, link: false });
}

function bad(option: string, value: unknown, remedy: string): BadArgument {
  return new BadArgument('bad_stream_option', `${option} of a stream is ${String(value)}`, remedy);
}

type Settings = StreamOptions & {
  readonly maxConcurrency: number;
  readonly timeout: number;
  readonly onTimeout: 'exit' | 'killTask';
};

async function* run<I, T>(
  items: Iterable<I> | AsyncIterable<I>,
  work: (item: I) => T | Promise<T>,
  settings: Settings,
): AsyncGenerator<StreamOutcome<I, T>, void, undefined> {
  const { maxConcurrency, ordered = true, zipInputOnExit = false } = settings;
  const me = requireProc('task.asyncStream');
  const running: Running<I, T>[] = [];
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let more = true;
  try {
    for (;;) {
      while (more && running.length < maxConcurrency) {
        const next = await source.next();
        if (next.done) more = false;
        else running.push(await begin(next.value, work, settings));
      }
      if (running.length === 0) return;
      if (ordered) await running[0]!.ended;
      else await Promise.race(running.map(({ ended }) => ended));
      const at = ordered ? 0 : running.findIndex(({ outcome }) => outcome);
      const [{ input, outcome }] = running.splice(at, 1) as [Running<I, T>];
      yield outcome!.ok || !zipInputOnExit ? outcome! : { ...outcome!, input };
    }
  } finally {
    for (const { task, outcome } of running) {
      if (outcome) continue;
      task.close();
      const proc = task.pid && procOf(task.pid);
      if (!proc) continue;
      removeLink(me, proc);
      sendExit(proc, me.pid, 'kill');
    }
    if (more) await source.return?.();
  }
}

async function begin<I, T>(input: I, work: (item: I) => T | Promise<T>, settings: Settings): Promise<Running<I, T>> {
  const { supervisor, link = true, timeout, onTimeout } = settings;
  const me = requireProc('task.asyncStream');
  const body = (): T | Promise<T> => work(input);
  const task = supervisor
    ? await (link ? asyncUnder : asyncNolink)(supervisor, body)
    : beginTask(me, body, link ? [me] : []);
  let failure: CallError | undefined;
  const running: { outcome: Outcome<T> | undefined } & Omit<Running<I, T>, 'outcome' | 'ended'> = {
    task,
    input,
    outcome: undefined,
  };
  const ended = new Promise<void>((resolve, reject) => {
    task.wait(timeout, (outcome) => {
      const proc = task.pid && procOf(task.pid);
      if (outcome) {
        // The link has served: its EXIT is for nobody's mailbox.
        if (link && proc) removeLink(me, proc);
        if (link) takeMessage(me, (m) => isExit(m) && m.from === task.pid);
        running.outcome = outcome;
        return resolve();
      }
      task.close();
      if (onTimeout === 'exit')
        failure = new CallError('call_timeout', `task.asyncStream of ${String(task.pid)}`, 'timeout');
      if (proc) {
        removeLink(me, proc);
        sendExit(proc, me.pid, 'kill');
      }
      if (failure) return reject(failure);
      running.outcome = { ok: false, reason: 'timeout' };
      resolve();
    });
  });
  // A later one may fail while an earlier one is waited for; the consumer hears of it in its turn.
  ended.catch(() => {});
  return Object.assign(running, { ended });
}
