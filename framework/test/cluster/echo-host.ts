/** A host for the tests of WorkerNode: TypeScript that runs on the worker thread as it is. */
import { isMainThread, threadId } from 'node:worker_threads';
import { insideWorkerNode } from '../../src/cluster/index.ts';
import type { Link } from '../../src/cluster/index.ts';

export type Ask =
  | { readonly ask: 'echo'; readonly value: unknown }
  | { readonly ask: 'where' | 'throw' | 'exit' | 'reject' | 'hang' | 'data' }
  | { readonly ask: 'fill' }
  | { readonly ask: 'send'; readonly bytes: number };

export type Told = { readonly told: string; readonly value: unknown };

export function host(link: Link<Told, Ask>, data: unknown): void {
  if ((data as { fail?: boolean } | undefined)?.fail) throw new Error('no such thing');
  const hoard: unknown[] = [];
  link.receive((message) => {
    switch (message.ask) {
      case 'echo':
        link.send({ told: 'echo', value: message.value });
        return;
      case 'data':
        link.send({ told: 'data', value: data });
        return;
      case 'where':
        link.send({ told: 'where', value: { isMainThread, threadId, inside: insideWorkerNode() } });
        return;
      case 'send': {
        const bytes = new Uint8Array(message.bytes).fill(7);
        link.send({ told: 'bytes', value: bytes }, [bytes.buffer]);
        // A moved buffer is gone here once the task is over.
        setImmediate(() => link.send({ told: 'left', value: bytes.byteLength }));
        return;
      }
      case 'throw':
        link.send({ told: 'last words', value: 1 });
        throw new Error('thrown on the worker');
      case 'reject':
        void Promise.reject(new Error('rejected on the worker'));
        return;
      case 'exit':
        link.send({ told: 'last words', value: 1 });
        process.exit(3);
        return;
      case 'fill':
        for (;;) hoard.push(Array.from({ length: 10_000 }, (_, n) => ({ n })));
      case 'hang':
        for (;;);
    }
  });
}
