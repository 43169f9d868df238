/**
 * The test command itself, run on small folders of tests: its last line, its exit code, the reasons of what was left
 * out; and what it says where something is missing on the machine.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genroom-runner-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(root, 'tools'), join(folder, 'tools'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly status: number | null;
  readonly lines: string[];
}

function npmTest(files: Record<string, string>, ci: boolean, args: string[] = []): Run {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import { expect, test } from 'vitest';\n${text}`);
  }
  const { CI: _, ...rest } = process.env;
  const inherited = Object.entries(rest).filter(([name]) => !name.startsWith('VITEST') && name !== 'TEST');
  const env = { ...Object.fromEntries(inherited), NO_COLOR: '1', ...(ci && { CI: 'true' }) };
  const command = [process.execPath, join(root, 'tools/test.ts'), ...args].map((word) => `'${word}'`).join(' ');
  // One stream, as CI keeps it: the last line is the last of both.
  const ran = spawnSync('sh', ['-c', `${command} 2>&1`], { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
  return { status: ran.status, lines: ran.stdout.trim().split('\n') };
}

const PASS = `test('adds', () => { expect(1 + 1).toBe(2); });`;
const FAIL = `test('subtracts', () => { expect(2 - 1).toBe(2); });`;
const SKIP = `test('flies', ({ skip }) => { skip('no wings on this machine'); });`;

test('all pass: exit code 0', () => {
  const { status, lines } = npmTest({ 'a.test.ts': PASS }, false);
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 0 skipped');
  expect(status).toBe(0);
});

test('one fails: exit code 1, and the rest is counted', () => {
  const { status, lines } = npmTest({ 'a.test.ts': PASS + FAIL, 'b.test.ts': PASS }, false);
  expect(lines.at(-1)).toBe('2 passed, 1 failed, 0 skipped');
  expect(status).toBe(1);
});

test('what is left out is named with its reason; alone at a desk that is no failure', () => {
  const { status, lines } = npmTest({ 'a.test.ts': PASS + SKIP }, false);
  expect(lines).toContain('left out: a.test.ts > flies: no wings on this machine');
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 1 skipped');
  expect(status).toBe(0);
});

test('where CI runs, nothing may be left out', () => {
  const { status, lines } = npmTest({ 'a.test.ts': PASS + SKIP }, true);
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 1 skipped');
  expect(status).toBe(1);
});

test.each([
  ['a file that does not load', { 'a.test.ts': `${PASS}\nimport './nowhere.ts';`, 'b.test.ts': PASS }],
  ['a rejection that nobody awaits', { 'b.test.ts': PASS, 'a.test.ts': `void Promise.reject(new Error('stray'));\n` }],
])('%s counts as a failure', (_, files) => {
  const { status, lines } = npmTest(files, false);
  expect(lines.at(-1)).toMatch(/^1 passed, [12] failed, 0 skipped$/);
  expect(status).toBe(1);
});

test('a run of all tests fails for each row of the conformance inventory without a test', () => {
  mkdirSync(join(folder, 'framework/test/otp'), { recursive: true });
  const files = { 'framework/test/otp/a.test.ts': `test('GS-01 GS-99 adds', () => { expect(1 + 1).toBe(2); });` };
  const all = npmTest(files, false);
  expect(all.lines.filter((line) => line.startsWith('missing GS-02: '))).toHaveLength(1);
  expect(all.lines.filter((line) => line.startsWith('missing GS-01: '))).toEqual([]);
  expect(all.lines.at(-1)).toMatch(/^1 passed, \d{3,4} failed, 0 skipped$/);
  expect(all.status).toBe(1);
  expect(npmTest(files, false, ['a.test.ts']).lines.at(-1)).toBe('1 passed, 0 failed, 0 skipped');
});

test('no test at all is no success', () => {
  const { status } = npmTest({ 'a.test.ts': PASS }, false, ['nothing-of-this-name']);
  expect(status).not.toBe(0);
});

describe('a requirement', () => {
  function ask(env: NodeJS.ProcessEnv, name = 'chromium'): { status: number | null; output: string } {
    const script = `
      import { requirement } from ${JSON.stringify(join(root, 'tools/provision/requirements.ts'))};
      console.log(JSON.stringify(requirement('${name}')));
    `;
    const args = ['--input-type=module-typescript', '--eval', script];
    const ran = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 15_000 });
    return { status: ran.status, output: ran.stdout + ran.stderr };
  }

  test('that is here has its path', () => {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/chromium'), '', { mode: 0o755 });
    const { output } = ask({ PATH: join(folder, 'bin') });
    expect(JSON.parse(output)).toEqual({ present: true, path: join(folder, 'bin/chromium'), reason: '' });
  });

  test('that is missing says how to get it', () => {
    const { status, output } = ask({ PATH: folder });
    expect(status).toBe(0);
    const { present, reason } = JSON.parse(output) as { present: boolean; reason: string };
    expect(present).toBe(false);
    expect(reason).toMatch(/^chromium is missing: .*apt-get install chromium/);
  });

  test('that is a service has to answer', () => {
    mkdirSync(join(folder, 'bin'));
    const client = join(folder, 'bin/docker');
    const answering = (code: number): string => {
      writeFileSync(client, `#!/bin/sh\n[ "$*" = info ] && exit ${code}\nexit 2\n`, { mode: 0o755 });
      return ask({ PATH: join(folder, 'bin') }, 'docker').output;
    };
    expect(JSON.parse(answering(0))).toEqual({ present: true, path: client, reason: '' });
    expect(JSON.parse(answering(1))).toMatchObject({
      present: false,
      reason: expect.stringMatching(/^docker is missing: no container engine answers `docker info`/),
    });
  });

  test('that is missing where CI runs is an error', () => {
    const { status, output } = ask({ PATH: folder, CI: 'true' });
    expect(status).toBe(1);
    expect(output).toContain('chromium is missing');
    expect(output).toContain('Nothing is left out where CI runs.');
  });
});

test('an old Node is told what to do, before it fails on TypeScript', () => {
  const guard = join(root, 'tools/node-version.cjs');
  const script = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); require(${JSON.stringify(guard)});`;
  const ran = spawnSync(process.execPath, ['--eval', script], { encoding: 'utf8', timeout: 15_000 });
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain('This repository runs on Node 24, and this is Node 20.20.2');
  expect(ran.stderr).toContain('npm rebuild node');
});
