/** What the codec carries, what it refuses, and the order it asks for. */
import { ArraySchema, Schema, defineTypes, entity, schema, t } from '@colyseus/schema';
import { describe, expect, test, vi } from 'vitest';
import { GenroomError } from '../../../src/platform/errors.ts';
import { Shadow, restoreState, trackState, type TrackedState } from '../../../src/room/state/index.ts';
import { $refId } from '../../../src/room/state/schema-internals.ts';

const Item = schema({ name: t.string(), worth: t.number() }, 'Item');
type Item = InstanceType<typeof Item>;
const Sword = Item.extend({ edge: t.float64() }, 'Sword');

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof GenroomError) return error.code;
    return String(error);
  }
  return 'nothing thrown';
};

/** Restores what one turn made of a tree, by way of a shadow. */
function afterCrash<T extends Schema>(fresh: () => T, turn: (state: T) => void): { lived: T; restored: T } {
  const tracked = trackState(fresh());
  const shadow = new Shadow();
  shadow.apply(structuredClone(tracked.commit()!));
  turn(tracked.state);
  const change = tracked.commit();
  if (change !== undefined) shadow.apply(structuredClone(change));
  return { lived: tracked.state, restored: restoreState(fresh(), structuredClone(shadow.snapshot())).state };
}

describe('carried', () => {
  test('numbers without loss, also those that clients get rounded or not at all', () => {
    const Numbers = schema({ values: t.array('number'), one: t.number(), big: t.biguint64() }, 'Numbers');
    const odd = [1000000.00001, NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_SAFE_INTEGER, 0.1 + 0.2];
    for (const value of odd) {
      const { restored } = afterCrash(
        () => new Numbers(),
        (state) => {
          state.one = value;
          state.values.push(value);
          state.big = 2n ** 64n - 1n;
        },
      );
      expect(restored.one).toBe(value);
      expect(restored.values[0]).toBe(value);
      expect(restored.big).toBe(2n ** 64n - 1n);
    }
  });

  test('the concrete class, one object at two places, and methods', () => {
    const Bag = schema(
      {
        items: t.array(Item),
        best: t.ref(Item).optional(),
        worth(): number {
          return this.items.reduce((sum: number, item: Item) => sum + item.worth, 0);
        },
      },
      'Bag',
    );
    const { restored } = afterCrash(
      () => new Bag(),
      (bag) => {
        const sword = new Sword({ name: 'x', worth: 3, edge: 0.7 });
        bag.items.push(new Item({ name: 'y', worth: 4 }), sword);
        bag.best = sword;
      },
    );
    expect(restored.items[1]).toBeInstanceOf(Sword);
    expect(restored.items[1]).toBe(restored.best);
    expect(restored.worth()).toBe(7);
  });

  test('what schema leaves out of its patches: full-state-only and unsynchronised fields, untracked changes', () => {
    const Odd = schema(
      {
        map: t.string().fullStateOnly(),
        event: t.string().patchOnly(),
        local: t.number().noSync().default(1),
        quiet: t.number().default(0),
        list: t.array('number'),
      },
      'Odd',
    );
    const { restored } = afterCrash(
      () => new Odd(),
      (state) => {
        state.map = 'cave';
        state.event = 'boom';
        state.local = 1.5;
        state.untracked(() => {
          state.quiet = 7;
        });
        state.list.untracked(() => {
          state.list.push(1);
        });
      },
    );
    expect(restored).toMatchObject({ map: 'cave', event: 'boom', local: 1.5, quiet: 7 });
    expect([...restored.list]).toEqual([1]);
  });

  test('a change of an unsynchronised field alone', () => {
    const Odd = schema({ local: t.number().noSync().default(1) }, 'Odd');
    const { restored } = afterCrash(
      () => new Odd(),
      (state) => {
        state.local = 2;
      },
    );
    expect(restored.local).toBe(2);
  });

  test('classes of defineTypes and with class fields declared', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {}); // defineTypes says that it is deprecated
    class Plain extends Schema {
      declare name: string;
      declare tags: ArraySchema<string>;
      shout(): string {
        return this.name.toUpperCase();
      }
    }
    defineTypes(Plain, { name: 'string', tags: ['string'] });
    const fresh = (): Plain => {
      const plain = new Plain();
      plain.tags = new ArraySchema<string>();
      return plain;
    };
    const { restored } = afterCrash(fresh, (state) => {
      state.name = 'ada';
      state.tags.push('a', 'b');
    });
    expect(restored.shout()).toBe('ADA');
    expect([...restored.tags]).toEqual(['a', 'b']);
  });

  test('maps in their order and by any key', () => {
    const Names = schema({ names: t.map('number') }, 'Names');
    const { restored } = afterCrash(
      () => new Names(),
      ({ names }) => {
        for (const key of ['b', 'constructor', '__proto__', 'a', '7', '']) names.set(key, 1);
        names.delete('b');
        names.set('b', 2);
      },
    );
    expect([...restored.names.keys()]).toEqual(['constructor', '__proto__', 'a', '7', '', 'b']);
  });

  test('nothing that has left the tree', () => {
    const Bag = schema({ items: t.map(Item) }, 'Bag');
    const tracked = trackState(new Bag());
    const shadow = new Shadow();
    for (let round = 0; round < 50; round++) {
      tracked.state.items.set('one', new Sword({ name: `${round}`, worth: round, edge: 1 }));
      shadow.apply(tracked.commit()!);
      tracked.flush();
    }
    expect(shadow.snapshot().nodes).toHaveLength(3);
    tracked.state.items.clear();
    const change = tracked.commit()!;
    expect(change.removed).toHaveLength(1);
    shadow.apply(change);
    expect(shadow.snapshot().nodes).toHaveLength(2);
  });

  test('refIds, which go on after the old ones', () => {
    const Bag = schema({ items: t.map(Item) }, 'Bag');
    const tracked = trackState(new Bag());
    const shadow = new Shadow();
    tracked.state.items.set('a', new Item());
    tracked.state.items.set('b', new Item());
    tracked.state.items.delete('b');
    shadow.apply(tracked.commit()!);
    const restored = restoreState(new Bag(), shadow.snapshot());
    restored.state.items.set('c', new Item());
    expect(restored.state.items.get('a')![$refId]).toBe(tracked.state.items.get('a')![$refId]);
    tracked.state.items.set('c', new Item());
    expect(restored.state.items.get('c')![$refId]).toBe(tracked.state.items.get('c')![$refId]);
  });
});

