/**
 * `serve`: a server for rooms, with one call.
 *
 *     const server = await serve({ rooms: [chat], static: './public' });
 *     console.log(`listening on ${server.url}`);
 *     await server.close();
 *
 * Invariants
 * - A stray failure ends the process that owns it and no more; one that nobody owns ends nothing, unless `unowned` says
 *   else. No listener of Colyseus's ends the server.
 * - Sockets stay on the main thread, wherever the rooms run.
 * - What was started is ended in reverse order, by `close` or by a start that fails.
 */
import { statSync } from 'node:fs';
import { insideWorkerNode } from '../cluster/index.ts';
import { currentClock } from '../otp/runtime/clock.ts';
import { installStrayHandlers } from '../otp/process/stray.ts';
import { errorText } from '../platform/error-text.ts';
import { GenroomError } from '../platform/errors.ts';
import { crashEntry } from '../telemetry/crash-record.ts';
import { guardedLog, lineLog, type Log, type LogEntry, type LogFormat } from '../telemetry/log.ts';
import { openEventLog } from './event-log.ts';
import { openGateway } from './gateway.ts';
import type { HttpHandler } from './http/handler.ts';
import { healthRoutes } from './http/health.ts';
import { type Operations, operatorRoutes } from './http/operator.ts';
import { staticFiles } from './http/static-files.ts';
import { inspecting } from '../platform/inspecting.ts';
import { OpenRooms } from './open-rooms.ts';
import { badOption, checkOptions } from './options-check.ts';
import type { GenroomServer, ServeOptions } from './serve-options.ts';
import { serverMetrics } from './server-metrics.ts';
import type { RoomNode } from './shell/index.ts';
import { startRoomNode } from './shell/start-node.ts';
import { type GatewayStats, newStats } from './stats.ts';
import { startWatchdog } from './watchdog.ts';

/**
 * Starts a server. Rejects with `bad_options`, `bad_limits`, `listen_failed`, `gateway_running`, `uws_unavailable`,
 * `room_without_module`, `worker_start_failed` or `serve_on_worker`.
 */
export async function serve(options: ServeOptions): Promise<GenroomServer> {
  if (insideWorkerNode()) {
    throw new GenroomError('serve_on_worker', 'serve was called on a thread that only runs rooms', {
      remedy: 'Put the rooms into a module of their own, apart from the one that calls serve.',
    });
  }
  checkOptions(options);
  checkFolder(options.static);
  const ends: End[] = [];
  try {
    return await start(options, ends);
  } catch (error) {
    await endAll(ends, 0);
    throw error;
  }
}

/** Ends one thing that was started. */
type End = (grace: number) => unknown;

const DEFAULT_GRACE = 10_000;
const WATCHDOG = 10_000;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

