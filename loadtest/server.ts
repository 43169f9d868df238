/**
 * The server under load, as a process of its own: an echo, the bank and the chat. Prints its URL as the first line.
 *
 *     node loadtest/server.ts
 */
import { schema, t } from '@colyseus/schema';
import { room, serve } from 'genroom';
import { start } from 'genroom/otp';
import * as z from 'zod';
import { bank, branch } from './bank.ts';
import { chat } from './chat.ts';

const EchoState = schema({ echoed: t.number() }, 'EchoState');

const echo = room({
  name: 'echo',
  state: () => new EchoState().assign({ echoed: 0 }),
  messages: { echo: z.object({ n: z.number() }) },
  calls: { echo: (_room, _player, { n }) => n },
});

await start(branch);
const server = await serve({
  port: Number(process.env['PORT'] ?? 0),
  rooms: [echo, bank, chat],
  // One connection stands for many people here.
  limits: { messagesPerSecond: 10_000, bytesPerSecond: 16 * 1024 * 1024 },
});
console.log(server.url);
