/**
 * Random play: clients join, post, drop, come back and leave while the room and its players crash in every way a test
 * can order. Whatever happened, in the end everybody agrees, and what was acknowledged is there once.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testRoom, type TestClient, type TestRoom } from '../../src/testing/index.ts';
import { board } from './board.ts';

type Client = TestClient<typeof board>;

const action = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('join', 'note', 'note', 'settle') },
  { weight: 6, arbitrary: fc.constantFrom('post', 'post', 'postOnce', 'repeat') },
  { weight: 3, arbitrary: fc.constantFrom('half', 'halfLater', 'crash', 'slip') },
  { weight: 2, arbitrary: fc.constantFrom('drop', 'resume', 'leave', 'advance') },
);
const step = fc.record({ do: action, who: fc.nat({ max: 3 }) });

class Play {
  readonly acknowledged = new Set<string>();
  readonly possible = new Set<string>();
  readonly once: string[] = [];
  readonly seats: (Client | undefined)[] = [];
  readonly pending: Promise<unknown>[] = [];
  readonly room: TestRoom<typeof board>;
  #texts = 0;

  constructor(room: TestRoom<typeof board>) {
    this.room = room;
  }

  /** Without waiting: the next action comes while this one is under way. */
  async act(what: string, who: number): Promise<void> {
    const { room } = this;
    const client = this.seats[who];
    if (what === 'settle') return room.settled();
    if (what === 'advance') return room.advance(50);
    if (what === 'crash') return void this.pending.push(room.crash());
    if (!client) {
      if (what === 'join' || what === 'post') {
        const joining = room.join({ name: `p${who}` }).then((joined) => (this.seats[who] = joined));
        // A join that a crash ended may be tried again.
        await joining.catch(() => {});
      }
      return;
    }
    const text = `${who}:${++this.#texts}`;
    switch (what) {
      case 'note':
        if (!client.connected) return;
        client.send('note', text);
        this.possible.add(text);
        return;
      case 'post':
      case 'postOnce': {
        if (!client.connected) return;
        const once = what === 'postOnce';
        if (once) this.once.push(text);
        return this.#post(client, text, once);
      }
      case 'repeat': {
        const earlier = this.once.at(-1);
        return client.connected && earlier !== undefined ? this.#post(client, earlier, true) : undefined;
      }
      case 'half':
      case 'halfLater':
        if (client.connected) client.send(what, 'never');
        return;
      case 'slip':
        if (client.connected) client.send('slip');
        return;
      case 'drop':
        if (client.connected) client.drop();
        return;
      case 'resume':
        if (!client.connected && !client.closed) this.pending.push(client.resume());
        return;
      case 'leave':
        client.leave();
        this.seats[who] = undefined;
    }
  }

  #post(client: Client, text: string, once: boolean): void {
    this.possible.add(text);
    const done = client.call('post', { text, ...(once && { id: text }) });
    this.pending.push(
      done.then(
        () => this.acknowledged.add(text),
        () => {},
      ),
    );
  }
}

const property = fc.asyncProperty(fc.array(step, { maxLength: 50, size: 'max' }), async (steps) => {
  const room = await testRoom(board, { recovery: { firstDelay: 1 } });
  try {
    const play = new Play(room);
    for (const { do: what, who } of steps) await play.act(what, who);
    await room.advance(200);
    await Promise.all(play.pending);
    for (const client of play.seats) if (client && !client.connected && !client.closed) await client.resume();
    await room.advance(200);

    expect(room.phase).toBe('running');
    const lines = [...room.state.lines].map((line) => line.text);
    const present = new Set(lines);
    expect(present.size).toBe(lines.length);
    for (const text of play.acknowledged) expect(present).toContain(text);
    for (const text of lines) expect(play.possible).toContain(text);
    // Each client's lines are in the order in which it sent them, but for repeats.
    for (const who of [0, 1, 2, 3]) {
      const own = lines
        .filter((text) => text.startsWith(`${who}:`) && !play.once.includes(text))
        .map((text) => Number(text.split(':')[1]));
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
    const seated = play.seats.filter((client) => client && !client.closed) as Client[];
    expect([...room.state.members.keys()].toSorted()).toEqual(seated.map((client) => client.sessionId).toSorted());
    for (const client of seated) expect(client.state.toJSON()).toEqual(room.state.toJSON());
  } finally {
    await room.stop();
  }
});

test('whatever crashes when, all agree in the end and what was acknowledged is there once', async () => {
  await fc.assert(property, { numRuns: 150 });
}, 60_000);
