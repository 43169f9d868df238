/**
 * HangPlace: where a thread is that hangs, and which process runs there. It cannot be asked by a message, but Node's
 * inspector stops it in the middle of a loop and reads its stack.
 *
 * Invariants: whoever asks waits `PATIENCE` at most and never fails; the thread that was asked is to be ended then.
 *
 *     nameRunning();                                       // on the thread, beforehand
 *     const { running, stack } = await placeOfWorker(7);   // on the main thread
 */
import { type Debugger, Session } from 'node:inspector';
import { currentProc } from '../otp/runtime/proc.ts';
import { userFrame } from '../telemetry/crash-record.ts';

export interface HangPlace {
  /** The process whose code runs, for people. */
  readonly running: string;
  /** As of an error. */
  readonly stack: string | undefined;
}

/** Milliseconds. */
const PATIENCE = 2_000;
/** Of the global object: the function that names the running process. */
const RUNNING = 'genroom.running';
/** `[worker 7] node-1`: the inspector's own number of a worker, `workerId`, is not the thread's. */
const TITLE = /worker (\d+)/i;
const UNKNOWN: HangPlace = { running: 'unknown code', stack: undefined };

/** Has this thread tell whose code runs when it is asked. */
export function nameRunning(): void {
  Object.assign(globalThis, { [Symbol.for(RUNNING)]: describeRunning });
}

function describeRunning(): string {
  const proc = currentProc();
  return proc ? [proc.behaviour, proc.label, String(proc.pid)].filter(Boolean).join(' ') : 'no process';
}

/** In short: `genServer room room chat/Xk2p <node-1-3.7> at rooms/chat.ts:42:11`. */
export function describePlace({ running, stack }: HangPlace): string {
  const at = userFrame(stack);
  return at ? `${running} at ${at}` : running;
}

/** The inspector of one thread: commands there, events back. */
interface Inspected {
  /** Resolves when it takes commands. */
  readonly open: Promise<void>;
  post(method: string, params: object, answer?: (result: unknown) => void): void;
  close(): void;
}
type OnEvent = (method: string, params: unknown) => void;

/** Of the main thread, for another one. */
export function placeOfMain(): Promise<HangPlace> {
  return askPlace((onEvent) => {
    const session = new Session();
    session.connectToMainThread();
    session.on('inspectorNotification', ({ method, params }: { method: string; params?: unknown }) =>
      onEvent(method, params),
    );
    return {
      open: Promise.resolve(),
      post: (method, params, answer) => session.post(method, params, (_error, result) => answer?.(result)),
      close: () => session.disconnect(),
    };
  });
}

/** Of a worker, for the main thread. */
export function placeOfWorker(threadId: number): Promise<HangPlace> {
  return askPlace((onEvent) => {
    const session = new Session();
    session.connect();
    const answers = new Map<number, (result: unknown) => void>();
    const open = Promise.withResolvers<void>();
    let sessionId = '';
    let last = 0;
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      if (TITLE.exec(params.workerInfo.title)?.[1] !== String(threadId)) return;
      sessionId = params.sessionId;
      open.resolve();
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (params.sessionId !== sessionId) return;
      const message = JSON.parse(params.message) as {
        id?: number;
        result?: unknown;
        method?: string;
        params?: unknown;
      };
      if (message.method !== undefined) onEvent(message.method, message.params);
      else answers.get(message.id ?? 0)?.(message.result);
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return {
      open: open.promise,
      post: (method, params, answer) => {
        if (answer) answers.set(last + 1, answer);
        session.post('NodeWorker.sendMessageToWorker', {
          sessionId,
          message: JSON.stringify({ id: ++last, method, params }),
        });
      },
      close: () => session.disconnect(),
    };
  });
}

function askPlace(connect: (onEvent: OnEvent) => Inspected): Promise<HangPlace> {
  const { promise, resolve } = Promise.withResolvers<HangPlace>();
  const timer = setTimeout(() => resolve(UNKNOWN), PATIENCE);
  const urls = new Map<string, string>();
  let thread: Inspected | undefined;

  const onEvent: OnEvent = (method, params) => {
    if (method === 'Debugger.scriptParsed') {
      const { scriptId, url } = params as Debugger.ScriptParsedEventDataType;
      urls.set(scriptId, url);
    } else if (method === 'Debugger.paused') {
      const { callFrames } = params as Debugger.PausedEventDataType;
      const stack = callFrames.map((frame) => frameLine(frame, urls.get(frame.location.scriptId))).join('\n');
      const expression = `globalThis[Symbol.for('${RUNNING}')]()`;
      thread?.post(
        'Debugger.evaluateOnCallFrame',
        { callFrameId: callFrames[0]?.callFrameId, expression },
        (answer) => {
          const { result } = (answer ?? {}) as Partial<Debugger.EvaluateOnCallFrameReturnType>;
          resolve({ running: typeof result?.value === 'string' ? result.value : UNKNOWN.running, stack });
        },
      );
    }
  };
  const pause = async (): Promise<void> => {
    thread = connect(onEvent);
    await thread.open;
    thread.post('Debugger.enable', {});
    thread.post('Debugger.pause', {});
  };
  pause().catch(() => resolve(UNKNOWN)); // e.g. a Node that was built without an inspector
  return promise.finally(() => {
    clearTimeout(timer);
    try {
      thread?.post('Debugger.disable', {}); // a thread that is paused cannot be ended
      thread?.close();
    } catch {
      // It has ended meanwhile.
    }
  });
}

/** As a line of an error's stack. */
function frameLine({ functionName, location: { lineNumber, columnNumber = 0 } }: Debugger.CallFrame, url = ''): string {
  return `    at ${functionName || '<anonymous>'} (${url || 'native'}:${lineNumber + 1}:${columnNumber + 1})`;
}
