/** StateViews: a client gets what its view holds, never more, through patches and restarts. */
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { schema, t } from '@colyseus/schema';
import { SchemaSerializer } from '@colyseus/sdk';
import { describe, expect, test } from 'vitest';
import { Shadow, restoreState, trackState, type TrackedState } from '../../../src/room/state/index.ts';
import { $refId } from '../../../src/room/state/schema-internals.ts';
import { TestClient, hiddenOf, publicWorld } from './client.ts';
import { change, changeView, newWorld, objectsOf, step, TAG, World, type Step } from './world.ts';

// The Colyseus client keeps memory of every handshake (of 500 runs 17 to 37 MB): about 1,500 runs are the most a process does.
const RUNS = Number(process.env.RUNS ?? 40);
const TIMEOUT = Math.max(60_000, RUNS * 60);

/** Fails where a client has a secret that its view does not hold. */
function checkSecrets(client: TestClient, tracked: TrackedState<World>): void {
  const view = client.sessionId === 'plain' ? undefined : tracked.viewOf(client.sessionId);
  const leaves = new Map(objectsOf(tracked.state).leaves.map((leaf) => [leaf[$refId], leaf]));
  for (const shown of objectsOf(client.state).leaves) {
    const leaf = leaves.get(shown[$refId]);
    if (leaf === undefined) continue;
    if (shown.secret !== undefined) expect(view?.has(leaf) ?? false, `secret of ${leaf[$refId]} is held`).toBe(true);
    if (shown.tagged !== undefined)
      expect(view?.hasTag(leaf, TAG) ?? false, `tag of ${leaf[$refId]} is held`).toBe(true);
  }
}

/** A room with its clients; `restart` is a crash of it, `resync` only what its clients get then. */
class Table {
  readonly #shadow = new Shadow();
  readonly clients = ['plain', 'ann', 'bob'].map((sessionId) => new TestClient(sessionId));
  tracked = trackState(newWorld());
  #secret = 0;

  constructor() {
    this.#commit();
    for (const client of this.clients) {
      this.tracked.addClient(client.sessionId);
      client.join(this.tracked);
    }
  }

  turn(steps: Step[]): void {
    const { state } = this.tracked;
    for (const one of steps) {
      change(state, one, { sharing: false, returning: false, replacing: false });
      for (const leaf of objectsOf(state).leaves) leaf.secret ??= `secret ${this.#secret++}`;
      if (one.a % 3 === 0) changeView(state, this.tracked.viewOf(one.b % 2 === 0 ? 'ann' : 'bob'), one);
    }
    this.#commit();
    const frames = this.tracked.flush();
    for (const client of this.clients) client.patch(frames);
    this.#commit();
  }

