/** Run by strays.test.ts in a process of its own: lets one server fail outside its handlers, in the way argv says. */
import { subscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import {
  exit,
  genServer,
  installStrayHandlers,
  isAlive,
  noreply,
  start,
  type StrayReport,
  cast,
} from '../../../../src/otp/index.ts';

const kind = process.argv[2]!;
const WAYS: Record<string, () => unknown> = {
  promise: () => void Promise.reject(new Error(kind)),
  afterAwait: () =>
    void (async () => {
      await new Promise((r) => setTimeout(r, 2));
      throw new Error(kind);
    })(),
  setTimeout: () =>
    setTimeout(() => {
      throw new Error(kind);
    }, 2),
  setInterval: () => {
    const interval = setInterval(() => {
      // Else it would fail again and again: nobody but who has set it can clear it.
      clearInterval(interval);
      throw new Error(kind);
    }, 2);
  },
  setImmediate: () =>
    setImmediate(() => {
      throw new Error(kind);
    }),
  queueMicrotask: () =>
    queueMicrotask(() => {
      throw new Error(kind);
    }),
  nextTick: () =>
    process.nextTick(() => {
      throw new Error(kind);
    }),
  emitter: () => {
    const emitter = new EventEmitter();
    setTimeout(() => emitter.emit('error', new Error(kind)), 2);
  },
};

const reports: StrayReport[] = [];
subscribe('genroom:stray', (report) => void reports.push(report as StrayReport));
let unowned = 0;
installStrayHandlers({ onUnowned: () => unowned++ });

const failing = genServer({
  name: 'failing',
  init: () => 0,
  casts: {
    go: (state, _: void, me) => {
      if (kind === 'abort')
        me.signal.addEventListener('abort', () => {
          throw new Error(kind);
        });
      else if (kind === 'dead')
        setTimeout(() => {
          throw new Error(kind);
        }, 20);
      else WAYS[kind]!();
      return noreply(state);
    },
  },
});

const innocent = await start(failing);
const server = await start(failing);
if (kind === 'unowned')
  setTimeout(() => {
    throw new Error(kind);
  }, 2);
else cast(server, 'go');
if (kind === 'dead' || kind === 'abort') setTimeout(() => exit(server, 'kill'), 5);
/** Says what happened once something was reported, or after five seconds without. */
function tell(): void {
  const named = reports.map((r) => ({
    owner: r.pid === server ? 'server' : r.pid === undefined ? 'nobody' : 'another',
    ended: r.ended,
    message: (r.error as Error).message,
  }));
  console.log(
    JSON.stringify({
      named: named.slice(0, 1),
      count: reports.length,
      alive: isAlive(server),
      innocent: isAlive(innocent),
      unowned,
    }),
  );
  process.exit(0);
}

const started = performance.now();
const poll = setInterval(() => {
  if (reports.length === 0 && performance.now() - started < 5000) return;
  clearInterval(poll);
  // A second report of the same failure would come by then.
  setTimeout(tell, 40);
}, 5);
