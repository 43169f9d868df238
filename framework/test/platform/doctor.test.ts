/** `genroom doctor`, as a command: what it prints, how it exits, and what it mends. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../src/platform/doctor.ts';
import { curable } from '../../src/platform/glibc-cure.ts';
import { machine } from '../../src/platform/machine.ts';

const cli = join(import.meta.dirname, '../../src/cli/genroom.ts');
let cache: string;
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'genroom-doctor-'));
});
afterAll(() => {
  rmSync(cache, { recursive: true, force: true });
});

function genroom(args: string[], cure = 'on'): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, XDG_CACHE_HOME: cache, GENROOM_GLIBC_CURE: cure, PORT: '' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    env,
    encoding: 'utf8',
    timeout: 15_000,
  });
  return { status, stdout, stderr };
}

function findings(stdout: string): Map<string, Finding> {
  return new Map((JSON.parse(stdout) as Finding[]).map((finding) => [finding.name, finding]));
}

test('a machine that has all: every finding in a line, exit code 0', () => {
  const { status, stdout, stderr } = genroom(['doctor']);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toContain(`Node ${process.versions.node}`);
  const names = stdout
    .trim()
    .split('\n')
    .map((line) => /^(?:ok|note|missing) +(\S+)/.exec(line)?.[1]);
  const rows = ['node', 'libc', 'uwebsockets', 'ws', 'msgpackr-extract', 'port'];
  expect(names.filter((name) => name !== undefined)).toEqual(rows);
});

test('with the cure turned off, an old glibc is named with its cure, and --fix respects that', () => {
  for (const args of [
    ['doctor', '--json'],
    ['doctor', '--fix', '--json'],
  ]) {
    const { status, stdout } = genroom(args, 'off');
    const { uwebsockets, ws } = Object.fromEntries(findings(stdout));
    if (curable(machine())) {
      expect(status).toBe(1);
      expect(uwebsockets).toMatchObject({
        state: 'missing',
        cure: expect.stringContaining('Unset GENROOM_GLIBC_CURE'),
      });
      expect(ws).toMatchObject({ state: 'note', found: expect.stringContaining('fallback') });
    } else {
      expect(status).toBe(0);
    }
  }
});

test('a port that is taken is a note with a cure, not a failure', async () => {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const { status, stdout } = genroom(['doctor', '--json', '--port', String(port)]);
    expect(status).toBe(0);
    const finding = findings(stdout).get('port');
    expect(finding).toMatchObject({ state: 'note', found: `Port ${port} is taken by another program.` });
    expect(finding?.cure).toContain('PORT');
  } finally {
    server.close();
  }
});

test.each([
  [[], 'Usage: genroom doctor'],
  [['docter'], 'Usage: genroom doctor'],
  [['doctor', '--fixx'], "Unknown option '--fixx'"],
  [['doctor', '--port', '0'], '--port (or PORT) takes 1 to 65535'],
  [['doctor', '--port', 'x'], '--port (or PORT) takes 1 to 65535'],
])('genroom %j is not understood: exit code 2 and the usage', (args, message) => {
  const { status, stdout, stderr } = genroom(args);
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
  expect(stderr).toContain('Usage: genroom doctor');
});
