/**
 * What the watchdog's thread runs: it watches the main thread's beat. When that stops, it asks the main thread by the
 * inspector where it is, which a thread answers in the middle of a loop, too; writes one entry to stderr, and kills the
 * process. `process.stderr` of a thread goes by way of the main thread, so it writes to the file descriptor.
 */
import { writeSync } from 'node:fs';
import { type Debugger, Session } from 'node:inspector';
import { parentPort, workerData } from 'node:worker_threads';
import { watchBeat } from '../cluster/heartbeat.ts';
import { crashEntry } from '../telemetry/crash-record.ts';
import { lineLog } from '../telemetry/log.ts';
import type { WatchdogData } from './watchdog.ts';

const STDERR = 2;
/** Milliseconds for the main thread to say where it is. */
const PATIENCE = 2_000;

interface Place {
  readonly what: string;
  readonly stack: string | undefined;
}

/** Where the main thread is, and whose code it runs. */
function placeOfMain(running: string): Promise<Place> {
  const { promise, resolve } = Promise.withResolvers<Place>();
  setTimeout(() => resolve({ what: 'unknown: it did not answer', stack: undefined }), PATIENCE);
  const session = new Session();
  session.connectToMainThread();
  const urls = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => void urls.set(scriptId, url));
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const stack = callFrames.map((frame) => frameLine(frame, urls.get(frame.location.scriptId))).join('\n');
    const callFrameId = callFrames[0]?.callFrameId ?? '';
    const expression = `globalThis[Symbol.for('${running}')]()`;
    session.post('Debugger.evaluateOnCallFrame', { callFrameId, expression }, (_error, answer) => {
      resolve({ what: String(answer?.result.value ?? 'unknown'), stack });
    });
  });
  session.post('Debugger.enable', () => session.post('Debugger.pause'));
  return promise;
}

/** As a line of an error's stack. */
function frameLine({ functionName, location: { lineNumber, columnNumber = 0 } }: Debugger.CallFrame, url = ''): string {
  return `    at ${functionName || '<anonymous>'} (${url || 'native'}:${lineNumber + 1}:${columnNumber + 1})`;
}

async function endServer({ timeout, log, running }: WatchdogData): Promise<void> {
  const { what, stack } = await placeOfMain(running);
  if (log) {
    const message = `the main thread hung for ${timeout} ms: a handler does not return; the server ends`;
    const error = { name: 'Hang', message, stack };
    const entry = crashEntry({ what, error, fields: { process: what } });
    lineLog(log, (line) => void writeSync(STDERR, line))({ ...entry, event: 'hang' });
  }
  process.kill(process.pid, 'SIGKILL');
}

const data = workerData as WatchdogData;
watchBeat(data.beat, () => void endServer(data));
// Keeps this thread, and not the process, until it is ended.
parentPort?.on('message', () => {});
