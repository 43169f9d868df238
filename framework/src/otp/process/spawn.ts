/**
 * spawn: a process as an async function that receives messages itself.
 *
 * The function starts in a slice of its own. While it waits in `receive` its messages queue; when it returns the process
 * ends 'normal', when it throws it ends with a crash. A process that has ended is never resumed from `receive` or `call`.
 *
 * @example
 *   const echo = spawn(async () => {
 *     for (;;) {
 *       const { from, text } = (await receive()) as { from: Pid; text: string };
 *       send(from, text);
 *     }
 *   });
 */
import { publishStart } from '../reports/channels.ts';
import { NoProcess, ProcessEnded } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import { SYSTEM } from '../runtime/mailbox.ts';
import { addLink, addMonitor, type Monitor, type MonitorOptions } from '../runtime/monitor.ts';
import type { Pid } from '../runtime/pid.ts';
import { currentProc, DEAD, living, Proc } from '../runtime/proc.ts';
import { inOwnContext } from '../runtime/scheduler.ts';
import type { Self } from '../runtime/self.ts';
import { isThenable, promiseOf } from '../runtime/thenable.ts';
import { crashProcess, endProcess } from './exit-signals.ts';
import { hasUnseen, receiveIn, type Receiving, serveReceive, skipRemoved } from './receiving.ts';
import { reasonOfThrow } from './thrown.ts';
import type { timeout as TIMEOUT } from './timeout.ts';

export type Body = (self: Self) => unknown;

export class FunctionProc extends Proc implements Receiving {
  private body: Body | undefined;
  waiting: Receiving['waiting'] = undefined;
  timesReceive = false;

  private readonly kind: string;

  constructor(body: Body, parent: Proc | undefined, kind: string) {
    super(parent);
    this.body = body;
    this.kind = kind;
  }

  override get behaviour(): string {
    return this.label === undefined ? this.kind : `${this.kind} ${this.label}`;
  }

  override exitBySignal(reason: ExitReason): void {
    endProcess(this, reason);
  }

  /** Puts the start of the function into the run queue. Links and monitors stand: who hears of it may end it, too. */
  begin(): void {
    publishStart(this);
    this.deliver((): void => this.run(), undefined, SYSTEM);
  }

  private run(): void {
    const body = this.body!;
    this.body = undefined;
    let result: unknown;
    try {
      result = body(this.self!);
    } catch (error) {
      return crashProcess(this, reasonOfThrow(error));
    }
    (isThenable(result) ? promiseOf(result) : Promise.resolve()).then(
      () => endProcess(this, 'normal'),
      (error: unknown) => crashProcess(this, reasonOfThrow(error)),
    );
  }

  protected override hasWork(): boolean {
    return this.body !== undefined ? this.mailbox.size > 0 : hasUnseen(this);
  }

  protected override handle(): void {
    if (this.body !== undefined) {
      for (let i = 0; i < this.mailbox.size; i++) {
        if (this.mailbox.markAt(i) !== SYSTEM) continue;
        this.mailbox.remove(i);
        this.run();
        return;
      }
    }
    serveReceive(this);
  }

  override messageRemoved(index: number): void {
    skipRemoved(this, index);
  }
}

/** A process of a function that has not begun. Internal to the layer. */
export function makeFunctionProc(body: Body, kind = 'process'): FunctionProc {
  const parent = currentProc();
  if (parent?.status === DEAD) throw new ProcessEnded(parent.pid);
  const proc = inOwnContext((of, by) => new FunctionProc(of, by, kind), body, parent);
  living.add(proc);
  return proc;
}

/** Starts a process that runs `body`; returns at once. */
export function spawn(body: Body): Pid {
  const proc = makeFunctionProc(body);
  proc.begin();
  return proc.pid;
}

/** As `spawn`, linked to the running process before the new one starts. @throws NoProcess outside of one */
export function spawnLink(body: Body): Pid {
  const parent = requireProc('spawnLink');
  const proc = makeFunctionProc(body);
  addLink(parent, proc);
  proc.begin();
  return proc.pid;
}

/**
 * As `spawn`, monitored by the running process: its end is always seen. Options as for `monitor`.
 * @throws NoProcess outside of a process
 */
export function spawnMonitor<T = 'DOWN'>(body: Body, options?: MonitorOptions<T>): { pid: Pid; ref: Monitor<T> } {
  const parent = requireProc('spawnMonitor');
  const proc = makeFunctionProc(body);
  const ref = addMonitor(parent, proc, proc.pid, options);
  proc.begin();
  return { pid: proc.pid, ref };
}

/**
 * The next message of the running process, or the first that `match` accepts; the others stay queued in their order.
 *
 * @param match a type guard or a predicate
 * @param options.timeout milliseconds; then the symbol `timeout` comes instead. Default Infinity
 * @throws NoProcess outside of a spawned process; BadArgument `receive_pending`, `invalid_timeout`
 */
export function receive<T>(match: (message: unknown) => message is T): Promise<T>;
export function receive<T>(
  match: (message: unknown) => message is T,
  options: { timeout: number },
): Promise<T | typeof TIMEOUT>;
export function receive(match?: (message: unknown) => boolean, options?: { timeout: number }): Promise<unknown>;
export function receive(match?: (message: unknown) => boolean, options?: { timeout: number }): Promise<unknown> {
  const proc = requireProc('receive');
  if (!(proc instanceof FunctionProc) && !('waiting' in proc)) {
    throw new NoProcess(
      'receive in a process that does not run a function',
      'A genServer gets its messages in its handlers.',
    );
  }
  return receiveIn(proc as Receiving, match, options?.timeout ?? Infinity);
}

/** The process that runs, for operations that only one can do. */
export function requireProc(operation: string): Proc {
  const proc = currentProc();
  if (!proc || proc.status === DEAD) {
    throw new NoProcess(
      `${operation} outside of a process`,
      'Call it from a process, or use start and an Application at the top level.',
    );
  }
  return proc;
}
