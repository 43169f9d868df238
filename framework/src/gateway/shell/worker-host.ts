/**
 * What a worker node of a server runs: the rooms' host, and the thread's event log, since what rooms report stays on their
 * thread. What the log says goes to the gateway, and once a second what the thread counts. It is named by URL to
 * WorkerNode, and runs nowhere else.
 */
import { threadId } from 'node:worker_threads';
import type { Link } from '../../cluster/link.ts';
import { nameNode } from '../../otp/runtime/pid.ts';
import type { FromNode, ToNode } from '../../room/link.ts';
import type { RoomHost } from '../../room/room-host.ts';
import { host as hostRooms, type WorkerRooms } from '../../room/worker-host.ts';
import type { LogEntry } from '../../telemetry/log.ts';
import { watchThread } from '../../telemetry/thread-report.ts';
import { openEventLog } from '../event-log.ts';

const REPORT_MS = 1_000;

/** Given to the thread; plain data. */
export interface WorkerHostData extends WorkerRooms {
  /** Of the node. The thread that takes another's place has the same. */
  readonly name: string;
  /** Whether the server logs. */
  readonly log: boolean;
}

/** @throws RoomNotExported, and what a module throws when it is imported */
export async function host(link: Link<FromNode, ToNode>, { name, log, ...rooms }: WorkerHostData): Promise<RoomHost> {
  nameNode(`${name}-${threadId}`); // a pid is never used again, not by the next thread of this node either
  // As plain as the line it may become: what cannot be copied would take along what is sent beside it.
  if (log) openEventLog((entry) => link.send({ kind: 'log', entry: JSON.parse(JSON.stringify(entry)) as LogEntry }));
  const watch = watchThread();
  setInterval(() => link.send({ kind: 'report', report: watch.read() }), REPORT_MS).unref();
  return hostRooms(link, rooms);
}
