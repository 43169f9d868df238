/** Every timeout of the core goes by the thread's clock: under a virtual one an hour passes without waiting. */
import { describe, expect, test } from 'vitest';
import {
  agent,
  call,
  cast,
  childSpec,
  dynamicSupervisor,
  exit,
  genServer,
  initOk,
  isAlive,
  monitor,
  noreply,
  type Pid,
  receive,
  receiveResponse,
  reply,
  self,
  sendAfter,
  sendRequest,
  sleep,
  spawn,
  start,
  startChild,
  startLink,
  startMonitor,
  stopServer,
  supervisor,
  sys,
  task,
  taskSup,
  taskSupervisor,
  terminateChild,
  trapExit,
  useClock,
  waitResponse,
  whichChildren,
} from '../../src/otp/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { counter, downOf, failure, inProcess } from './stage.ts';

const HOUR = 3_600_000;
const never = (): Promise<never> => new Promise(() => {});

/** Traps its exits and does not end for them. */
const stubborn = genServer({
  name: 'stubborn',
  trapExit: true,
  init: () => 0,
  casts: { hang: () => never() },
  calls: { hang: () => never() },
  terminate: () => never(),
});
const idle = genServer({
  name: 'idle',
  init: (to: Pid) => initOk(to, { timeout: HOUR }),
  info: (to) => (exit(to, 'came'), noreply(to)),
  calls: { arm: (to) => reply('ok', to, { timeout: HOUR }) },
  casts: { arm: (to) => noreply(to, { timeout: HOUR }) },
});
const slowStart = genServer({ name: 'slowStart', init: () => never() as Promise<number> });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

/** A task that has begun, and traps its exits. */
async function trapping(): Promise<ReturnType<typeof task.async<never>>> {
  const one = task.async(() => {
    trapExit(true);
    return never();
  });
  await sleep(0);
  return one;
}

/** What takes an hour: run as a process that traps exits. */
const hours: Record<string, () => Promise<unknown>> = {
  call: async () => failure(call(await start(stubborn), 'hang', undefined, { timeout: HOUR })),
  receive: () => receive(undefined, { timeout: HOUR }),
  sendAfter: async () => {
    sendAfter(self(), 'message', HOUR);
    return receive();
  },
  'sendAfter abs': async () => {
    sendAfter(self(), 'message', HOUR, { abs: true });
    return receive();
  },
  sleep: () => sleep(HOUR),
  'timeout of init': async () => (await start(idle, self()), receive()),
  'timeout of a call': async () => {
    const server = await start(idle, self());
    await call(server, 'arm');
    return receive();
  },
  'timeout of a cast': async () => {
    const server = await start(idle, self());
    cast(server, 'arm');
    return receive();
  },
  start: () => failure(start(slowStart, undefined, { timeout: HOUR })),
  startLink: () => failure(startLink(slowStart, undefined, { timeout: HOUR })),
  startMonitor: () => failure(startMonitor(slowStart, undefined, { timeout: HOUR })),
  stopServer: async () => failure(stopServer(await start(stubborn), 'normal', { timeout: HOUR })),
  sys: async () => {
    const server = await start(stubborn);
    cast(server, 'hang');
    return failure(sys.getState(server, { timeout: HOUR }));
  },
  agent: async () => failure(agent.get(await agent.start(() => 0), () => never(), { timeout: HOUR })),
  'task.await': () => failure(task.await(task.async(never), { timeout: HOUR })),
  'task.awaitMany': () => failure(task.awaitMany([task.async(never)], { timeout: HOUR })),
  'task.yield': () => task.yield(task.async(never), { timeout: HOUR }),
  'task.yieldMany': () => task.yieldMany([task.async(never)], { timeout: HOUR }),
  'task.shutdown': async () => task.shutdown(await trapping(), { timeout: HOUR }),
  'task.asyncStream': async () => {
    for await (const outcome of task.asyncStream([1], never, { timeout: HOUR, onTimeout: 'killTask' })) return outcome;
  },
  waitResponse: async () => waitResponse(sendRequest(await start(stubborn), 'hang'), { timeout: HOUR }),
  'receiveResponse until': async () => receiveResponse(sendRequest(await start(stubborn), 'hang'), { until: HOUR }),
  "a child's shutdown": async () => {
    const children = [childSpec(stubborn, undefined, { id: 1, shutdown: HOUR })];
    const sup = await startLink(supervisor({ name: 'sup', strategy: 'oneForOne', children }));
    return terminateChild(sup, 1);
  },
  "the shutdown of a dynamic supervisor's children": async () => {
    const sup = await startLink(dynamicSupervisor({ name: 'dynamic' }));
    await startChild(sup, childSpec(stubborn, undefined, { shutdown: HOUR }));
    await stopServer(sup);
  },
  "a task's shutdown": async () => {
    const sup = await startLink(taskSupervisor({ name: 'tasks' }));
    await taskSup.asyncNolink(
      sup,
      () => {
        trapExit(true);
        return never();
      },
      { shutdown: HOUR },
    );
    await sleep(0);
    await stopServer(sup);
  },
};