async function start(options: ServeOptions, ends: End[]): Promise<GenroomServer> {
  const log = guardedLog(logOf(options.log ?? 'text'));
  const life: Life = { phase: 'starting' };
  let closing: Promise<void> | undefined;
  const close = (grace = DEFAULT_GRACE): Promise<void> => {
    life.phase = 'closing';
    return (closing ??= endAll(ends, grace));
  };
  const closeAndExit = (code: number): void => void close().finally(() => process.exit(code));

  const onUnowned = (): void => {
    if (options.unowned === 'exit') closeAndExit(1);
  };
  ends.push(openEventLog(log));
  ends.push(installStrayHandlers({ onUnowned }));
  if (options.signals ?? true) ends.push(onSignals(() => closeAndExit(0)));
  if (inspecting())
    log(entry('info', 'inspect', 'A debugger may stop this process: the deadlines of calls are suspended.'));

  const { callTimeout, recovery, hangTimeout, watchdog = WATCHDOG } = options;
  if (watchdog !== false) ends.push(startWatchdog({ timeout: watchdog, log: formatOf(options.log) }));
  const exposeErrors = options.exposeErrors ?? process.env['NODE_ENV'] !== 'production';
  const nodes: RoomNode[] = [];
  ends.push(() => Promise.all(nodes.map((node) => node.stop())));
  const starting = nodeNames(options.nodes ?? 0).map((name) =>
    startRoomNode(options.rooms, {
      nodes: name === undefined ? 0 : 1,
      ...(options.log !== false && { log }),
      onUnowned,
      ...(name && { name }),
      ...(hangTimeout !== undefined && { worker: { hangTimeout } }),
    }),
  );
  for (const node of await Promise.allSettled(starting)) if (node.status === 'fulfilled') nodes.push(node.value);
  await Promise.all(starting);

  const rooms = new OpenRooms({ nodes, clock: currentClock(), callTimeout, recovery, exposeErrors });
  const stats = newStats();
  const operations: Operations = {
    tree: async () => ({
      transport: gateway.transport.kind,
      connections: stats.connections,
      rooms: rooms.views(),
      nodes: await rooms.trees(),
    }),
    crash: (roomId, error, sessionId) => rooms.crash(roomId, error, sessionId),
  };
  const gateway = await openGateway({
    ...options,
    rooms: options.rooms.map((definition) => ({
      ...definition.parts,
      openShell: (opening) => rooms.open(definition, opening),
    })),
    stats,
    handlers: handlersOf(options, operations, { life, stats, rooms, workers: options.nodes ? nodes : [], ends }),
    warn: (text) => log(entry('warn', 'transport', text)),
    report: (error) => log(gatewayFailure(error)),
  });
  ends.push((grace) => gateway.close(grace));
  life.phase = 'ready';

  const { host, port, transport } = gateway;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${shown}:${port}`,
    host,
    port,
    transport: transport.kind,
    tree: operations.tree,
    crash: (roomId, error = 'crashed by an operator', sessionId) => operations.crash(roomId, error, sessionId),
    close,
  };
}

function checkFolder(folder: string | undefined): void {
  if (folder === undefined || statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  throw badOption('static', folder, 'Give a folder that is there, or leave it out.');
}

/** Undefined stands for this thread, which runs the rooms where no worker does. */
function nodeNames(workers: number): (string | undefined)[] {
  return workers === 0 ? [undefined] : Array.from({ length: workers }, (_, index) => `node-${index + 1}`);
}

interface Life {
  phase: 'starting' | 'ready' | 'closing';
}

function handlersOf(
  options: ServeOptions,
  operations: Operations,
  server: { life: Life; stats: GatewayStats; rooms: OpenRooms; workers: readonly RoomNode[]; ends: End[] },
): HttpHandler[] {
  const metrics = serverMetrics(server.stats, server.rooms, server.workers);
  server.ends.push(() => metrics.close());
  const notReady = (): string | undefined => {
    if (server.life.phase !== 'ready') return server.life.phase;
    return server.rooms.canOpen ? undefined : 'no node is up';
  };
  const access = options.operator || options.tree;
  return [
    healthRoutes({ notReady, metrics }),
    ...(access
      ? [operatorRoutes({ ...(access === true ? {} : access), orders: Boolean(options.operator) }, operations)]
      : []),
    ...(options.routes ?? []),
    ...(options.static === undefined ? [] : [staticFiles(options.static)]),
  ];
}

async function endAll(ends: End[], grace: number): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end(grace);
}

/** A second signal ends the process at once, as Node does without listeners. */
function onSignals(close: () => void): () => void {
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  const onSignal = (): void => {
    forget();
    close();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return forget;
}

function logOf(choice: NonNullable<ServeOptions['log']>): Log {
  if (choice === false) return () => {};
  return typeof choice === 'function' ? choice : lineLog(choice);
}

/** For what cannot be given to a function any more. */
function formatOf(choice: ServeOptions['log'] = 'text'): LogFormat | false {
  return typeof choice === 'function' ? 'text' : choice;
}

function entry(level: LogEntry['level'], event: string, text: string): LogEntry {
  return { level, event, text, fields: {} };
}

/** A failure in the gateway itself, which no room has to answer for. */
function gatewayFailure(error: unknown): LogEntry {
  return { ...crashEntry({ what: 'gateway', error: errorText(error), fields: {} }), event: 'gateway' };
}
