/**
 * A state with every kind of field, random changes to it, and exact descriptions of trees.
 *
 * A change is plain numbers (`Step`), read against the tree as it is, so that a failing run shrinks and replays.
 */
import {
  ArraySchema,
  CollectionSchema,
  MapSchema,
  Schema,
  SetSchema,
  schema,
  t,
  type SchemaType,
  type StateView,
} from '@colyseus/schema';
import fc from 'fast-check';
import { $changes, $refId, $values } from '../../../src/room/state/schema-internals.ts';
import type { SchemaInternals, MapInternals, IndexedInternals } from '../../../src/room/state/schema-internals.ts';

export const Leaf = schema(
  {
    label: t.string(),
    n: t.number(),
    exact: t.float64(),
    small: t.int8(),
    big: t.bigint64(),
    ubig: t.biguint64(),
    flag: t.boolean(),
    at: t.uint32(),
    heading: t.angle(),
    secret: t.string().view(),
    tagged: t.number().view(1),
    late: t.number().unreliable(),
    event: t.number().patchOnly(),
    fixed: t.number().fullStateOnly(),
    cooldown: t.number().noSync().default(0),
  },
  'Leaf',
);
export type Leaf = SchemaType<typeof Leaf>;

export const Sword = Leaf.extend({ damage: t.float64() }, 'Sword');
export const Fire = Sword.extend({ heat: t.number(), sparks: t.array('number') }, 'Fire');
export const LEAVES = [Leaf, Sword, Fire] as const;

export const Branch = schema(
  {
    title: t.string().default('branch'),
    leaf: t.ref(Leaf).optional(),
    leaves: t.array(Leaf),
    byKey: t.map(Leaf),
    members: t.set(Leaf),
    bag: t.collection(Leaf),
    numbers: t.array('number'),
    strings: t.array('string'),
    bigs: t.array('bigint64'),
    names: t.map('string'),
    counts: t.map('number'),
    tags: t.set('string'),
    words: t.collection('string'),
    hand: t.array(Leaf).view(),
    spells: t.map(Leaf).view(),
    quest: t.ref(Leaf).optional().view(),
  },
  'Branch',
);
export type Branch = SchemaType<typeof Branch>;

export const World = schema(
  {
    round: t.number().default(0),
    main: t.ref(Branch),
    branches: t.map(Branch),
    rows: t.array(Branch),
    king: t.ref(Leaf).optional(),
    price: t.number().default(1000000.00001),
  },
  'World',
);
export type World = SchemaType<typeof World>;

export interface Step {
  readonly what: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const small = fc.nat({ max: 40 });
export const step: fc.Arbitrary<Step> = fc.record({ what: fc.nat({ max: 10_000 }), a: small, b: small, c: small });
export const turns = (most: number): fc.Arbitrary<Step[][]> =>
  fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: most });

const NUMBERS = [0, 1, -1, 0.1, 1000000.00001, 2 ** 40 + 0.5, -7.25, 1e300, 3, 255, Number.MAX_SAFE_INTEGER];
const STRINGS = ['', 'a', 'b', 'cc', 'ünï😀', 'x'.repeat(40)];
const BIGS = [0n, 1n, -5n, 2n ** 62n, -(2n ** 61n)];
const KEYS = ['a', 'b', 'c', 'constructor', '7', '__x'];
const pick = <T>(from: readonly T[], at: number): T => from[at % from.length]!;

/** All objects of a tree, each once, in a fixed order. */
export function objectsOf(root: World): { leaves: Leaf[]; branches: Branch[] } {
  const leaves = new Set<Leaf>();
  const branches = [root.main, ...root.branches.values(), ...root.rows].filter((branch) => branch !== undefined);
  for (const branch of branches) {
    for (const holder of [branch.leaves, branch.byKey, branch.members, branch.bag, branch.hand, branch.spells]) {
      for (const leaf of holder?.values() ?? []) if (leaf !== undefined) leaves.add(leaf);
    }
    if (branch.leaf) leaves.add(branch.leaf);
    if (branch.quest) leaves.add(branch.quest);
  }
  if (root.king) leaves.add(root.king);
  return { leaves: [...leaves], branches: [...new Set(branches)] };
}

