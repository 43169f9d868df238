/**
 * The storm: a chat room is crashed again and again, in every way it can, while SDK clients post. Server, clients and
 * this are three processes.
 *
 *     npm run storm -w examples/chat -- --clients 200 --crashes 20 --seconds 20 --nodes 1
 *
 * Prints one object, and ends with code 1 when something was lost, doubled, closed or not the same everywhere.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { crashWays } from '../../crash-on-purpose.ts';
import type { FromClients, ToClients } from './clients.ts';
import { type ClientsReport, judge, type Verdict } from './report.ts';
import { startServer } from './running-server.ts';

export interface StormOptions {
  readonly clients: number;
  readonly crashes: number;
  readonly seconds: number;
  /** Worker threads for the rooms. */
  readonly nodes: number;
  readonly transport?: 'auto' | 'uws' | 'ws';
  /** Milliseconds between the posts of one client, on average. */
  readonly interval: number;
  /** Whether, right before each crash, a client hangs up and comes back. */
  readonly hangUps?: boolean;
}

export interface Summary extends Verdict {
  readonly placement: 'main thread' | 'worker thread';
  readonly transport: string;
  readonly clients: number;
  readonly crashes: number;
  /** Restarts of the room as the server counts them. */
  readonly restarts: number;
  readonly connections: { readonly least: number; readonly most: number };
  readonly latency: ClientsReport['latency'];
  readonly processes: number;
}

const CLIENTS = fileURLToPath(new URL('./clients.ts', import.meta.url));
const LOOK = 50;

export async function storm(options: StormOptions): Promise<Summary> {
  await using server = await startServer(options);
  const clients = fork(CLIENTS, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    const tell = (message: ToClients): void => void clients.send(message);
    const joined = hear(clients, 'joined');
    tell({ do: 'join', url: server.url, clients: options.clients, interval: options.interval });
    const { roomId } = (await joined).joined;

    const connections: number[] = [];
    const pids = new Set<string | undefined>();
    let watching = true;
    const watch = (async () => {
      for (; watching; await pause(LOOK)) {
        const tree = await server.tree();
        connections.push(tree.connections);
        pids.add(tree.rooms.find((room) => room.roomId === roomId)?.pid);
      }
    })();
    for (let crash = 0; crash < options.crashes; crash++) {
      await pause((options.seconds * 1000) / options.crashes);
      if (options.hangUps) tell({ do: 'hangUp' });
      const how = crashWays[crash % (crashWays.length + 1)];
      if (how) tell({ do: 'crash', how });
      else await server.crash(roomId);
    }
    await pause(1000);
    watching = false;
    await watch;
    const restarts = (await server.tree()).rooms.find((room) => room.roomId === roomId)?.restarts ?? 0;
    const reported = hear(clients, 'report');
    tell({ do: 'finish' });
    const { report } = await reported;
    const verdict = judge(report);
    const least = Math.min(...connections);
    const most = Math.max(...connections);
    const steady = options.hangUps || (least === options.clients && most === options.clients);
    return {
      ...verdict,
      ok: verdict.ok && steady && restarts === options.crashes,
      placement: options.nodes > 0 ? 'worker thread' : 'main thread',
      transport: server.transport,
      clients: options.clients,
      crashes: options.crashes,
      restarts,
      processes: pids.size,
      connections: { least, most },
      latency: report.latency,
    };
  } finally {
    clients.kill();
  }
}

type Clients = ReturnType<typeof fork>;
type Heard<K> = Extract<FromClients, { [P in K & string]: unknown }>;

async function hear<K extends 'joined' | 'report'>(clients: Clients, wanted: K): Promise<Heard<K>> {
  const ended = once(clients, 'exit').then(([code]) => {
    throw new Error(`The clients ended with code ${String(code)}.`);
  });
  const [message] = (await Promise.race([once(clients, 'message'), ended])) as [FromClients];
  ended.catch(() => {});
  if (!(wanted in message)) throw new Error(`Not "${wanted}" but ${inspect(message)}`);
  return message as Heard<K>;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      clients: { type: 'string', default: process.env['STORM_CLIENTS'] ?? '200' },
      crashes: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '20' },
      nodes: { type: 'string', default: '0' },
      transport: { type: 'string', default: 'auto' },
      interval: { type: 'string', default: '2000' },
      'hang-ups': { type: 'boolean', default: false },
    },
  });
  const summary = await storm({
    clients: Number(values.clients),
    crashes: Number(values.crashes),
    seconds: Number(values.seconds),
    nodes: Number(values.nodes),
    interval: Number(values.interval),
    hangUps: values['hang-ups'],
    transport: values.transport as 'auto' | 'uws' | 'ws',
  });
  console.log(summary);
  process.exitCode = summary.ok ? 0 : 1;
}
