/** Serves the failing rooms in a process of its own: `failing-server.ts <transport> <nodes>`. Prints its URL as JSON. */
import { serve } from '../../src/index.ts';
import { doomed, failing, fragile, steady } from './failing-rooms.ts';

const [transport, nodes] = process.argv.slice(2);
const server = await serve({
  rooms: [failing, steady, fragile, doomed],
  port: 0,
  transport: transport as 'uws' | 'ws',
  nodes: Number(nodes),
  operator: true,
  recovery: { firstDelay: 20, shadowAttempts: 2 },
});
console.log(JSON.stringify({ url: server.url, transport: server.transport }));
