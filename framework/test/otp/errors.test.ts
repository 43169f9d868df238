/** Errors carry a stable code, what happened, what to do, and what is behind them; the end of a process carries them on. */
import { describe, expect, test } from 'vitest';
import {
  call,
  CallError,
  childSpec,
  crashOf,
  dynamicSupervisor,
  exit,
  genServer,
  GenroomError,
  ignore,
  isCrash,
  registry,
  request,
  self,
  send,
  startChild,
  start,
  type StartError,
  startLink,
  stopServer,
  supervisor,
  sys,
  task,
  taskSup,
  taskSupervisor,
  via,
} from '../../src/otp/index.ts';
import { counter, endOf, failure, inProcess, pause } from './stage.ts';

const broken = new TypeError('broken');
const failing = genServer({
  name: 'failing',
  init: (where: 'init' | 'call' | 'ignore') => {
    if (where === 'init') throw broken;
    return where === 'ignore' ? ignore() : where;
  },
  calls: {
    ask: (): never => {
      throw broken;
    },
  },
});
/** What throws each of them; whether there is an error behind it. */
const cases: Record<string, { readonly run: () => Promise<unknown>; readonly cause?: unknown }> = {
  call_timeout: { run: async () => call(await start(counter, {}), 'never', undefined, { timeout: 1 }) },
  call_noproc: {
    run: async () => {
      const gone = await start(counter, {});
      exit(gone, 'kill');
      await call(gone, 'get');
    },
  },
  call_down: { run: async () => request(await start(failing, 'call'), 'ask', undefined, 100), cause: broken },
  start_failed: { run: () => start(failing, 'init'), cause: broken },
  start_ignored: { run: () => start(failing, 'ignore') },
  already_started: {
    run: async () => {
      const names = registry({ name: 'names-errors' });
      await start(names);
      await start(counter, {}, { name: via(names, 1) });
      await start(counter, {}, { name: via(names, 1) });
    },
  },
  no_process: { run: async () => self() },
  process_ended: {
    run: () =>
      new Promise((_resolve, reject) => {
        void endOf(() => {
          const me = self();
          setTimeout(() => {
            try {
              send(me, 'late');
            } catch (error) {
              reject(error);
            }
          }, 5);
        });
      }),
  },
  invalid_timeout: { run: async () => stopServer(await start(counter, {}), 'normal', { timeout: -1 }) },
  not_unique: { run: async () => send(via(registry({ name: 'many', keys: 'duplicate' }), 1), 'x') },
  not_owner: {
    run: async () => {
      const theirs = await inProcess(() => task.async(() => 1));
      await inProcess(() => task.await(theirs));
    },
  },
  not_suspended: { run: async () => sys.changeCode(await start(counter, {})) },
  callback_failed: {
    run: async () =>
      sys.replaceState(await start(counter, {}), () => {
        throw broken;
      }),
    cause: broken,
  },
  child_start_failed: {
    run: async () => startChild(await start(dynamicSupervisor({ name: 'd' })), childSpec(failing, 'init')),
    cause: broken,
  },
  max_children: {
    run: async () => startChild(await start(dynamicSupervisor({ name: 'd', maxChildren: 0 })), childSpec(counter, {})),
  },
  duplicate_child_id: {
    run: async () => {
      const error = (await failure(
        start(
          supervisor({ name: 's', strategy: 'oneForOne', children: [childSpec(counter, {}), childSpec(counter, {})] }),
        ),
      )) as StartError;
      throw error.cause as Error;
    },
  },
};

describe('an error', () => {
  for (const [code, { run, cause }] of Object.entries(cases)) {
    test(`${code} has its code, a remedy, a message that ends with it${cause ? ', and the cause' : ''}`, async () => {
      const error = await failure(run());
      expect(error).toBeInstanceOf(GenroomError);
      const { remedy, message, name } = error as GenroomError;
      expect([error.code, name]).toEqual([code, error.constructor.name]);
      expect(remedy).toMatch(/^[A-Z].{10,}\.$/);
      expect(message.endsWith(remedy)).toBe(true);
      expect(message.length).toBeGreaterThan(remedy.length + 10);
      expect((error as Error).cause).toBe(cause);
    });
  }

  test('uncaught, it is the reason of its process: a failed call as such, any other as a crash with the same error', async () => {
    const reasons = [];
    for (const code of ['call_noproc', 'call_down', 'start_failed', 'max_children']) {
      reasons.push(await endOf(cases[code]!.run));
    }
    expect(reasons.slice(0, 2)).toMatchObject([
      { kind: 'callFailed', reason: 'noproc' },
      { kind: 'callFailed', reason: crashOf(broken) },
    ]);
    expect(reasons.slice(2).map(isCrash)).toEqual([true, true]);
    expect(reasons.slice(2)).toMatchObject([{ error: { code: 'start_failed' } }, { error: { code: 'max_children' } }]);
  });

  test('of a task under a supervisor, and of a linked start, reaches who waits', async () => {
    const seen = await inProcess(async () => {
      const tasks = await start(taskSupervisor({ name: 'tasks' }));
      const risky = await taskSup.asyncNolink(tasks, () => {
        throw broken;
      });
      return [(await failure(task.await(risky))) instanceof CallError, await task.yield(risky)];
    });
    expect(seen).toEqual([true, { ok: false, reason: 'noproc' }]);
    expect(await endOf(() => startLink(failing, 'init'))).toEqual(crashOf(broken));
    await pause(1);
  });
});
