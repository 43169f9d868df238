/**
 * The package as a user meets it: `npm pack`, then `npm install` of the tarball in an empty folder outside the
 * repository, with a Node 24 of its own, no overrides and no code host; there the README's example type-checks and
 * serves.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Manifest, published, sources } from '../../../tools/pack/manifest.ts';
import { requirement } from '../../../tools/provision/requirements.ts';
import { curable } from '../../src/platform/glibc-cure.ts';
import { machine } from '../../src/platform/machine.ts';

const root = join(import.meta.dirname, '../../..');
const MINUTES = 60_000;

let folder: string;
/** The user's project. */
let project: string;
let example: string;

/** The environment of a user's shell: nothing of this repository's npm run, an empty cache, git refuses to fetch. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_(ENV|OPTIONS|PATH)$|VITEST|GENROOM_|VITE_|TEST$|CI$)/.test(name),
  );
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'));
  return {
    ...Object.fromEntries(own),
    PATH: [join(project, 'node_modules/.bin'), ...path].join(delimiter),
    XDG_CACHE_HOME: join(folder, 'cache'),
    GIT_ALLOW_PROTOCOL: 'none',
  };
}

function run(cwd: string, program: string, args: string[]): { status: number | null; output: string } {
  const env = environment();
  const ran = spawnSync(program, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 4 * MINUTES,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status: ran.status, output: `${ran.stdout}${ran.stderr}${ran.error?.message ?? ''}` };
}

/** As run, for what must succeed: a failure says all that was printed. */
function succeed(cwd: string, program: string, args: string[]): string {
  const { status, output } = run(cwd, program, args);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${output}`);
  return output;
}

/** `npm install`, with the lock file naming where each package came from, and no wait for a registry that hangs. */
function install(packages: string[]): void {
  const options = ['--no-audit', '--no-fund', '--omit-lockfile-registry-resolved=false', '--fetch-timeout=30000'];
  succeed(project, 'npm', ['install', ...options, ...packages]);
}

/** Packs a copy of the repository, so that the package.json that others use meanwhile is not rewritten under them. */
async function pack(): Promise<string> {
  const copy = join(folder, 'repository');
  for (const name of [
    'framework/src',
    'framework/package.json',
    'framework/tsconfig.build.json',
    'tools',
    'package.json',
    'tsconfig.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ]) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const before = await readFile(join(copy, 'framework/package.json'), 'utf8');
  succeed(join(copy, 'framework'), 'npm', ['pack', '--pack-destination', folder]);
  expect(await readFile(join(copy, 'framework/package.json'), 'utf8')).toBe(before);
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  return join(folder, tarball!);
}

/** The first ```ts block of the README. */
async function readmeExample(): Promise<string> {
  const block = /^```ts\n(.*?)^```$/ms.exec(await readFile(join(root, 'README.md'), 'utf8'));
  expect(block, 'README.md has a ```ts block').not.toBeNull();
  return block![1]!;
}

/** The packages that a text imports, without genroom. */
function packagesOf(text: string): string[] {
  const names = [...text.matchAll(/from '((?:@[\w.-]+\/)?[\w.-]+)/g)].map((match) => match[1]!);
  return [...new Set(names)].filter((name) => name !== 'genroom' && !name.startsWith('.') && !name.startsWith('node:'));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genroom-pack-'));
  project = join(folder, 'project');
  await mkdir(project);
  const tarball = await pack();
  example = await readmeExample();
  const manifest = { name: 'my-game', version: '1.0.0', private: true, type: 'module', allowScripts: { node: true } };
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(project, 'server.ts'), example);
  install(['--save-dev', 'node@24', 'typescript@7', '@types/node@24']);
  install([tarball, '@colyseus/sdk@0.18.4', ...packagesOf(example)]);
}, 10 * MINUTES);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('every package comes from the registry, none from a code host', async () => {
  const lock = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string; integrity?: string }>;
  };
  const registry = /^https?:.*/m.exec(run(project, 'npm', ['config', 'get', 'registry']).output)![0];
  const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
  expect(entries.map(([path]) => path)).toContain('node_modules/uWebSockets.js');
  const foreign = entries.filter(
    ([path, { resolved }]) => path !== 'node_modules/genroom' && resolved?.startsWith(registry) !== true,
  );
  expect(foreign).toEqual([]);
  expect(entries.filter(([, { integrity }]) => integrity === undefined)).toEqual([]);
});

