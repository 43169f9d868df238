/**
 * Serves the nasty rooms in a process of its own: `nasty-server.ts <log> <nodes>`. Prints its URL.
 *
 * `log` says how its log fails: `text` (not at all), `throws`, `rejects`, `late` (in a bare timer). `sites` keeps the log
 * and makes every stack call sites.
 */
import { subscribe } from 'node:diagnostics_channel';
import { type ServeOptions, serve } from '../../src/index.ts';
import { leaving, throwing, watching } from './nasty-rooms.ts';

function down(): never {
  throw new Error('the log service is down');
}

const logs: Record<string, ServeOptions['log']> = {
  text: 'text',
  sites: 'text',
  throws: () => down(),
  rejects: async () => down(),
  late: () => void setTimeout(down, 1),
};

const way = process.argv[2]!;
if (way === 'sites') Error.prepareStackTrace = (_error, sites) => sites;
// A subscriber of the user's own fails as well.
if (way === 'throws') for (const name of ['process:crash', 'room:crash', 'stray']) subscribe(`genroom:${name}`, down);
const server = await serve({
  rooms: [throwing, leaving, watching],
  port: 0,
  transport: 'ws',
  nodes: Number(process.argv[3]),
  log: logs[way]!,
});
process.stdout.write(`${server.url}\n`);
