/** Objects of one recursive class, which move above, below and beside each other and are at several places. */
import { schema, t, type ArraySchema, type MapSchema } from '@colyseus/schema';
import { SchemaSerializer } from '@colyseus/sdk';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Shadow, restoreState, trackState } from '../../../src/room/state/index.ts';

const RUNS = Number(process.env.RUNS ?? 300);
const TIMEOUT = Math.max(60_000, RUNS * 60);

const Part = schema({ n: t.number().default(0) }, 'Part');
const Group = Part.extend({ parts: t.array(Part), named: t.map(Part), one: t.ref(Part).optional() }, 'Group');
const State = schema({ parts: t.array(Part), top: t.ref(Group) }, 'State');
type Part = InstanceType<typeof Part>;
type State = InstanceType<typeof State>;
type Group = Part & { parts: ArraySchema<Part>; named: MapSchema<Part>; one: Part | undefined };

const isGroup = (part: Part): part is Group => 'parts' in part;
const below = (part: Part): Part[] =>
  (isGroup(part) ? [...part.parts, ...part.named.values(), part.one] : []).filter((one) => one !== undefined);
const holds = (part: Part, other: Part): boolean => part === other || below(part).some((one) => holds(one, other));

/** All parts of a tree, each once. */
function partsOf(state: State): Set<Part> {
  const parts = new Set<Part>();
  const walk = (part: Part): void => {
    if (parts.has(part)) return;
    parts.add(part);
    below(part).forEach(walk);
  };
  walk(state.top);
  state.parts.forEach(walk);
  return parts;
}

function show(part: Part | undefined): unknown {
  if (part === undefined || !isGroup(part)) return part?.n;
  const named = new Map(Array.from(part.named, ([key, one]) => [key, show(one)]));
  return { n: part.n, parts: Array.from(part.parts, show), named, one: show(part.one) };
}
const shown = (state: State): unknown => ({ parts: Array.from(state.parts, show), top: show(state.top) });

/** A change: what, where, with what (0 one of the tree, 1 a new one, 2 one that left), and a seed. */
type Change = readonly [what: number, where: number, how: number, seed: number];

const goneFrom = new WeakMap<State, Set<Part>>();

function change(state: State, [what, where, how, seed]: Change): void {
  const gone = goneFrom.get(state) ?? new Set();
  goneFrom.set(state, gone);
  const before = partsOf(state);
  const pick = <T>(from: Iterable<T>, at: number): T | undefined => {
    const all = [...from];
    return all[at % all.length];
  };
  const holder = pick([...before].filter(isGroup), where)!;
  const list = what % 2 === 0 ? state.parts : holder.parts;
  const fresh = (): Part => Object.assign(seed % 2 === 0 ? new Part() : new Group(), { n: seed });
  const some = (): Part => {
    const part = how === 1 ? undefined : pick(how === 0 ? before : gone, seed);
    // Nothing holds itself, nor is it twice in one array.
    return part === undefined || holds(part, holder) || list.includes(part) ? fresh() : part;
  };
  const key = 'abc'[seed % 3]!;
  const actions = [
    () => list.push(some()),
    () => list.unshift(some()),
    () => list.pop(),
    () => list.shift(),
    () => list.length > 0 && (list[seed % list.length] = some()),
    () => list.splice(seed % (list.length + 1), 1, some()),
    () => holder.named.set(key, some()),
    () => holder.named.delete(key),
    () => (holder.one = some()),
    () => (holder.one = undefined),
    () => (pick(before, where)!.n = seed),
    () => (pick(gone, where) ?? holder).n++,
  ];
  actions[(what >> 1) % actions.length]!();
  const now = partsOf(state);
  for (const part of before) if (!now.has(part)) gone.add(part);
  for (const part of now) gone.delete(part);
}

function follow(turns: readonly ((state: State) => void)[], flushEvery: number, crashAfter: number): void {
  const shadow = new Shadow();
  const client = new SchemaSerializer<State>();
  let tracked = trackState(new State());
  const connect = (): void => {
    tracked.addClient('one');
    client.setState(tracked.fullState('one'), { offset: 1 });
  };
  shadow.apply(tracked.commit()!);
  client.handshake(tracked.handshake(), { offset: 0 });
  connect();
  turns.forEach((turn, at) => {
    turn(tracked.state);
    const made = tracked.commit();
    if (made !== undefined) shadow.apply(structuredClone(made));
    expect(shown(restoreState(new State(), shadow.snapshot()).state)).toEqual(shown(tracked.state));
    if (at === crashAfter) {
      tracked.dispose();
      tracked = restoreState(new State(), shadow.snapshot());
      connect();
    } else if (at % flushEvery === 0) {
      const { shared } = tracked.flush();
      if (shared !== undefined) client.patch(shared, { offset: 1 });
    } else return;
    expect(shown(client.state)).toEqual(shown(tracked.state));
  });
}

describe('a recursive class', () => {
  test('is followed by clients and shadow, whatever moves where', { timeout: TIMEOUT }, () => {
    const small = fc.nat({ max: 40 });
    const turn = fc.array(fc.tuple(fc.nat({ max: 400 }), small, fc.nat({ max: 2 }), small), {
      minLength: 1,
      maxLength: 10,
    });
    fc.assert(
      fc.property(
        fc.array(turn, { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat({ max: 9 }),
        (changes, flushEvery, crashAfter) => {
          const turns = changes.map((turn) => (state: State) => {
            for (const one of turn) change(state, one);
          });
          follow(turns, flushEvery, crashAfter);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('is followed where an object is put below what it was below', () => {
    const group = new Group();
    const putBelow = ({ parts, top }: State): void => {
      parts.push(group);
      group.one = top;
      group.one = undefined;
      parts.pop();
    };
    const putAbove = ({ top }: State): void => {
      top.parts.push(group);
      top.n = 1;
    };
    follow([putBelow, putAbove], 1, 9);
  });
});
