/**
 * A server in a process of its own, for what cannot be tried inside the test runner: stray failures (the runner listens
 * to them itself), signals, exit codes, `--inspect`.
 *
 *     node server-process.ts '{"nodes": 1}'
 *
 * Prints its URL as the first line. `POST /stray/rejection` and `POST /stray/timer` fail with no process as the owner.
 */
import { serve } from '../../src/gateway/index.ts';
import type { ServeOptions } from '../../src/gateway/serve-options.ts';
import { chat } from './chat-room.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as Partial<ServeOptions>;
const server = await serve({
  port: 0,
  log: 'json',
  operator: true,
  routes: [
    (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === '/stray/rejection') void Promise.reject(new Error('nobody owns this rejection'));
      else if (pathname === '/stray/timer') setTimeout(() => thrown('nobody owns this throw'), 1);
      else return undefined;
      return new Response('failing');
    },
  ],
  ...options,
  rooms: [chat],
});
process.stdout.write(`${server.url}\n`);

function thrown(message: string): never {
  throw new Error(message);
}
