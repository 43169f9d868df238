/**
 * The image of docker/Dockerfile and the services of docker/compose.yaml, built and run by this machine's engine: what is
 * in it, who runs in it, whether its health is told, a chat over its published port with the unmodified SDK, its end.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type Room } from '@colyseus/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatState } from '../../../examples/chat/state.ts';
import { requirement } from '../../../tools/provision/requirements.ts';
import { Composition } from './composition.ts';
import { type Container, Engine } from './engine.ts';

const root = join(import.meta.dirname, '../../..');
const file = join(root, 'docker/Dockerfile');
const image = `genroom-test-${process.pid}`;
const ADDED_MOST = 60_000_000;
const BUILD_MS = 240_000;
/** What `docker stop` waits before it kills, where nobody says else. */
const GRACE_MS = 10_000;

const docker = requirement('docker');
const compose = requirement('docker-compose');
const engine = new Engine(docker.path);

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const late = performance.now() + 40_000;
  while (!(await holds())) {
    if (performance.now() > late) throw new Error(`It never came to this: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function comesTo(container: Container, health: 'healthy' | 'unhealthy'): Promise<void> {
  await until(health, async () => (await container.inspect('{{.State.Health.Status}}')) === health);
}

async function enter(address: string, name: string): Promise<Room<unknown, ChatState>> {
  const room = await new Client(`http://${address}`).joinOrCreate<ChatState>('chat', { name, room: 'harbour' });
  room.onMessage('typing', () => {});
  return room as Room<unknown, ChatState>;
}

/** One says something, and the other sees it. */
async function chats(address: string): Promise<Room<unknown, ChatState>[]> {
  const [ada, bo] = [await enter(address, 'Ada'), await enter(address, 'Bo')];
  const text = `hello ${randomUUID()}`;
  await ada.request('post', { id: randomUUID(), text });
  await until('Bo sees what Ada said', () => bo.state.lines?.at(-1)?.text === text);
  expect(bo.state.lines.at(-1)?.by).toBe('Ada');
  return [ada, bo];
}

/** Names of packages in a package.json. */
async function named(path: string, kind: 'dependencies' | 'devDependencies'): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(root, path), 'utf8')) as Record<string, Record<string, string>>;
  return Object.keys(manifest[kind] ?? {});
}

describe('the image', () => {
  let chat: Container;

  beforeAll(async () => {
    if (!docker.present) return;
    await engine.build(image, { file, context: root, limit: BUILD_MS });
    chat = await engine.run(image, ['--publish', '127.0.0.1::2567', '--health-interval=1s']);
  }, BUILD_MS + 60_000);

  afterAll(async () => {
    if (!docker.present) return;
    await chat?.remove();
    await engine.removeImages(image);
  });

  test('adds at most 60 MB to its base', async ({ skip }) => {
    skip(!docker.present, docker.reason);
    const base = /^FROM (\S+)$/m.exec(await readFile(file, 'utf8'))![1]!;
    const added = (await engine.size(image)) - (await engine.size(base));
    expect(added).toBeGreaterThan(1_000_000);
    expect(added).toBeLessThanOrEqual(ADDED_MOST);
  });

  test("carries the servers' dependencies, no others, and one binary of uWebSockets.js", async ({ skip }) => {
    skip(!docker.present, docker.reason);
    const packages = await chat.exec('sh', '-c', 'cd node_modules && ls -d [!@.]* @*/*');
    const carried = packages.split('\n');
    const needed = await Promise.all(
      ['framework', 'examples/chat', 'examples/bank-account'].map((of) => named(`${of}/package.json`, 'dependencies')),
    );
    expect(carried).toEqual(expect.arrayContaining(needed.flat()));
    const tools = await named('package.json', 'devDependencies');
    expect(tools).toContain('typescript');
    expect(carried.filter((name) => tools.includes(name))).toEqual([]);

    const platform = '[process.platform, process.arch, process.versions.modules].join("_")';
    const binary = `uws_${await chat.exec('node', '-p', platform)}.node`;
    expect(await chat.exec('sh', '-c', 'cd node_modules/uWebSockets.js && ls *.node')).toBe(binary);
    expect(await chat.exec('sh', '-c', 'find framework examples -name "*.test.ts"')).toBe('');
  });

  test('runs as a user who may change nothing of it', async ({ skip }) => {
    skip(!docker.present, docker.reason);
    expect(await chat.inspect('{{.Config.User}}')).toBe('1000:1000');
    expect(await chat.exec('sh', '-c', 'grep ^Uid: /proc/1/status')).toMatch(/^Uid:(\s+1000){4}$/);
    expect(await chat.exec('find', '.', '-writable', '!', '-type', 'l')).toBe('');
  });

  test('is healthy while its server answers, and unhealthy when none does', async ({ skip }) => {
    skip(!docker.present, docker.reason);
    const impatient = ['--health-interval=1s', '--health-retries=2', '--health-start-period=0s'];
    await using silent = await engine.run(image, impatient, ['sleep', '600']);
    await comesTo(chat, 'healthy');
    await comesTo(silent, 'unhealthy');
  });

  test('carries a chat over its published port', async ({ skip }) => {
    skip(!docker.present, docker.reason);
    await comesTo(chat, 'healthy');
    expect(await chat.logs()).toContain('(uws, ');
    const address = await chat.address(2567);
    expect(await (await fetch(`http://${address}/`)).text()).toContain('<!doctype html>');
    expect((await fetch(`http://${address}/sdk/colyseus.js`)).status).toBe(200);
    expect((await fetch(`http://${address}/genroom/tree`)).status).toBe(403);
    const guests = await chats(address);
    await Promise.all(guests.map((guest) => guest.leave()));
  });

  test('ends within the grace time of `docker stop`, with 4001 for who is there', async ({ skip }) => {
    skip(!docker.present, docker.reason);
    await comesTo(chat, 'healthy');
    const guests = await chats(await chat.address(2567));
    const closed = guests.map((guest) => new Promise<number>((resolve) => guest.onLeave(resolve)));
    const begun = performance.now();
    await chat.stop();
    expect(performance.now() - begun).toBeLessThan(GRACE_MS);
    expect(await Promise.all(closed)).toEqual([4001, 4001]);
    expect(await chat.inspect('{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 0');
  });

  test('compose.yaml runs the chat and the bank, locked down', async ({ skip }) => {
    skip(!docker.present, docker.reason);
    skip(!compose.present, compose.reason);
    await using services = await Composition.up(engine, { program: compose.path, image, names: ['chat', 'bank'] });
    const [chat, bank] = [await services.container('chat'), await services.container('bank')];
    await Promise.all([comesTo(chat, 'healthy'), comesTo(bank, 'healthy')]);
    for (const service of [chat, bank]) {
      expect(await service.inspect('{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}')).toBe('true [ALL]');
    }

    const guests = await chats(await chat.address(2567));
    await Promise.all(guests.map((guest) => guest.leave()));

    const teller = await new Client(`http://${await bank.address(2568)}`).joinOrCreate('bank');
    teller.onMessage('moved', () => {});
    await teller.request('open', { account: '7', request: randomUUID() });
    await teller.request('deposit', { account: '7', cents: 10_000, request: randomUUID() });
    expect(await teller.request('balance', { account: '7' })).toBe(10_000);
    await teller.leave();
  });
});
