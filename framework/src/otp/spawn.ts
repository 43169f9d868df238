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
import { publishStart } from './channels.ts';
import { BadArgument, NoProcess, ProcessEnded } from './errors.ts';
import type { ExitReason } from './exit-reason.ts';
import { crashProcess, endProcess } from './exit-signals.ts';
import { CAST, INFO, SYSTEM } from './mailbox.ts';
import { addLink, addMonitor, type Monitor, type MonitorOptions } from './monitor.ts';
import type { Pid } from './pid.ts';
import { currentProc, DEAD, living, Proc } from './proc.ts';
import type { Self } from './gen-server.ts';
import { reasonOfThrow } from './thrown.ts';
import { currentClock, type TimerHandle } from './clock.ts';
import { timeout as TIMEOUT } from './step.ts';

export type Body = (self: Self) => unknown;

/** The messages that a call or cast gives to a process that is no genServer: it may be one built by hand. */
export interface RawCall {
  readonly tag: '$call';
  readonly name: string;
  readonly payload: unknown;
  readonly from: unknown;
}
export interface RawCast {
  readonly tag: '$cast';
  readonly name: string;
  readonly payload: unknown;
}

interface Waiting {
  readonly match: ((message: unknown) => boolean) | undefined;
  readonly resolve: (message: unknown) => void;
  /** Messages already looked at and left. */
  seen: number;
  timer: TimerHandle | undefined;
}

export class FunctionProc extends Proc {
  private body: Body | undefined;
  private waiting: Waiting | undefined = undefined;
  private timesReceive = false;

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

  /** Puts the start of the function into the run queue. */
  begin(): void {
    this.deliver((): void => this.run(), undefined, SYSTEM);
  }

  private run(): void {
    const body = this.body!;
    this.body = undefined;
    let result: unknown;
    try {
      result = body({ pid: this.pid, signal: this.signal });
    } catch (error) {
      return crashProcess(this, reasonOfThrow(error));
    }
    Promise.resolve(result).then(
      () => endProcess(this, 'normal'),
      (error: unknown) => crashProcess(this, reasonOfThrow(error)),
    );
  }

  protected override hasWork(): boolean {
    const { waiting, mailbox } = this;
    return this.body !== undefined ? mailbox.size > 0 : waiting !== undefined && mailbox.size > waiting.seen;
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
    const { waiting } = this;
    if (!waiting) return;
    const found = this.take(waiting);
    if (found) this.wake(waiting, found.message);
  }

  /** Looks at the messages not yet looked at; removes the first that matches. */
  private take(waiting: Waiting): { message: unknown } | undefined {
    const { mailbox } = this;
    for (; waiting.seen < mailbox.size; waiting.seen++) {
      const message = this.messageAt(waiting.seen);
      let matches: boolean;
      try {
        matches = waiting.match === undefined || waiting.match(message);
      } catch (error) {
        crashProcess(this, reasonOfThrow(error));
        return undefined;
      }
      if (!matches) continue;
      mailbox.remove(waiting.seen);
      return { message };
    }
    return undefined;
  }

  private messageAt(index: number): unknown {
    const mark = this.mailbox.markAt(index);
    const head = this.mailbox.headAt(index);
    if (mark === INFO) return head;
    const payload = this.mailbox.bodyAt(index);
    if (mark === CAST) return { tag: '$cast', name: head as string, payload } satisfies RawCast;
    return { tag: '$call', name: head as string, payload, from: mark } satisfies RawCall;
  }

  private wake(waiting: Waiting, message: unknown): void {
    this.waiting = undefined;
    if (waiting.timer) currentClock().clearTimer(waiting.timer);
    waiting.resolve(message);
  }

  /** Waits for a message that matches; resolves with `timeout` if none comes in time. */
  receive(match: ((message: unknown) => boolean) | undefined, milliseconds: number): Promise<unknown> {
    if (this.waiting)
      throw new BadArgument(
        'receive_pending',
        `${this.pid} waits in receive already`,
        'Await one receive before the next; wait for several senders with one match.',
      );
    return new Promise((resolve) => {
      const waiting: Waiting = { match, resolve, seen: 0, timer: undefined };
      const found = this.take(waiting);
      if (this.status === DEAD) return;
      if (found) return resolve(found.message);
      if (milliseconds === 0) return resolve(TIMEOUT);
      this.waiting = waiting;
      if (milliseconds === Infinity) return;
      waiting.timer = currentClock().setTimer(milliseconds, () => {
        if (this.status !== DEAD && this.waiting === waiting) this.wake(waiting, TIMEOUT);
      });
      if (this.timesReceive) return;
      this.timesReceive = true;
      (this.timers ??= new Set()).add({
        cancel: () => this.waiting?.timer && currentClock().clearTimer(this.waiting.timer),
      });
    });
  }

  override messageRemoved(index: number): void {
    if (this.waiting && index < this.waiting.seen) this.waiting.seen--;
  }
}

/** A process of a function that has not begun. Internal to the layer. */
export function makeFunctionProc(body: Body, kind = 'process'): FunctionProc {
  const parent = currentProc();
  if (parent?.status === DEAD) throw new ProcessEnded(parent.pid);
  const proc = new FunctionProc(body, parent, kind);
  living.add(proc);
  publishStart(proc);
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
 * @throws NoProcess outside of a spawned process
 */
export function receive<T = unknown>(
  match?: ((message: unknown) => message is T) | ((message: unknown) => boolean),
): Promise<T>;
export function receive<T = unknown>(
  match: ((message: unknown) => message is T) | ((message: unknown) => boolean) | undefined,
  options: { timeout: number },
): Promise<T | typeof TIMEOUT>;
export function receive(match?: (message: unknown) => boolean, options?: { timeout: number }): Promise<unknown> {
  const proc = requireProc('receive');
  if (!(proc instanceof FunctionProc)) {
    throw new NoProcess(
      'receive in a process that does not run a function',
      'A genServer gets its messages in its handlers.',
    );
  }
  return proc.receive(match, options?.timeout ?? Infinity);
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
