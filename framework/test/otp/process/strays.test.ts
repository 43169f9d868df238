/** Stray failures end the process that started them, and are named with it. In processes of their own: vitest has listeners too. */
import { spawn as spawnChild } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('strays/strays-main.ts', import.meta.url));

function run(kind: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = spawnChild(process.execPath, [main, kind], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 10_000 });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    child.on('close', () => {
      try {
        resolve(JSON.parse(out));
      } catch {
        reject(new Error(`no answer of ${kind}: ${out}${err}`));
      }
    });
  });
}

describe('a stray failure', () => {
  for (const kind of [
    'promise',
    'afterAwait',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'nextTick',
    'emitter',
  ]) {
    test(`by ${kind} ends the process that started it, and no other`, async () => {
      expect(await run(kind)).toEqual({
        named: [{ owner: 'server', ended: true, message: kind }],
        count: 1,
        alive: false,
        innocent: true,
        unowned: 0,
      });
    });
  }

  test('of a process that has ended is reported, no more', async () => {
    expect(await run('dead')).toEqual({
      named: [{ owner: 'server', ended: false, message: 'dead' }],
      count: 1,
      alive: false,
      innocent: true,
      unowned: 0,
    });
  });

  test("in a listener of its abort signal is the ended process's own, whoever ended it", async () => {
    expect(await run('abort')).toEqual({
      named: [{ owner: 'server', ended: false, message: 'abort' }],
      count: 1,
      alive: false,
      innocent: true,
      unowned: 0,
    });
  });

  test('that nobody owns is reported and ends nothing', async () => {
    expect(await run('unowned')).toEqual({
      named: [{ owner: 'nobody', ended: false, message: 'unowned' }],
      count: 1,
      alive: true,
      innocent: true,
      unowned: 1,
    });
  });
});
