/**
 * The bank's server: `npm start -w examples/bank-account`.
 *
 *     --port 2568   0 takes a free one
 *     --host 127.0.0.1   0.0.0.0 to be reached from other machines
 *     --transport auto   or uws, or ws
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serve } from 'genroom';
import { isDown, monitor, receive, spawn } from 'genroom/otp';
import { openBank } from './branch.ts';
import { bankRoom } from './rooms.ts';
import { sdkRoute } from './sdk-route.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env['PORT'] ?? '2568' },
    host: { type: 'string', default: '127.0.0.1' },
    transport: { type: 'string', default: 'auto' },
  },
});

const bank = await openBank();
const server = await serve({
  rooms: [bankRoom],
  port: Number(values.port),
  host: values.host,
  transport: values.transport as 'auto' | 'uws' | 'ws',
  static: fileURLToPath(new URL('./public', import.meta.url)),
  routes: [sdkRoute],
  operator: true,
});

// A bank whose root supervisor gave up cannot be helped from inside: whoever runs this server starts it again.
spawn(async () => {
  monitor(bank.pid);
  await receive(isDown);
  process.exitCode = 1;
  await server.close();
});

console.log(`The bank is at ${server.url} (${server.transport}).`);
