/**
 * A chat made CPU-bound by its fan-out: each post is rendered anew for each of its readers, with their own words marked
 * in it and in what was said before, and sent to each by itself. It waits for nothing, so its time is the core's time.
 *
 *     client: {post: {text}} ──> one rendering and one frame a reader ──> the number of readers
 */
import { createHash } from 'node:crypto';
import { schema, t } from '@colyseus/schema';
import { room } from 'genroom';
import * as z from 'zod';

const ChatState = schema({ shard: t.number() }, 'LoadChatState');

/** Lines that a rendering looks at; a room begins with as many, so that its first post costs what the later ones do. */
const HISTORY = 250;

interface Line {
  readonly from: string;
  readonly text: string;
}

export const chat = room({
  name: 'chat',
  filterBy: ['shard'],
  state: ({ shard }: { shard: number }) => new ChatState().assign({ shard }),
  derived: () => ({
    lines: Array.from({ length: HISTORY }, (_, n): Line => ({ from: 'archive', text: `line ${n} of an earlier day` })),
  }),
  messages: { post: z.object({ text: z.string().max(200) }) },
  calls: {
    post(room, player, { text }) {
      const { lines } = room.derived;
      lines.push({ from: player.sessionId, text });
      if (lines.length > HISTORY) lines.shift();
      for (const reader of room.players.values()) reader.send('line', render(lines, reader.sessionId));
      return room.players.size;
    },
  },
});

/** The newest line as one reader sees it, and a mark by which the client knows whether it missed one before. */
function render(lines: readonly Line[], reader: string): { text: string; mentions: number; mark: string } {
  const mention = new RegExp(`@${reader}|@all`, 'gi');
  const seen = createHash('sha256');
  let mentions = 0;
  for (const { from, text } of lines) {
    const shown = from === reader ? `me: ${text}` : `${from}: ${text.replaceAll(mention, (word) => `**${word}**`)}`;
    mentions += text.match(mention)?.length ?? 0;
    seen.update(shown);
  }
  return { text: lines.at(-1)!.text.replaceAll(mention, (word) => `**${word}**`), mentions, mark: seen.digest('hex') };
}
