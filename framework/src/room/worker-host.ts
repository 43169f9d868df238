/**
 * What a worker node runs: imports the modules that export the room definitions, and hosts their rooms. It is named by
 * URL to WorkerNode, and runs nowhere else.
 */
import type { Link } from '../cluster/link.ts';
import { installStrayHandlers } from '../otp/index.ts';
import { HandLedger } from './hand-ledger.ts';
import type { FromNode, ToNode } from './link.ts';
import { createHost, type RoomHost } from './room-host.ts';
import { importRoom, type RoomModule } from './room-module.ts';

/** What the thread is given; structured-cloneable. */
export interface WorkerRooms {
  readonly rooms: readonly RoomModule[];
  /** Of the HandLedger, shared with the gateway. */
  readonly ledger: SharedArrayBuffer;
}

/** @throws RoomNotExported, and what a module throws when it is imported */
export async function host(link: Link<FromNode, ToNode>, { rooms, ledger }: WorkerRooms): Promise<RoomHost> {
  installStrayHandlers({ onUnowned: () => link.send({ kind: 'unowned' }) });
  return createHost(await Promise.all(rooms.map(importRoom)), link, new HandLedger(ledger));
}