  restart(): void {
    this.tracked.dispose();
    this.tracked = restoreState(new World(), structuredClone(this.#shadow.snapshot()));
    for (const client of this.clients) this.tracked.addClient(client.sessionId);
  }

  resync(): void {
    for (const client of this.clients) client.full(this.tracked);
  }

  hidden(): unknown {
    return this.clients.map((client) => hiddenOf(client.state));
  }

  /** What clients see that join now. */
  fresh(): unknown {
    return this.clients.map((client) => hiddenOf(new TestClient(client.sessionId).join(this.tracked).state));
  }

  #commit(): void {
    const made = this.tracked.commit();
    if (made !== undefined) this.#shadow.apply(structuredClone(made));
  }
}

function follow(steps: Step[][], restartEvery: number): void {
  const table = new Table();
  const twin = new Table();
  steps.forEach((turn, at) => {
    table.turn(turn);
    twin.turn(turn);
    if (at % restartEvery === restartEvery - 1) {
      const before = table.fresh();
      table.restart();
      expect(table.fresh(), 'a restart shows nothing else').toEqual(before);
      table.resync();
      twin.resync();
    }
    for (const client of table.clients) {
      expect(publicWorld(client.state)).toEqual(publicWorld(table.tracked.state));
      checkSecrets(client, table.tracked);
    }
    expect(table.hidden(), 'views go on as without a restart').toEqual(twin.hidden());
  });
}

describe('clients with views', () => {
  test('hold what their views show, and no secret else', { timeout: TIMEOUT }, async () => {
    const turns = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(turns, fc.integer({ min: 1, max: 6 }), async (steps, restartEvery) => {
        follow(steps, restartEvery);
        await setImmediate(); // the runner and the test's timeout have their turn
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a hidden hand', () => {
  const Card = schema({ face: t.string(), worth: t.number().view() }, 'Card');
  const Seat = schema({ name: t.string(), hand: t.array(Card).view() }, 'Seat');
  const Table = schema({ seats: t.map(Seat), deck: t.array(Card).view(), round: t.number().default(0) }, 'Table');

  const card = (face: string): InstanceType<typeof Card> => new Card({ face, worth: 1 });
  const holds = (bytes: Uint8Array, text: string): boolean => Buffer.from(bytes).includes(text);

  test('reaches its player and nobody else, before and after a restart', () => {
    const shadow = new Shadow();
    let tracked = trackState(new Table());
    const sent = new Map<string, Uint8Array[]>([
      ['ann', []],
      ['bob', []],
      ['eve', []],
    ]);
    const turn = (work: (table: InstanceType<typeof Table>) => void): void => {
      work(tracked.state);
      const made = tracked.commit();
      if (made !== undefined) shadow.apply(structuredClone(made));
      const { shared, perClient } = tracked.flush();
      for (const [sessionId, frames] of sent) {
        const bytes = perClient.find(({ sessionIds }) => sessionIds.includes(sessionId))?.bytes ?? shared;
        if (bytes !== undefined) frames.push(bytes);
      }
    };
    const fullStates = (): void => {
      for (const [sessionId, frames] of sent) {
        tracked.addClient(sessionId);
        frames.push(tracked.fullState(sessionId));
      }
    };
    turn((table) => {
      for (const face of ['deck-1', 'deck-2', 'deck-3']) table.deck.push(card(face));
    });
    fullStates();
    turn((table) => {
      for (const name of ['ann', 'bob']) {
        table.seats.set(name, new Seat({ name }));
        const { hand } = table.seats.get(name)!;
        hand.push(card(`of ${name}`));
        tracked.viewOf(name).add(hand);
        for (const own of hand) tracked.viewOf(name).add(own);
      }
    });
    turn((table) => {
      table.seats.get('ann')!.hand[0]!.face = 'ann again';
    });

    tracked.dispose();
    tracked = restoreState(new Table(), structuredClone(shadow.snapshot()));
    fullStates();
    turn((table) => {
      table.round++;
      const drawn = table.deck.pop()!;
      table.seats.get('bob')!.hand.push(card(drawn.face));
      tracked.viewOf('bob').add(table.seats.get('bob')!.hand.at(-1));
    });
    turn((table) => {
      table.seats.get('ann')!.hand[0]!.face = 'ann at last';
    });

    const all = (sessionId: string): Uint8Array => Buffer.concat(sent.get(sessionId)!);
    expect(holds(all('ann'), 'of ann') && holds(all('ann'), 'ann again') && holds(all('ann'), 'ann at last')).toBe(
      true,
    );
    expect(holds(all('bob'), 'of bob') && holds(all('bob'), 'deck-3')).toBe(true);
    expect(holds(all('ann'), 'of bob') || holds(all('bob'), 'of ann') || holds(all('ann'), 'deck-')).toBe(false);
    for (const text of ['of ', 'ann again', 'ann at', 'deck-']) expect(holds(all('eve'), text)).toBe(false);
    expect(holds(sent.get('ann')!.at(-1)!, 'ann at last')).toBe(true);
    expect(Array.from(tracked.state.deck, ({ face }) => face)).toEqual(['deck-1', 'deck-2']);
  });

  test('shows nothing of a card that is taken from the view in the patch that adds the hand', () => {
    for (const before of [true, false]) {
      const tracked = trackState(new Table());
      tracked.state.deck.push(card('the first'), card('the second'));
      tracked.commit();
      tracked.addClient('ann');
      tracked.flush();
      const client = new SchemaSerializer<InstanceType<typeof Table>>();
      client.handshake(tracked.handshake(), { offset: 0 });
      client.setState(tracked.fullState('ann'), { offset: 1 });
      const view = tracked.viewOf('ann');
      const first = tracked.state.deck[0]!;
      if (before) view.add(first);
      view.add(tracked.state.deck);
      view.remove(first);
      tracked.commit();
      const { bytes } = tracked.flush().perClient[0]!;
      client.patch(bytes, { offset: 1 });
      expect([holds(bytes, 'the first'), holds(bytes, 'the second')]).toEqual([false, true]);
      expect(Array.from(client.state.deck, ({ face }) => face)).toEqual(['the second']);
    }
  });
});
