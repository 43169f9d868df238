/**
 * Every example of the README and the docs: type-checked, and run where it says what it prints.
 *
 * A block opened with "```ts run" must print what its `// prints …` comments say. One opened with "```ts" that serves
 * is started, and the "```ts client" block of the same page runs against it. Other "```ts" blocks are type-checked. A
 * block that opens with `// name.ts` is a file of that name, and the other blocks of its page may import it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from '@colyseus/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
/** Inside the repository, so that `genroom` resolves as it does for a user. */
const folder = join(root, `.examples-${process.pid}`);
const workspace = ['--require', join(root, 'tools/node-version.cjs'), '--import', join(root, 'tools/workspace.ts')];

interface Example {
  readonly page: string;
  readonly line: number;
  readonly kind: string;
  readonly code: string;
  readonly file: string;
}

async function pages(): Promise<string[]> {
  const docs = await readdir(join(root, 'docs'), { recursive: true });
  // Decisions show code that was weighed, also code that was not chosen.
  const read = docs.filter((name) => name.endsWith('.md') && !name.startsWith('decisions'));
  return ['README.md', ...read.map((name) => join('docs', name))].toSorted();
}

async function readExamples(): Promise<Example[]> {
  const examples: Example[] = [];
  for (const page of await pages()) {
    const text = await readFile(join(root, page), 'utf8');
    for (const match of text.matchAll(/^```ts(?: (\w+))?\n([\s\S]*?)^```$/gm)) {
      const line = text.slice(0, match.index).split('\n').length;
      const code = match[2]!;
      const name = /^\/\/ ([\w-]+\.ts)$/m.exec(code.slice(0, code.indexOf('\n')))?.[1] ?? `line-${line}.ts`;
      const file = join(folder, page.replaceAll(/[/\\.]/g, '-'), name);
      examples.push({ page, line, kind: match[1] ?? '', code, file });
    }
  }
  return examples;
}

async function run(
  command: string,
  args: readonly string[],
  seconds: number,
): Promise<{ code: number | null; out: string }> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (out += data));
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, out };
}

const examples = await readExamples();
const runnable = examples.filter((example) => example.kind === 'run');
const servers = examples.filter((example) => example.kind === '' && example.code.includes('await serve('));

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const { file, code } of examples) {
    await mkdir(dirname(file), { recursive: true });
    // Two blocks of one name on one page would hide each other.
    await writeFile(file, code, { flag: 'wx' });
  }
  const config = { extends: '../tsconfig.json', compilerOptions: { rootDir: '..' }, include: ['**/*.ts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('there are examples to run', () => {
  expect(examples.length).toBeGreaterThan(5);
  expect(runnable.length).toBeGreaterThan(3);
  expect(examples.filter(({ code }) => code.includes("from './guessing.ts'")).length).toBeGreaterThan(1);
});

test('every example type-checks', async () => {
  const { code, out } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder], 100);
  expect(out).toBe('');
  expect(code).toBe(0);
});

test("the first guide's tsconfig.json suits its files, and finds what is wrong", async () => {
  const page = await readFile(join(root, 'docs/guides/first-room.md'), 'utf8');
  const project = join(folder, 'docs-guides-first-room-md');
  await writeFile(join(project, 'tsconfig.json'), /^```json\n([\s\S]*?)^```$/m.exec(page)![1]!);
  const check = (): Promise<{ code: number | null; out: string }> =>
    run(join(root, 'node_modules/.bin/tsc'), ['-p', project, '--pretty', 'false'], 100);
  expect(await check()).toEqual({ code: 0, out: '' });
  const wrong = join(project, 'wrong.ts');
  await writeFile(wrong, "import { guessing } from './guessing.ts';\nguessing.nome;\n");
  expect((await check()).out).toContain('wrong.ts(2,10): error TS2339');
  await rm(wrong);
});

describe('an example prints what it says', () => {
  test.each(runnable)('$page:$line', async ({ file, code }) => {
    const expected = [...code.matchAll(/\/\/ prints (.*)$/gm)].map((match) => match[1]!.trim());
    expect(expected.length).toBeGreaterThan(0);
    const result = await run(process.execPath, [...workspace, file], 30);
    expect(result.out.trim().split('\n')).toEqual(expected);
    expect(result.code).toBe(0);
  });
});

describe('a server runs, and its client gets an answer', () => {
  test.each(servers)('$page:$line', async ({ file, page }) => {
    const server = spawn(process.execPath, [...workspace, file], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      let out = '';
      server.stderr.on('data', (data) => (out += data));
      await new Promise<void>((resolve, reject) => {
        server.stdout.on('data', (data) => {
          out += data;
          if (out.includes('listening on')) resolve();
        });
        server.once('exit', () => reject(new Error(`the server ended: ${out}`)));
      });
      for (const client of examples.filter((example) => example.page === page && example.kind === 'client')) {
        const ending = '\nawait room.leave();\nprocess.exit(0);\n';
        await writeFile(client.file, client.code + ending);
        const result = await run(process.execPath, [...workspace, client.file], 30);
        expect(result).toEqual({ code: 0, out: '' });
      }
      if (page === 'README.md') await crashAsShown(file, () => out);
    } finally {
      const running = server.exitCode === null && server.kill('SIGTERM');
      if (running) await once(server, 'exit');
    }
  });
});

/** What the README says of a crash: the call is rejected, the socket stays, one record names the line. */
async function crashAsShown(file: string, output: () => string): Promise<void> {
  const room = await new Client('http://127.0.0.1:2567').joinOrCreate('chat', { name: 'Ada' });
  let closed = false;
  room.onLeave(() => (closed = true));
  await room.request('post', { id: '1', text: 'before' });
  await expect(room.request('post', { id: '2', text: '/crash' })).rejects.toMatchObject({ code: 'room_crashed' });
  expect(await room.request('post', { id: '3', text: 'after' })).toBe(2);
  expect(await room.request('post', { id: '1', text: 'before' })).toBe(1);
  expect(closed).toBe(false);
  const shown = /^crash at (.*)$/m.exec(await readFile(join(root, 'README.md'), 'utf8'))![0];
  const record = /^crash at .*$/m.exec(output())![0];
  const variable = (line: string): string =>
    line
      .replace(/crash at \S*?:/, 'crash at FILE:')
      .replace(/chat \S+/, 'chat ID')
      .replace(/of [\w-]+ /, 'of SESSION ');
  expect(record).toContain(file.split('/').at(-1));
  expect(variable(record)).toBe(variable(shown));
  await room.leave();
}
