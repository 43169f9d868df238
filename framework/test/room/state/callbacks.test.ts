/** After a restart, a client's callbacks fire for what changed and for nothing else, and its objects stay. */
import { getDecoderStateCallbacks, schema, t, type Schema } from '@colyseus/schema';
import { SchemaSerializer } from '@colyseus/sdk';
import { beforeEach, describe, expect, test } from 'vitest';
import { Shadow, restoreState, trackState, type TrackedState } from '../../../src/room/state/index.ts';

const Point = schema({ x: t.number().default(0), y: t.number().default(0) }, 'Point');
const Player = schema({ name: t.string(), hp: t.uint8().default(100), at: t.ref(Point) }, 'Player');
const Monster = Player.extend({ rage: t.float64().default(0.1) }, 'Monster');
const Line = schema({ from: t.string(), text: t.string() }, 'Line');
const Game = schema(
  {
    title: t.string().default('castle'),
    players: t.map(Player),
    lines: t.array(Line),
    scores: t.array('number'),
    marks: t.map('string'),
    boss: t.ref(Monster),
  },
  'Game',
);
type Game = InstanceType<typeof Game>;

interface Callbacks {
  onAdd(callback: (value: unknown, key: string | number) => void): void;
  onRemove(callback: (value: unknown, key: string | number) => void): void;
  onChange(callback: (value: unknown, key: string | number) => void): void;
  listen(field: string, callback: (value: unknown, previous: unknown) => void): void;
  [field: string]: unknown;
}

let shadow: Shadow;
let tracked: TrackedState<Game>;
let client: SchemaSerializer<Game>;
let fired: string[];

/** `onChange` of an object whose field is a collection fires at every full state: schema's decoder copies collections. */
const heard = (): string[] => fired.filter((one) => one !== 'game changed');

/** What the client's tree consists of, to see that the instances stay. */
const instances = (): Schema[] => {
  const { players, lines, boss } = client.state;
  return [
    ...players.values(),
    ...Array.from(players.values(), (player) => player.at),
    ...lines,
    boss,
    boss.at,
  ] as Schema[];
};

function listen(): void {
  const $ = getDecoderStateCallbacks(client.decoder) as unknown as (of: unknown) => Callbacks;
  const { state } = client;
  for (const name of ['players', 'lines', 'scores', 'marks'] as const) {
    const collection = $(state)[name] as Callbacks;
    collection.onAdd((_, key) => fired.push(`${name} + ${key}`));
    collection.onRemove((_, key) => fired.push(`${name} - ${key}`));
    collection.onChange((_, key) => fired.push(`${name} changed ${String(key)}`));
  }
  $(state).listen('title', (value) => fired.push(`title = ${String(value)}`));
  $(state).onChange(() => fired.push('game changed'));
  for (const [key, player] of state.players) {
    $(player).onChange(() => fired.push(`player ${key} changed`));
    $(player.at).onChange(() => fired.push(`point of ${key} changed`));
  }
  state.lines.forEach((line, at) => $(line).onChange(() => fired.push(`line ${at} changed`)));
  $(state.boss).onChange(() => fired.push('boss changed'));
  $(state.boss.at).onChange(() => fired.push('point of boss changed'));
}

const commit = (): void => {
  const change = tracked.commit();
  if (change !== undefined) shadow.apply(structuredClone(change));
};
const patch = (): void => {
  const { shared } = tracked.flush();
  if (shared !== undefined) client.patch(shared, { offset: 1 });
};
/** The room crashes; a new incarnation sends its full state. */
const restart = (): void => {
  tracked.dispose();
  tracked = restoreState(new Game(), structuredClone(shadow.snapshot()));
  tracked.addClient('one');
  client.setState(tracked.fullState('one'), { offset: 1 });
};

beforeEach(() => {
  shadow = new Shadow();
  tracked = trackState(new Game());
  tracked.addClient('one');
  const { state } = tracked;
  for (const name of ['ann', 'bob', 'cid'])
    state.players.set(name, new Player({ name, at: new Point({ x: 1.1, y: 2 }) }));
  state.boss = new Monster({ name: 'boss', at: new Point({ x: 1000000.00001, y: -3 }), rage: 0.3 });
  state.lines.push(
    new Line({ from: 'ann', text: 'hi' }),
    new Line({ from: 'bob', text: 'hello' }),
    new Line({ from: 'cid', text: '?' }),
  );
  state.scores.push(3, 1, 2);
  state.marks.set('a', 'x');
  commit();
  tracked.flush();
  client = new SchemaSerializer<Game>();
  client.handshake(tracked.handshake(), { offset: 0 });
  client.setState(tracked.fullState('one'), { offset: 1 });
  // A life before the crash, so that indexes have gaps.
  state.players.delete('ann');
  state.lines.shift();
  commit();
  patch();
  state.players.set('dan', new Player({ name: 'dan', at: new Point() }));
  state.lines.push(new Line({ from: 'dan', text: 'me too' }));
  commit();
  patch();
  fired = [];
});

describe('a client whose room was restarted', () => {
  test('hears nothing of entries and objects that did not change, and keeps them', () => {
    const before = instances();
    listen();
    fired = [];
    restart();
    expect(heard()).toEqual([]);
    expect(instances()).toHaveLength(before.length);
    instances().forEach((instance, at) => expect(instance).toBe(before[at]));
  });

  test('hears of what changed since its last patch, once each', () => {
    listen();
    fired = [];
    tracked.state.players.get('bob')!.hp = 7;
    tracked.state.players.delete('cid');
    tracked.state.lines.push(new Line({ from: 'bob', text: 'late' }));
    tracked.state.marks.set('b', 'y');
    commit(); // and the room crashes before the patch
    const before = instances();
    restart();
    expect(heard().toSorted()).toEqual([
      'lines + 3',
      'lines changed 3',
      'marks + b',
      'marks changed b',
      'player bob changed',
      'players - cid',
      'players changed cid',
    ]);
    expect(client.state.players.get('bob')).toBe(before[0]);
    expect(client.state.players.get('bob')!.hp).toBe(7);
    expect(client.state.lines.at(-1).text).toBe('late');
  });

  test('gets later patches right, on the same objects', () => {
    restart();
    listen();
    fired = [];
    const bob = client.state.players.get('bob')!;
    tracked.state.players.get('bob')!.at.x = 9;
    tracked.state.lines[0]!.text = 'edited';
    tracked.state.players.set('eve', new Monster({ name: 'eve', at: new Point(), rage: 2 }));
    tracked.state.lines.splice(1, 1);
    commit();
    patch();
    expect(client.state.players.get('bob')).toBe(bob);
    expect(bob.at.x).toBe(9);
    expect(Array.from(client.state.lines, (line) => line.text)).toEqual(['edited', 'me too']);
    expect((client.state.players.get('eve') as InstanceType<typeof Monster>).rage).toBe(2);
    expect(fired).toContain('point of bob changed');
    expect(fired).not.toContain('player cid changed');
    expect(fired.filter((one) => one.startsWith('players +'))).toEqual(['players + eve']);
  });

  test('hears nothing at all at the second of two restarts in a row', () => {
    restart();
    listen();
    fired = [];
    restart();
    restart();
    expect(heard()).toEqual([]);
  });
});
