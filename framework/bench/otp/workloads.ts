/**
 * The otp rows on genroom's public API; elixir-side.exs holds the same ones.
 *
 * A workload is set up once for a size and gives a function that measures once. Whoever calls, casts or starts is a
 * process, as on the BEAM, where everybody is one.
 */
import { setImmediate } from 'node:timers/promises';
import {
  call,
  cast,
  childSpec,
  dynamicSupervisor,
  exit,
  genServer,
  isAlive,
  noreply,
  type Pid,
  processes,
  receive,
  type Ref,
  registry,
  reply,
  type Self,
  self,
  send,
  sleep,
  spawn,
  start,
  startChild,
  stopServer,
  via,
} from 'genroom/otp';
import { openLoadMonitor } from 'genroom/telemetry';
import { QUEUED } from './rows.ts';

/** One measurement: the figure in the row's unit. */
export type Measure = () => Promise<number>;
export type Workload = (size: number) => Promise<Measure>;

const CALLERS = 100;
const LISTENERS = 1000;
const NAMES = 10_000;
/** Restarts under one supervisor: the history that it counts them in stays short on both sides. */
const RESTARTS = 100;

const counter = genServer({
  name: 'counter',
  init: (from: number | undefined) => from ?? 0,
  calls: { get: (count) => reply(count, count) },
  casts: { add: (count, by: number) => noreply(count + by) },
});

const crasher = genServer({
  name: 'crasher',
  init: (of: { readonly observer: Pid }, process: Self) => {
    send(of.observer, process.pid);
    return of;
  },
  casts: {
    throw: () => {
      throw new Error('crash');
    },
    exit: () => exit('crash'),
  },
});

