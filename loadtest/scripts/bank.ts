/** E1 and E2: deposits to many accounts, of one bank. `SHARDS` is the number of its tellers. */
import type { LoadScript } from 'genroom/loadtest';

declare const __ENV: Readonly<Record<string, string>>;

const shards = Number(__ENV['SHARDS'] ?? 1);
/** As many to each shard; an account's turn comes by chance. */
const ACCOUNTS = 8_000;

export default {
  clients: 32,
  patience: 30,
  join: () => ({ shards }),
  message: () => ({ call: 'deposit', payload: { account: Math.floor(Math.random() * ACCOUNTS), cents: 1 } }),
  good: (answer) => typeof answer === 'number' && answer > 0,
} satisfies LoadScript;
