/** What a shell is made with, and what it can be at. */
import type { Clock } from '../../otp/runtime/clock.ts';
import type { QueueBounds } from './pending-queue.ts';
import type { RoomPort } from './ports.ts';
import type { RecoveryPolicy } from './recovery.ts';
import type { RoomNode } from './room-node.ts';

export interface ShellOptions {
  readonly roomId: string;
  /** Name of the definition. */
  readonly name: string;
  /** What the room was created with. */
  readonly options: unknown;
  readonly node: RoomNode;
  readonly room: RoomPort;
  readonly clock: Clock;
  /** Milliseconds a call may take; false suspends deadlines (`--inspect`). Default 10,000. */
  readonly callTimeout?: number | false;
  readonly recovery?: Partial<RecoveryPolicy>;
  readonly bounds?: Partial<QueueBounds>;
  /** Whether clients are told why a room did not start or was given up: what was thrown. Default true. */
  readonly exposeErrors?: boolean;
}

/**
 * `opening`: the node was asked for the room. `booting`: an incarnation has its past and has not finished its first
 * turn. `down`: it crashed, its supervisor starts another. `lost`: the node is gone. `cooling`: past its intensity.
 */
export type ShellPhase = 'opening' | 'booting' | 'running' | 'down' | 'lost' | 'cooling' | 'closed';
