/** A room for end-to-end tests, in a module of its own so that a worker thread can import it. */
import { schema, t } from '@colyseus/schema';
import * as z from 'zod';
import { player } from '../../src/room/player-definition.ts';
import { room } from '../../src/room/definition.ts';
import { refuse } from '../../src/room/refusal.ts';

export const Line = schema({ by: t.string(), text: t.string() }, 'Line');
export const BoardState = schema(
  { lines: t.array(Line), members: t.map('string'), incarnations: t.number() },
  'BoardState',
);

const writer = player({
  options: z.object({ name: z.string().min(1), slow: z.number().optional() }),
  auth: (connection, options) =>
    options.name === 'Mallory' ? refuse('not_invited', 'You are not on the list.') : { id: options.name },
  load: (arrival) =>
    new Promise<{ greeting: string }>((resolve) => {
      if (arrival.options.slow === undefined) resolve({ greeting: `hello ${arrival.auth.id}` });
      else setTimeout(resolve, arrival.options.slow, { greeting: 'slow' });
    }),
  state: () => ({ muted: [] as string[] }),
  messages: { mute: z.string(), slip: z.undefined() },
  casts: {
    mute(self, name) {
      self.state = { muted: [...self.state.muted, name] };
      self.send('muted', self.state.muted);
    },
    slip() {
      throw new Error('a slip of the player');
    },
  },
});

const line = (by: string, text: string): InstanceType<typeof Line> => {
  const made = new Line();
  made.by = by;
  made.text = text;
  return made;
};

export const board = room({
  name: 'board',
  module: import.meta.url,
  intensity: { max: 30, period: 5_000 },
  state: () => new BoardState(),
  data: () => ({ secret: 41, posts: 0 }),
  messages: {
    post: z.object({ text: z.string().max(100), id: z.string().optional() }),
    note: z.string(),
    half: z.string(),
    halfLater: z.string(),
    crashNow: z.enum(['throw', 'reject', 'timeout', 'await']),
    slowly: z.object({ ms: z.number(), text: z.string() }),
    exit: z.number(),
    count: z.undefined(),
  },
  init(self) {
    self.state.incarnations = 1;
  },
  restore(self) {
    self.state.incarnations++;
  },
  join(self, who, _options, loaded) {
    self.state.members.set(who.sessionId, who.auth.id);
    self.broadcast('joined', loaded.greeting);
  },
  leave(self, who) {
    self.state.members.delete(who.sessionId);
  },
  once: { post: (_who, { id }) => id },
  casts: {
    note(self, who, text) {
      self.state.lines.push(line(who.auth.id, text));
    },
    half(self, who, text) {
      self.state.lines.push(line(who.auth.id, text));
      self.data = { ...self.data, posts: 1_000 };
      self.broadcast('half', text);
      throw new Error('half way');
    },
    async halfLater(self, who, text) {
      self.state.lines.push(line(who.auth.id, text));
      await Promise.resolve();
      throw new Error('half way, later');
    },
    exit(_self, _who, code) {
      process.exit(code);
    },
  },
  calls: {
    post(self, who, { text }) {
      if (text === '') return refuse('empty', 'Say something.');
      self.state.lines.push(line(who.auth.id, text));
      self.data = { ...self.data, posts: self.data.posts + 1 };
      self.broadcast('posted', text);
      return { posts: self.data.posts };
    },
    async crashNow(self, _who, how) {
      if (how === 'throw') throw new Error('crash now');
      if (how === 'reject') void Promise.reject(new Error('nobody awaits this'));
      if (how === 'timeout')
        setTimeout(() => {
          throw new Error('a bare timeout');
        }, 1);
      if (how === 'await') {
        await Promise.resolve();
        throw new Error('after an await');
      }
      return self.state.lines.length;
    },
    slowly: (self, who, { ms, text }) =>
      self.task(new Promise<string>((resolve) => setTimeout(resolve, ms, text)), (later, result) => {
        later.state.lines.push(line(who.auth.id, result));
        return result.length;
      }),
    count: (self) => self.state.lines.length,
  },
  timers: {},
  player: writer,
});
