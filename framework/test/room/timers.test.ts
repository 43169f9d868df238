import { schema, t, StateView, type SchemaType } from '@colyseus/schema';
import { afterEach, expect, it } from 'vitest';
import * as z from 'zod';
import { player, room, type HeldReport } from '../../src/room/index.ts';
import { CATCH_UP, planTick } from '../../src/room/tick.ts';
import { sleep } from '../../src/otp/index.ts';
import { listen, openStage, type Stage } from './stage.ts';

const Card = schema({ face: t.string() }, 'TimerCard');
const Hand = schema({ seat: t.string(), cards: t.array(Card).view() }, 'TimerHand');
const Table = schema({ turn: t.string(), passes: t.number(), beats: t.number(), hands: t.map(Hand) }, 'TimerTable');
type Table = SchemaType<typeof Table>;

let stage: Stage<Table>;
afterEach(() => stage?.close());

const DECK = Array.from({ length: 20 }, (_, n) => `card-${(n * 7) % 20}`);

const cards = room({
  name: 'cards',
  intensity: { max: 100, period: 1000 },
  state: () => new Table(),
  data: () => ({ deck: DECK as readonly string[] }),
  messages: { draw: z.undefined(), crash: z.string(), start: z.undefined(), stop: z.undefined() },
  join(self, who) {
    const hand = new Hand();
    hand.seat = who.sessionId;
    self.state.hands.set(who.sessionId, hand);
    self.view(who).add(hand);
  },
  casts: {
    start: (self, who) => self.after('turn', 30_000, who.sessionId),
    stop: (self) => void self.cancel('turn'),
    crash(self, who, text) {
      self.data = { deck: [...self.data.deck].reverse() };
      self.after('turn', 1, 'nobody');
      self.view(who).add(self.state.hands.values().next().value!);
      throw new Error(text);
    },
  },
  calls: {
    draw(self, who) {
      const [face, ...deck] = self.data.deck;
      self.data = { deck };
      const card = new Card();
      card.face = face!;
      self.state.hands.get(who.sessionId)!.cards.push(card);
      self.view(who).add(card);
      return face;
    },
  },
  timers: {
    turn(self, seat: string) {
      self.state.turn = seat;
      self.state.passes = (self.state.passes ?? 0) + 1;
    },
  },
});

it('keeps a hidden deck and a timer over a crash in mid-turn, and shows nobody a hidden card', async () => {
  stage = await openStage<Table>(cards);
  const ann = await stage.join('ann');
  const bob = await stage.join('bob');
  expect(await ann.call('draw')).toBe(DECK[0]);
  ann.cast('start');
  await stage.clock.advance(10_000);
  const pid = stage.pidOf('room ');
  bob.cast('crash', 'mid-turn');
  await stage.clock.advance(100);
  expect(stage.pidOf('room ')).not.toBe(pid);
  expect(stage.shell.past.data).toEqual({ deck: DECK.slice(1) });
  expect(await bob.call('draw')).toBe(DECK[1]);
  await stage.clock.advance(19_800);
  expect(ann.state!.passes).toBeUndefined();
  await stage.clock.advance(200);
  expect(ann.state!.passes).toBe(1);
  expect(ann.state!.turn).toBe('ann');
  const own = (id: string): string[] => [...stage.clients.get(id)!.state!.hands.get(id)!.cards].map(({ face }) => face);
  expect(own('ann')).toEqual([DECK[0]]);
  expect(own('bob')).toEqual([DECK[1]]);
  for (const [client, hidden] of [
    [ann, DECK[1]!],
    [bob, DECK[0]!],
  ] as const) {
    const bytes = client.frames.map((frame) => Buffer.from(frame).toString('latin1')).join('\n');
    expect(bytes).not.toContain(`${hidden}\n`);
    for (const face of DECK.filter(
      (face) => face !== own(client.sessionId)[0] && !own(client.sessionId)[0]!.startsWith(face),
    )) {
      expect(bytes).not.toContain(face);
    }
  }
  expect(StateView).toBeDefined();
});

it('forgets a cancelled timer, also after a crash, and gives up one that crashes the room twice', async () => {
  stage = await openStage<Table>(cards);
  const ann = await stage.join('ann');
  ann.cast('start');
  await stage.clock.advance(1000);
  ann.cast('stop');
  await stage.clock.settled();
  ann.cast('crash', 'x');
  await stage.clock.advance(60_000);
  expect(ann.state!.passes).toBeUndefined();
  await stage.close();

  let fired = 0;
  const bad = room({
    name: 'bad',
    intensity: { max: 100, period: 1000 },
    state: () => new Table(),
    init: (self) => self.after('bad', 1000),
    timers: {
      bad() {
        fired++;
        throw new Error('bad timer');
      },
    },
  });
  const gaveUp = listen<{ work: string }>('genroom:room:givenUp');
  stage = await openStage<Table>(bad);
  await stage.clock.advance(60_000);
  gaveUp.stop();
  expect(fired).toBe(2);
  expect(gaveUp.reports).toMatchObject([{ work: 'timer bad' }]);
  expect(stage.shell.past.timers).toEqual([]);
  expect(stage.shell.phase).toBe('running');
});