function newLeaf(seed: number): Leaf {
  const leaf = new (pick(LEAVES, seed))();
  leaf.label = pick(STRINGS, seed);
  leaf.n = pick(NUMBERS, seed + 1);
  leaf.cooldown = seed;
  if (leaf instanceof Fire) leaf.sparks.push(seed, 2);
  return leaf;
}

export interface Limits {
  /** One object may be at several places. Default true. */
  readonly sharing?: boolean;
  /** An object that left the tree changes there and comes back. Default true. */
  readonly returning?: boolean;
  /** Fields that only views show change too. Default true. */
  readonly hidden?: boolean;
  /** Whole collections are replaced. Default true. */
  readonly replacing?: boolean;
}

/** What left each tree, in that order. */
const gone = new WeakMap<World, { leaves: Set<Leaf>; branches: Set<Branch> }>();

/** Makes one random change. */
export function change(root: World, step: Step, limits: Limits = {}): void {
  const before = objectsOf(root);
  changeOne(root, before, step, limits);
  if (!(limits.returning ?? true)) return;
  const now = objectsOf(root);
  const left = gone.get(root) ?? { leaves: new Set(), branches: new Set() };
  gone.set(root, left);
  const follow = <T>(out: Set<T>, held: readonly T[], holds: readonly T[]): void => {
    for (const one of held) out.add(one);
    for (const one of holds) out.delete(one);
  };
  follow(left.leaves, before.leaves, now.leaves);
  follow(left.branches, before.branches, now.branches);
}

function changeOne(
  root: World,
  { leaves, branches }: ReturnType<typeof objectsOf>,
  { what, a, b, c }: Step,
  limits: Limits,
): void {
  const branch = pick(branches, a);
  const { hidden = true } = limits;
  const left = gone.get(root);
  const some = <T>(inTree: readonly T[], outside: ReadonlySet<T> | undefined, make: () => T): T => {
    if ((limits.sharing ?? true) && inTree.length > 0 && c % 4 === 0) return pick(inTree, b);
    if (outside !== undefined && outside.size > 0 && c % 4 === 1) return pick([...outside], b);
    return make();
  };
  const someLeaf = (): Leaf => some(leaves, left?.leaves, () => newLeaf(c));
  const someBranch = (): Branch => some(branches, left?.branches, () => new Branch());
  const leaf = leaves.length === 0 ? undefined : pick(leaves, a);
  const actions: (() => void)[] = [
    () => {
      root.round++;
    },
    () => {
      root.price = pick(NUMBERS, b);
    },
    () => {
      if (leaf) setPrimitive(leaf, b, c);
    },
    () => {
      if (leaf) setPrimitive(leaf, b, c);
    },
    () => {
      if (leaf) {
        leaf.cooldown = c;
      }
    },
    () => {
      if (leaf instanceof Fire) changeList(leaf.sparks, b, c, () => pick(NUMBERS, c));
    },
    () => {
      const next = c % 5 === 0 ? undefined : someLeaf();
      if (next === undefined || next !== branch.quest) branch.leaf = next;
    },
    () => {
      // Schema knows one place of an object in each holder: not a public and a hidden field of the same one.
      const next = c % 5 === 0 ? undefined : someLeaf();
      if (hidden && (next === undefined || next !== branch.leaf)) branch.quest = next;
    },
    () => {
      root.king = c % 5 === 0 ? undefined : someLeaf();
    },
    () => changeList(branch.leaves, b, c, someLeaf, (x, y) => (x.label ?? '').localeCompare(y.label ?? '')),
    () => changeList(branch.leaves, b, c, someLeaf, (x, y) => (x.label ?? '').localeCompare(y.label ?? '')),
    () => {
      if (hidden) changeList(branch.hand, b, c, someLeaf);
    },
    () => changeList(branch.numbers, b, c, () => pick(NUMBERS, c)),
    () => changeList(branch.numbers, b, c, () => c),
    () => changeList(branch.strings, b, c, () => pick(STRINGS, c)),
    () => changeList(branch.bigs, b, c, () => pick(BIGS, c)),
    () => changeMap(branch.byKey, b, c, someLeaf),
    () => changeMap(branch.byKey, b, c, someLeaf),
    () => {
      if (hidden) changeMap(branch.spells, b, c, someLeaf);
    },
    () => changeMap(branch.names, b, c, () => pick(STRINGS, c)),
    () => changeMap(branch.counts, b, c, () => pick(NUMBERS, c)),
    () => changeBag(branch.members, b, c, someLeaf),
    () => changeBag(branch.bag, b, c, someLeaf),
    () => changeBag(branch.tags, b, c, () => pick(STRINGS, c)),
    () => changeBag(branch.words, b, c, () => pick(STRINGS, c)),
    () => changeMap(root.branches, b, c, someBranch),
    () => changeList(root.rows, b, c, someBranch),
    () => {
      if (limits.replacing ?? true) replaceCollection(branch, b, c);
    },
    () => {
      const one = left && pick([...left.leaves, undefined], a);
      if (one instanceof Fire && c % 2 === 0) changeList(one.sparks, b, c, () => c);
      else if (one) setPrimitive(one, b, c);
    },
    () => {
      const one = left && pick([...left.branches, undefined], a);
      if (one) changeList(one.leaves, b, c, someLeaf);
    },
  ];
  pick(actions, what)();
}

