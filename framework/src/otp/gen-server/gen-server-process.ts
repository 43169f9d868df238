/**
 * GenServerProc: the process that runs a genServer definition. The loop of OTP's gen_server.
 *
 * Invariants
 * - One message at a time; while an async handler is under way the process is HELD and only signals reach it.
 * - `continue` runs before anything queued (rule R-15). A step's timeout is cancelled by any message but a system
 *   message, which restarts it.
 * - `terminate` runs on stop and after a throw, not on a signal that is not trapped; replies of a stop leave
 *   after it.
 */
import { BehaviourProc, type InitFailure } from '../process/behaviour.ts';
import { crashProcess, endProcess } from '../process/exit-signals.ts';
import { reasonOfThrow, NoHandler } from '../process/thrown.ts';
import * as timeouts from '../process/timeout.ts';
import { publishUnexpected } from '../reports/channels.ts';
import { type Debug, receivedEvent } from '../reports/sys-debug.ts';
import { badTimeout, isTimeout } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import type { From } from '../runtime/from.ts';
import type { LastMessage } from '../runtime/last-message.ts';
import * as marks from '../runtime/mailbox.ts';
import { isExit } from '../runtime/monitor.ts';
import * as proc from '../runtime/proc.ts';
import * as scheduler from '../runtime/scheduler.ts';
import type { ServerSelf } from '../runtime/self.ts';
import { shownStatus, type Status } from '../runtime/status.ts';
import { isThenable, promiseOf } from '../runtime/thenable.ts';
import type { CompiledServer } from './gen-server.ts';
import { IdleTimeout, isIdleTimeout } from './idle-timeout.ts';
import type { Load } from './load.ts';
import * as inbox from './server-inbox.ts';
import * as step from './step.ts';

// What is imported is looked up in its module at each use; a constant of this one is compiled in.
const { INFO, SYSTEM } = marks;
const { DEAD, HELD, RUNNING } = proc;
const { runAs, SLICE_MESSAGES, mustYield } = scheduler;
const { systemMessageFirst, takeIn } = inbox;
const { closeSteps, isStep, isStepOf, openSteps, recycle, reopenSteps, settleSteps, shutSteps, steps } = step;
const { FREE, IGNORE, INIT_ERROR, NOREPLY, REPLY, STOP, STOP_REPLY } = step;
const { timeout: TIMEOUT } = timeouts;

export class GenServerProc extends BehaviourProc {
  // Declared only: they are among the first fields of Proc.
  declare server: CompiledServer;
  declare state: unknown;
  declare suspended: boolean;
  /** What `sys` has switched on here. */
  declare debug: Debug | undefined;
  /** How busy it is, while somebody measures that. */
  declare load: Load | undefined;
  declare protected idle: IdleTimeout | undefined;
  systemQueued = 0;
  declare protected readonly self: ServerSelf;
  private last: LastMessage | undefined = undefined;

  constructor(server: CompiledServer, parent: proc.Proc | undefined) {
    super(parent);
    this.server = server;
    this.trapExit = server.definition.trapExit ?? false;
  }

  override get behaviour(): string {
    return `${this.server.kind} ${this.server.definition.name}`;
  }

  override describe(part: Pick<Status, 'message' | 'reason'>): Status {
    const { formatStatus } = this.server.definition;
    return shownStatus({ ...part, state: this.state, log: [...(this.debug?.log ?? [])] }, formatStatus);
  }

  override exitBySignal(reason: ExitReason): void {
    endProcess(this, reason);
  }

  override deliver(head: unknown, body: unknown, mark: unknown): void {
    takeIn(this, head, body, mark);
  }

  /** Whether no message waits while it is idle. */
  emptyWhenIdle(): boolean {
    return !this.suspended;
  }

  override begin(arg: unknown): InitFailure | undefined | Promise<InitFailure | undefined> {
    const outer = shutSteps();
    try {
      return this.beginInit(arg);
    } finally {
      reopenSteps(outer);
    }
  }

  private beginInit(arg: unknown): InitFailure | undefined | Promise<InitFailure | undefined> {
    this.status = RUNNING;
    let result: unknown;
    try {
      result = this.server.definition.init(arg, this.self);
    } catch (error) {
      return this.initFailed(reasonOfThrow(error));
    }
    if (!isThenable(result)) return this.initDone(result);
    // An init that ended its own process on the way stays ended.
    if (this.status === RUNNING) this.status = HELD;
    return promiseOf(result).then(
      (value) => runAs(this, () => this.initDone(value)),
      (error: unknown) => this.initFailed(reasonOfThrow(error)),
    );
  }

  protected initDone(result: unknown): InitFailure | undefined {
    if (this.status === DEAD) return { ignored: false, reason: this.exitReason! };
    if (isStep(result)) {
      if (result.kind === IGNORE) return { ignored: true };
      if (result.kind === STOP) return { ignored: false, reason: result.reason };
      if (result.kind === INIT_ERROR) return { ignored: false, reason: result.reason, orderly: true };
      if (result.kind !== NOREPLY)
        return { ignored: false, reason: { kind: 'badReturn', value: 'a step that init may not return' } };
    }
    this.status = RUNNING;
    if (isStep(result)) this.apply(result, undefined);
    else this.state = result;
    // A failing continuation is a crash after a good start.
    if (this.status === RUNNING) this.rest();
    return undefined;
  }