test('it carries built JavaScript and types, the license and the README, and no sources', async () => {
  const names = await readdir(join(project, 'node_modules/genroom'), { recursive: true });
  expect(names).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'dist/index.js', 'dist/index.d.ts']),
  );
  expect(names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([]);
});

test('its Node is its own, and 24', () => {
  const { output } = run(project, 'node', ['--print', 'process.version + process.execPath']);
  expect(output).toMatch(/^v24\./);
  expect(output).toContain(join(project, 'node_modules'));
});

test('every entry of exports loads', async () => {
  const manifest = JSON.parse(await readFile(join(project, 'node_modules/genroom/package.json'), 'utf8')) as Manifest;
  for (const entry of Object.keys(manifest.exports)) {
    const name = entry.replace(/^\./, 'genroom');
    const script = `console.log(Object.keys(await import('${name}')).length > 0 ? 'loads' : 'is empty')`;
    expect(run(project, 'node', ['--input-type=module', '--eval', script])).toEqual({ status: 0, output: 'loads\n' });
  }
});

test("the README's example type-checks, and so do the package's own types", async () => {
  const shared = { strict: true, module: 'nodenext', target: 'es2024', types: ['node'], noEmit: true };
  const compilerOptions = { ...shared, skipLibCheck: false };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['server.ts'] }));
  const { output } = run(project, 'tsc', ['--project', '.', '--pretty', 'false']);
  // Types of other packages are not this test's business; without skipLibCheck they are checked too.
  const errors = output.split('\n').filter((line) => /^(server\.ts|node_modules\/genroom\/)/.test(line));
  expect(errors).toEqual([]);
  // The check is one that can fail: a wrong use is found.
  await writeFile(join(project, 'wrong.ts'), `import { nothingOfThisName } from 'genroom';\nnothingOfThisName();\n`);
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['wrong.ts'] }));
  expect(run(project, 'tsc', ['--project', '.', '--pretty', 'false']).output).toMatch(/^wrong\.ts.*TS2305/m);
});

test('the doctor says what the machine lacks, mends it, and leaves the installed binary alone', async () => {
  const sick = run(project, 'genroom', ['doctor', '--json']);
  expect(sick.status).toBe(curable(machine()) ? 1 : 0);
  const cured = succeed(project, 'genroom', ['doctor', '--fix', '--json']);
  const findings = JSON.parse(cured) as { name: string; state: string; found: string }[];
  expect(findings.find(({ name }) => name === 'uwebsockets')).toMatchObject({ state: 'ok' });
  expect(run(project, 'genroom', ['doctor'])).toMatchObject({ status: 0 });
});

test.each([
  // Only the port differs from what the reader pastes: 2567 may be taken here.
  ['on one thread', () => ({ 'one.ts': example.replace('serve({', 'serve({ port: 0,') })],
  // For a worker the room stands in a module of its own, which it names.
  [
    'with its rooms on a worker thread',
    () => {
      const [room, start] = example.split(/^(?=const server)/m);
      const head = "import { serve } from 'genroom';\nimport { chat } from './room.ts';\n";
      return {
        'two.ts': head + start!.replace('serve({', 'serve({ port: 0, nodes: 1,'),
        'room.ts': room!.replace("name: 'chat',", "name: 'chat', module: import.meta.url,"),
      };
    },
  ],
])("the README's example serves %s: a client posts, crashes the room, posts again", async (_, files) => {
  const output = await serveAndCrash(files());
  expect(output, 'it runs on uWebSockets.js').not.toMatch(/falling back/);
});

test('where uWebSockets.js has no binary, ws carries the connections, and the server and the doctor say why', async () => {
  const installed = join(project, 'node_modules/uWebSockets.js');
  const binaries = (await readdir(installed)).filter((name) => name.endsWith('.node'));
  // Aside, not away: the order of the tests shall not matter.
  await mkdir(join(folder, 'aside'));
  for (const name of binaries) await rename(join(installed, name), join(folder, 'aside', name));
  try {
    const output = await serveAndCrash({ 'one.ts': example.replace('serve({', 'serve({ port: 0,') });
    expect(output).toMatch(/falling back .*`ws`\. uWebSockets\.js has no binary for Node 24.*Use Node 24, on /);
    const { status, output: findings } = run(project, 'genroom', ['doctor', '--fix']);
    expect(status).toBe(1);
    expect(findings).toMatch(/^missing +uwebsockets +uWebSockets\.js has no binary/m);
    expect(findings).toMatch(/^note +ws +Servers use the fallback transport/m);
  } finally {
    for (const name of binaries) await rename(join(folder, 'aside', name), join(installed, name));
  }
});

