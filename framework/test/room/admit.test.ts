import { schema, t } from '@colyseus/schema';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { player, refuse, room } from '../../src/room/index.ts';
import { testRoom } from '../../src/testing/index.ts';

const Tally = schema({ words: t.array('string') }, 'AdmitTally');

let seen: unknown[] = [];

const tally = room({
  name: 'tally',
  state: () => new Tally(),
  messages: { say: z.string().toUpperCase(), count: z.undefined(), boom: z.undefined() },
  casts: { say: (self, _who, word) => void self.state.words.push(word), boom: () => {} },
  calls: { count: (self) => self.state.words.length },
  player: player({
    messages: { own: z.undefined() },
    casts: { own: () => {} },
    state: () => ({ left: 2 }),
    admit(self, message) {
      seen.push(message);
      if (message.type === 'boom') throw new Error('in admit');
      if (message.kind === 'cast' && self.state.left === 0) return refuse('enough', 'No more today.');
      if (message.kind === 'cast') self.state = { left: self.state.left - 1 };
    },
  }),
});

it('a player sees what it sends to the room, checked, and may refuse it; its own messages are not asked about', async () => {
  seen = [];
  await using room = await testRoom(tally);
  const ada = await room.join();
  for (const word of ['one', 'two', 'three']) ada.send('say', word);
  ada.send('own');
  expect(await ada.call('count')).toBe(2);
  expect([...ada.state.words]).toEqual(['ONE', 'TWO']);
  expect(ada.errors).toEqual([{ code: 526, message: 'enough: No more today.' }]);
  expect(seen).toEqual([
    { kind: 'cast', type: 'say', payload: 'ONE' },
    { kind: 'cast', type: 'say', payload: 'TWO' },
    { kind: 'cast', type: 'say', payload: 'THREE' },
    { kind: 'call', type: 'count', payload: undefined },
  ]);
});

it('a throw in it restarts the player alone, which still knows what it had counted', async () => {
  await using room = await testRoom(tally);
  const ada = await room.join();
  const pid = room.pid;
  for (const word of ['one', 'two']) ada.send('say', word);
  ada.send('boom');
  await room.settled();
  ada.send('say', 'three');
  expect(await ada.call('count')).toBe(2);
  expect(ada.errors.at(-1)?.message).toBe('enough: No more today.');
  expect(room.pid).toBe(pid);
  expect(ada.closed).toBeUndefined();
});
