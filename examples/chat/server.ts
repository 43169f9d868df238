/**
 * The chat server: `npm start`, or `node server.ts --nodes 1` to have the rooms on a worker thread.
 *
 *     --port 2567   0 takes a free one
 *     --host 127.0.0.1   0.0.0.0 to be reached from other machines
 *     --nodes 0   worker threads for the rooms
 *     --transport auto   or uws, or ws
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serve } from 'genroom';
import { chat } from './chat-room.ts';
import { sdkRoute } from './sdk-route.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env['PORT'] ?? '2567' },
    host: { type: 'string', default: '127.0.0.1' },
    nodes: { type: 'string', default: '0' },
    transport: { type: 'string', default: 'auto' },
  },
});

const server = await serve({
  rooms: [chat],
  port: Number(values.port),
  host: values.host,
  nodes: Number(values.nodes),
  transport: values.transport as 'auto' | 'uws' | 'ws',
  static: fileURLToPath(new URL('./public', import.meta.url)),
  routes: [sdkRoute],
  operator: true,
});

console.log(
  `The chat is at ${server.url} (${server.transport}, rooms on ${Number(values.nodes) > 0 ? 'a worker thread' : 'the main thread'}).`,
);
