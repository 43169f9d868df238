/** docs/guarantees.md names, for each promise, a test that exists. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const page = await readFile(join(root, 'docs/guarantees.md'), 'utf8');
const promises = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| promise'))
  .map((line) => {
    const [, promise, shown] = line.split('|').map((cell) => cell.trim());
    const [, file, name] = /^`([^`]+)`: (.+)$/.exec(shown!) ?? [];
    return { promise: promise!, file, name };
  });

test('there are promises', () => {
  expect(promises.length).toBeGreaterThan(20);
});

test.each(promises)('$promise', async ({ file, name }) => {
  expect(file, 'it names a test').toBeDefined();
  const text = await readFile(join(root, file!), 'utf8');
  // Names may stand in any kind of quotes, with the quotes in them escaped.
  expect(text.replaceAll("\\'", "'")).toContain(name);
});
