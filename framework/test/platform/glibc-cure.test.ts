/** The cured copy: where it goes, what is checked before and after, and what it does in a process of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheFolders, curable, cureMode, cureUws } from '../../src/platform/glibc-cure.ts';
import { type Machine, machine } from '../../src/platform/machine.ts';

const packageFolder = dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));
const binary = join(packageFolder, 'uws_linux_x64_137.node');
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const BEFORE = '98128405dba2fb608448e921a979530f70c946a2cc9889c15f2fa70c2d00ab05';
const AFTER = '337e7312c83b0df8accbe2446055c1e663ef14824712a055dfb8c34852cd8d69';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genroom-cure-'));
});
afterEach(() => {
  expect(sha256(binary), 'the original is never written').toBe(BEFORE);
  rmSync(folder, { recursive: true, force: true });
});

test('on: it writes a copy once, says so, and uses it afterwards', () => {
  const first = cureUws(binary, 'on', [folder]);
  expect(first).toMatchObject({ state: 'cured', made: true });
  const path = first.state === 'cured' ? first.path : '';
  expect(sha256(path)).toBe(AFTER);
  expect(first.what).toContain(path);
  expect(first.what).toContain('__isoc23_strtol');
  expect(readdirSync(folder)).toHaveLength(1);
  expect(cureUws(binary, 'on', [folder])).toMatchObject({ state: 'cured', made: false, path });
  expect(cureUws(binary, 'found', [folder])).toMatchObject({ state: 'cured', made: false, path });
});

test('found: without a copy it writes none', () => {
  expect(cureUws(binary, 'found', [folder])).toMatchObject({ state: 'possible' });
  expect(readdirSync(folder)).toEqual([]);
});

test('off: not even a copy that is there is used', () => {
  cureUws(binary, 'on', [folder]);
  expect(cureUws(binary, 'off', [folder])).toMatchObject({ state: 'off' });
});

test('a damaged copy is not used, and is replaced', () => {
  const first = cureUws(binary, 'on', [folder]);
  const path = first.state === 'cured' ? first.path : '';
  appendFileSync(path, 'x');
  expect(cureUws(binary, 'found', [folder])).toMatchObject({ state: 'possible' });
  expect(cureUws(binary, 'on', [folder])).toMatchObject({ state: 'cured', made: true, path });
  expect(sha256(path)).toBe(AFTER);
});

test('a binary with another hash is left alone, whatever it holds', () => {
  const foreign = join(folder, 'uws_linux_x64_137.node');
  copyFileSync(binary, foreign);
  appendFileSync(foreign, '\0');
  expect(cureUws(foreign, 'on', [join(folder, 'cache')])).toMatchObject({ state: 'impossible' });
  expect(readdirSync(folder)).toEqual(['uws_linux_x64_137.node']);
});

test('the next folder is used where one cannot be written, and none is an answer too', () => {
  // A file where a folder should be stops root as well.
  const blocked = join(folder, 'file');
  writeFileSync(blocked, '');
  const cured = cureUws(binary, 'on', [join(blocked, 'cache'), join(folder, 'cache')]);
  expect(cured).toMatchObject({ state: 'cured', path: expect.stringContaining(join(folder, 'cache')) });
  const impossible = cureUws(binary, 'on', [join(blocked, 'cache')]);
  expect(impossible).toMatchObject({ state: 'impossible', what: expect.stringContaining('No cache folder') });
});

test('the copy stands beside the installed package, or in the user cache', () => {
  expect(cacheFolders('/app/node_modules/uWebSockets.js/x.node', { XDG_CACHE_HOME: '/c' })).toEqual([
    '/app/node_modules/.cache/genroom',
    '/c/genroom',
  ]);
  expect(cacheFolders('/opt/uws/x.node', { XDG_CACHE_HOME: '/c' })).toEqual(['/c/genroom']);
});

test.each([
  [undefined, 'found'],
  ['', 'found'],
  ['on', 'on'],
  ['off', 'off'],
  ['0', 'off'],
] as const)('GENROOM_GLIBC_CURE=%s is %s', (value, mode) => {
  expect(cureMode({ GENROOM_GLIBC_CURE: value })).toBe(mode);
});

test.each([
  ['2.36', 'x64', true],
  ['2.37', 'x64', true],
  ['2.38', 'x64', false],
  ['2.40', 'x64', false],
  ['2.35', 'x64', false],
  ['2.4', 'x64', false],
  ['2.36', 'arm64', true],
  ['2.35', 'arm64', false],
  ['2.36', 'riscv64', false],
])('glibc %s on %s: curable %s', (version, arch, expected) => {
  const on: Machine = { platform: 'linux', arch, node: '24.0.0', modules: '137', libc: { name: 'glibc', version } };
  expect(curable(on)).toBe(expected);
});

describe('in a process of its own', () => {
  const source = join(import.meta.dirname, '../../src/platform');

  function script(text: string): string {
    const path = join(folder, 'script.ts');
    writeFileSync(path, text);
    return path;
  }

  /** A copy of the installed package, so that its cache beside it is empty. */
  function ownPackage(): string {
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, 'uWebSockets.js'), { recursive: true });
    for (const name of readdirSync(packageFolder)) {
      if (name.endsWith('.node') && !name.includes(`_${process.platform}_${process.arch}_${process.versions.modules}`))
        continue;
      copyFileSync(join(packageFolder, name), join(modules, 'uWebSockets.js', name));
    }
    const platform = join(folder, 'platform');
    mkdirSync(platform);
    for (const name of readdirSync(source)) copyFileSync(join(source, name), join(platform, name));
    return join(platform, 'uws.ts');
  }

  function environment(cure?: 'on' | 'off'): NodeJS.ProcessEnv {
    const { GENROOM_GLIBC_CURE: _, ...rest } = process.env;
    return { ...rest, XDG_CACHE_HOME: join(folder, 'cache'), ...(cure && { GENROOM_GLIBC_CURE: cure }) };
  }

  test('a server on it answers HTTP and echoes WebSocket frames, and require gives the same objects', () => {
    const uws = ownPackage();
    const path = script(`
      import { createRequire } from 'node:module';
      import { loadUws } from ${JSON.stringify(uws)};
      const loaded = loadUws();
      if (!loaded.ok) throw new Error(loaded.cause);
      const same = createRequire(${JSON.stringify(uws)})('uWebSockets.js') === loaded.uws;
      const imported = await import('${join(folder, 'node_modules/uWebSockets.js/ESM_wrapper.mjs')}');
      loaded.uws.App()
        .get('/number/:n', (res, req) => { res.end(String(Number(req.getParameter(0)) + 1)); })
        .ws('/*', { message: (socket, message, binary) => { socket.send(message, binary); } })
        .listen('127.0.0.1', 0, async (token) => {
          const port = loaded.uws.us_socket_local_port(token);
          const answer = await (await fetch(\`http://127.0.0.1:\${port}/number/41\`)).text();
          const socket = new WebSocket(\`ws://127.0.0.1:\${port}/\`);
          socket.binaryType = 'arraybuffer';
          socket.onopen = () => socket.send(new Uint8Array([1, 2, 255]));
          socket.onmessage = ({ data }) => {
            console.log(JSON.stringify({
              same, imported: imported.App === loaded.uws.App, cured: loaded.cured, answer, echo: [...new Uint8Array(data)],
            }));
            process.exit(0);
          };
        });
    `);
    const ran = spawnSync(process.execPath, [path], { env: environment('on'), encoding: 'utf8', timeout: 15_000 });
    expect(ran.stderr).toBe('');
    const cured = curable(machine());
    expect(JSON.parse(ran.stdout)).toEqual({ same: true, imported: true, cured, answer: '42', echo: [1, 2, 255] });
  });

  test('without the cure it says why it does not load, and what to do', () => {
    const uws = ownPackage();
    const path = script(`
      import { loadUws } from ${JSON.stringify(uws)};
      const { uws, ...rest } = loadUws();
      console.log(JSON.stringify({ ...rest, again: loadUws() === loadUws() }));
    `);
    for (const cure of [undefined, 'off'] as const) {
      const ran = spawnSync(process.execPath, [path], { env: environment(cure), encoding: 'utf8', timeout: 15_000 });
      expect(ran.stderr).toBe('');
      const answer = JSON.parse(ran.stdout) as Record<string, unknown>;
      if (curable(machine())) {
        expect(answer).toMatchObject({ ok: false, problem: 'old_glibc', again: true });
        expect(answer.cause).toMatch(/needs glibc 2\.38, and this system has 2\.3\d/);
        expect(answer.remedy).toMatch(cure === 'off' ? /Unset GENROOM_GLIBC_CURE/ : /genroom doctor --fix/);
      } else {
        expect(answer).toMatchObject({ ok: true, cured: false });
      }
    }
    expect(readdirSync(folder)).not.toContain('cache');
  });

  test('eight processes that start at once share one copy', async () => {
    const uws = ownPackage();
    const path = script(`
      import { loadUws } from ${JSON.stringify(uws)};
      process.exitCode = loadUws().ok ? 0 : 1;
    `);
    const children = Array.from({ length: 8 }, () => spawn(process.execPath, [path], { env: environment('on') }));
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(codes).toEqual(Array(8).fill(0));
    const cache = join(folder, 'node_modules/.cache/genroom');
    if (curable(machine())) expect(readdirSync(cache)).toHaveLength(1);
  });

  test('worker threads load it too, each for itself', () => {
    const uws = ownPackage();
    const path = script(`
      import { isMainThread, parentPort, Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      import { loadUws } from ${JSON.stringify(uws)};
      const loaded = loadUws();
      if (!isMainThread) parentPort.postMessage(loaded.ok && typeof loaded.uws.App);
      else {
        const workers = [1, 2].map(() => new Worker(new URL(import.meta.url)));
        const answers = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
        console.log(JSON.stringify([loaded.ok, ...answers]));
        await Promise.all(workers.map((worker) => worker.terminate()));
      }
    `);
    const ran = spawnSync(process.execPath, [path], { env: environment('on'), encoding: 'utf8', timeout: 15_000 });
    expect(ran.stderr).toBe('');
    expect(JSON.parse(ran.stdout)).toEqual([true, 'function', 'function']);
  });

  test('a package that lacks the binary for this Node, and one that is not there, are told apart', () => {
    const uws = ownPackage();
    const path = script(`
      import { loadUws } from ${JSON.stringify(uws)};
      const loaded = loadUws();
      console.log(loaded.ok ? 'loaded' : loaded.problem);
    `);
    const run = (): string =>
      spawnSync(process.execPath, [path], { env: environment('on'), encoding: 'utf8', timeout: 15_000 }).stdout.trim();
    const installed = join(folder, 'node_modules/uWebSockets.js');
    for (const name of readdirSync(installed)) if (name.endsWith('.node')) rmSync(join(installed, name));
    expect(run()).toBe('no_binary');
    rmSync(installed, { recursive: true });
    expect(run()).toBe('not_installed');
  });
});
