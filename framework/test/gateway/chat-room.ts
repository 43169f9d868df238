/** A chat room that can be made to fail in every way, for the tests of the whole server. */
import { AsyncResource } from 'node:async_hooks';
import { schema, t } from '@colyseus/schema';
import * as z from 'zod';
import { player } from '../../src/room/player-definition.ts';
import { room } from '../../src/room/definition.ts';

export const Line = schema({ by: t.string(), text: t.string() }, 'Line');
export const ChatState = schema({ lines: t.array(Line), members: t.map('string') }, 'ChatState');

/** Made when this module is loaded: what it starts belongs to no process. */
const outside = new AsyncResource('outside');

function thrown(message: string): never {
  throw new Error(message);
}

function line(by: string, text: string): InstanceType<typeof Line> {
  const made = new Line();
  made.by = by;
  made.text = text;
  return made;
}

export const chat = room({
  name: 'chat',
  module: import.meta.url,
  filterBy: ['channel'],
  intensity: { max: 100, period: 60_000 },
  state: () => new ChatState(),
  player: player({ options: z.object({ name: z.string().min(1), channel: z.string().optional() }) }),
  messages: {
    post: z.object({ id: z.string(), text: z.string() }),
    fail: z.object({ how: z.enum(['throw', 'reject', 'timer', 'await', 'exit', 'hang', 'unowned']) }),
    hold: z.object({ ms: z.number() }),
    shout: z.string(),
    wait: z.object({ ms: z.number() }),
  },
  once: { post: (_player, { id }) => id },
  join: (self, who) => void self.state.members.set(who.sessionId, who.options.name),
  leave: (self, who) => void self.state.members.delete(who.sessionId),
  casts: {
    shout(self, who, text) {
      self.broadcast('shout', { by: who.options.name, text });
    },
    async hold(_self, _who, { ms }) {
      await new Promise((resolve) => setTimeout(resolve, ms));
    },
    async fail(self, who, { how }) {
      self.state.lines.push(line(who.options.name, `half of ${how}`));
      if (how === 'exit') process.exit(7);
      while (how === 'hang');
      if (how === 'unowned') outside.runInAsyncScope(setTimeout, undefined, () => thrown('nobody owns this'), 1);
      if (how === 'throw') throw new Error('asked to throw');
      if (how === 'reject') void Promise.reject(new Error('asked to reject'));
      if (how === 'timer')
        setTimeout(() => {
          throw new Error('asked to throw in a timer');
        }, 1);
      if (how === 'await') {
        await new Promise((resolve) => setTimeout(resolve, 5));
        throw new Error('asked to throw after an await');
      }
    },
  },
  calls: {
    wait: (self, _who, { ms }) => self.task(new Promise((resolve) => setTimeout(resolve, ms)), () => 'waited'),
    post: (self, who, { text }) => self.state.lines.push(line(who.options.name, text)),
  },
});
