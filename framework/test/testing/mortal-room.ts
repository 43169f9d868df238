/** A room whose clients can have the processes above it killed; in a module of its own, for worker threads. */
import { schema, t } from '@colyseus/schema';
import * as z from 'zod';
import { exit, processes, processTree, type ProcessNode } from '../../src/otp/index.ts';
import { room } from '../../src/room/definition.ts';

const Count = schema({ count: t.number(), restored: t.number() }, 'Count');

/** Kills the `host` process of this thread's node, or the supervisor above it. */
function killAbove(which: 'host' | 'node'): void {
  const all = (nodes: readonly ProcessNode[]): ProcessNode[] => nodes.flatMap((node) => [node, ...all(node.children)]);
  const wanted = which === 'host' ? 'genServer host' : 'supervisor node';
  const found = all(processTree()).filter(({ behaviour }) => behaviour === wanted);
  if (found.length !== 1) throw new Error(`There are ${found.length} of '${wanted}'.`);
  exit(
    processes().find((pid) => String(pid) === found[0]!.pid)!,
    'kill',
  );
}

export const mortal = room({
  name: 'mortal',
  module: import.meta.url,
  state: () => new Count().assign({ count: 0, restored: 0 }),
  messages: { add: z.number(), kill: z.enum(['host', 'node']) },
  restore: (self) => void self.state.restored++,
  calls: { add: (self, _who, n) => (self.state.count += n) },
  casts: {
    // Behind the turn, so that it ends well and is not what the node was lost by.
    kill: (_self, _who, which) => void setTimeout(() => killAbove(which), 20),
  },
});

/** Fails in the state that a client's first look at it needs. */
export const stillborn = room({
  name: 'stillborn',
  module: import.meta.url,
  state: () => new Count().assign({ count: 0, restored: 0 }),
  init: () => {
    throw new Error('born dead');
  },
});

/** Fails before there is a room at all. */
export const stateless = room({
  name: 'stateless',
  module: import.meta.url,
  state: (): InstanceType<typeof Count> => {
    throw new Error('no state');
  },
});
