/**
 * WorkerNode: a node on a worker thread of its own. When the thread ends (an exhausted heap, process.exit in a handler,
 * a failure of the host itself) or is ended since it hangs, everything on it is lost; a new thread takes its place, within a limit, and whoever
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
import { type Clock, currentClock } from '../otp/runtime/clock.ts';
import { errorText } from '../platform/error-text.ts';
import { GenroomError } from '../platform/errors.ts';
import { describePlace, placeOfWorker } from './hang-place.ts';
import { newBeat, watchBeat } from './heartbeat.ts';
import type { NodeConnection, NodeEvents } from './node-connection.ts';
import type { Link } from './link.ts';
import { portLink } from './port-link.ts';
import { Replacement } from './replacement.ts';
import type { RestartLimit } from './restart-limit.ts';
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
  /** Milliseconds without a turn of its event loop after which the thread is ended; false: never. Default 5,000. */
  readonly hangTimeout?: number | false;
  readonly clock?: Clock;
}

/** The host module, or what it imports, failed or took too long to load. */
export class WorkerStartError extends GenroomError {
  constructor(name: string, cause: unknown) {
    super('worker_start_failed', `Worker node '${name}' did not start: ${errorText(cause).message}`, {
      cause,
      remedy: 'The rooms and what they import must load in a worker thread; see the cause.',
    });
  }
}

const HANG_TIMEOUT = 5_000;
const entry = new URL('./worker-main.ts', import.meta.url);

export class WorkerNode<Out, In> implements NodeConnection<Out, In> {
  readonly name: string;
  /** Resolves when the first thread is up; rejects with WorkerStartError when it cannot be. */
  readonly ready: Promise<void>;
  readonly #options: WorkerNodeOptions;
  readonly #clock: Clock;
  readonly #replacement: Replacement;
  #events: NodeEvents | undefined;
  #handler: ((message: In) => void) | undefined;
  #worker: Worker | undefined;
  #link: Link<Out, In> | undefined;
  #stopped = false;

  constructor(options: WorkerNodeOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? currentClock();
    this.#replacement = new Replacement({
      clock: this.#clock,
      limit: options.restart,
      start: () => this.#start(),
      up: () => this.#events?.up(),
      gone: (reason) => this.#events?.gone(reason),
    });
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
    if (this.#stopped || this.#replacement.over) return;
    this.#stopped = true;
    this.#replacement.stop();
    this.#link = undefined;
    await this.#worker?.terminate();
    this.#events?.gone('stopped');
  }

  #start(): Promise<void> {
    const { name, host, data, resourceLimits, hangTimeout = HANG_TIMEOUT } = this.#options;
    const beat = hangTimeout === false ? undefined : newBeat(hangTimeout);
    const start: WorkerStart = { genroom: 'node', host: host.href, data, ...(beat && { beat }) };
    const worker = new Worker(entry, { name, workerData: start, ...(resourceLimits && { resourceLimits }) });
    const link = portLink<Out, In>(worker);
    const up = Promise.withResolvers<void>();
    let running = false;
    let reason: unknown;
    let stopWatching = (): void => {};
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
      if (beat) {
        stopWatching = watchBeat(beat, () => {
          void placeOfWorker(worker.threadId).then((place) => {
            reason ??= new Error(`its thread hung for ${hangTimeout} ms in ${describePlace(place)}`);
            return worker.terminate();
          });
        });
      }
      this.#link = link;
      up.resolve();
    });
    link.receive((message) => this.#handler?.(message));
    worker.on('error', (error) => (reason ??= error));
    worker.on('exit', (code) => {
      this.#clock.clearTimer(slow);
      stopWatching();
      this.#worker = undefined;
      this.#link = undefined;
      const why = reason ?? `its thread ended with code ${code}`;
      if (!running) up.reject(new WorkerStartError(name, why));
      else if (!this.#stopped) this.#lost(errorText(why).message);
    });
    return up.promise;
  }

  #lost(reason: string): void {
    const explained = this.#events?.lost(reason) === true;
    this.#replacement.lost(reason, !explained);
  }
}

/** Starts a worker thread and keeps one running. */
export function workerNode<Out, In>(options: WorkerNodeOptions): WorkerNode<Out, In> {
  return new WorkerNode(options);
}
