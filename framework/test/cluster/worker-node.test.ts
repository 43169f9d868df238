import { afterEach, describe, expect, test } from 'vitest';
import { WorkerNode, type WorkerNodeOptions } from '../../src/cluster/index.ts';
import { defaultRestartLimit, nextRestart } from '../../src/cluster/restart-limit.ts';
import type { Ask, Told } from './echo-host.ts';

const host = new URL('./echo-host.ts', import.meta.url);
const nodes: WorkerNode<Ask, Told>[] = [];

/** A node whose messages and events a test awaits in turn. */
class Observed {
  readonly node: WorkerNode<Ask, Told>;
  readonly #seen: (readonly [string, unknown])[] = [];
  #wake: () => void = () => {};

  constructor(options: Partial<WorkerNodeOptions> = {}) {
    this.node = new WorkerNode({ name: 'node-1', host, data: { color: 'red' }, ...options });
    nodes.push(this.node);
    const note = (kind: string, value: unknown): void => {
      this.#seen.push([kind, value]);
      this.#wake();
    };
    this.node.receive(({ told, value }) => note(told, value));
    this.node.observe({
      lost: (reason) => note('lost', reason),
      up: () => note('up', undefined),
      gone: (reason) => note('gone', reason),
    });
  }

  async next(): Promise<readonly [string, unknown]> {
    while (this.#seen.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#seen.shift()!;
  }
}

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

describe('a worker node', () => {
  test('runs a TypeScript host with its data on a thread of its own', async () => {
    const observed = new Observed();
    await observed.node.ready;
    observed.node.send({ ask: 'data' });
    expect(await observed.next()).toEqual(['data', { color: 'red' }]);
    observed.node.send({ ask: 'where' });
    const where = { isMainThread: false, threadId: observed.node.threadId, inside: true };
    expect(await observed.next()).toEqual(['where', where]);
  });

  test('moves buffers from thread to thread', async () => {
    const observed = new Observed();
    await observed.node.ready;
    observed.node.send({ ask: 'send', bytes: 100_000 });
    const [, bytes] = await observed.next();
    expect((bytes as Uint8Array).byteLength).toBe(100_000);
    expect(await observed.next()).toEqual(['left', 0]);
  });

  test.each([
    ['throw', 'thrown on the worker'],
    ['reject', 'rejected on the worker'],
    ['exit', 'its thread ended with code 3'],
  ] as const)('is replaced when its thread ends by %s', async (ask, reason) => {
    const observed = new Observed();
    await observed.node.ready;
    const first = observed.node.threadId;
    observed.node.send({ ask });
    if (ask !== 'reject') expect(await observed.next()).toEqual(['last words', 1]);
    expect(await observed.next()).toEqual(['lost', reason]);
    expect(await observed.next()).toEqual(['up', undefined]);
    observed.node.send({ ask: 'echo', value: 'again' });
    expect(await observed.next()).toEqual(['echo', 'again']);
    expect(observed.node.threadId).not.toBe(first);
  });

  test('an exhausted heap ends the thread and not the server', async () => {
    const observed = new Observed({ resourceLimits: { maxOldGenerationSizeMb: 24 } });
    await observed.node.ready;
    observed.node.send({ ask: 'fill' });
    expect(await observed.next()).toEqual(['lost', expect.stringContaining('memory limit')]);
    expect(await observed.next()).toEqual(['up', undefined]);
  });

  test('is replaced when its thread hangs', async () => {
    const observed = new Observed({ hangTimeout: 500 });
    await observed.node.ready;
    observed.node.send({ ask: 'hang' });
    expect(await observed.next()).toEqual(['lost', expect.stringContaining('hung for 500 ms')]);
    expect(await observed.next()).toEqual(['up', undefined]);
    observed.node.send({ ask: 'echo', value: 'again' });
    expect(await observed.next()).toEqual(['echo', 'again']);
  });

  test('is not taken for hanging when it was the main thread that stood still', async () => {
    const observed = new Observed({ hangTimeout: 1_000 });
    await observed.node.ready;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
    await new Promise((resolve) => setTimeout(resolve, 300));
    observed.node.send({ ask: 'echo', value: 'still there' });
    expect(await observed.next()).toEqual(['echo', 'still there']);
  });

  test('with hangTimeout: false it may hang for ever', async () => {
    const observed = new Observed({ hangTimeout: false, restart: { max: 0 } });
    await observed.node.ready;
    observed.node.send({ ask: 'hang' });
    const silence = new Promise((resolve) => setTimeout(resolve, 700, 'nothing'));
    expect(await Promise.race([observed.next(), silence])).toBe('nothing');
  });

  test('a hanging thread can be stopped', async () => {
    const observed = new Observed();
    await observed.node.ready;
    observed.node.send({ ask: 'hang' });
    await observed.node.stop();
    expect(await observed.next()).toEqual(['gone', 'stopped']);
  });

  test('is given up after too many losses', async () => {
    const observed = new Observed({ restart: { max: 1 } });
    await observed.node.ready;
    observed.node.send({ ask: 'exit' });
    expect((await observed.next())[0]).toBe('last words');
    expect((await observed.next())[0]).toBe('lost');
    expect((await observed.next())[0]).toBe('up');
    observed.node.send({ ask: 'exit' });
    expect((await observed.next())[0]).toBe('last words');
    expect((await observed.next())[0]).toBe('lost');
    expect((await observed.next())[0]).toBe('gone');
    expect(observed.node.threadId).toBeUndefined();
  });

  test.each([
    ['a host that throws', { data: { fail: true } }, 'no such thing'],
    ['a module that is not there', { host: new URL('./nowhere.ts', import.meta.url) }, 'nowhere.ts'],
  ])('does not start with %s, and says why', async (_what, options, why) => {
    const observed = new Observed(options);
    await expect(observed.node.ready).rejects.toMatchObject({
      code: 'worker_start_failed',
      message: expect.stringContaining(why),
    });
  });
});

describe('the restart limit', () => {
  test('makes the first loss good at once, later ones after growing waits, and then no more', () => {
    let losses: readonly number[] = [];
    const steps: unknown[] = [];
    for (let n = 0; n < 6; n++) {
      const decision = nextRestart(losses, defaultRestartLimit, n * 1_000);
      losses = decision.losses;
      steps.push([decision.restart, decision.delay]);
    }
    expect(steps).toEqual([
      [true, 0],
      [true, 250],
      [true, 500],
      [true, 1_000],
      [true, 2_000],
      [false, 4_000],
    ]);
  });

  test('forgets losses that are long ago', () => {
    expect(nextRestart([0, 1, 2, 3, 4], defaultRestartLimit, 60_005)).toEqual({
      restart: true,
      delay: 0,
      losses: [60_005],
    });
  });
});
