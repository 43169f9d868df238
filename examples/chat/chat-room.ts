/**
 * The chat room. `post` is a call with an operation id: what is acknowledged is there once, however often it was tried.
 * `history` is a call; `typing` is a cast, since nobody misses one that is lost.
 */
import { refuse, room } from 'genroom';
import * as z from 'zod';
import { crashOnPurpose, crashWays } from './crash-on-purpose.ts';
import { guest, guestOptions } from './guest.ts';
import {
  ChatState,
  freeName,
  Guest,
  KEPT_MOST,
  Line,
  MOVED,
  pageBefore,
  plain,
  type PlainLine,
  SHOWN_MOST,
} from './state.ts';

export const TEXT_MOST = 1000;

export const chat = room({
  name: 'chat',
  module: import.meta.url,
  filterBy: ['room'],
  maxClients: 500,
  /** Generous, because this room is there to be crashed: 30 times in 30 seconds before it cools down. */
  intensity: { max: 30, period: 30_000 },

  state: (options: unknown) => {
    const known = guestOptions.safeParse(options);
    return new ChatState({ title: known.success ? known.data.room : 'chat', opened: Date.now() });
  },
  data: () => ({ older: [] as readonly PlainLine[] }),

  player: guest,
  messages: {
    post: z.object({ id: z.string().regex(/^[\w-]{16,64}$/), text: z.string().trim().min(1).max(TEXT_MOST) }),
    history: z.object({ before: z.int().min(1) }),
    typing: z.undefined(),
    crash: z.object({ how: z.enum(crashWays) }),
  },
  once: { post: (_player, { id }) => id },

  join(room, player) {
    const taken = new Set([...room.state.guests.values()].map(({ name }) => name));
    room.state.guests.set(player.sessionId, new Guest({ name: freeName(player.options.name, taken), here: true }));
  },
  drop: (room, player) => setHere(room.state, player.sessionId, false),
  resume: (room, player) => setHere(room.state, player.sessionId, true),
  leave: (room, player) => void room.state.guests.delete(player.sessionId),

  calls: {
    post(room, player, { id, text }) {
      const { lines, guests } = room.state;
      const n = (lines.at(-1)?.n ?? 0) + 1;
      const by = guests.get(player.sessionId)?.name ?? player.options.name;
      lines.push(new Line({ n, id, by, at: room.now(), text }));
      if (lines.length > SHOWN_MOST) {
        room.data = { older: [...room.data.older, ...lines.splice(0, MOVED).map(plain)].slice(-KEPT_MOST) };
      }
      return { n };
    },
    history: (room, _player, { before }) => pageBefore(room.data.older, room.state.lines.map(plain), before),
  },
  casts: {
    typing: (room, player) => room.broadcast('typing', player.sessionId, { except: player }),
    crash(room, player, { how }) {
      if (!player.auth.operator) throw refuse('not_operator', 'Only who sits at the server may crash its rooms.');
      crashOnPurpose(room, how);
    },
  },
});

function setHere(state: ChatState, sessionId: string, here: boolean): void {
  const guest = state.guests.get(sessionId);
  if (guest) guest.here = here;
}
