/** Shared resources: opened once, by nobody's process but their own. Strays are tried in a child process. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resource } from '../../src/otp/index.ts';

const run = promisify(execFile);

async function sharedConnection(way: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'programs/shared-connection.ts'), way]);
  return JSON.parse(stdout);
}

test('a connection that one process opened and another uses is, reset later, the failure of the first', async () => {
  expect(await sharedConnection('lazy')).toEqual({ same: true, first: false, second: true, reopened: false });
});

test('opened as a resource, its reset harms neither, and the next use opens it anew', async () => {
  expect(await sharedConnection('resource')).toEqual({ same: true, first: true, second: true, reopened: true });
});

test('a resource opens once for all who wait, again after it failed, and closes', async () => {
  let opened = 0;
  const closed: number[] = [];
  const db = resource({
    name: 'db',
    async open() {
      await Promise.resolve();
      if (++opened === 1) throw new Error('refused');
      return opened;
    },
    close: (value) => closed.push(value),
  });
  expect(db.pid).toBeUndefined();
  await expect(db.use()).rejects.toMatchObject({ code: 'call_down' });
  expect(await Promise.all([db.use(), db.use()])).toEqual([2, 2]);
  await db.stop();
  expect(closed).toEqual([2]);
  expect(await db.use()).toBe(3);
  await db.stop();
});