function setPrimitive(leaf: Leaf, field: number, seed: number): void {
  const none = seed % 7 === 0;
  const actions: (() => void)[] = [
    () => {
      leaf.label = none ? (undefined as never) : pick(STRINGS, seed);
    },
    () => {
      leaf.n = none ? (undefined as never) : pick(NUMBERS, seed);
    },
    () => {
      leaf.exact = pick(NUMBERS, seed);
    },
    () => {
      leaf.small = (seed % 200) - 100;
    },
    () => {
      leaf.big = none ? (undefined as never) : pick(BIGS, seed);
    },
    () => {
      leaf.ubig = BigInt(seed) ** 9n;
    },
    () => {
      leaf.flag = seed % 2 === 0;
    },
    () => {
      leaf.at = 1_700_000_000 + seed;
    },
    () => {
      leaf.heading = seed / 3;
    },
    () => {
      leaf.secret = none ? (undefined as never) : `secret ${seed}`;
    },
    () => {
      leaf.tagged = seed;
    },
    () => {
      leaf.late = seed / 4;
    },
    () => {
      leaf.event = seed;
    },
    () => {
      leaf.fixed = seed;
    },
    () => {
      if (leaf instanceof Sword) leaf.damage = pick(NUMBERS, seed);
    },
    () => {
      if (leaf instanceof Fire) leaf.heat = pick(NUMBERS, seed);
    },
  ];
  pick(actions, field)();
}

function changeList<T>(
  list: ArraySchema<T>,
  how: number,
  seed: number,
  some: () => T,
  order?: (a: T, b: T) => number,
): void {
  // Schema does not carry an object that is twice in one array.
  const make = (): T => {
    const item = some();
    if (typeof item !== 'object' || !list.includes(item)) return item;
    return (item instanceof Branch ? new Branch() : newLeaf(seed)) as T;
  };
  const actions: (() => void)[] = [
    () => {
      list.push(make());
    },
    () => {
      list.push(make());
      list.push(make());
    },
    () => {
      list.push(make());
    },
    () => {
      list.unshift(make());
    },
    () => {
      list.pop();
    },
    () => {
      list.shift();
    },
    () => {
      list.splice(seed % (list.length + 1), 1);
    },
    () => {
      list.splice(seed % (list.length + 1), seed % 3, make());
      list.splice(0, 0, make());
    },
    () => {
      if (list.length > 0) list[seed % list.length] = make();
    },
    () => {
      if (seed % 4 === 0) list.clear();
      else list.push(make());
    },
    () => {
      if (seed % 3 === 0) list.reverse();
      else list.push(make());
    },
    () => {
      if (order !== undefined && seed % 3 === 0) list.sort(order);
      else list.push(make());
    },
    () => {
      const [one] = list.splice(seed % (list.length + 1), 1);
      if (one !== undefined) list.splice((seed * 7) % (list.length + 1), 0, one);
    },
    () => {
      const [from, to] = [seed % (list.length || 1), (seed * 7) % (list.length || 1)];
      if (typeof list[0] === 'object')
        list.move((items) => {
          [items[from], items[to]] = [items[to]!, items[from]!];
        });
    },
    () => {
      if (list.length > 0) list.length = seed % list.length;
    },
  ];
  pick(actions, how)();
}

