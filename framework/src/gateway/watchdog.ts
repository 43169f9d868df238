/**
 * Watchdog: a thread that watches the main thread. A handler that never returns there stops the gateway and every room
 * beside it, and nothing on that thread can say so; the watchdog does: it names the process and the line, and ends the
 * server, so that whoever keeps it running starts it again.
 *
 * Invariants: it alone keeps nothing alive; while a debugger may stop the thread nothing counts; it costs the main thread
 * a timer.
 *
 *     const stop = startWatchdog({ timeout: 10_000, log: 'text' });
 */
import { Worker } from 'node:worker_threads';
import { nameRunning } from '../cluster/hang-place.ts';
import { type Beat, newBeat, startBeating } from '../cluster/heartbeat.ts';
import type { LogFormat } from '../telemetry/log.ts';

export interface WatchdogOptions {
  /** Milliseconds without a turn of the event loop. */
  readonly timeout: number;
  readonly log: LogFormat | false;
}

/** Given to the thread; plain data. */
export interface WatchdogData {
  readonly beat: Beat;
  readonly timeout: number;
  readonly log: LogFormat | false;
}

/** Returns what ends it. */
export function startWatchdog({ timeout, log }: WatchdogOptions): () => Promise<void> {
  const beat = newBeat(timeout);
  nameRunning();
  const stopBeating = startBeating(beat);
  const data: WatchdogData = { beat, timeout, log };
  const thread = new Worker(new URL('./watchdog-thread.ts', import.meta.url), {
    name: 'watchdog',
    workerData: data,
  });
  thread.unref();
  // A server without its watchdog still serves.
  thread.on('error', (error) => process.emitWarning(`The watchdog of the main thread ended: ${error.message}`));
  return async () => {
    await thread.terminate();
    stopBeating();
  };
}
