/**
 * `npm ci` with the oldest and the newest npm that the README names: each takes the lock file as it is, and leaves Node
 * 24 where npm scripts find it first. (The npm at hand, mostly 11, installed what runs this test.)
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genroom-npm-'));
  const examples = readdirSync(join(root, 'examples')).map((name) => `examples/${name}/package.json`);
  for (const path of [
    'package.json',
    'package-lock.json',
    'framework/package.json',
    'framework/src/cli',
    ...examples,
  ]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(program: string, args: string[]): { status: number | null; output: string } {
  // What `npm test` set for its own npm would steer the other one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
  const ran = spawnSync(program, args, { cwd: folder, env, encoding: 'utf8', timeout: 110_000 });
  return { status: ran.status, output: `${ran.stdout}${ran.stderr}${ran.error?.message ?? ''}` };
}

test.each(['10', '12'])('npm %s', (version) => {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const installed = run('npx', ['--yes', `npm@${version}`, 'ci', '--no-audit', '--no-fund']);
  expect(installed.status, installed.output).toBe(0);
  expect(readFileSync(join(folder, 'package-lock.json'), 'utf8')).toBe(lock);
  expect(run(join(folder, 'node_modules/.bin/node'), ['--version']).output).toMatch(/^v24\./);
  expect(readdirSync(join(folder, 'node_modules/.bin'))).toEqual(expect.arrayContaining(['genroom', 'tsc', 'vitest']));
});
