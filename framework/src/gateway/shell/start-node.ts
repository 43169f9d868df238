/**
 * `startRoomNode`: starts what rooms run on, beside the gateway or on a worker thread, and returns the gateway's side.
 *
 *     const node = await startRoomNode([chat], { nodes: 1 });
 *     const shell = new RoomShell({ node, … });
 *     await node.stop();
 */
import type { RestartLimit } from '../../cluster/restart-limit.ts';
import { workerNode, type WorkerNodeOptions } from '../../cluster/worker-node.ts';
import type { RoomDefinition } from '../../room/definition.ts';
import type { FromNode, ToNode } from '../../room/link.ts';
import { HandLedger } from '../../room/hand-ledger.ts';
import { roomModules } from '../../room/room-module.ts';
import type { Log } from '../../telemetry/log.ts';
import { LocalRoomNode } from './local-room-node.ts';
import { RoomNode } from './room-node.ts';
import type { WorkerHostData } from './worker-host.ts';

export interface StartNodeOptions {
  /** 0: on this thread. 1: on a worker thread; each definition must name its module. Default 0. */
  readonly nodes?: 0 | 1;
  /** On this thread: copy messages as between threads. For tests. */
  readonly clone?: boolean;
  /** Name of the worker's thread, for reports. Default `node-1`. */
  readonly name?: string;
  /** Takes what a worker's rooms report. Default: nothing does. */
  readonly log?: Log;
  /** Called for a failure on a worker that no process owns. */
  readonly onUnowned?: () => void;
  /** How often the node is started again after its end. */
  readonly restart?: Partial<RestartLimit>;
  readonly worker?: Pick<WorkerNodeOptions, 'resourceLimits' | 'startTimeout' | 'hangTimeout'>;
}

const WORKER_HOST = new URL('./worker-host.ts', import.meta.url);

/** @throws RoomWithoutModule, WorkerStartError */
export async function startRoomNode(
  definitions: readonly RoomDefinition[],
  options: StartNodeOptions = {},
): Promise<RoomNode> {
  if ((options.nodes ?? 0) === 0) {
    const { clone = false, restart } = options;
    return new RoomNode(await LocalRoomNode.start(definitions, { clone, ...(restart && { restart }) }));
  }
  const { name = 'node-1', log, onUnowned, restart, worker } = options;
  const memory = HandLedger.memory();
  const data: WorkerHostData = { name, rooms: roomModules(definitions), ledger: memory, log: log !== undefined };
  const node = workerNode<ToNode, FromNode>({ name, host: WORKER_HOST, data, ...(restart && { restart }), ...worker });
  await node.ready;
  return new RoomNode(node, { ledger: new HandLedger(memory), log, onUnowned });
}
