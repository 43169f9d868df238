/**
 * What the watchdog's thread runs: it watches the main thread's beat. When that stops, it finds out where the main thread
 * is, writes one entry to stderr, and kills the process. `process.stderr` of a thread goes by way of the main thread, so
 * it writes to the file descriptor.
 */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { placeOfMain } from '../cluster/hang-place.ts';
import { watchBeat } from '../cluster/heartbeat.ts';
import { crashEntry } from '../telemetry/crash-record.ts';
import { lineLog } from '../telemetry/log.ts';
import type { WatchdogData } from './watchdog.ts';

const STDERR = 2;

async function endServer({ timeout, log }: WatchdogData): Promise<void> {
  const { running, stack } = await placeOfMain();
  if (log) {
    const message = `the main thread hung for ${timeout} ms: a handler does not return; the server ends`;
    const error = { name: 'Hang', message, stack };
    const entry = crashEntry({ what: running, error, fields: { process: running } });
    lineLog(log, (line) => void writeSync(STDERR, line))({ ...entry, event: 'hang' });
  }
  process.kill(process.pid, 'SIGKILL');
}

const data = workerData as WatchdogData;
watchBeat(data.beat, () => void endServer(data));
// Keeps this thread, and not the process, until it is ended.
parentPort?.on('message', () => {});
