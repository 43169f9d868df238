/**
 * `genroom loadtest` on a room outside the repository: a user's project with a server and a script of its own, and k6
 * over the real protocol.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requirement } from '../../../tools/provision/requirements.ts';
import { isUsable, parseVersion } from '../../src/cli/loadtest/k6-binary.ts';
import type { LoadRunResult } from '../../src/cli/loadtest/run.ts';

const root = join(import.meta.dirname, '../../..');
const cli = join(root, 'framework/src/cli/genroom.ts');

const SERVER = `
import { schema, t } from '@colyseus/schema';
import { refuse, room, serve } from 'genroom';
import * as z from 'zod';

const Shop = schema({ orders: t.number() }, 'Shop');
const shop = room({
  name: 'shop',
  state: () => new Shop().assign({ orders: 0 }),
  messages: { order: z.object({ what: z.string(), pieces: z.int() }), look: z.object({}) },
  calls: {
    order(room, player, { what, pieces }) {
      if (what === 'nothing') return refuse('sold_out', 'There is none left.');
      room.state.orders++;
      return { what, pieces, at: room.state.orders };
    },
  },
  casts: { look() {} },
});
const server = await serve({ rooms: [shop], port: 0 });
console.log(server.url);
`;

const SCRIPT = `
import type { LoadScript } from 'genroom/loadtest';
import { goods } from './goods.ts';

export default {
  clients: 4,
  rates: [30, 60],
  seconds: 2,
  warmup: 0.5,
  pacing: 'even',
  join: (client) => ({ name: 'shopper' + client }),
  message: (client, n) =>
    n % 5 === 0 ? { cast: 'look', payload: {} } : { call: 'order', payload: { what: goods[n % goods.length], pieces: client } },
  good: (answer, message) => (answer as { what: string }).what === (message.payload as { what: string }).what,
} satisfies LoadScript;
`;

let project: string;
let server: ChildProcess;
let url: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'my-shop-'));
  const installed = { genroom: 'framework', '@colyseus': 'node_modules/@colyseus', zod: 'node_modules/zod' };
  await mkdir(join(project, 'node_modules'));
  for (const [name, place] of Object.entries(installed)) {
    await symlink(join(root, place), join(project, 'node_modules', name));
  }
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'my-shop', type: 'module' }));
  await writeFile(join(project, 'server.ts'), SERVER);
  await writeFile(join(project, 'load.ts'), SCRIPT);
  await writeFile(join(project, 'goods.ts'), `export const goods: string[] = ['tea', 'coffee'];\n`);
  await writeFile(join(project, 'sold-out.ts'), SCRIPT.replace('goods[n % goods.length]', `'nothing'`));
  await writeFile(
    join(project, 'strict.ts'),
    SERVER.replace('port: 0', 'port: 0, limits: { matchmakingPerSecond: 1 }'),
  );
  await writeFile(join(project, 'crowd.ts'), SCRIPT.replace('clients: 4', 'clients: 8'));
  server = spawn(process.execPath, ['server.ts'], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] });
  [url] = (await once(createInterface({ input: server.stdout! }), 'line')) as [string];
});

afterAll(async () => {
  if (server?.exitCode === null && server.kill('SIGTERM')) await once(server, 'exit');
  await rm(project, { recursive: true, force: true });
});

async function genroom(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: project,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

const k6 = requirement('k6');
const drive = (script: string) => ['loadtest', '--url', url, '--room', 'shop', '--script', script, '--json'];

test('a room is driven as its script says; the report has its figures and the word of the server', async ({ skip }) => {
  skip(!k6.present, k6.reason);
  const { out, err } = await genroom(drive('load.ts'));
  const { steps, serverMissing } = JSON.parse(out) as LoadRunResult;
  expect(steps.map(({ step }) => step.rate)).toEqual([30, 60]);
  for (const { step, health, server: said } of steps) {
    expect(step.failures).toEqual({});
    expect(step.unanswered).toBe(0);
    expect(Math.abs(step.sent - step.rate * 2)).toBeLessThanOrEqual(1);
    // Of five messages four are calls, and all of those were answered well.
    expect(step.answered).toBeGreaterThan(step.sent * 0.75);
    expect(step.answered).toBeLessThan(step.sent * 0.85);
    expect(step.latency.count).toBe(step.answered);
    expect(step.latency.sum / step.latency.count).toBeGreaterThan(0.05);
    expect(health.sendLag).toBeGreaterThan(0);
    expect(said.find(({ behaviour }) => behaviour === 'genServer room')!.messages).toBeGreaterThanOrEqual(step.sent);
  }
  expect(serverMissing).toBeUndefined();
  expect(err).toMatch(/^60\/s: 1\d\d sent, \d+ answered, p50 .* p95 .* p99 /m);
  const report = await readFile(join(project, 'loadtest-report.html'), 'utf8');
  for (const part of ['<svg', 'p50', 'p95', 'p99', 'genServer room', 'send lag p99 ms']) expect(report).toContain(part);
});

test('answers that are refused are counted by their reason, and the run is not taken for well', async ({ skip }) => {
  skip(!k6.present, k6.reason);
  const { code, out } = await genroom([...drive('sold-out.ts'), '--rates', '20', '--seconds', '1']);
  expect(code).toBe(1);
  const [result] = (JSON.parse(out) as LoadRunResult).steps;
  expect(result!.step.failures['refused: sold_out']).toBeGreaterThan(10);
  expect(result!.step.answered).toBe(0);
  expect(result!.faults.join()).toContain('refused: sold_out');
});

test('more clients than the server lets in at once come in as fast as it says, and that is told', async ({ skip }) => {
  skip(!k6.present, k6.reason);
  // Four at once, then one a second: four of eight have to wait.
  const strict = spawn(process.execPath, ['strict.ts'], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [at] = (await once(createInterface({ input: strict.stdout }), 'line')) as [string];
    const args = ['loadtest', '--url', at, '--room', 'shop', '--script', 'crowd.ts', '--json'];
    const { out, err } = await genroom([...args, '--rates', '20', '--seconds', '1']);
    expect(err).not.toContain('load_failed');
    const [result] = (JSON.parse(out) as LoadRunResult).steps;
    expect(result!.step.failures).toEqual({});
    expect(result!.step.sent).toBeGreaterThan(10);
    expect(err).toMatch(
      /^8 clients are in; the server's limit on joins \(429\) held them up \d times, for \d\.0 s\.$/m,
    );
  } finally {
    if (strict.exitCode === null && strict.kill('SIGTERM')) await once(strict, 'exit');
  }
});

test('a room that is not there, and a script that k6 cannot run, are said', async ({ skip }) => {
  skip(!k6.present, k6.reason);
  const nowhere = await genroom(['loadtest', '--url', url, '--room', 'nowhere', '--script', 'load.ts']);
  expect(nowhere).toMatchObject({ code: 1, err: expect.stringMatching(/^load_failed: .*nowhere/m) });
  await writeFile(join(project, 'broken.ts'), `import 'zod';\nexport default {};\n`);
  const broken = await genroom(['loadtest', '--url', url, '--room', 'shop', '--script', 'broken.ts']);
  expect(broken).toMatchObject({ code: 1, err: expect.stringMatching(/^load_failed: .*zod/m) });
});

test('without k6 it is named as missing, with the cure', async () => {
  const empty = { PATH: project, XDG_CACHE_HOME: project, GENROOM_K6: '' };
  const { code, err } = await genroom(drive('load.ts'), empty);
  expect(code).toBe(1);
  expect(err).toMatch(/^k6_missing: .*no k6 is on the PATH.*Install k6 2\.2 or later/);
  await writeFile(join(project, 'k6'), '#!/bin/sh\necho "k6 v1.7.0 (go1.25, linux/amd64)"\n', { mode: 0o755 });
  const old = await genroom(drive('load.ts'), { ...empty, PATH: `${project}:/bin` });
  expect(old.err).toMatch(/k6 is version 1\.7\.0, and 2\.2 or later of 2 is needed/);
});

test.each([
  [['loadtest', '--room', 'shop'], /--url, --room and --script are needed/],
  [['loadtest', '--url', 'ws://here', '--room', 'shop', '--script', 'load.ts'], /--url takes an address/],
  [['loadtest', '--url', 'http://here', '--room', 'shop', '--script', 'none.ts'], /none\.ts, which is not there/],
  [
    ['loadtest', '--url', 'http://here', '--room', 'shop', '--script', 'load.ts', '--rates', '10,x'],
    /--rates takes numbers above 0, and got 'x'/,
  ],
  [['lodtest'], /^Usage: genroom doctor/],
])('a command line that is not understood is answered with the usage: %j', async (args, said) => {
  const { code, err } = await genroom(args);
  expect(code).toBe(2);
  expect(err).toMatch(said);
  expect(err).toContain('genroom loadtest --url <url>');
});

test('which k6 will do', () => {
  expect(parseVersion('k6 v2.2.0 (go1.26.8, linux/amd64)')).toBe('2.2.0');
  expect(parseVersion('k6')).toBeUndefined();
  expect(['2.2.0', '2.10.1', '2.1.9', '1.9.0', '3.0.0'].map(isUsable)).toEqual([true, true, false, false, false]);
});