it('refuses a delay that is no time, in a room and in its player, and the turn leaves no timer', async () => {
  const wrong = { nan: NaN, infinite: Infinity, text: '100', none: null, past: -1, absent: undefined };
  const delays = Object.keys(wrong) as (keyof typeof wrong)[];
  let fired = 0;
  const hasty = room({
    name: 'hasty',
    intensity: { max: 100, period: 1000 },
    state: () => new Table(),
    messages: { set: z.enum(delays) },
    calls: { set: (self, _who, delay) => self.after('beep', wrong[delay] as number) },
    timers: { beep: () => void fired++ },
    player: player({
      intensity: { max: 100, period: 1000 },
      messages: { own: z.enum(delays) },
      casts: {
        own(self, delay) {
          try {
            self.after('beep', wrong[delay] as number);
          } catch (error) {
            self.send('code', (error as { code: string }).code);
          }
        },
      },
      timers: { beep: () => void fired++ },
    }),
  });
  const crashes = listen<{ error: { code: string; message: string } }>('genroom:room:crash');
  stage = await openStage<Table>(hasty);
  const ann = await stage.join('ann');
  for (const delay of delays) {
    await expect(ann.call('set', delay)).rejects.toThrow('no ok');
    ann.cast('own', delay);
  }
  await stage.clock.advance(1000);
  crashes.stop();
  expect(crashes.reports.map(({ error }) => error.code)).toEqual(delays.map(() => 'bad_delay'));
  expect(crashes.reports[2]!.error.message).toContain("set timer 'beep' to '100' ms");
  expect(ann.messages.map(({ message }) => message)).toEqual(delays.map(() => 'bad_delay'));
  expect(fired).toBe(0);
});

it('plans ticks: on time, late with catch-up, and bounded', () => {
  expect(planTick(100, 100, 50)).toEqual({ steps: 1, due: 150 });
  expect(planTick(100, 160, 50)).toEqual({ steps: 2, due: 200 });
  expect(planTick(100, 100_000, 50)).toEqual({ steps: CATCH_UP, due: 100_050 });
});

it('lets 50 players load for 100 ms each in under 300 ms, with the tick keeping its rate', async () => {
  const guest = player({
    auth: async (_connection, options: { n: number }) => sleep(20).then(() => ({ n: options.n })),
    load: async (arrival) => sleep(100).then(() => `profile ${arrival.auth.n}`),
  });
  const busy = room({
    name: 'busy',
    state: () => new Table(),
    join(self, who, _options, loaded) {
      const hand = new Hand();
      hand.seat = `${loaded} of ${who.auth.n}`;
      self.state.hands.set(who.sessionId, hand);
    },
    tick: { hz: 20, step: (self, dt) => void (self.state.beats = (self.state.beats ?? 0) + dt / 50) },
    player: guest,
  });
  const held = listen<HeldReport>('genroom:room:held');
  stage = await openStage<Table>(busy);
  const began = stage.clock.now();
  const joins = Array.from({ length: 50 }, (_, n) =>
    stage.shell.join(stage.client(`p${n}`), { n }, { ip: '::1', headers: {} }),
  );
  let joined = 0;
  let took = Infinity;
  for (const join of joins) void join.then(() => ++joined === 50 && (took = stage.clock.now() - began));
  await stage.clock.advance(1000);
  held.stop();
  expect(took).toBeLessThan(300);
  expect(held.reports).toEqual([]);
  const state = stage.clients.get('p7')!.state!;
  expect(state.hands.size).toBe(50);
  expect(state.hands.get('p7')!.seat).toBe('profile 7 of 7');
  expect(state.beats).toBeGreaterThanOrEqual(19);
  expect(state.beats).toBeLessThanOrEqual(20);
});

it('reports an await that holds the mailbox, with room, message and duration', async () => {
  const slow = room({
    name: 'slow',
    state: () => new Table(),
    messages: { wait: z.number() },
    casts: { wait: async (_self, _who, ms) => sleep(ms) },
  });
  const held = listen<HeldReport>('genroom:room:held');
  stage = await openStage<Table>(slow);
  const ann = await stage.join('ann');
  ann.cast('wait', 40);
  await stage.clock.advance(200);
  expect(held.reports).toEqual([]);
  ann.cast('wait', 80);
  await stage.clock.advance(200);
  held.stop();
  expect(held.reports).toEqual([
    { name: 'slow', roomId: 'r1', work: 'cast wait of ann', duration: 50, ongoing: true },
    { name: 'slow', roomId: 'r1', work: 'cast wait of ann', duration: 80, ongoing: false },
  ]);
});
