/**
 * RoomHost: runs rooms on a node (the main thread or a worker) for the shells at the other end of a link.
 *
 * The tree on the node:
 *
 *     node              rest_for_one
 *     ├─ registry       names of Room processes
 *     ├─ host           watches; says on the link what becomes of rooms and players
 *     └─ rooms          dynamic
 *         └─ room       one per room, temporary, one_for_one
 *             ├─ players    dynamic; Players are temporary: the host starts them again, with a limit per session
 *             └─ Room
 *
 * Invariants
 * - `down` of a life is said after its last turn and before `hello` of the next.
 * - Messages of a session reach its Player in order; none is kept for a Player that crashed, since the shell sends
 *   everything unfinished again.
 *
 *     const host = await createHost([chat], link);
 *     await host.stop();
 */
import {
  childSpec,
  describeReason,
  dynamicSupervisor,
  type ExitReason,
  isAlive,
  type Pid,
  registry,
  type RegistryName,
  start,
  startLink,
  stopServer,
  supervisor,
} from '../otp/index.ts';
import { addMonitor } from '../otp/runtime/monitor.ts';
import { procOf } from '../otp/runtime/proc.ts';
import type { RoomDefinition } from './definition.ts';
import { BadDefinition } from './errors.ts';
import type { FromNode, Link, ToNode } from './link.ts';
import type { roomServer } from './room-behaviour.ts';
import type { HandLedger } from './hand-ledger.ts';
import { HostedRooms } from './hosted-rooms.ts';
import { hostServer } from './host-behaviour.ts';

export interface RoomHost {
  /** The supervisor of everything here. */
  readonly pid: Pid;
  /** Resolves when everything here has ended, by `stop` or since it failed too often; with the reason. */
  readonly ended: Promise<string>;
  /** Ends every room of this node in good order. */
  stop(): Promise<void>;
}

const roomsSupervisor = dynamicSupervisor({ name: 'rooms' });

let nodes = 0;

/**
 * Starts a host. It serves the link from when the promise has resolved; what came before is not lost.
 *
 * @param definitions every kind of room that may be opened here
 * @param ledger where messages in hand are written down; for a thread that may be lost
 * @throws BadDefinition when two definitions have one name
 */
export async function createHost(
  definitions: readonly RoomDefinition[],
  link: Link<FromNode, ToNode>,
  ledger?: HandLedger,
): Promise<RoomHost> {
  const parts = new Map(definitions.map((definition) => [definition.name, definition.parts]));
  if (parts.size < definitions.length) throw new BadDefinition('the rooms', 'two of them have the same name');
  const number = ++nodes;
  const names: RegistryName<typeof roomServer> = registry({ name: `rooms-of-node-${number}` });
  const rooms = new HostedRooms(parts, names, (message, transfer) => link.send(message, transfer), ledger);
  const tree = supervisor({
    name: 'node',
    strategy: 'restForOne',
    children: [
      childSpec(names),
      childSpec(hostServer, rooms, { id: 'host' }),
      { id: 'rooms', type: 'supervisor', start: async () => (rooms.supervisor = await startLink(roomsSupervisor)) },
    ],
  });
  const pid = await start(tree);
  const ended = new Promise<string>((resolve) => {
    addMonitor((reason) => resolve(describeEnd(reason)), procOf(pid), pid);
  });
  link.receive((message) => rooms.receive(message));
  return {
    pid,
    ended,
    stop: async () => {
      for (const room of rooms.all()) room.closing = true;
      if (isAlive(pid)) await stopServer(pid, 'shutdown');
    },
  };
}

/** 'shutdown' is how a supervisor ends past its intensity. */
function describeEnd(reason: ExitReason): string {
  return reason === 'shutdown' ? 'its host failed too often' : `its supervisor ended (${describeReason(reason)})`;
}
