/** docs/errors.md lists every code that the sources make, and none that they do not. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTree } from '../../../tools/layers.ts';

const root = join(import.meta.dirname, '../../..');
/** First arguments of what makes errors; then members of the unions and tables of codes. */
const MADE =
  /(?:super|GenroomError|Refusal|BadArgument|JoinRefused|SysError|TaskError|bad|reject)\(\s*'([a-z]+(?:_[a-z]+)+)'/g;
const LISTED = /^(?:export type \w*ErrorCode =|const callMessages = \{)([\s\S]*?)(?:;$|^\})/gm;
const CODE = /'([a-z]+(?:_[a-z]+)*)'|^ {2}([a-z]+(?:_[a-z]+)+):/gm;

const sources = await readTree(join(root, 'framework/src'));
const made = new Set<string>();
for (const text of sources.values()) {
  for (const match of text.matchAll(MADE)) made.add(match[1]!);
  for (const list of text.matchAll(LISTED))
    for (const match of list[1]!.matchAll(CODE)) made.add(match[1] ?? match[2]!);
}
// A form of call_timeout that its message tells apart, not a code.
made.delete('call_timeout_unapplied');

const page = await readFile(join(root, 'docs/errors.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| `'));
const documented = new Set(
  rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([a-z_]+)`/g)].map((match) => match[1]!)),
);

test('every code that is made is documented', () => {
  expect(made.size).toBeGreaterThan(50);
  expect([...made].filter((code) => !documented.has(code)).toSorted()).toEqual([]);
});

test('every documented code stands in the sources', () => {
  const all = [...sources.values()].join('\n');
  expect([...documented].filter((code) => !new RegExp(`['"\\s]${code}['":]`).test(all)).toSorted()).toEqual([]);
});
