import { schema, t, type SchemaType } from '@colyseus/schema';
import { afterEach, expect, it } from 'vitest';
import * as z from 'zod';
import { player, refuse, room, type RoomCrashReport } from '../../src/room/index.ts';
import { sleep } from '../../src/otp/index.ts';
import { listen, openStage, type Stage, type StageClient } from './stage.ts';

const Lines = schema({ lines: t.array('string') }, 'PlayerLines');
type Lines = SchemaType<typeof Lines>;

let logins = 0;
let loads = 0;
let left: string[] = [];

const guest = player({
  options: z.object({
    name: z
      .string()
      .min(2)
      .transform((name) => name.toUpperCase()),
  }),
  auth(connection) {
    logins++;
    if (connection.token === 'none') return false as never;
    if (connection.token === 'bad') throw refuse('bad_token', 'Sign in again.');
    if (connection.token === 'broken') throw new Error('the auth code is broken');
    return { id: connection.token ?? 'anonymous' };
  },
  load(arrival) {
    loads++;
    return { profile: `profile of ${arrival.auth.id}` };
  },
  state: ({ loaded }) => ({ muted: [] as readonly string[], profile: loaded.profile }),
  messages: {
    mute: z.string(),
    burst: z.string(),
    remind: z.number(),
    slowly: z.string().refine(async () => sleep(5).then(() => true)),
  },
  casts: {
    mute(self, name) {
      self.state = { ...self.state, muted: [...self.state.muted, name] };
      self.send('muted', self.state.muted);
    },
    burst(self, text) {
      self.state = { ...self.state, muted: [text] };
      self.send('burst', text);
      throw new Error(text);
    },
    remind: (self, ms) => self.after('reminder', ms, self.auth.id),
    slowly: (self, text) => self.send('slowly', text),
  },
  timers: { reminder: (self, id: string) => self.send('reminder', `${id} ${self.options.name}`) },
  intensity: { max: 20, period: 1000 },
});

const home = room({
  name: 'home',
  state: () => new Lines(),
  messages: {
    say: z.string(),
    whoami: z.undefined(),
    later: z.string().refine(async (text) => sleep(Number(text)).then(() => true)),
  },
  join: (self, who, options, loaded) =>
    void self.state.lines.push(`${who.options.name} ${options.name} ${who.auth.id} ${loaded.profile}`),
  leave: (_self, who, { consented }) => void left.push(`${who.sessionId} ${consented}`),
  casts: {
    say: (self, _who, text) => self.state.lines.push(text),
    later: (self, _who, text) => self.state.lines.push(text),
  },
  calls: { whoami: (_self, who) => ({ ...who.auth, ...who.options }) },
  player: guest,
});

let stage: Stage<Lines>;
afterEach(async () => {
  await stage.close();
  logins = 0;
  loads = 0;
  left = [];
});
const lines = (client: StageClient<Lines>): string[] => [...client.state!.lines];

it('authenticates and loads before the join, and turns away whom it refuses', async () => {
  stage = await openStage<Lines>(home);
  const ann = await stage.join('ann', { name: 'ann' }, 'a1');
  expect(lines(ann)).toEqual(['ANN ANN a1 profile of a1']);
  expect(await ann.call('whoami')).toEqual({ id: 'a1', name: 'ANN' });
  await expect(stage.join('b', { name: 'b' })).rejects.toMatchObject({ status: 4217 });
  await expect(stage.join('c', { name: 'cyd' }, 'bad')).rejects.toMatchObject({
    status: 525,
    message: expect.stringContaining('bad_token'),
  });
  await expect(stage.join('d', { name: 'dan' }, 'none')).rejects.toMatchObject({ status: 525 });
  await expect(stage.join('e', { name: 'eve' }, 'broken')).rejects.toMatchObject({ code: 'player_crashed' });
  expect(lines(ann)).toHaveLength(1);
  expect(stage.shell.sessions).toBe(1);
  expect(
    stage
      .tree()[0]!
      .children.flatMap(function labels(node): string[] {
        return [node.label ?? '', ...node.children.flatMap(labels)];
      })
      .filter((label) => label.startsWith('player')),
  ).toEqual(['player ann of room home/r1']);
});