function changeMap<T>(map: MapSchema<T>, how: number, seed: number, make: () => T): void {
  const key = pick(KEYS, seed);
  if (how % 10 === 9) map.clear();
  else if (how % 3 === 2) map.delete(key);
  else map.set(key, make());
}

function changeBag<T>(bag: SetSchema<T> | CollectionSchema<T>, how: number, seed: number, make: () => T): void {
  if (how % 10 === 9) bag.clear();
  else if (how % 3 === 2) bag.delete(pick([...bag.values(), make()], seed));
  else bag.add(make());
}

function replaceCollection(branch: Branch, how: number, seed: number): void {
  const actions: (() => void)[] = [
    () => {
      branch.leaves = new ArraySchema<Leaf>(newLeaf(seed));
    },
    () => {
      branch.numbers = new ArraySchema<number>(seed, 5);
    },
    () => {
      branch.byKey = new MapSchema<Leaf>({ z: newLeaf(seed) });
    },
    () => {
      branch.names = new MapSchema<string>({ z: 'z' });
    },
    () => {
      branch.members = new SetSchema<Leaf>([newLeaf(seed)]);
    },
    () => {
      branch.leaves = branch.leaves.slice() as never;
    },
  ];
  pick(actions, how)();
}

export const TAG = 1;

/** Makes one random change to a view. Objects outside the tree cannot be added. */
export function changeView(root: World, view: StateView, { a, b, c }: Step): void {
  const { leaves, branches } = objectsOf(root);
  const branch = pick(branches, a);
  const leaf = leaves.length === 0 ? undefined : pick(leaves, b);
  const actions: (() => void)[] = [
    () => {
      if (leaf) view.add(leaf);
    },
    () => {
      if (leaf) view.add(leaf, TAG);
    },
    () => {
      if (leaf && view.has(leaf)) view.remove(leaf);
    },
    () => {
      view.add(branch.hand);
    },
    () => {
      for (const card of branch.hand) view.add(card);
    },
    () => {
      view.add(branch);
    },
  ];
  pick(actions, c)();
}

/** Everything about a tree, as plain data: exact values, concrete classes, refIds, sharing (by refId), order, indexes. */
export function describeTree(root: Schema): Map<number, unknown> {
  const nodes = new Map<number, unknown>();
  const describeValue = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || !($changes in value)) return value;
    describeNode(value as SchemaInternals);
    return { refId: (value as SchemaInternals)[$refId] };
  };
  const describeNode = (node: SchemaInternals): void => {
    const refId = node[$refId]!;
    if (nodes.has(refId)) return;
    nodes.set(refId, undefined);
    const target: unknown = node[$changes].refTarget;
    if (target instanceof Schema) {
      const values = Array.from(node[$values], describeValue);
      while (values.length > 0 && values.at(-1) === undefined) values.pop();
      nodes.set(refId, { class: target.constructor, values, own: Object.entries(target) });
    } else if (target instanceof ArraySchema) {
      nodes.set(refId, {
        class: ArraySchema,
        items: Array.from((target as unknown as { items: unknown[] }).items, describeValue),
      });
    } else {
      const { $items, journal, $refId: next } = target as MapInternals & IndexedInternals;
      const indexes = journal === undefined ? undefined : Array.from($items.keys(), (key) => journal.indexByKey[key]);
      const nextIndex = journal === undefined ? next : journal.nextIndex;
      nodes.set(refId, {
        class: (target as object).constructor,
        nextIndex,
        indexes,
        entries: Array.from($items as Map<unknown, unknown>, ([key, value]) => [key, describeValue(value)]),
      });
    }
  };
  describeNode(root as unknown as SchemaInternals);
  return nodes;
}

export const newWorld = (): World => {
  const world = new World();
  world.king = newLeaf(5);
  world.main.leaves.push(newLeaf(1), newLeaf(2));
  world.main.numbers.push(1, 2, 3);
  return world;
};