describe('cost', () => {
  test('a turn carries what it changed, whatever waits for the next patch', () => {
    const Log = schema({ lines: t.array(Item), scores: t.map('number') }, 'Log');
    const tracked = trackState(new Log());
    for (let i = 0; i < 500; i++) {
      tracked.state.lines.push(new Item({ name: `${i}`, worth: i }));
      tracked.state.scores.set(`${i}`, i);
    }
    tracked.commit();
    for (let i = 0; i < 20; i++) {
      tracked.state.lines.push(new Item({ name: 'new', worth: i }));
      tracked.state.lines.shift();
      tracked.state.scores.set('7', -i);
      const change = tracked.commit()!;
      expect(JSON.stringify(change).length).toBeLessThan(700);
    }
  });
});

describe('refused', () => {
  const Body = schema({ x: t.number().default(0) }, 'Body');
  const World = schema({ bodies: t.map(Body), list: t.array('number') }, 'World');

  test('an own property that holds an object, when it joins and when it is assigned', () => {
    const tracked = trackState(new World());
    const body = Object.assign(new Body(), { physics: { mass: 1 } });
    expect(codeOf(() => tracked.state.bodies.set('a', body))).toBe('state_field_untracked');
    const Loose = schema({ x: t.number(), extra: t.number().noSync().default(0) }, 'Loose');
    const loose = trackState(new Loose()).state as unknown as { extra: unknown; later: unknown };
    expect(
      codeOf(() => {
        loose.extra = { a: 1 };
      }),
    ).toBe('state_field_untracked');
    expect(() => {
      loose.later = 1;
    }).toThrow(/later/);
  });

  test('a class field that hides a field of the schema', () => {
    class Hidden extends Schema {}
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    defineTypes(Hidden, { hp: 'number' });
    const hidden = new Hidden();
    Object.defineProperty(hidden, 'hp', { value: 1, writable: true, enumerable: true, configurable: true });
    expect(codeOf(() => trackState(hidden))).toBe('state_field_shadowed');
  });

  test('a class that clients could not know', () => {
    class Stranger extends Body {}
    const tracked = trackState(new World());
    expect(codeOf(() => tracked.state.bodies.set('a', new Stranger()))).toBe('state_class_unknown');
    class Known extends Body {}
    (entity as (type: typeof Known, context?: unknown) => unknown)(Known);
    const Later = schema({ bodies: t.map(Body) }, 'Later');
    expect(codeOf(() => trackState(new Later()).state.bodies.set('a', new Known()))).toBe('nothing thrown');
  });

  test('a hole in an array, and a stream', () => {
    const tracked = trackState(new World());
    tracked.state.list.push(1, 2);
    expect(
      codeOf(() => {
        tracked.state.list[0] = undefined as never;
      }),
    ).toBe('state_array_hole');
    const Swarm = schema({ bodies: t.stream(Body) }, 'Swarm');
    expect(codeOf(() => trackState(new Swarm()))).toBe('state_stream_unsupported');
  });
});

