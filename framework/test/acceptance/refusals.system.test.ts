/**
 * What the unmodified SDK makes of each outcome of a call: docs/errors.md tells its readers where to look for the code,
 * `error.reason.code` or `error.code`, and each row is tried here.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type Room } from '@colyseus/sdk';
import { schema, t } from '@colyseus/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { type GenroomServer, refuse, room, serve } from '../../src/index.ts';

const Counter = schema({ n: t.number() }, 'RefusalCounter');
const till = room({
  name: 'till',
  intensity: { max: 100, period: 1000 },
  state: () => new Counter().assign({ n: 0 }),
  messages: {
    draw: z.object({ cents: z.number() }),
    crash: z.undefined(),
    forget: z.object({ id: z.string() }),
    wait: z.undefined(),
  },
  once: { forget: (_player, { id }) => id },
  calls: {
    draw: (_room, _player, { cents }) => refuse('overdraft', 'There is not enough.', { missing: cents }),
    crash() {
      throw new Error('asked to');
    },
    forget: (self) => self.task(new Promise<string>(() => {}), (_room, never) => never),
    wait: (self) => self.task(new Promise<string>(() => {}), (_room, never) => never),
  },
});

let server: GenroomServer;
let joined: Room;
beforeAll(async () => {
  server = await serve({ rooms: [till], port: 0, transport: 'ws', log: false, signals: false, callTimeout: 400 });
  joined = await new Client(server.url).joinOrCreate('till');
});
afterAll(async () => {
  await joined.leave();
  await server.close();
});

const outcome = (type: string, payload?: unknown): Promise<unknown> =>
  joined.request(type, payload).then(
    (value) => ({ value }),
    (error: Error & { code?: unknown; reason?: unknown }) => error,
  );

test.each([
  [
    'a code of your own',
    'draw',
    { cents: 5 },
    { code: 'overdraft', message: 'There is not enough.', details: { missing: 5 } },
  ],
  ['`invalid_payload`', 'draw', { cents: 'five' }, { code: 'invalid_payload', details: [{ path: 'cents' }] }],
  ['`unknown_message`', 'steal', {}, { code: 'unknown_message' }],
])('%s: the code is in error.reason', async (row, type, payload, reason) => {
  const error = await outcome(type, payload);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'rejected', message: 'request rejected', reason });
  expect(error).not.toHaveProperty('code');
  await expectRow(row, '`error.reason.code`');
});

test.each([
  ['`room_crashed`', 'crash', undefined, /^The room crashed/],
  ['`call_timeout`', 'wait', undefined, /^The room did not answer/],
])('%s: the code is error.code', async (row, type, payload, message) => {
  const error = await outcome(type, payload);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ code: row.slice(1, -1), message: expect.stringMatching(message) });
  expect(error).not.toHaveProperty('reason');
  await expectRow(row, '`error.code`');
});

test('`call_in_doubt`: the code is error.code', async () => {
  const asked = outcome('forget', { id: '1' });
  // Answered after it: the turn that handed the waiting away is over.
  await outcome('draw', { cents: 1 });
  server.crash(joined.roomId);
  expect(await asked).toMatchObject({ code: 'call_in_doubt' });
  await expectRow('`call_in_doubt`', '`error.code`');
});

/** The row of the page says that the code is there. */
async function expectRow(row: string, where: string): Promise<void> {
  const page = await readFile(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8');
  const section = page.slice(page.indexOf('## What clients see'), page.indexOf('A cast that fails'));
  const found = section.split('\n').find((line) => line.startsWith(`| ${row} |`));
  expect(found).toContain(`| ${where} |`);
}