test('its command drives the room of the example by k6, which runs what the package has built', async ({ skip }) => {
  const k6 = requirement('k6');
  skip(!k6.present, k6.reason);
  await writeFile(join(project, 'one.ts'), example.replace('serve({', 'serve({ port: 0,'));
  await writeFile(join(project, 'load.ts'), LOAD);
  const node = join(project, 'node_modules/.bin/node');
  const server = spawn(node, ['one.ts'], { cwd: project, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const url = await listening(server, collect(server));
    const ran = spawnSync('genroom', ['loadtest', '--url', url, '--room', 'chat', '--script', 'load.ts', '--json'], {
      cwd: project,
      env: { ...environment(), GENROOM_K6: k6.path },
      encoding: 'utf8',
      timeout: MINUTES,
    });
    const { steps } = JSON.parse(ran.stdout) as { steps: { step: { sent: number; answered: number } }[] };
    expect(steps).toHaveLength(1);
    expect(steps[0]!.step.sent).toBeGreaterThan(10);
    expect(steps[0]!.step.answered).toBe(steps[0]!.step.sent);
  } finally {
    const gone = once(server, 'exit');
    if (server.exitCode === null && server.kill('SIGKILL')) await gone;
  }
});

/** A load of the README's room. */
const LOAD = `
import type { LoadScript } from 'genroom/loadtest';
export default {
  clients: 3,
  rates: [20],
  seconds: 1,
  warmup: 0.5,
  join: (client) => ({ name: 'guest' + client }),
  message: (client, n) => ({ call: 'post', payload: { id: client + '-' + n, text: 'hello' } }),
  good: (answer) => typeof answer === 'number',
} satisfies LoadScript;
`;

/** Runs a server of the first of the files, and a client that crashes its room; returns what the server printed. */
async function serveAndCrash(files: Record<string, string>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text);
  await writeFile(join(project, 'client.ts'), CLIENT);
  const [main] = Object.keys(files);
  const node = join(project, 'node_modules/.bin/node');
  const server = spawn(node, [main!], { cwd: project, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(server);
  try {
    const url = await listening(server, output);
    expect(JSON.parse(succeed(project, node, ['client.ts', url]))).toEqual({
      open: true,
      crashed: expect.any(String),
      lines: [
        { by: 'Ada', text: 'before' },
        { by: 'Ada', text: 'after' },
      ],
    });
    await vi.waitFor(() => expect(output()).toContain('asked to'), 5_000);
    return output();
  } finally {
    const gone = once(server, 'exit');
    if (server.exitCode === null && server.kill('SIGKILL')) await gone;
  }
}

/** An unmodified client: joins the README's room, posts around a crash of it, and prints what it saw. */
const CLIENT = `
import { Client } from '@colyseus/sdk';
const room = await new Client(process.argv[2]!).joinOrCreate('chat', { name: 'Ada' });
let open = true;
room.onLeave(() => { open = false; });
const post = (text: string) => room.request('post', { id: crypto.randomUUID(), text });
await post('before');
const crashed = await post('/crash').then(() => null, (error: unknown) => String(error));
await post('after');
const lines = await room.request('history', { before: 2 });
console.log(JSON.stringify({ open, crashed, lines }));
process.exit(0);
`;

test('the two forms of package.json are computed from each other', async () => {
  const manifest = JSON.parse(await readFile(join(root, 'framework/package.json'), 'utf8')) as Manifest;
  const packed = published(manifest);
  expect(packed.exports['.']).toEqual({ types: './dist/index.d.ts', default: './dist/index.js' });
  expect(packed.bin).toEqual({ genroom: './dist/cli/genroom.js' });
  expect(published(packed)).toEqual(packed);
  expect(sources(packed)).toEqual(manifest);
  expect(sources(manifest)).toEqual(manifest);
});

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

/** The address that the example prints once it listens. */
async function listening(server: ChildProcess, output: () => string): Promise<string> {
  for (let tries = 0; tries < 150; tries++) {
    const url = /^listening on (http\S+)$/m.exec(output())?.[1];
    if (url !== undefined) return url;
    if (server.exitCode !== null) break;
    await sleep(100);
  }
  throw new Error(`The example does not listen:\n${output()}`);
}