describe('order', () => {
  const World = schema({ n: t.number().default(0) }, 'World');
  const begun = (): TrackedState<InstanceType<typeof World>> => {
    const tracked = trackState(new World());
    tracked.commit();
    tracked.addClient('one');
    return tracked;
  };

  test('no patch in the middle of a turn, no full state before the patch', () => {
    const tracked = begun();
    tracked.state.n = 1;
    expect(codeOf(() => tracked.flush())).toBe('state_out_of_order');
    expect(codeOf(() => tracked.fullState())).toBe('state_out_of_order');
    tracked.commit();
    expect(codeOf(() => tracked.fullState())).toBe('state_out_of_order');
    expect(tracked.flush().shared![0]).toBe(15);
    expect(tracked.fullState()[0]).toBe(14);
    expect(tracked.flush()).toEqual({ shared: undefined, perClient: [] });
    expect(tracked.commit()).toBeUndefined();
  });

  test('bytes are copies', () => {
    const tracked = begun();
    tracked.state.n = 1;
    tracked.commit();
    const { shared } = tracked.flush();
    const kept = shared!.slice();
    tracked.state.n = 2;
    tracked.commit();
    tracked.flush();
    expect(shared).toEqual(kept);
    expect(shared!.buffer.byteLength).toBe(shared!.byteLength);
    expect(tracked.fullState().buffer).not.toBe(tracked.fullState().buffer);
  });

  test('nothing after dispose', () => {
    const tracked = begun();
    tracked.dispose();
    for (const work of [
      () => tracked.commit(),
      () => tracked.flush(),
      () => tracked.fullState(),
      () => tracked.viewOf('one'),
      () => tracked.handshake(),
    ]) {
      expect(codeOf(work)).toBe('state_disposed');
    }
  });
});

describe('a snapshot and other code', () => {
  const Old = schema({ a: t.number().default(1), b: t.string().default('b'), more: t.map(Item) }, 'Room');
  const snapshot = (() => {
    const tracked = trackState(new Old());
    tracked.state.more.set('k', new Sword({ name: 's', worth: 1, edge: 2 }));
    tracked.commit();
    return tracked.snapshot();
  })();

  test('fields are found by name', () => {
    const Newer = schema({ first: t.number().default(0), b: t.string(), a: t.number(), more: t.map(Item) }, 'Room');
    const { state } = restoreState(new Newer(), snapshot);
    expect(state).toMatchObject({ a: 1, b: 'b' });
    expect(state.more.get('k')).toBeInstanceOf(Sword);
  });

  test('a missing class or field is named', () => {
    const Less = schema({ a: t.number(), more: t.map(Item) }, 'Room');
    expect(codeOf(() => restoreState(new Less(), snapshot))).toBe('state_snapshot_mismatch');
    expect(codeOf(() => restoreState(new Item(), snapshot))).toBe('state_snapshot_mismatch');
    const damaged = { ...snapshot, nodes: snapshot.nodes.slice(0, 2) };
    expect(codeOf(() => restoreState(new Old(), damaged))).toBe('state_snapshot_mismatch');
  });
});
