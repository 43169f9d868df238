/**
 * A connection shared by two servers, opened at the first one's request and reset later. Prints what became of each.
 * `lazy`: opened as a plain module-level variable, in whoever's slice comes first. `resource`: by `resource()`.
 */
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { call, genServer, installStrayHandlers, isAlive, reply, resource, start } from '../../../src/otp/index.ts';

const way = process.argv[2];
installStrayHandlers();

const sockets: Socket[] = [];
const peer = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
await once(peer, 'listening');
const { port } = peer.address() as { port: number };

const open = async (): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
};
let plain: Promise<Socket> | undefined;
const shared = resource({ name: 'db', open, close: (socket) => void socket.destroy() });
const use = (): Promise<Socket> => (way === 'lazy' ? (plain ??= open()) : shared.use());

const user = genServer({
  name: 'user',
  init: () => 0,
  calls: { ask: async (count) => reply((await use()).localPort, count + 1), count: (count) => reply(count, count) },
});

const first = await start(user);
const second = await start(user);
const ports = [await call(first, 'ask'), await call(second, 'ask')];
sockets[0]!.resetAndDestroy();
await new Promise((resolve) => setTimeout(resolve, 100));
const alive = { first: isAlive(first), second: isAlive(second) };
const again = alive.first ? await call(first, 'ask') : undefined;
console.log(
  JSON.stringify({ same: ports[0] === ports[1], ...alive, reopened: again !== undefined && again !== ports[0] }),
);
process.exit(0);