/** Runs `body` under a virtual clock. */
async function virtually(body: (clock: VirtualClock) => Promise<void>): Promise<void> {
  const clock = new VirtualClock();
  const before = useClock(clock);
  try {
    await body(clock);
  } finally {
    useClock(before);
  }
}

describe('an hour of', () => {
  for (const [name, run] of Object.entries(hours)) {
    test(`${name} passes with the clock, and not before`, () =>
      virtually(async (clock) => {
        let done = false;
        const over = inProcess(async () => {
          trapExit(true);
          await run();
        }).finally(() => (done = true));
        await clock.advance(0);
        await clock.advance(HOUR - 2);
        expect(done).toBe(false);
        await clock.advance(2);
        expect(done).toBe(true);
        await over;
      }));
  }
});

describe('the default timeouts', () => {
  test('of calls, sys, agents, tasks and children are 5 seconds; of stops, receives and starts none', () =>
    virtually(async (clock) => {
      const at: Record<string, number> = {};
      const note = (name: string, work: () => Promise<unknown>): unknown =>
        inProcess(async () => {
          trapExit(true);
          await work();
          at[name] = clock.now();
        });
      const server = await start(stubborn);
      cast(server, 'hang');
      note('call', () => failure(call(server, 'hang')));
      note('sys', () => failure(sys.getState(server)));
      note('agent', async () => failure(agent.get(await agent.start(() => 0), never)));
      note('await', () => failure(task.await(task.async(never))));
      note('yield', () => task.yield(task.async(never)));
      note('shutdown', async () => task.shutdown(await trapping()));
      note('child', async () => {
        const children = [childSpec(stubborn, undefined, { id: 1 })];
        const sup = await startLink(supervisor({ name: 'sup', strategy: 'oneForOne', children }));
        await terminateChild(sup, 1);
      });
      note('stop', async () => failure(stopServer(await start(stubborn))));
      note('receive', () => receive());
      note('start', () => start(slowStart));
      await clock.advance(4999);
      expect(at).toEqual({});
      await clock.advance(1);
      expect(at).toEqual(
        Object.fromEntries(['call', 'sys', 'agent', 'await', 'yield', 'shutdown', 'child'].map((name) => [name, 5000])),
      );
      await clock.advance(1000 * HOUR);
      expect(Object.keys(at)).toHaveLength(7);
    }));
});

describe('the window of restarts', () => {
  test('goes by the clock: four crashes in 5 seconds end a supervisor, spread over more they do not', () =>
    virtually(async (clock) => {
      for (const [gap, ends] of [
        [1000, true],
        [2000, false],
      ] as const) {
        let reason: unknown = 'running';
        void inProcess(async () => {
          trapExit(true);
          const sup = await startLink(
            supervisor({ name: 'sup', strategy: 'oneForOne', children: [childSpec(counter, {}, { id: 1 })] }),
          );
          const ref = monitor(sup);
          spawn(async () => {
            for (let n = 0; n < 4; n++) {
              const [child] = await whichChildren(sup);
              exit(child!.pid!, 'kill');
              await until(() => !isAlive(child!.pid!));
              await sleep(gap);
            }
          });
          reason = await downOf(ref, Infinity);
        });
        await clock.advance(10 * gap);
        expect(reason).toBe(ends ? 'shutdown' : 'running');
      }
    }));
});
