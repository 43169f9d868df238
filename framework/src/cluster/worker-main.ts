/**
 * The entry of a worker node's thread: imports the host module it was told, gives it the link and its data, and says
 * whether that worked. It knows nothing of rooms; the layer that starts the node names the host.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { nameRunning } from './hang-place.ts';
import { startBeating } from './heartbeat.ts';
import type { Link } from './link.ts';
import { portLink } from './port-link.ts';
import { isWorkerStart, type WorkerGreeting } from './worker-thread.ts';

/** What a host module exports. */
export interface HostModule {
  host(link: Link<unknown, unknown>, data: unknown): void | Hosted | Promise<void | Hosted>;
}

/** What runs on the thread. When it has ended, the thread ends too: nobody would be served on it. */
export interface Hosted {
  /** Resolves with the reason. */
  readonly ended: Promise<string>;
}

async function main(): Promise<void> {
  if (!parentPort || !isWorkerStart(workerData)) return;
  const port = parentPort;
  const greet = (greeting: WorkerGreeting): void => port.postMessage(greeting);
  try {
    const module = (await import(workerData.host)) as HostModule;
    const link = portLink(port);
    // Turns that had ended before a handler called process.exit have happened: their records must not be lost with it.
    process.on('exit', link.flush);
    const hosted = await module.host(link, workerData.data);
    nameRunning();
    if (workerData.beat) startBeating(workerData.beat);
    greet({ up: true });
    void hosted?.ended.then((reason) => {
      greet({ failed: new Error(reason) });
      process.exit(1);
    });
  } catch (error) {
    greet({ failed: error });
    process.exitCode = 1;
    port.close();
  }
}

await main();
