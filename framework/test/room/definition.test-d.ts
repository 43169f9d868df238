/** What compiles and what does not, of `room({…})` and `player({…})`. Checked by tsc; nothing here runs. */
import { schema, t } from '@colyseus/schema';
import * as z from 'zod';
import { room, type DataOf, type ReplyOf } from '../../src/room/definition.ts';
import { player } from '../../src/room/player-definition.ts';
import { refuse } from '../../src/room/refusal.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_T extends true>(): void => undefined;

const Line = schema({ by: t.string(), text: t.string() }, 'Line');
const ChatState = schema({ lines: t.array(Line), members: t.map('string') }, 'ChatState');

const guest = player({
  options: z.object({ name: z.string() }),
  auth: async (connection, options) =>
    connection.token ? { id: options.name.length } : refuse('no_token', 'Sign in.'),
  load: async (arrival) => ({ rank: arrival.auth.id }),
  state: (arrival) => ({ muted: [] as string[], rank: arrival.loaded.rank }),
  messages: { mute: z.string() },
  casts: {
    mute(self, name) {
      is<Equal<typeof name, string>>();
      self.state = { ...self.state, muted: [...self.state.muted, name] };
      // @ts-expect-error the state's shape is known
      self.state = { muted: 3 };
    },
  },
  timers: {
    unmute(self, name: string) {
      self.send('unmuted', name);
    },
  },
});

export const chat = room({
  name: 'chat',
  state: (_options: { topic: string }) => new ChatState(),
  data: (options) => ({ topic: options.topic, deck: [1, 2, 3] as readonly number[] }),
  derived: (self) => ({ size: self.state.lines.length + self.data.deck.length }),
  messages: {
    post: z.object({ text: z.string(), id: z.string() }),
    history: z.object({ before: z.int() }),
    typing: z.boolean(),
    wait: z.number(),
  },
  join(self, who, options, loaded) {
    is<Equal<typeof options, { name: string }>>();
    is<Equal<typeof loaded, { rank: number }>>();
    is<Equal<typeof who.auth, { id: number }>>();
    self.state.members.set(who.sessionId, who.options.name);
  },
  once: { post: (_who, { id }) => id },
  casts: {
    typing: (self, who, on) => {
      is<Equal<typeof on, boolean>>();
      self.broadcast('typing', on, { except: who });
      // @ts-expect-error no such field
      self.state.nothing = 1;
      // @ts-expect-error private data is read-only here
      self.data.deck.push(4);
    },
  },
  calls: {
    post: (self, who, { text }) => {
      if (text === '') return refuse('empty', 'Say something.');
      const line = new Line();
      line.by = String(who.auth.id);
      line.text = text;
      return self.state.lines.push(line);
    },
    history: (self, _who, { before }) => self.state.lines.slice(before).map((line) => line.text),
    wait: (self, _who, ms) =>
      self.task(Promise.resolve(ms), (later, result) => `${later.derived.size} ${result.toFixed()}`),
  },
  timers: {
    turn(self, seat: number) {
      self.data = { ...self.data, deck: [seat] };
    },
  },
  tick: { hz: 20, step: (self, dt) => void (self.derived.size + dt) },
  player: guest,
});

is<Equal<ReplyOf<typeof chat, 'post'>, number>>();
is<Equal<ReplyOf<typeof chat, 'history'>, string[]>>();
is<Equal<ReplyOf<typeof chat, 'wait'>, string>>();
is<Equal<DataOf<typeof chat>['topic'], string>>();

room({
  name: 'plain',
  state: () => new ChatState(),
  messages: { a: z.number() },
  join(self, who, options: { name: string }) {
    self.state.members.set(who.sessionId, options.name);
  },
  casts: { a: (self, who, n) => self.players.get(who.sessionId)?.send('a', n + 1) },
});

room({
  name: 'x',
  state: () => new ChatState(),
  messages: { a: z.number() },
  // @ts-expect-error no such message
  casts: { b: () => undefined },
});

room({
  name: 'x',
  state: () => new ChatState(),
  messages: { a: z.number() },
  // @ts-expect-error the payload is a number
  casts: { a: (_self, _who, payload: string) => payload },
});

// @ts-expect-error a room's state is a schema
room({ name: 'x', state: () => ({ a: 1 }) });

player({
  messages: { a: z.number() },
  // @ts-expect-error no such message
  casts: { b: () => undefined },
});
