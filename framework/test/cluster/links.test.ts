import { AsyncLocalStorage } from 'node:async_hooks';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { type Link, localLink } from '../../src/cluster/index.ts';
import { portLink } from '../../src/cluster/port-link.ts';

const round = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a local link', () => {
  test('delivers in order, both ways, and never within send', async () => {
    const [near, far] = localLink<number, string>();
    const there: number[] = [];
    const here: string[] = [];
    far.receive((n) => {
      there.push(n);
      far.send(`got ${n}`);
    });
    near.receive((text) => here.push(text));
    for (let n = 0; n < 5; n++) near.send(n);
    expect(there).toEqual([]);
    await round();
    expect(there).toEqual([0, 1, 2, 3, 4]);
    expect(here).toEqual(['got 0', 'got 1', 'got 2', 'got 3', 'got 4']);
  });

  test('what is sent while messages are delivered comes after them', async () => {
    const [near, far] = localLink<number, never>();
    const got: number[] = [];
    far.receive((n) => {
      got.push(n);
      if (n === 1) near.send(3);
    });
    near.send(1);
    near.send(2);
    await round();
    expect(got).toEqual([1, 2, 3]);
  });

  test('keeps what is sent before there is a receiver', async () => {
    const [near, far] = localLink<number, never>();
    const got: number[] = [];
    near.send(1);
    await round();
    far.receive((n) => got.push(n));
    await round();
    expect(got).toEqual([1]);
  });

  test('hands over the same object, or a clone where that was asked for', async () => {
    const message = { list: [1] };
    const got: unknown[] = [];
    for (const clone of [false, true]) {
      const [near, far] = localLink<object, never>({ clone });
      far.receive((one) => got.push(one));
      near.send(message);
    }
    await round();
    expect(got).toEqual([message, message]);
    expect(got[0]).toBe(message);
    expect(got[1]).not.toBe(message);
  });

  test('the receiver does not run in the async context of the sender', async () => {
    const process = new AsyncLocalStorage<string>();
    const [near, far] = localLink<string, never>();
    const seen: unknown[] = [];
    far.receive(() => seen.push(process.getStore()));
    process.run('room 7', () => near.send('hello'));
    await round();
    expect(seen).toEqual([undefined]);
  });
});

describe('a link over a port', () => {
  const ports = (): {
    near: Link<unknown, unknown>;
    far: Link<unknown, unknown>;
    posts: number[];
    close: () => void;
  } => {
    const { port1, port2 } = new MessageChannel();
    const posts: number[] = [];
    port2.on('message', (batch: unknown[]) => posts.push(batch.length));
    return { near: portLink(port1), far: portLink(port2), posts, close: () => port1.close() };
  };

  test('sends what one task sent as one message, in order', async () => {
    const { near, far, posts, close } = ports();
    const got: unknown[] = [];
    far.receive((message) => got.push(message));
    for (let n = 0; n < 100; n++) near.send(n);
    while (got.length < 100) await round();
    expect(got).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(posts).toEqual([100]);
    close();
  });

  test('moves the buffers it is told to and clones the rest; a pooled buffer is cloned', async () => {
    const { near, far, close } = ports();
    const got: Uint8Array[] = [];
    far.receive((message) => got.push(message as Uint8Array));
    const moved = new Uint8Array(100).fill(1);
    const kept = new Uint8Array(100).fill(2);
    const pooled = Buffer.from('pooled');
    near.send(moved, [moved.buffer]);
    near.send(kept);
    near.send(pooled, [pooled.buffer]);
    while (got.length < 3) await round();
    expect([moved.byteLength, kept.byteLength, pooled.toString()]).toEqual([0, 100, 'pooled']);
    expect(got.map((bytes) => bytes[0])).toEqual([1, 2, 'p'.charCodeAt(0)]);
    close();
  });
});