/** Runs `work` as a process and waits for its result. */
function asProcess<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    spawn(async () => {
      try {
        resolve(await work());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Runs `work` in a process; its operations a second. */
async function rate(size: number, work: () => Promise<unknown>): Promise<number> {
  const seconds = await asProcess(async () => {
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
  });
  return size / seconds;
}

/** Ends processes and waits until they are gone; unmeasured. */
async function endAll(pids: readonly Pid[]): Promise<void> {
  for (const pid of pids) exit(pid, 'kill');
  while (pids.some(isAlive)) await sleep(1);
}

async function sequentialCall(size: number): Promise<Measure> {
  const server = await start(counter);
  return () =>
    rate(size, async () => {
      for (let i = 0; i < size; i++) await call(server, 'get');
    });
}

async function castMany(server: Ref<typeof counter>, size: number): Promise<void> {
  for (let i = 0; i < size; i++) cast(server, 'add', 1);
  await call(server, 'get');
}

async function castAndDrain(size: number): Promise<Measure> {
  const server = await start(counter);
  return () => rate(size, () => castMany(server, size));
}

async function castAndDrainCold(size: number): Promise<Measure> {
  return async () => {
    const server = await start(counter);
    const figure = await rate(size, () => castMany(server, size));
    await endAll([server]);
    return figure;
  };
}

function startMany(count: number): Promise<Ref<typeof counter>[]> {
  return Promise.all(Array.from({ length: count }, () => start(counter)));
}

/** 100 processes that call, each its own of the servers. */
function callers(servers: number): Workload {
  return async (size) => {
    const asked = await startMany(servers);
    const each = size / CALLERS;
    return () =>
      rate(size, () =>
        Promise.all(
          Array.from({ length: CALLERS }, (_, i) =>
            asProcess(async () => {
              const server = asked[i % servers]!;
              for (let n = 0; n < each; n++) await call(server, 'get');
            }),
          ),
        ),
      );
  };
}

async function fanOut(size: number): Promise<Measure> {
  const listeners = await startMany(LISTENERS);
  return () =>
    rate(size, async () => {
      for (let sent = 0; sent < size; sent += LISTENERS) {
        for (const listener of listeners) cast(listener, 'add', 1);
        // All of them have their turn now, with one message each. (Awaiting a settled promise would go on after a burst of
        // 8 ms while their turn waits for the event loop.)
        await setImmediate();
      }
      for (const listener of listeners) await call(listener, 'get');
    });
}

async function startRow(size: number): Promise<Measure> {
  return async () => {
    const pids: Pid[] = [];
    const figure = await rate(size, async () => {
      for (let i = 0; i < size; i++) pids.push(await start(counter, i));
    });
    await endAll(pids);
    return figure;
  };
}

const children = dynamicSupervisor({ name: 'children', intensity: { max: 1_000_000, period: 1_000 } });

async function startChildRow(size: number): Promise<Measure> {
  return async () => {
    const supervisor = await start(children);
    const figure = await rate(size, async () => {
      for (let i = 0; i < size; i++) await startChild(supervisor, childSpec(counter, i));
    });
    await stopServer(supervisor);
    return figure;
  };
}

async function stopRow(size: number): Promise<Measure> {
  return async () => {
    const pids = await startMany(size);
    return rate(size, async () => {
      for (const pid of pids) await stopServer(pid);
    });
  };
}

async function registryCall(size: number): Promise<Measure> {
  const names = registry<typeof counter>({ name: 'names' });
  await start(names);
  for (let i = 0; i < NAMES; i++) await start(counter, i, { name: via(names, `name ${i}`) });
  const keys = Array.from({ length: NAMES }, (_, i) => `name ${(i * 7919) % NAMES}`);
  return () =>
    rate(size, async () => {
      for (let i = 0; i < size; i++) await call(via(names, keys[i % NAMES]!), 'get');
    });
}

function restartAfter(way: 'throw' | 'exit'): Workload {
  return async (size) => () =>
    rate(size, async () => {
      for (let done = 0; done < size; done += RESTARTS) await restartSome(way);
    });
}

/** A supervisor, and as many crashes of its child as it may see. */
async function restartSome(way: 'throw' | 'exit'): Promise<void> {
  const supervisor = await start(children);
  await asProcess(async () => {
    const observer = self();
    await startChild(supervisor, childSpec(crasher, { observer }));
    for (let i = 0; i < RESTARTS; i++) cast((await receive()) as Ref<typeof crasher>, way);
    await receive();
  });
  await stopServer(supervisor);
}

async function idleMemory(size: number): Promise<Measure> {
  if (!globalThis.gc) throw new Error('idleMemory needs node --expose-gc');
  const collect = globalThis.gc;
  return async () => {
    const used = (): number => {
      collect();
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const pids: Pid[] = [];
    const before = used();
    for (let i = 0; i < size; i++) pids.push(await start(counter, i));
    const after = used();
    if (processes().length < size) throw new Error('processes are missing');
    // What the list of pids takes is the bench's, not the processes'.
    const bytes = (after - before) / size - 8;
    await endAll(pids);
    return bytes;
  };
}

async function callWithQueue(size: number): Promise<Measure> {
  const server = await start(counter);
  return async () => {
    let seconds = 0;
    await asProcess(async () => {
      const me = self();
      for (let i = 0; i < QUEUED; i++) send(me, i);
      const began = performance.now();
      for (let i = 0; i < size; i++) await call(server, 'get');
      seconds = (performance.now() - began) / 1000;
    });
    return (seconds * 1e6) / size;
  };
}

/** The row as it is, while somebody measures how busy processes are. */
function measured(workload: Workload): Workload {
  return async (size) => {
    openLoadMonitor();
    return workload(size);
  };
}

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  sequentialCall,
  castAndDrain,
  castAndDrainCold,
  callersToOne: callers(1),
  callersToMany: callers(CALLERS),
  fanOut,
  start: startRow,
  startChild: startChildRow,
  stop: stopRow,
  registryCall,
  restart: restartAfter('throw'),
  restartByExit: restartAfter('exit'),
  idleMemory,
  callWithQueue,
  sequentialCallMeasured: measured(sequentialCall),
  castAndDrainMeasured: measured(castAndDrain),
};
