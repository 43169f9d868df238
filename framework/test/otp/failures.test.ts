/** An exception where none is expected costs its own process, or its report; never the node. */
import { channel } from 'node:diagnostics_channel';
import { describe, expect, test } from 'vitest';
import {
  call,
  exit,
  genServer,
  installStrayHandlers,
  isAlive,
  isDown,
  monitor,
  receive,
  reply,
  send,
  spawn,
  start,
  type StrayReport,
} from '../../src/otp/index.ts';
import { addMonitor } from '../../src/otp/runtime/monitor.ts';
import { procOf } from '../../src/otp/runtime/proc.ts';
import { inProcess } from './stage.ts';

const echo = genServer({ name: 'echo', init: () => 0, calls: { ask: (state, x: number) => reply(x, state) } });

/** The strays that are reported while `work` runs. */
async function straysOf(work: () => Promise<void>): Promise<StrayReport[]> {
  const seen: StrayReport[] = [];
  const note = (report: unknown): void => void seen.push(report as StrayReport);
  const strays = channel('genroom:stray');
  // The test runner's own listeners would take a raised error for a failed test.
  const theirs = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const uninstall = installStrayHandlers();
  strays.subscribe(note);
  try {
    await work();
  } finally {
    strays.unsubscribe(note);
    uninstall();
    for (const listener of theirs) process.on('uncaughtException', listener);
  }
  return seen;
}

describe('an exception in the scheduler’s own code', () => {
  test('a slice that throws ends its process; those behind it run', async () => {
    const server = await start(echo);
    const broken = await start(echo);
    const failure = new Error('a slice failed');
    Object.assign(procOf(broken)!, {
      slice() {
        throw failure;
      },
    });
    const strays = await straysOf(async () => {
      send(broken, 'a message');
      expect(await call(server, 'ask', 7)).toBe(7);
      await expect.poll(() => isAlive(broken)).toBe(false);
      expect(await call(server, 'ask', 8)).toBe(8);
    });
    expect(strays).toMatchObject([{ pid: broken, error: failure, ended: true }]);
  });

  test('an observer that throws at the end of a process is reported; links, monitors and later ends go on', async () => {
    const failure = new Error('an observer failed');
    const strays = await straysOf(() =>
      inProcess(async () => {
        for (let i = 0; i < 2; i++) {
          const watched = spawn(() => receive());
          addMonitor(
            () => {
              throw failure;
            },
            procOf(watched),
            watched,
          );
          const ref = monitor(watched);
          exit(watched, 'over');
          const down = await receive(isDown);
          expect([down.ref === ref, down.reason]).toEqual([true, 'over']);
        }
      }),
    );
    expect(strays.map(({ error, ended }) => [error, ended])).toEqual([
      [failure, false],
      [failure, false],
    ]);
  });
});
