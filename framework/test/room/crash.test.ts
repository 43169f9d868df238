import { schema, t, type SchemaType } from '@colyseus/schema';
import { afterEach, expect, it } from 'vitest';
import * as z from 'zod';
import { room, type RoomCrashReport, type RoomHandle } from '../../src/room/index.ts';
import { listen, openStage, type Stage, type StageClient } from './stage.ts';

const Lines = schema({ lines: t.array('string'), members: t.map('string') }, 'CrashLines');
type Lines = SchemaType<typeof Lines>;

const MS = 10;
const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
let kept: RoomHandle | undefined;
let starts: string[] = [];
let failures = 0;

const shaky = room({
  name: 'shaky',
  intensity: { max: 100, period: 1000 },
  state: () => new Lines(),
  data: () => ({ count: 0 }),
  derived: () => ({ built: 1 }),
  messages: {
    say: z.string(),
    half: z.string(),
    waitHalf: z.string(),
    bare: z.string(),
    stray: z.string(),
    keep: z.string(),
    task: z.string(),
  },
  init: () => void starts.push('init'),
  restore: () => void starts.push('restore'),
  join: (self, player) => void self.state.members.set(player.sessionId, player.sessionId),
  leave(self, player) {
    if (failures-- > 0) throw new Error('no leave');
    self.state.members.delete(player.sessionId);
  },
  casts: {
    say: (self, _player, text) => self.state.lines.push(text),
    half(self, player, text) {
      self.state.lines.push(`${text} 1`);
      self.broadcast('half', text);
      player.send('half', text);
      self.data = { count: self.data.count + 1 };
      throw new Error(text);
    },
    async waitHalf(self, _player, text) {
      self.state.lines.push(`${text} 1`);
      self.broadcast('half', text);
      await wait(MS);
      self.state.lines.push(`${text} 2`);
      throw new Error(text);
    },
    bare(self, _player, text) {
      self.state.lines.push(text);
      setTimeout(() => {
        throw new Error('in a bare timer');
      }, MS);
    },
    stray(self, _player, text) {
      self.state.lines.push(text);
      void wait(MS).then(() => Promise.reject(new Error('nobody awaited it')));
    },
    keep(self, _player, text) {
      self.state.lines.push(text);
      kept = self;
      setTimeout(() => self.state.lines.push('from a dead life'), 3 * MS);
    },
  },
  calls: {
    task: (self, _player, text) => {
      self.state.lines.push(text);
      return self.task(wait(3 * MS), (later) => later.state.lines.push('from a dead task'));
    },
  },
});

let stage: Stage<Lines>;
afterEach(async () => {
  await stage.close();
  starts = [];
  failures = 0;
});

const lines = (client: StageClient<Lines>): string[] => [...client.state!.lines];
const members = (client: StageClient<Lines>): string[] => [...client.state!.members.keys()].sort();
const settle = async (): Promise<void> => {
  await wait(5 * MS);
  await stage.clock.settled();
};

it.each([
  ['half', true],
  ['waitHalf', true],
  ['half', false],
  ['waitHalf', false],
])('leaves nothing of a turn that throws (%s; the link clones: %s), and starts again', async (type, clone) => {
  stage = await openStage<Lines>(shaky, {}, clone);
  const crash = listen<RoomCrashReport>('genroom:room:crash');
  const ann = await stage.join('ann');
  const bob = await stage.join('bob');
  ann.cast('say', 'before');
  await stage.clock.advance(100);
  const pid = stage.pidOf('room ');
  ann.cast(type, 'gone');
  ann.cast('say', 'behind');
  bob.cast('say', 'also behind');
  await settle();
  crash.stop();
  expect(stage.pidOf('room ')).not.toBe(pid);
  expect(starts).toEqual(['init', 'restore']);
  await stage.clock.advance(100);
  for (const client of [ann, bob]) {
    expect(lines(client)).toEqual(['before', 'behind', 'also behind']);
    expect(client.messages).toEqual([]);
    expect(client.closed).toBeUndefined();
    expect(client.fullStates).toBe(2);
  }
  expect(stage.shell.past.data).toEqual({ count: 0 });
  expect(crash.reports).toMatchObject([
    { process: 'room', name: 'shaky', roomId: 'r1', sessionId: 'ann', type, crash: 1, allowed: 100 },
  ]);
  expect(crash.reports[0]!.error!.message).toBe('gone');
});

it.each(['bare', 'stray'])(
  'ends the room that a stray failure belongs to, and keeps what was done (%s)',
  async (type) => {
    stage = await openStage<Lines>(shaky);
    const ann = await stage.join('ann');
    ann.cast(type, 'done well');
    await settle();
    ann.cast('say', 'after');
    await stage.clock.advance(100);
    expect(starts).toEqual(['init', 'restore']);
    expect(lines(ann)).toEqual(['done well', 'after']);
  },
);