  private initFailed(reason: ExitReason): InitFailure {
    return { ignored: false, reason: this.status === DEAD ? this.exitReason! : reason };
  }

  protected override hasWork(): boolean {
    if (!this.suspended) return this.queued > 0;
    return this.systemQueued > 0;
  }

  protected override handle(): void {
    openSteps();
    try {
      this.handleSome();
    } catch (error) {
      // A message that cannot even be looked at: its handler was never asked.
      this.failed(error);
    }
    closeSteps(this);
  }

  private handleSome(): void {
    for (let left = SLICE_MESSAGES; left > 0; left--) {
      let first = this.alone;
      let second = this.aloneBody;
      if (first !== undefined && !this.suspended) {
        this.alone = undefined;
        this.aloneBody = undefined;
      } else {
        const box = this.suspended ? this.mailbox : this.box;
        if (box === undefined || box.size === 0 || (this.suspended && !systemMessageFirst(this))) return;
        first = box.first();
        second = box.second();
        box.drop();
      }
      if (this.load !== undefined) this.load.begin(this.box === undefined ? 0 : this.box.size);
      if (this.debug !== undefined && first !== SYSTEM) this.debugReceived(first, second);
      if (this.idle !== undefined && !(first === INFO && isIdleTimeout(second))) this.stopIdle(first === SYSTEM);
      if (typeof first === 'string') this.handleCast(first, second);
      else if (first === INFO) this.handleInfo(second);
      else if (first === SYSTEM) this.handleSystem(second as marks.Order);
      else this.handleCall(first as From, second);
      if (this.load !== undefined && this.load.began !== 0) this.handled(this.load);
      // The scheduler asks after the last one.
      if (this.status !== RUNNING || this.box === undefined || this.box.size === 0 || mustYield()) return;
    }
  }

  private handleCast(name: string, payload: unknown): void {
    const handler = this.server.casts.get(name);
    let result: unknown;
    try {
      if (handler === undefined) throw new NoHandler(this.behaviour, 'cast', name);
      result = handler(this.state, payload, this.self);
    } catch (error) {
      this.last = { kind: 'cast', name, payload };
      return this.failed(error);
    }
    const { spare } = steps;
    if (result === spare && spare.kind === NOREPLY) {
      this.state = spare.state;
      spare.kind = FREE;
      spare.state = undefined;
      return;
    }
    this.last = { kind: 'cast', name, payload };
    this.apply(result, undefined);
  }

  private handleCall(from: From, payload: unknown): void {
    const { name } = from;
    const handler = this.server.calls.get(name);
    let result: unknown;
    try {
      if (handler === undefined) throw new NoHandler(this.behaviour, 'call', name);
      result = handler(this.state, payload, from);
    } catch (error) {
      this.last = { kind: 'call', name, payload, client: from.client };
      return this.failed(error);
    }
    const { spare } = steps;
    if (result === spare && spare.kind === REPLY) {
      this.state = spare.state;
      const { value } = spare;
      recycle(spare);
      from.answer(value);
      if (this.debug !== undefined) this.debugReplied(from, value);
      return;
    }
    this.last = { kind: 'call', name, payload, client: from.client };
    this.apply(result, from);
  }

  private handleInfo(message: unknown): void {
    let sent = message;
    if (isIdleTimeout(message)) {
      // One that was cancelled after it had fired is no message: it neither cancels a later one nor delays it.
      if (message !== this.idle) return this.idle?.offer(this);
      this.idle = undefined;
      sent = TIMEOUT;
    }
    const { info } = this.server.definition;
    this.last = { kind: 'info', payload: sent };
    if (this.trapExit && isExit(message) && message.from === this.boundTo)
      return this.stopWith(message.reason, undefined, undefined);
    // As in OTP, what nobody handles is told of and dropped.
    if (!info) return publishUnexpected(this, sent);
    let result: unknown;
    try {
      result = info(this.state, sent, this.self);
    } catch (error) {
      return this.failed(error);
    }
    this.apply(result, undefined);
  }

  private handleSystem({ run, body }: marks.Order): void {
    this.systemQueued--;
    this.last = SYSTEM_MESSAGE;
    const result = (run as SystemMessage)(this, body);
    if (isThenable(result)) this.hold(result, undefined, true);
  }

