/**
 * WorkerNode: a node on a worker thread of its own. When the thread ends (an exhausted heap, process.exit in a handler,
 * a failure of the host itself), everything on it is lost; a new thread takes its place, within a limit, and whoever
 * observes the node opens its rooms there again. No socket lives on a worker, so none is closed.
 *
 * The thread runs a host module, named by URL: this layer does not know what it hosts. TypeScript sources run as they
 * are, since Node strips their types; below node_modules there is only JavaScript (the build rewrites the URLs).
 *
 *     const node = workerNode<ToNode, FromNode>({ name: 'node-1', host: new URL('./host.ts', import.meta.url), data });
 *     node.observe({ lost, up, gone });
 *     await node.ready;
 */
import { Worker, type ResourceLimits } from 'node:worker_threads';
import { type Clock, type TimerHandle, currentClock } from '../otp/clock.ts';
import { GenroomError } from '../platform/errors.ts';
import type { NodeConnection, NodeEvents } from './node-connection.ts';
import type { Link } from './link.ts';
import { portLink } from './port-link.ts';
import { type RestartLimit, defaultRestartLimit, nextRestart } from './restart-limit.ts';
import type { WorkerGreeting, WorkerStart } from './worker-thread.ts';

export interface WorkerNodeOptions {
  /** Shown in reports and as the thread's name. */
  readonly name: string;
  /** The module that exports `host(link, data)`. */
  readonly host: URL;
  /** For `host`; structured-cloneable. */
  readonly data: unknown;
  readonly restart?: Partial<RestartLimit>;
  /** Heap limits of the thread: past them the thread ends and not the server. Node's defaults otherwise. */
  readonly resourceLimits?: ResourceLimits;
  /** Milliseconds for the host's modules to load. Default 30,000. */
  readonly startTimeout?: number;
  readonly clock?: Clock;
}

/** The host module, or what it imports, failed or took too long to load. */
export class WorkerStartError extends GenroomError {
  constructor(name: string, cause: unknown) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    super('worker_start_failed', `Worker node '${name}' did not start: ${detail}`, {
      cause,
      remedy: 'The rooms and what they import must load in a worker thread; see the cause.',
    });
  }
}

const entry = new URL('./worker-main.ts', import.meta.url);

export class WorkerNode<Out, In> implements NodeConnection<Out, In> {
  readonly name: string;
  /** Resolves when the first thread is up; rejects with WorkerStartError when it cannot be. */
  readonly ready: Promise<void>;
  readonly #options: WorkerNodeOptions;
  readonly #limit: RestartLimit;
  readonly #clock: Clock;
  #events: NodeEvents | undefined;
  #handler: ((message: In) => void) | undefined;
  #worker: Worker | undefined;
  #link: Link<Out, In> | undefined;
  #losses: readonly number[] = [];
  #restartTimer: TimerHandle | undefined;
  #stopped = false;

  constructor(options: WorkerNodeOptions) {
    this.name = options.name;
    this.#options = options;
    this.#limit = { ...defaultRestartLimit, ...options.restart };
    this.#clock = options.clock ?? currentClock();
    this.ready = this.#start();
    // A caller may look at `ready` later; until then its rejection is not a stray.
    this.ready.catch(() => {});
  }

  /** The running thread's id; undefined while there is none. */
  get threadId(): number | undefined {
    return this.#worker?.threadId;
  }

  send(message: Out, transfer?: readonly ArrayBuffer[]): void {
    this.#link?.send(message, transfer);
  }

  receive(handler: (message: In) => void): void {
    this.#handler = handler;
  }

  observe(events: NodeEvents): void {
    this.#events = events;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#restartTimer) this.#clock.clearTimer(this.#restartTimer);
    this.#link = undefined;
    await this.#worker?.terminate();
    this.#events?.gone('stopped');
  }

  #start(): Promise<void> {
    const start: WorkerStart = { genroom: 'node', host: this.#options.host.href, data: this.#options.data };
    const { name, resourceLimits } = this.#options;
    const worker = new Worker(entry, { name, workerData: start, ...(resourceLimits && { resourceLimits }) });
    const link = portLink<Out, In>(worker);
    const up = Promise.withResolvers<void>();
    let running = false;
    let reason: unknown;
    this.#worker = worker;

    const slow = this.#clock.setTimer(this.#options.startTimeout ?? 30_000, () => {
      reason = new Error('its modules took too long to load');
      void worker.terminate();
    });
    worker.on('message', (value: WorkerGreeting | unknown[]) => {
      if (Array.isArray(value)) return;
      this.#clock.clearTimer(slow);
      if ('failed' in value) {
        reason = value.failed;
        return;
      }
      running = true;
      this.#link = link;
      up.resolve();
    });
    link.receive((message) => this.#handler?.(message));
    worker.on('error', (error) => (reason ??= error));
    worker.on('exit', (code) => {
      this.#clock.clearTimer(slow);
      this.#worker = undefined;
      this.#link = undefined;
      if (!running) up.reject(new WorkerStartError(name, reason ?? `its thread ended with code ${code}`));
      else if (!this.#stopped)
        this.#lost(reason instanceof Error ? reason.message : `its thread ended with code ${code}`);
    });
    return up.promise;
  }

  #lost(reason: string): void {
    this.#events?.lost(reason);
    this.#restartAfterLoss(reason);
  }

  #restartAfterLoss(reason: string): void {
    const decision = nextRestart(this.#losses, this.#limit, this.#clock.now());
    this.#losses = decision.losses;
    if (!decision.restart) {
      this.#stopped = true;
      this.#events?.gone(reason);
      return;
    }
    const restart = (): void => {
      this.#restartTimer = undefined;
      this.#start().then(
        () => this.#events?.up(),
        (error: Error) => {
          if (!this.#stopped) this.#restartAfterLoss(error.message);
        },
      );
    };
    if (decision.delay === 0) restart();
    else this.#restartTimer = this.#clock.setTimer(decision.delay, restart);
  }
}

/** Starts a worker thread and keeps one running. */
export function workerNode<Out, In>(options: WorkerNodeOptions): WorkerNode<Out, In> {
  return new WorkerNode(options);
}
