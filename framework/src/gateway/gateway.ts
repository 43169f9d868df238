/**
 * The gateway: one port with WebSockets and HTTP, Colyseus's matchmaker behind it, and a shell for each room.
 *
 * Invariants
 * - One gateway a process, since the matchmaker of core is module-level state.
 * - Core installs no listener for uncaughtException and none for signals: whether a stray failure ends the process is
 *   decided by the layer that knows its owner, not here.
 *
 *     const gateway = await openGateway({ rooms: [{ name: 'chat', openShell }], port: 2567 })
 *     await gateway.close()
 */
import { LocalDriver, LocalPresence, matchMaker, Server } from '@colyseus/core';
import { GenroomError } from '../platform/errors.ts';
import { loadUws } from '../platform/uws.ts';
import { colyseusShell, type RoomOpening } from './colyseus-shell.ts';
import { coreLog } from './core-log.ts';
import type { HttpHandler } from './http/handler.ts';
import type { Limits } from './limits.ts';
import { keepPm2FromStrays } from './pm2.ts';
import type { ShellPort } from './shell/ports.ts';
import type { GatewayStats } from './stats.ts';
import type { GatewayTransport, TransportOptions } from './transport/transport.ts';
import { UwsTransport } from './transport/uws.ts';
import { WsTransport } from './transport/ws.ts';

/** `auto`: uWebSockets.js where it loads, else `ws` with a warning. */
export type TransportChoice = 'auto' | 'uws' | 'ws';

/** A kind of room, as the gateway needs it. */
export interface GatewayRoom {
  readonly name: string;
  readonly maxClients?: number;
  /** Join options that must agree for two clients to meet in one room. */
  readonly filterBy?: readonly string[];
  readonly autoDispose?: boolean;
  readonly openShell: (opening: RoomOpening) => ShellPort;
}

export interface GatewayOptions {
  readonly rooms: readonly GatewayRoom[];
  /** Default 2567; 0 takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1: reachable from this machine only. */
  readonly host?: string;
  /** Default `auto`. */
  readonly transport?: TransportChoice;
  readonly limits?: Partial<Limits>;
  /** Where to count; default: counters of the transport's own. */
  readonly stats?: GatewayStats;
  /** Seconds for which the seat of a client whose line went is kept. Default 60. */
  readonly reconnection?: number;
  readonly trustProxy?: boolean;
  readonly handlers?: readonly HttpHandler[];
  /** Takes warnings. Default console.warn. */
  readonly warn?: (text: string) => void;
  /** Takes what failed in the gateway itself. Default console.error. */
  readonly report?: (error: unknown) => void;
}

export interface Gateway {
  readonly transport: GatewayTransport;
  readonly host: string;
  readonly port: number;
  /** Ends the rooms (clients see 4001), then stops listening. Waits `grace` milliseconds at most, default 10,000. */
  close(grace?: number): Promise<void>;
}

const DEFAULT_PORT = 2567;
const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_RECONNECTION = 60;
const DEFAULT_GRACE = 10_000;

let running = false;

/** Opens the gateway. Rejects with `listen_failed`, `gateway_running`, or `uws_unavailable` where that was asked for. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  if (running) {
    throw new GenroomError('gateway_running', 'This process already has a gateway', {
      remedy: 'Give all rooms to one serve(), or close the first server before the next is started.',
    });
  }
  running = true;
  try {
    return await open(options);
  } catch (error) {
    running = false;
    throw error;
  }
}

async function open(options: GatewayOptions): Promise<Gateway> {
  const { host = DEFAULT_HOST, port = DEFAULT_PORT, reconnection = DEFAULT_RECONNECTION } = options;
  const report = options.report ?? ((error: unknown) => console.error(error));
  const warn = options.warn ?? console.warn;
  const transport = chooseTransport(options.transport ?? 'auto', { ...options, report }, warn);
  keepPm2FromStrays();
  const server = new Server({
    transport,
    presence: new LocalPresence(),
    driver: new LocalDriver(),
    gracefullyShutdown: false,
    greet: false,
    logger: coreLog(warn, report),
  });
  const open = { rooms: 0 };
  for (const { name, filterBy, ...room } of options.rooms) {
    const handler = server.define(name, colyseusShell({ ...room, name, transport, reconnection, open, report }));
    handler.filterBy([...(filterBy ?? [])] as never[]);
  }
  try {
    await server.listen(port, host);
  } catch (error) {
    await server.gracefullyShutdown(false);
    throw error;
  }

  let closing: Promise<void> | undefined;
  const close = async (grace: number): Promise<void> => {
    const late = new Promise<void>((resolve) => setTimeout(resolve, grace).unref());
    await Promise.race([server.gracefullyShutdown(false), late]);
    transport.shutdown();
    for (const { name } of options.rooms) matchMaker.removeRoomType(name);
    running = false;
  };
  return {
    transport,
    host,
    get port() {
      return transport.port;
    },
    close: (grace = DEFAULT_GRACE) => (closing ??= close(grace)),
  };
}

function chooseTransport(
  choice: TransportChoice,
  options: TransportOptions,
  warn: (text: string) => void,
): GatewayTransport {
  if (choice === 'ws') return new WsTransport(options);
  const loaded = loadUws();
  if (loaded.ok) return new UwsTransport(loaded.uws, options);
  if (choice === 'uws') throw new GenroomError('uws_unavailable', loaded.cause, { remedy: loaded.remedy });
  warn(`genroom: falling back to the slower WebSocket transport on \`ws\`. ${loaded.cause} ${loaded.remedy}`);
  return new WsTransport(options);
}
