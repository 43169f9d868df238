/** A client as the SDK has it: its own SchemaSerializer, fed with whole WebSocket messages; and what it shows. */
import { SchemaSerializer } from '@colyseus/sdk';
import type { PatchFrames, TrackedState } from '../../../src/room/state/index.ts';
import type { Branch, Leaf, World } from './world.ts';

export class TestClient {
  readonly sessionId: string;
  readonly serializer = new SchemaSerializer<World>();
  /** Every frame it got. */
  readonly received: Uint8Array[] = [];

  constructor(sessionId: string) {
    this.sessionId = sessionId;
  }

  get state(): World {
    return this.serializer.getState();
  }

  /** Joins: reflection, then a full state. */
  join(tracked: TrackedState<World>): this {
    this.serializer.handshake(tracked.handshake(), { offset: 0 });
    this.full(tracked);
    return this;
  }

  full(tracked: TrackedState<World>): void {
    const bytes = tracked.fullState(this.sessionId);
    if (bytes[0] !== 14) throw new Error(`not a full state: ${bytes[0]}`);
    this.received.push(bytes);
    this.serializer.setState(bytes, { offset: 1 });
  }

  patch(frames: PatchFrames): void {
    const own = frames.perClient.find(({ sessionIds }) => sessionIds.includes(this.sessionId));
    const bytes = own?.bytes ?? frames.shared;
    if (bytes === undefined) return;
    if (bytes[0] !== 15) throw new Error(`not a patch: ${bytes[0]}`);
    this.received.push(bytes);
    this.serializer.patch(bytes, { offset: 1 });
  }
}

const rounded = (value: unknown): unknown =>
  typeof value === 'number' && Math.abs(value) < 1e12 ? Math.round(value * 1000) / 1000 + 0 : value;

/** Fields that every client is to have, as the tree has them; numbers as far as clients get them. */
export function publicLeaf(leaf: Leaf | undefined): unknown {
  if (leaf === undefined || leaf === null) return undefined;
  const names = ['label', 'n', 'exact', 'small', 'big', 'ubig', 'flag', 'at', 'heading', 'late', 'damage', 'heat'];
  const fields = leaf as unknown as Record<string, unknown>;
  const shown = Object.fromEntries(names.map((name) => [name, rounded(fields[name] ?? undefined)]));
  const sparks = fields['sparks'] as Iterable<number> | undefined;
  return { ...shown, sparks: sparks && Array.from(sparks, rounded) };
}

const sorted = (items: Iterable<unknown>): unknown[] => {
  const text = (item: unknown): string =>
    JSON.stringify(item, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)) ?? '';
  return [...items].sort((a, b) => (text(a) < text(b) ? -1 : 1));
};
const byKey = (map: Iterable<[string, unknown]>, show: (value: never) => unknown): unknown =>
  new Map(sorted(Array.from(map, ([key, value]) => [key, show(value as never)])) as [string, unknown][]);

function publicBranch(branch: Branch): unknown {
  return {
    title: branch.title,
    leaf: publicLeaf(branch.leaf),
    leaves: Array.from(branch.leaves, publicLeaf),
    byKey: byKey(branch.byKey.entries(), publicLeaf),
    members: sorted(Array.from(branch.members.values(), publicLeaf)),
    bag: sorted(Array.from(branch.bag.values(), publicLeaf)),
    numbers: Array.from(branch.numbers, rounded),
    strings: [...branch.strings],
    bigs: [...branch.bigs],
    names: byKey(branch.names.entries(), String),
    counts: byKey(branch.counts.entries(), rounded),
    tags: sorted(branch.tags.values()),
    words: sorted(branch.words.values()),
  };
}

/** What every client sees of a world. Order is shown where clients are to have it: in arrays. */
export function publicWorld(world: World): unknown {
  return {
    round: world.round,
    price: rounded(world.price),
    king: publicLeaf(world.king),
    main: publicBranch(world.main),
    branches: byKey(world.branches.entries(), publicBranch),
    rows: Array.from(world.rows, publicBranch),
  };
}

/** What a view shows beside that: by branch the hand, spells and quest, and the secrets of leaves, without order. */
export function hiddenOf(world: World): unknown {
  const secrets = (leaf: Leaf | undefined): unknown => leaf && [publicLeaf(leaf), leaf.secret, leaf.tagged];
  const branch = (one: Branch): unknown => ({
    hand: one.hand && sorted(Array.from(one.hand, secrets)),
    spells: one.spells && byKey(one.spells.entries(), secrets),
    quest: secrets(one.quest),
    leaf: secrets(one.leaf),
    leaves: Array.from(one.leaves, secrets),
    byKey: byKey(one.byKey.entries(), secrets),
  });
  return {
    king: secrets(world.king),
    main: branch(world.main),
    branches: byKey(world.branches.entries(), branch),
    rows: Array.from(world.rows, branch),
  };
}
