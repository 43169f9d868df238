/**
 * The open rooms of a server: opens a shell for each on one of the nodes, and tells what there is.
 *
 * Invariant: a room is here from its opening until its shell has ended.
 */
import type { Clock } from '../otp/runtime/clock.ts';
import { errorText } from '../platform/error-text.ts';
import type { RoomDefinition } from '../room/definition.ts';
import type { RoomOpening } from './colyseus-shell.ts';
import type { RoomView, TreeView } from './http/operator.ts';
import { inspecting } from '../platform/inspecting.ts';
import { freshAttempts } from './shell/recovery.ts';
import { type RecoveryPolicy, type RoomNode, RoomShell } from './shell/index.ts';

export interface OpenRoomsOptions {
  readonly nodes: readonly RoomNode[];
  readonly clock: Clock;
  readonly callTimeout?: number | undefined;
  readonly recovery?: Partial<RecoveryPolicy> | undefined;
  readonly exposeErrors: boolean;
}

export class OpenRooms {
  readonly #options: OpenRoomsOptions;
  readonly #shells = new Map<string, { readonly shell: RoomShell; readonly node: RoomNode }>();

  constructor(options: OpenRoomsOptions) {
    this.#options = options;
  }

  /** Whether any node can take a new room now. */
  get canOpen(): boolean {
    return this.#options.nodes.some((node) => node.up);
  }

  /** Opens a room that the matchmaker wants. */
  open(definition: RoomDefinition, { roomId, name, options, port }: RoomOpening): RoomShell {
    const { nodes, clock, callTimeout, recovery, exposeErrors } = this.#options;
    const node = pickNode(nodes);
    const timeout = inspecting() ? false : callTimeout;
    const shell = new RoomShell({
      roomId,
      name,
      options,
      node,
      clock,
      exposeErrors,
      room: {
        ...port,
        dispose: (code, reason) => {
          this.#shells.delete(roomId);
          port.dispose(code, reason);
        },
      },
      recovery: { freshAttempts: freshAttempts(definition.parts.fresh), ...recovery },
      ...(timeout !== undefined && { callTimeout: timeout }),
    });
    this.#shells.set(roomId, { shell, node });
    return shell;
  }

  /** Has a room, or the Player of a session, crash. False when no such room runs, or no such session is in it. */
  crash(roomId: string, error: string, sessionId?: string): boolean {
    return this.#shells.get(roomId)?.shell.crash(error, sessionId) ?? false;
  }

  /** How many rooms and seats there are of each definition. */
  count(): { readonly name: string; readonly rooms: number; readonly sessions: number }[] {
    const byName = new Map<string, { name: string; rooms: number; sessions: number }>();
    for (const { shell } of this.#shells.values()) {
      const sum = byName.get(shell.name) ?? { name: shell.name, rooms: 0, sessions: 0 };
      byName.set(shell.name, { name: shell.name, rooms: sum.rooms + 1, sessions: sum.sessions + shell.sessions });
    }
    return [...byName.values()];
  }

  views(): RoomView[] {
    return [...this.#shells.values()].map(({ shell, node }) => ({
      roomId: shell.roomId,
      name: shell.name,
      phase: shell.phase,
      pid: shell.pid,
      restarts: shell.restarts,
      sessions: shell.sessions,
      node: node.name,
    }));
  }

  /** The processes on each node; a node that does not answer says so in its place. */
  trees(): Promise<TreeView['nodes']> {
    const { nodes, clock } = this.#options;
    return Promise.all(
      nodes.map(async (node) => {
        try {
          return { name: node.name, tree: await node.inspect(clock) };
        } catch (error) {
          return { name: node.name, error: errorText(error).message };
        }
      }),
    );
  }
}

/** The node for a new room: the one with the fewest, among those that are up. */
function pickNode(nodes: readonly RoomNode[]): RoomNode {
  const up = nodes.filter((node) => node.up);
  const [first, ...rest] = up.length > 0 ? up : nodes;
  return rest.reduce((least, node) => (node.rooms < least.rooms ? node : least), first!);
}