it('restarts only the Player when its code throws: seat, room and own state are untouched', async () => {
  stage = await openStage<Lines>(home);
  const crash = listen<RoomCrashReport>('genroom:room:crash');
  const ann = await stage.join('ann', { name: 'ann' });
  const bob = await stage.join('bob', { name: 'bob' });
  ann.cast('mute', 'x');
  await stage.clock.settled();
  const pids = ['room ', 'player bob', 'player ann'].map((label) => stage.pidOf(label));
  ann.cast('say', 'before the crash');
  ann.cast('burst', 'boom');
  ann.cast('say', 'behind the crash');
  ann.cast('mute', 'y');
  await stage.clock.advance(100);
  crash.stop();
  expect(stage.pidOf('room ')).toBe(pids[0]);
  expect(stage.pidOf('player bob')).toBe(pids[1]);
  expect(stage.pidOf('player ann')).not.toBe(pids[2]);
  expect(ann.messages).toEqual([
    { type: 'muted', message: ['x'] },
    { type: 'muted', message: ['x', 'y'] },
  ]);
  expect(lines(bob).slice(2)).toEqual(['before the crash', 'behind the crash']);
  expect(await ann.call('whoami')).toEqual({ id: 'anonymous', name: 'ANN' });
  expect([logins, loads]).toEqual([2, 2]);
  expect(left).toEqual([]);
  expect(ann.fullStates).toBe(1);
  expect(crash.reports).toMatchObject([{ process: 'player', sessionId: 'ann', type: 'burst', crash: 1, allowed: 20 }]);
});

it('closes only the session of a Player that crashes past its limit', async () => {
  stage = await openStage<Lines>(home);
  const ann = await stage.join('ann', { name: 'ann' });
  const bob = await stage.join('bob', { name: 'bob' });
  const room = stage.pidOf('room ');
  for (let n = 0; n < 100; n++) ann.cast('burst', `boom ${n}`);
  await stage.clock.advance(200);
  expect(ann.closed).toBeDefined();
  expect(bob.closed).toBeUndefined();
  expect(left).toEqual(['ann false']);
  expect(stage.pidOf('room ')).toBe(room);
  bob.cast('say', 'still here');
  await stage.clock.advance(100);
  expect(lines(bob).at(-1)).toBe('still here');
});

it('keeps the timers of a Player over its crash', async () => {
  stage = await openStage<Lines>(home);
  const ann = await stage.join('ann', { name: 'ann' }, 'a1');
  ann.cast('remind', 5000);
  await stage.clock.advance(1000);
  ann.cast('burst', 'boom');
  await stage.clock.advance(3900);
  expect(ann.messages).toEqual([]);
  await stage.clock.advance(200);
  expect(ann.messages).toEqual([{ type: 'reminder', message: 'a1 ANN' }]);
});

it("keeps a client's order while a schema waits, over crashes of the room", async () => {
  stage = await openStage<Lines>(home);
  const ann = await stage.join('ann', { name: 'ann' });
  for (const text of ['30', '20', '10']) ann.cast('later', text);
  ann.cast('say', 'last');
  ann.cast('slowly', 'own');
  await stage.clock.advance(35);
  stage.kill('room ');
  await stage.clock.advance(300);
  expect(lines(ann).slice(1)).toEqual(['30', '20', '10', 'last']);
  expect(ann.messages).toEqual([{ type: 'slowly', message: 'own' }]);
});

it('drops and resumes without losing the seat, with a full state on return', async () => {
  stage = await openStage<Lines>(home);
  const ann = await stage.join('ann', { name: 'ann' });
  const bob = await stage.join('bob', { name: 'bob' });
  stage.shell.drop('ann');
  bob.cast('say', 'meanwhile');
  await stage.clock.advance(100);
  expect(left).toEqual([]);
  await stage.shell.resume(ann);
  expect(ann.fullStates).toBe(2);
  expect(lines(ann).at(-1)).toBe('meanwhile');
});
