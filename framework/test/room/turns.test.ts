import { schema, t, type SchemaType } from '@colyseus/schema';
import { afterEach, expect, it } from 'vitest';
import * as z from 'zod';
import { refuse, room } from '../../src/room/index.ts';
import { openStage, type Stage, type StageClient } from './stage.ts';

const Lines = schema({ lines: t.array('string'), members: t.map('string'), beats: t.number() }, 'TurnLines');
type Lines = SchemaType<typeof Lines>;

const talk = room({
  name: 'talk',
  state: () => new Lines(),
  data: () => ({ posts: 0 }),
  messages: {
    say: z.string().max(20),
    post: z.object({ id: z.string(), text: z.string() }),
    slow: z.number(),
    later: z.number(),
    no: z.number(),
  },
  join(self, player, options: { name?: string }) {
    if (options.name === 'nobody') throw refuse('bad_name', 'Choose another name.');
    self.state.members.set(player.sessionId, options.name ?? player.sessionId);
    self.broadcast('joined', player.sessionId);
  },
  leave(self, player) {
    self.state.members.delete(player.sessionId);
  },
  once: { post: (_player, { id }) => id },
  casts: {
    say(self, player, text) {
      self.state.lines.push(text);
      self.broadcast('said', text, { except: player });
    },
    async slow(self, _player, ms) {
      await new Promise<void>((resolve) => void setTimeout(resolve, ms));
      self.state.lines.push(`slow ${ms}`);
    },
  },
  calls: {
    post(self, _player, { text }) {
      self.state.lines.push(text);
      self.data = { posts: self.data.posts + 1 };
      return self.data.posts;
    },
    later: (self, _player, n) =>
      self.task(Promise.resolve(n * 2), (later, double) => later.state.lines.push(`later ${double}`) && double + 1),
    no: (_self, _player, n) => refuse('not_now', 'Not now.', { n }),
  },
});

let stage: Stage<Lines>;
afterEach(() => stage.close());

const lines = (client: StageClient<Lines>): string[] => [...client.state!.lines];

it("sends a turn's patch before its broadcasts, and those before its reply", async () => {
  stage = await openStage<Lines>(talk);
  const ann = await stage.join('ann');
  const bob = await stage.join('bob');
  expect([...ann.state!.members.keys()]).toEqual(['ann', 'bob']);
  expect(bob.fullStates).toBe(1);
  ann.cast('say', 'hello');
  await stage.clock.settled();
  expect(lines(bob)).toEqual(['hello']);
  expect(bob.messages.at(-1)).toEqual({ type: 'said', message: 'hello' });
  expect(ann.messages.map(({ type }) => type)).toEqual(['joined', 'joined']);
  const before = ann.frames.length;
  expect(await ann.call('post', { id: '1', text: 'one' })).toBe(1);
  expect(ann.frames.slice(before).map((frame) => frame[0])).toEqual([15, 22]);
  expect(lines(ann)).toEqual(['hello', 'one']);
});

it('answers a repeat of an operation with the first reply, also after a restart', async () => {
  stage = await openStage<Lines>(talk);
  const ann = await stage.join('ann');
  expect(await ann.call('post', { id: 'a', text: 'first' })).toBe(1);
  expect(await ann.call('post', { id: 'a', text: 'again' })).toBe(1);
  const pid = stage.pidOf('room ');
  stage.kill('room ');
  await stage.clock.settled();
  expect(stage.pidOf('room ')).not.toBe(pid);
  expect(await ann.call('post', { id: 'a', text: 'and again' })).toBe(1);
  expect(await ann.call('post', { id: 'b', text: 'second' })).toBe(2);
  expect(lines(ann)).toEqual(['first', 'second']);
});

it('refuses rubbish, unknown messages and what the schema does not take', async () => {
  stage = await openStage<Lines>(talk);
  const ann = await stage.join('ann');
  ann.cast('say', 7);
  ann.castBytes('say', Uint8Array.of(0xc1, 0xff));
  ann.cast('constructor', 1);
  await stage.clock.settled();
  expect(ann.errors.map(({ message }) => message.split(':')[0])).toEqual([
    'invalid_payload',
    'bad_payload',
    'unknown_message',
  ]);
  expect(ann.errors[0]!.code).toBe(4217);
  await expect(ann.call('post', { id: 1 })).rejects.toMatchObject({ status: 1, reason: { code: 'invalid_payload' } });
  await expect(ann.call('no', 3)).rejects.toMatchObject({ status: 1, reason: { code: 'not_now', details: { n: 3 } } });
  await expect(stage.join('eve', { name: 'nobody' })).rejects.toThrow('bad_name');
  expect([...ann.state!.members.keys()]).toEqual(['ann']);
  expect(stage.pidOf('player eve')).toBeUndefined();
});

it('answers a call from a task, with the mailbox free meanwhile', async () => {
  stage = await openStage<Lines>(talk);
  const ann = await stage.join('ann');
  const reply = ann.call('later', 21);
  ann.cast('say', 'meanwhile');
  expect(await reply).toBe(43);
  expect(lines(ann)).toEqual(['meanwhile', 'later 42']);
});

it('forgets who left, and lets somebody in under another session', async () => {
  stage = await openStage<Lines>(talk);
  const ann = await stage.join('ann');
  await stage.join('bob');
  stage.shell.leave('bob', true);
  await stage.clock.advance(60);
  expect([...ann.state!.members.keys()]).toEqual(['ann']);
  expect(stage.pidOf('player bob')).toBeUndefined();
  expect(stage.shell.sessions).toBe(1);
});

it('obeys a room that locks itself, says what it is about, and closes a connection; not in a turn that fails', async () => {
  const keeper = room({
    name: 'keeper',
    state: () => new Lines(),
    messages: { shut: z.boolean() },
    leave: (self, who, { consented }) => void self.state.lines.push(`${who.sessionId} ${consented}`),
    casts: {
      shut(self, who, well) {
        self.lock();
        self.setMetadata({ topic: 'closed' });
        self.unlock();
        self.disconnect(who, 'enough', 4100);
        if (!well) throw new Error('not well');
      },
    },
  });
  stage = await openStage<Lines>(keeper);
  const ann = await stage.join('ann');
  const bob = await stage.join('bob');
  ann.cast('shut', false);
  await stage.clock.advance(100);
  expect(stage.orders).toEqual([]);
  expect(ann.closed).toBeUndefined();
  ann.cast('shut', true);
  await stage.clock.advance(100);
  expect(stage.orders).toEqual(['locked', { metadata: { topic: 'closed' } }, 'unlocked']);
  expect(ann.closed).toEqual({ code: 4100, reason: 'enough' });
  expect(bob.closed).toBeUndefined();
  expect(lines(bob)).toEqual(['ann false']);
});

it('sends nothing but at the patch rate when a turn only changes the state', async () => {
  const quiet = room({
    name: 'quiet',
    state: () => new Lines(),
    messages: { beat: z.number() },
    casts: { beat: (self, _player, n) => void (self.state.beats = n) },
  });
  stage = await openStage<Lines>(quiet);
  const ann = await stage.join('ann');
  await stage.clock.advance(100);
  for (let n = 1; n <= 10; n++) ann.cast('beat', n);
  await stage.clock.advance(1);
  for (let n = 11; n <= 20; n++) ann.cast('beat', n);
  await stage.clock.advance(48);
  expect(ann.patches).toBe(1);
  expect(ann.state!.beats).toBe(10);
  await stage.clock.advance(10);
  expect(ann.patches).toBe(2);
  expect(ann.state!.beats).toBe(20);
});
