/** Cards go from a hidden deck to a hidden hand to an open pile, with a crash after each turn. */
import { schema, t } from '@colyseus/schema';
import { SchemaSerializer } from '@colyseus/sdk';
import { expect, test } from 'vitest';
import { Shadow, restoreState, trackState } from '../../../src/room/state/index.ts';

const Card = schema({ face: t.string() }, 'Card');
const Seat = schema({ name: t.string(), hand: t.array(Card).view() }, 'Seat');
const Table = schema(
  { deck: t.array(Card).view(), seats: t.map(Seat), pile: t.array(Card), top: t.ref(Card).optional() },
  'Table',
);
type Table = InstanceType<typeof Table>;

const faces = (cards: Iterable<{ face: string }> | undefined): string[] =>
  Array.from(cards ?? [], ({ face }) => face).toSorted();

test.each([false, true])('each client sees its own hand and the pile (crash after each turn: %s)', (crashing) => {
  const shadow = new Shadow();
  let tracked = trackState(new Table());
  const clients = new Map(['ann', 'bob', 'eve'].map((name) => [name, new SchemaSerializer<Table>()]));

  const commit = (): void => {
    const change = tracked.commit();
    if (change !== undefined) shadow.apply(structuredClone(change));
  };
  const fullStates = (): void => {
    for (const [name, client] of clients) {
      tracked.addClient(name);
      client.setState(tracked.fullState(name), { offset: 1 });
    }
  };
  const turn = (work: (table: Table) => void): void => {
    work(tracked.state);
    commit();
    const { shared, perClient } = tracked.flush();
    for (const [name, client] of clients) {
      const bytes = perClient.find(({ sessionIds }) => sessionIds.includes(name))?.bytes ?? shared;
      if (bytes !== undefined) client.patch(bytes, { offset: 1 });
    }
    if (crashing) {
      tracked.dispose();
      tracked = restoreState(new Table(), structuredClone(shadow.snapshot()));
      fullStates();
    }
    check();
  };
  const check = (): void => {
    const { state } = tracked;
    for (const [name, client] of clients) {
      expect(Array.from(client.state.pile, ({ face }) => face)).toEqual(Array.from(state.pile, ({ face }) => face));
      expect(client.state.top?.face).toBe(state.top?.face);
      expect(faces(client.state.deck)).toEqual([]);
      for (const [owner, seat] of state.seats) {
        expect(faces(client.state.seats.get(owner)!.hand)).toEqual(owner === name ? faces(seat.hand) : []);
      }
    }
  };
  const draw = (name: string): void => {
    turn(({ deck, seats }) => {
      const card = deck.pop()!;
      seats.get(name)!.hand.push(card);
      tracked.viewOf(name).add(card);
    });
  };
  const play = (name: string, at: number): void => {
    turn(({ seats, pile }) => {
      const { hand } = seats.get(name)!;
      tracked.viewOf(name).remove(hand[at]!);
      const [card] = hand.splice(at, 1);
      pile.push(card!);
    });
  };

  for (let n = 0; n < 10; n++) tracked.state.deck.push(new Card({ face: `card ${n}` }));
  for (const name of ['ann', 'bob']) tracked.state.seats.set(name, new Seat({ name }));
  for (const [name, { hand }] of tracked.state.seats) tracked.viewOf(name).add(hand);
  commit();
  tracked.flush();
  for (const client of clients.values()) client.handshake(tracked.handshake(), { offset: 0 });
  fullStates();
  for (const name of ['ann', 'bob', 'ann', 'bob', 'ann']) draw(name);
  play('ann', 1);
  play('bob', 0);
  draw('bob');
  play('ann', 0);
  turn((table) => {
    table.top = table.pile.at(-1);
  });
  turn(({ pile, deck }) => {
    for (const card of pile.splice(0, 2)) deck.push(card);
  });
  draw('ann');
  play('bob', 1);
  turn((table) => {
    table.top = undefined;
  });
  expect(tracked.state.deck).toHaveLength(5);
});
