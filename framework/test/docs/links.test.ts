/** Every link of the README and the docs to a file of the repository leads there, and to a heading that is there. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

interface Link {
  readonly page: string;
  readonly target: string;
}

function linksOf(page: string, text: string): Link[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => ({ page, target: match[1]! }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

/** The names that headings have in links, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  return new Set(
    [...prose.matchAll(/^#+ (.*)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

async function broken({ page, target }: Link): Promise<boolean> {
  const [path, anchor] = target.split('#');
  const file = path ? join(root, dirname(page), path) : join(root, page);
  if (!existsSync(file)) return true;
  return anchor !== undefined && !anchorsOf(await readFile(file, 'utf8')).has(anchor);
}

const docs = (await readdir(join(root, 'docs'), { recursive: true })).filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'CONTRIBUTING.md', ...docs.map((name) => join('docs', name))];
const links = (
  await Promise.all(pages.map(async (page) => linksOf(page, await readFile(join(root, page), 'utf8'))))
).flat();

test('links lead somewhere', async () => {
  expect(links.length).toBeGreaterThan(50);
  const found = await Promise.all(links.map(async (link) => ((await broken(link)) ? [link] : [])));
  expect(found.flat()).toEqual([]);
});

test('a missing file and a missing heading are found', async () => {
  const text = '[a](nowhere.md) [b](docs/otp.md#names) [c](docs/otp.md#no-such) [d](https://example.org) `[e](x)`';
  const bad = await Promise.all(linksOf('README.md', text).map(async (link) => [link.target, await broken(link)]));
  expect(bad).toEqual([
    ['nowhere.md', true],
    ['docs/otp.md#names', false],
    ['docs/otp.md#no-such', true],
  ]);
});