  /** Carries out what a handler returned, continuations included. */
  private apply(returned: unknown, caller: From | undefined): void {
    if (returned !== steps.spare) settleSteps(this);
    let result = returned;
    let from = caller;
    while (isStepOf(result, this)) {
      const { kind, state, value, reason, options } = result;
      recycle(result);
      if (kind === STOP || kind === STOP_REPLY) {
        this.state = state;
        return this.stopWith(reason, kind === STOP_REPLY ? from : undefined, value);
      }
      if (kind === REPLY && from) {
        from.answer(value);
        if (this.debug !== undefined) this.debugReplied(from, value);
      } else if (kind !== NOREPLY) break;
      this.state = state;
      from = undefined;
      if (options === undefined || this.status === DEAD) return;
      if (options.timeout !== undefined) {
        if (!isTimeout(options.timeout)) return this.failed(badTimeout(`a step of ${this.behaviour}`, options.timeout));
        this.startIdle(options.timeout);
      }
      if (!('continue' in options)) return;
      const { definition } = this.server;
      this.last = { kind: 'continue', payload: options.continue };
      try {
        if (!definition.continue) throw new NoHandler(this.behaviour, 'continue', String(options.continue));
        result = definition.continue(this.state, options.continue, this.self);
      } catch (error) {
        return this.failed(error);
      }
    }
    if (isThenable(result)) return this.hold(result, from, false);
    this.stopWith(
      {
        kind: 'badReturn',
        value: isStep(result) ? 'a step used before, or one that this handler may not return' : result,
      },
      undefined,
      undefined,
    );
  }

  /** Waits for an async handler; nothing else is handled meanwhile. */
  private hold(promise: PromiseLike<unknown>, from: From | undefined, system: boolean): void {
    // A handler that ended its own process before it awaited must not bring it back.
    if (this.status !== DEAD) this.status = HELD;
    promiseOf(promise).then(
      (value) => this.resume(() => (system ? undefined : this.apply(value, from))),
      (error: unknown) => this.resume(() => this.failed(error)),
    );
  }

  private resume(work: () => void): void {
    if (this.status !== HELD) return;
    this.status = RUNNING;
    this.load?.goOn();
    runAs(this, work);
    if (this.load !== undefined) this.handled(this.load);
    if (this.status === RUNNING) this.rest();
  }

  /** The code of a message has come to its end, or to an await. */
  private handled(load: Load): void {
    if (this.status === HELD) load.pause();
    else load.end();
  }

  private failed(error: unknown): void {
    // A throw after the process has ended (it was killed from inside its handler) has nobody to reach.
    if (this.status === DEAD) return;
    this.stopWith(reasonOfThrow(error), undefined, undefined);
  }

  /** `terminate`, then the reply if one is due, then the end. */
  stopWith(reason: ExitReason, from: From | undefined, value: unknown): void {
    if (this.status === DEAD) return;
    const { terminate } = this.server.definition;
    let outcome: unknown;
    try {
      outcome = terminate?.(reason, this.state, this.self);
    } catch (error) {
      // The reply is sent all the same, as in gen_server.
      return this.stopped(reasonOfThrow(error), from, value);
    }
    if (!isThenable(outcome)) return this.stopped(reason, from, value);
    if (this.status === RUNNING) this.status = HELD;
    promiseOf(outcome).then(
      () => this.stopped(reason, from, value),
      (error: unknown) => this.stopped(reasonOfThrow(error), from, value),
    );
  }

  private stopped(reason: ExitReason, from: From | undefined, value: unknown): void {
    if (this.status === DEAD) return;
    if (from) {
      from.answer(value);
      if (this.debug !== undefined) this.debugReplied(from, value);
    }
    crashProcess(this, reason, this.last);
  }

  /** The state as `sys` gives it. */
  systemState(): unknown {
    return this.state;
  }

  /** Replaces the state for `sys`, and gives it. */
  replaceSystemState(replace: (state: unknown) => unknown): unknown {
    return (this.state = replace(this.state));
  }

  /** What the process handles now or handled last: reports name it. */
  override get lastMessage(): LastMessage | undefined {
    return this.last;
  }

  private startIdle(milliseconds: number): void {
    if (milliseconds === Infinity || this.status === DEAD) return;
    this.idle = new IdleTimeout(this, milliseconds);
    if (milliseconds > 0) (this.timers ??= new Set()).add(this);
  }

  /** Any message cancels the timeout, also one that has fired and is queued behind it; a system message starts it anew. */
  private stopIdle(again: boolean): void {
    const { milliseconds } = this.idle!;
    this.cancel();
    if (again) this.startIdle(milliseconds);
  }

  /** As its own OwnedTimer: the idle timeout ends with the process. */
  cancel(): void {
    this.idle?.cancel();
    this.idle = undefined;
  }

  private debugReceived(first: unknown, second: unknown): void {
    this.debug!.event(receivedEvent(first, second), `${this.behaviour} ${this.pid}`, this.state);
  }

  private debugReplied(from: From, value: unknown): void {
    this.debug!.event({ kind: 'out', value, to: from.client }, `${this.behaviour} ${this.pid}`, this.state);
  }
}

/** The head of a SYSTEM message; it is given the message's body. */
type SystemMessage = (proc: GenServerProc, body: unknown) => unknown;
const SYSTEM_MESSAGE: LastMessage = { kind: 'system' };
