/**
 * specialProcess: a process written by hand as an async function that is started, supervised and looked into like a
 * server. OTP's proc_lib with `sys:handle_system_msg`, and `gen_server:enter_loop`.
 *
 * The starter waits until the function acknowledges; requests of `sys` come to its `receive` as messages that it hands to
 * `sys.handleSystemMessage`; and it may go over into a genServer for good, with `enterLoop`.
 *
 * Invariants
 * - The start succeeds with `self.ack()` (or `enterLoop`), and fails when the function ends before.
 * - While suspended it is inside `handleSystemMessage`, which returns once it is resumed, and never once it has ended.
 *
 * @example
 *   const ticker = specialProcess({
 *     name: 'ticker',
 *     run: async (first: number, self) => {
 *       self.ack();
 *       for (let n = first; ; ) {
 *         const message = await receive();
 *         if (sys.isSystemMessage(message)) n = await sys.handleSystemMessage(message, n);
 *         else n++;
 *       }
 *     },
 *   });
 *   const pid = await start(ticker, 0);
 */
import { GenServerProc } from '../gen-server/gen-server-process.ts';
import { compile, type GenServer, serverOf, type StateOf } from '../gen-server/gen-server.ts';
import { initOk, type StepOptions } from '../gen-server/step.ts';
import { type Behaviour, type InitFailure, MAKE } from '../process/behaviour.ts';
import { crashProcess, endProcess } from '../process/exit-signals.ts';
import {
  hasUnseen,
  receiveIn,
  type Receiving,
  serveReceive,
  skipRemoved,
  SystemMessage,
} from '../process/receiving.ts';
import { requireProc } from '../process/spawn.ts';
import type { ViaName } from '../process/target.ts';
import { reasonOfThrow } from '../process/thrown.ts';
import { BadArgument, NoProcess } from '../runtime/errors.ts';
import type { ExitReason } from '../runtime/exit-reason.ts';
import type { From } from '../runtime/from.ts';
import { SYSTEM } from '../runtime/mailbox.ts';
import { isMadeBy } from '../runtime/monitor.ts';
import { DEAD, type Proc, RUNNING } from '../runtime/proc.ts';
import { runAs } from '../runtime/scheduler.ts';
import type { Self } from '../runtime/self.ts';
import type { ShownStatus, Status, SysEvent } from '../runtime/status.ts';
import { isThenable, promiseOf } from '../runtime/thenable.ts';

/** What the function knows of its process. */
export interface SpecialSelf extends Self {
  /** Lets the starter go on. Once; later ones do nothing. */
  ack(): void;
}

export interface SpecialDefinition<A> {
  /** Names it in reports. */
  readonly name: string;
  run(arg: A, self: SpecialSelf): unknown;
}

/** What `sys` may need of a process written by hand. */
export interface SystemCallbacks<S> {
  /** The state as `sys.getState` gives it. Default the state itself. */
  getState?(state: S): unknown;
  /** The state after `sys.replaceState`. Default what `replace` makes of it. */
  replaceState?(replace: (state: unknown) => unknown, state: S): S;
  /** Runs when it is told to end. */
  terminate?(reason: ExitReason, state: S): unknown;
  codeChange?(oldVersion: unknown, state: S, extra: unknown): S | Promise<S>;
  formatStatus?(status: Status<S>): ShownStatus;
}

export class SpecialProc extends GenServerProc implements Receiving {
  waiting: Receiving['waiting'] = undefined;
  timesReceive = false;
  readonly #definition: SpecialDefinition<unknown>;
  #acknowledge: ((failure: InitFailure | undefined) => void) | undefined = undefined;
  #acknowledged = false;
  #entered = false;
  #ending = false;
  #callbacks: SystemCallbacks<unknown> = {};

  constructor(definition: SpecialDefinition<unknown>, parent: Proc | undefined) {
    super(compile({ name: definition.name, init: () => undefined }, 'genServer'), parent);
    this.#definition = definition;
  }

  override get behaviour(): string {
    return this.#entered ? super.behaviour : `process ${this.label ?? this.#definition.name}`;
  }

