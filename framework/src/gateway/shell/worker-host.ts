/**
 * What a worker node of a server runs: the rooms' host, the thread's event log, since what rooms report stays on their
 * thread, and once a second what the thread counts goes to the gateway. It is named by URL to WorkerNode, and runs nowhere
 * else.
 */
import { threadId } from 'node:worker_threads';
import type { Link } from '../../cluster/link.ts';
import { nameNode } from '../../otp/pid.ts';
import type { FromNode, ToNode } from '../../room/link.ts';
import type { RoomHost } from '../../room/room-host.ts';
import { host as hostRooms, type WorkerRooms } from '../../room/worker-host.ts';
import { lineLog, type LogFormat } from '../../telemetry/log.ts';
import { watchThread } from '../../telemetry/thread-report.ts';
import { openEventLog } from '../event-log.ts';

const REPORT_MS = 1_000;

/** Given to the thread; plain data. */
export interface WorkerHostData extends WorkerRooms {
  /** Of the node. The thread that takes another's place has the same. */
  readonly name: string;
  /** How the thread logs; false: not at all. */
  readonly log: LogFormat | false;
}

/** @throws RoomNotExported, and what a module throws when it is imported */
export async function host(link: Link<FromNode, ToNode>, { name, log, ...rooms }: WorkerHostData): Promise<RoomHost> {
  nameNode(`${name}-${threadId}`); // a pid is never used again, not by the next thread of this node either
  if (log) openEventLog(lineLog(log));
  const watch = watchThread();
  setInterval(() => link.send({ kind: 'report', report: watch.read() }), REPORT_MS).unref();
  return hostRooms(link, rooms);
}
