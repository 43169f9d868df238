/**
 * The layers hold: nothing in framework/src imports upwards, from a later folder of its layer or in a circle, and every
 * file says what it is. The rules themselves are tried on trees that break each of them.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { inspect, readTree, type Violation } from '../../../tools/layers.ts';

const source = join(import.meta.dirname, '../../src');

test('framework/src keeps the rules', async () => {
  const files = await readTree(source);
  expect(files.size).toBeGreaterThan(5);
  expect(files.get('platform/errors.ts')).toContain('class GenroomError');
  expect(inspect(files)).toEqual([]);
});

test('repository tools keep the rules of files', async () => {
  const files = await readTree(join(import.meta.dirname, '../../../tools'));
  const rules = inspect(files).filter(({ rule }) => rule !== 'unknown_layer');
  expect(rules).toEqual([]);
});

describe('a tree that breaks a rule', () => {
  const folders: string[] = [];
  afterEach(async () => {
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
  });

  async function inspectTree(tree: Record<string, string>): Promise<Violation[]> {
    const folder = await mkdtemp(join(tmpdir(), 'genroom-layers-'));
    folders.push(folder);
    for (const [path, text] of Object.entries(tree)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return inspect(await readTree(folder));
  }

  const doc = '/** A file of a tree. */\n';

  test.each([
    ['import', `import { x } from '../room/x.ts';\nexport const y = x;`],
    ['type import', `import type { x } from '../room/x.ts';\nexport type y = typeof x;`],
    ['re-export', `export * from '../room/x.ts';`],
    ['dynamic import', `export const y = await import('../room/x.ts');`],
    ['import type expression', `export type Y = typeof import('../room/x.ts');`],
    ['worker entry', `export const y = new URL('../room/x.ts', import.meta.url);`],
    ['side-effect import', `import '../room/x.ts';`],
  ])('an upward %s is found', async (_, text) => {
    const found = await inspectTree({ 'otp/y.ts': doc + text, 'room/x.ts': `${doc}export const x = 1;` });
    expect(found).toEqual([{ rule: 'layer', file: 'otp/y.ts', what: 'imports room/x.ts, which is in a higher layer' }]);
  });

  test('a downward import, and an import in a comment or a string, are none', async () => {
    const text = `/** A file.\n *\n *     import { x } from '../gateway/x.ts';\n */\nimport { y } from '../otp/y.ts';\n`;
    const found = await inspectTree({
      'room/x.ts': `${text}export const x = [y, "import '../gateway/x.ts'"];`,
      'otp/y.ts': `${doc}export const y = 1;`,
      'index.ts': `${doc}export * from './room/x.ts';`,
    });
    expect(found).toEqual([]);
  });

  test('a circle between layers of one rank is found', async () => {
    const found = await inspectTree({
      'otp/a.ts': `${doc}import '../telemetry/b.ts';`,
      'otp/c.ts': `${doc}export const c = 1;`,
      'telemetry/b.ts': `${doc}import '../otp/c.ts';`,
    });
    expect(found).toEqual([{ rule: 'cycle', file: 'telemetry/b.ts', what: 'closes a circle: otp → telemetry → otp' }]);
  });

  test('an import from a later folder of the layer is found, one from an earlier folder is none', async () => {
    const found = await inspectTree({
      'otp/runtime/a.ts': `${doc}import type { b } from '../process/b.ts';\nexport type A = typeof b;`,
      'otp/process/b.ts': `${doc}export { c as b } from '../scheduler/c.ts';`,
      'otp/runtime/c.ts': `${doc}export const c = 1;`,
    });
    expect(found).toEqual([
      { rule: 'folder', file: 'otp/runtime/a.ts', what: 'imports otp/process/b.ts, which is in a later folder' },
    ]);
  });

  test('what stands beside the folders of a layer stands above them', async () => {
    const found = await inspectTree({
      'otp/index.ts': `${doc}export * from './task/a.ts';`,
      'otp/task/a.ts': `${doc}import '../agent.ts';`,
      'otp/agent.ts': `${doc}import './task/b.ts';`,
      'otp/task/b.ts': `${doc}export const b = 1;`,
    });
    expect(found.map(({ rule, file }) => [rule, file])).toEqual([['folder', 'otp/task/a.ts']]);
  });

  test('a layer may not import the face of the package', async () => {
    const found = await inspectTree({
      'index.ts': `${doc}export const x = 1;`,
      'gateway/y.ts': `${doc}export * from '../index.ts';`,
    });
    expect(found.map(({ rule, file }) => [rule, file])).toEqual([['layer', 'gateway/y.ts']]);
  });

  test.each([
    ['doc_comment', 'otp/a.ts', 'export const a = 1;'],
    ['length', 'otp/a.ts', doc + '\n'.repeat(400)],
    ['name', 'otp/utils.ts', doc],
    ['name', 'room/helpers/a.ts', doc],
    ['unknown_folder', 'otp/extras/a.ts', doc],
    ['name', 'otp/common.ts', doc],
    ['unknown_layer', 'extras/a.ts', doc],
    ['syntax', 'otp/a.ts', `${doc}export const = 1;`],
  ])('rule %s: %s', async (rule, path, text) => {
    const found = await inspectTree({ [path]: text });
    expect(found.map((violation) => [violation.rule, violation.file])).toEqual([[rule, path]]);
  });
});