  override begin(arg: unknown): InitFailure | undefined | Promise<InitFailure | undefined> {
    this.status = RUNNING;
    const { pid } = this;
    const signal = (): AbortSignal => this.signal;
    const ack = (): void => this.#ack();
    let result: unknown;
    try {
      result = this.#definition.run(arg, {
        pid,
        get signal() {
          return signal();
        },
        ack,
      });
    } catch (error) {
      const reason = reasonOfThrow(error);
      if (!this.#acknowledged) return { ignored: false, reason };
      crashProcess(this, reason);
      return undefined;
    }
    (isThenable(result) ? promiseOf(result) : Promise.resolve()).then(
      () => this.#entered || endProcess(this, 'normal'),
      (error: unknown) => crashProcess(this, reasonOfThrow(error)),
    );
    if (this.status === RUNNING) this.rest();
    return this.#acknowledged ? undefined : new Promise((resolve) => (this.#acknowledge = resolve));
  }

  #ack(): void {
    this.#acknowledged = true;
    this.#acknowledge?.(undefined);
  }

  protected override hasWork(): boolean {
    return this.#entered ? super.hasWork() : hasUnseen(this);
  }

  /** What its function has not taken may be waiting. */
  override emptyWhenIdle(): boolean {
    return false;
  }

  protected override handle(): void {
    if (this.#entered) super.handle();
    else serveReceive(this);
  }

  override messageRemoved(index: number): void {
    skipRemoved(this, index);
  }

  override stopWith(reason: ExitReason, from: From | undefined, value: unknown): void {
    this.#ending = true;
    super.stopWith(reason, from, value);
  }

  /** Serves a request of `sys`, and all that follow while it is suspended. The state that comes of it. */
  async serve<S>(message: SystemMessage, state: S, callbacks: SystemCallbacks<S>): Promise<S> {
    this.state = state;
    this.#callbacks = callbacks;
    const { terminate, codeChange, formatStatus } = this.#callbacks;
    const { name } = this.#definition;
    this.server = compile({ name, init: () => undefined, terminate, codeChange, formatStatus }, 'genServer');
    await message.run(this);
    while (this.suspended && this.status !== DEAD) {
      const next = (await receiveIn(this, (m) => isMadeBy(m, SystemMessage), Infinity)) as SystemMessage;
      await next.run(this);
    }
    // Whoever is told to end goes on with nothing.
    if (this.#ending) return new Promise(() => {});
    return this.state as S;
  }

  override systemState(): unknown {
    const { getState } = this.#callbacks;
    return getState && !this.#entered ? getState(this.state) : this.state;
  }

  override replaceSystemState(replace: (state: unknown) => unknown): unknown {
    const { replaceState } = this.#callbacks;
    this.state = replaceState && !this.#entered ? replaceState(replace, this.state) : replace(this.state);
    return this.systemState();
  }

  /** From now on the process is a server of this definition. */
  enter(definition: GenServer, state: unknown, options: StepOptions): void {
    this.#entered = true;
    this.server = serverOf(definition)!;
    if (this.server.definition.trapExit) this.trapExit = true;
    this.systemQueued = 0;
    for (let i = 0; i < this.mailbox.size; i++) if (this.mailbox.markAt(i) === SYSTEM) this.systemQueued++;
    runAs(this, () => this.initDone(initOk(state, options)));
    this.#ack();
  }
}

/** Defines a process written by hand. Start it with `start` and its kin, or as a child. */
export function specialProcess<A = void>(definition: SpecialDefinition<A>): Behaviour<A> {
  return {
    name: definition.name,
    [MAKE]: (parent) => new SpecialProc(definition, parent),
  };
}

function special(operation: string): SpecialProc {
  const proc = requireProc(operation);
  if (proc instanceof SpecialProc) return proc;
  throw new NoProcess(
    `${operation} in ${proc.behaviour}, which is no special process`,
    'Start its function with specialProcess.',
  );
}

export function isSystemMessage(message: unknown): message is SystemMessage {
  return isMadeBy(message, SystemMessage);
}

/**
 * Serves a request of `sys` that `receive` gave, with the process's state at the time; resolves with the state to go on
 * with. While the process is suspended it does not resolve.
 */
export function handleSystemMessage<S>(
  message: SystemMessage,
  state: S,
  callbacks: SystemCallbacks<S> = {},
): Promise<S> {
  return special('handleSystemMessage').serve(message, state, callbacks);
}

/** Tells what is switched on by `sys` at the running process (statistics, log, trace, …) of an event. */
export function handleDebug(event: SysEvent): void {
  const proc = special('handleDebug');
  proc.debug?.event(event, `${proc.behaviour} ${proc.pid}`, proc.state);
}

export interface EnterOptions extends StepOptions {
  /** A name that the process must have. */
  readonly name?: ViaName;
}

/**
 * Makes the running special process a server of this definition, in this state, without its `init`. Never returns: the
 * function's stack is left as it is, and no `finally` of it runs.
 *
 * @throws BadArgument `name_not_held` when another process, or none, has the name
 */
export function enterLoop<G extends GenServer>(
  definition: G,
  state: StateOf<G>,
  options: EnterOptions = {},
): Promise<never> {
  const me = special('enterLoop');
  const { name, ...step } = options;
  if (name && name.resolve() !== me)
    throw new BadArgument(
      'name_not_held',
      `${me.pid} enters the loop of ${definition.name} as ${String(name)}, which is not its name`,
      'Register the name first, or start the process with it.',
    );
  me.enter(definition, state, step);
  return new Promise(() => {});
}