it('handles each message once, in order, over twenty crashes', async () => {
  stage = await openStage<Lines>(shaky);
  const clients = await Promise.all(['a', 'b', 'c'].map((id) => stage.join(id)));
  const expected = new Map<string, string[]>(clients.map(({ sessionId }) => [sessionId, []]));
  for (let round = 0; round < 20; round++) {
    for (const client of clients) {
      for (let n = 0; n < 3; n++) {
        const text = `${client.sessionId} ${round}.${n}`;
        expected.get(client.sessionId)!.push(text);
        client.cast('say', text);
        if (round % 3 === n) client.cast('half', 'x');
      }
    }
    await stage.clock.advance(7);
  }
  await stage.clock.advance(100);
  for (const client of clients) {
    expect(lines(client)).toHaveLength(180);
    for (const [id, texts] of expected) expect(lines(client).filter((line) => line.startsWith(id))).toEqual(texts);
  }
});

it('makes kept handles, timers and tasks of a dead process inert', async () => {
  stage = await openStage<Lines>(shaky);
  const ann = await stage.join('ann');
  ann.cast('keep', 'kept');
  await stage.clock.settled();
  const task = ann.call('task', 'asked');
  await stage.clock.settled();
  const dead = kept!;
  expect(() => dead.broadcast('x')).toThrow(expect.objectContaining({ code: 'outside_turn' }));
  stage.kill('room ');
  await settle();
  await expect(task).rejects.toMatchObject({ status: 2, reason: { code: 'call_in_doubt' } });
  expect(() => dead.state).toThrow(expect.objectContaining({ code: 'incarnation_ended' }));
  expect(() => dead.broadcast('x')).toThrow(expect.objectContaining({ code: 'incarnation_ended' }));
  expect(() => void (dead.data = 1)).toThrow(expect.objectContaining({ code: 'incarnation_ended' }));
  ann.cast('say', 'alive');
  await stage.clock.advance(100);
  expect(lines(ann)).toEqual(['kept', 'asked', 'alive']);
  expect(ann.messages).toEqual([]);
});

it('lets go who left while the room was down, and retries a crashed leave once', async () => {
  stage = await openStage<Lines>(shaky);
  const gaveUp = listen<{ work: string }>('genroom:room:givenUp');
  const ann = await stage.join('ann');
  await stage.join('bob');
  await stage.join('cyd');
  failures = 1;
  stage.shell.leave('bob', true);
  await stage.clock.advance(100);
  expect(members(ann)).toEqual(['ann', 'cyd']);
  expect(gaveUp.reports).toEqual([]);
  failures = 2;
  stage.shell.leave('cyd', false);
  await stage.clock.advance(100);
  gaveUp.stop();
  expect(gaveUp.reports).toMatchObject([{ work: 'leave of cyd' }]);
  expect(stage.shell.past.members).toEqual(['ann']);
  expect(starts).toEqual(['init', 'restore', 'restore', 'restore']);
  expect(await stage.join('dan')).toBeDefined();
});

it('has who joined or left shortly before a crash right after it', async () => {
  stage = await openStage<Lines>(shaky);
  const ann = await stage.join('ann');
  await stage.join('bob');
  const cyd = stage.client('cyd');
  const joined = stage.shell.join(cyd, {}, { ip: '::1', headers: {} });
  stage.shell.leave('bob', true);
  ann.cast('half', 'x');
  await stage.clock.advance(100);
  await joined;
  expect(members(ann)).toEqual(['ann', 'cyd']);
  expect(members(cyd)).toEqual(['ann', 'cyd']);
  expect(cyd.closed).toBeUndefined();
});

it('keeps seats and sockets past its intensity, and comes back', async () => {
  const weak = room({ ...shaky.parts, name: 'weak', intensity: { max: 1, period: 5000 } } as never);
  stage = await openStage<Lines>(weak);
  const ann = await stage.join('ann');
  ann.cast('say', 'stays');
  ann.cast('half', 'x');
  ann.cast('half', 'x');
  await stage.clock.advance(50);
  expect(stage.shell.phase).toBe('cooling');
  expect(ann.errors.at(-1)).toMatchObject({ code: 503 });
  await stage.clock.advance(40_000);
  expect(stage.shell.phase).toBe('running');
  ann.cast('say', 'back');
  await stage.clock.advance(100);
  expect(lines(ann)).toEqual(['stays', 'back']);
  expect(ann.closed).toBeUndefined();
});
