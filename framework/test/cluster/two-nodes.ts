/**
 * Two nodes in one thread: the modules loaded twice, joined by a real MessageChannel. What one says to the other is
 * serialised as between threads; a test sees both sides.
 */
import { MessageChannel } from 'node:worker_threads';
import { vi } from 'vitest';

async function load(name: string) {
  vi.resetModules();
  const otp = await import('../../src/otp/index.ts');
  const cluster = await import('../../src/cluster/nodes.ts');
  const distribution = await import('../../src/cluster/distribution.ts');
  cluster.nameNode(name);
  return { name, ...otp, ...cluster, openWith: distribution.openWith, knownNodes: distribution.knownNodes };
}

export type TestNode = Awaited<ReturnType<typeof load>>;

export async function twoNodes(): Promise<{ a: TestNode; b: TestNode; join: () => Promise<void> }> {
  const a = await load('a');
  const b = await load('b');
  const join = async (): Promise<void> => {
    const { port1, port2 } = new MessageChannel();
    await Promise.all([a.connect(port1), b.connect(port2)]);
  };
  return { a, b, join };
}

export { load as loadNode };

/** Waits until `condition` holds. */
export async function until(condition: () => boolean, milliseconds = 5000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`it did not come about: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Runs `body` as a process of a node, and gives what it returns. */
export function inProcessOf<T>({ spawn }: TestNode, body: () => Promise<T> | T): Promise<T> {
  return new Promise((resolve, reject) => {
    spawn(async () => {
      try {
        resolve(await body());
      } catch (error) {
        reject(error);
      }
    });
  });
}
