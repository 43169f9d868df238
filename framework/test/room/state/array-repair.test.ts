/** Patches that schema's own encoder gets wrong reach clients right. */
import { Encoder, Reflection, schema, t } from '@colyseus/schema';
import { SchemaSerializer } from '@colyseus/sdk';
import { describe, expect, test, vi } from 'vitest';
import { trackState } from '../../../src/room/state/index.ts';

const Item = schema({ n: t.number() }, 'Item');
const Lists = schema({ numbers: t.array('number'), items: t.array(Item) }, 'Lists');
type Lists = InstanceType<typeof Lists>;
const item = (n: number): InstanceType<typeof Item> => new Item({ n });

const fresh = (): Lists => {
  const lists = new Lists();
  lists.numbers.push(1, 2, 3);
  lists.items.push(item(1), item(2), item(3));
  return lists;
};
const shown = (lists: Lists): unknown => ({
  numbers: [...lists.numbers],
  items: Array.from(lists.items, ({ n }) => n),
});

/** What a client holds after one patch of schema's own encoder. */
function bySchema(change: (lists: Lists) => void): { client: unknown; server: unknown } {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const state = fresh();
  const encoder = new Encoder(state);
  const client = new SchemaSerializer<Lists>();
  client.handshake(Reflection.encode(encoder), { offset: 0 });
  client.setState(encoder.encodeAll());
  encoder.discardChanges();
  change(state);
  client.patch(encoder.encode());
  vi.restoreAllMocks();
  return { client: shown(client.state), server: shown(state) };
}

function byCodec(change: (lists: Lists) => void): { client: unknown; server: unknown } {
  const tracked = trackState(fresh());
  tracked.commit();
  tracked.addClient('one');
  const client = new SchemaSerializer<Lists>();
  client.handshake(tracked.handshake(), { offset: 0 });
  client.setState(tracked.fullState('one'), { offset: 1 });
  change(tracked.state);
  tracked.commit();
  client.patch(tracked.flush().shared!, { offset: 1 });
  return { client: shown(client.state), server: shown(tracked.state) };
}

const changes: Record<string, (lists: Lists) => void> = {
  'numbers: unshift, then shift': ({ numbers }) => {
    numbers.unshift(0);
    numbers.shift();
  },
  'numbers: one more of the same at the front': ({ numbers }) => {
    numbers.unshift(1);
  },
  'items: sort, then set': ({ items }) => {
    items.sort((a, b) => b.n - a.n);
    items[0] = item(9);
  },
  'items: set, then pop': ({ items }) => {
    items[2] = item(9);
    items.pop();
  },
  'items: set over an item that no client has yet': ({ items }) => {
    items.unshift(item(8), item(9));
    items[0] = item(7);
  },
  'items: take out and put in elsewhere': ({ items }) => {
    const [moved] = items.splice(1, 1);
    items.splice(0, 0, moved!);
  },
};

describe.each(Object.keys(changes))('%s', (name) => {
  test('goes wrong in schema itself, which is why the codec repairs it', () => {
    const { client, server } = bySchema(changes[name]!);
    expect(client).not.toEqual(server);
  });

  test('comes out right', () => {
    const { client, server } = byCodec(changes[name]!);
    expect(client).toEqual(server);
  });
});

test('what is pending below a restated array goes on as it was', () => {
  const Row = schema({ numbers: t.array('number'), items: t.array(Item) }, 'Row');
  const Rows = schema({ rows: t.array(Row) }, 'Rows');
  const row = (): InstanceType<typeof Row> => {
    const made = new Row();
    made.numbers.push(1, 2);
    made.items.push(item(1), item(2));
    return made;
  };
  const state = new Rows();
  state.rows.push(row(), row());
  const tracked = trackState(state);
  tracked.commit();
  tracked.addClient('one');
  const client = new SchemaSerializer<InstanceType<typeof Rows>>();
  client.handshake(tracked.handshake(), { offset: 0 });
  client.setState(tracked.fullState('one'), { offset: 1 });
  const { rows } = tracked.state;
  rows[1]!.numbers.shift();
  rows[1]!.items.shift();
  rows[0] = row();
  rows.shift();
  tracked.commit();
  client.patch(tracked.flush().shared!, { offset: 1 });
  const held = (of: InstanceType<typeof Rows>): unknown =>
    Array.from(of.rows, ({ numbers, items }) => [[...numbers], Array.from(items, ({ n }) => n)]);
  expect(held(tracked.state)).toEqual([[[2], [2]]]);
  expect(held(client.state)).toEqual([[[2], [2]]]);
});

test('the same array on client and server after what schema drops or never finishes', () => {
  const { client, server } = byCodec(({ items, numbers }) => {
    items[1] = items[1]!;
    items[1].n = 22;
    numbers.splice(1, Infinity);
    numbers.shift();
    numbers.splice(numbers.length, 0, 5);
    numbers.pop();
  });
  expect(server).toEqual({ numbers: [], items: [1, 22, 3] });
  expect(client).toEqual(server);
});
