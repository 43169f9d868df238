/** E3: posts to a chat with 10 readers, spread over `SHARDS` rooms of 10 readers each. */
import type { LoadScript } from 'genroom/loadtest';

declare const __ENV: Readonly<Record<string, string>>;

const shards = Number(__ENV['SHARDS'] ?? 1);
const READERS = 10;

export default {
  clients: READERS * shards,
  patience: 60,
  join: (client) => ({ shard: client % shards }),
  message: (client, n) => ({
    call: 'post',
    payload: { text: `line ${n} of client ${client}, which is read by @all here` },
  }),
  good: (answer) => answer === READERS,
} satisfies LoadScript;
