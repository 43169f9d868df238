import { schema, t, type SchemaType } from '@colyseus/schema';
import { afterEach, expect, it } from 'vitest';
import * as z from 'zod';
import { refuse, room, type RoomCrashReport } from '../../src/room/index.ts';
import { sleep } from '../../src/otp/index.ts';
import { listen, openStage, type Stage, type StageClient } from './stage.ts';

const Lines = schema({ lines: t.array('string') }, 'TaskLines');
type Lines = SchemaType<typeof Lines>;

const failing = async (ms: number): Promise<string> => {
  await sleep(ms);
  throw new Error('the shop is closed');
};

const shop = room({
  name: 'shop',
  state: () => new Lines(),
  messages: {
    buy: z.string(),
    nested: z.number(),
    fails: z.string(),
    caught: z.string(),
    refused: z.string(),
    early: z.string(),
    say: z.string(),
  },
  once: { buy: (_who, id) => id },
  casts: { say: (self, _who, text) => self.state.lines.push(text) },
  calls: {
    buy(self, _who, id) {
      self.state.lines.push(`asked ${id}`);
      return self.task(sleep(100), (later) => {
        later.state.lines.push(`bought ${id}`);
        return `receipt ${id}`;
      });
    },
    nested: (self, _who, ms) =>
      self.task(sleep(ms), (later) => later.task(sleep(ms), (last) => `${last.now() > 0} after ${2 * ms}`)),
    fails: (self) => self.task(failing(10), () => 'never'),
    caught: (self) =>
      self.task(
        failing(10),
        () => 'never',
        (_later, error) => refuse('shop_closed', (error as Error).message),
      ),
    refused: (self, _who, text) => {
      void self.task(sleep(10), (later) => later.state.lines.push(`never ${text}`));
      throw refuse('no', 'No.');
    },
    early: (self, _who, text) => self.task(Promise.resolve(text), (_later, result) => result.toUpperCase()),
  },
});

let stage: Stage<Lines>;
afterEach(() => stage.close());
const lines = (client: StageClient<Lines>): string[] => [...client.state!.lines];

it('answers a call and its repeats when the task has ended', async () => {
  stage = await openStage<Lines>(shop);
  const ann = await stage.join('ann');
  const bob = await stage.join('bob');
  const replies = [ann.call('buy', 'x'), bob.call('buy', 'x')];
  ann.cast('say', 'meanwhile');
  await stage.clock.advance(50);
  expect(lines(ann)).toEqual(['asked x', 'meanwhile']);
  replies.push(ann.call('buy', 'x'));
  await stage.clock.advance(100);
  expect(await Promise.all(replies)).toEqual(['receipt x', 'receipt x', 'receipt x']);
  expect(await bob.call('buy', 'x')).toBe('receipt x');
  expect(lines(ann)).toEqual(['asked x', 'meanwhile', 'bought x']);
  const more = [ann.call('nested', 20), ann.call('early', 'soon')];
  await stage.clock.advance(50);
  expect(await Promise.all(more)).toEqual(['true after 40', 'SOON']);
});

it('tells a repeat that a crash left the operation in doubt, and does not begin it again', async () => {
  stage = await openStage<Lines>(shop);
  const ann = await stage.join('ann');
  const reply = ann.call('buy', 'y');
  await stage.clock.advance(20);
  stage.kill('room ');
  await stage.clock.advance(200);
  await expect(reply).rejects.toMatchObject({ status: 2, reason: { code: 'call_in_doubt' } });
  await expect(ann.call('buy', 'y')).rejects.toMatchObject({ status: 2, reason: { code: 'call_in_doubt' } });
  expect(lines(ann)).toEqual(['asked y']);
});

it('crashes on a rejection that nothing follows, and goes on with one that something follows', async () => {
  stage = await openStage<Lines>(shop);
  const crash = listen<RoomCrashReport>('genroom:room:crash');
  const ann = await stage.join('ann');
  const caught = ann.call('caught', 'x');
  await stage.clock.advance(50);
  await expect(caught).rejects.toMatchObject({
    status: 1,
    reason: { code: 'shop_closed', message: 'the shop is closed' },
  });
  expect(crash.reports).toEqual([]);
  const fails = ann.call('fails', 'x');
  await stage.clock.advance(50);
  crash.stop();
  await expect(fails).rejects.toMatchObject({ reason: { code: 'call_in_doubt' } });
  expect(crash.reports).toMatchObject([{ work: 'task of ann', sessionId: 'ann' }]);
});

it('drops the task of a message that was refused', async () => {
  stage = await openStage<Lines>(shop);
  const ann = await stage.join('ann');
  await expect(ann.call('refused', 'x')).rejects.toMatchObject({ reason: { code: 'no' } });
  await stage.clock.advance(200);
  expect(lines(ann)).toEqual([]);
});
