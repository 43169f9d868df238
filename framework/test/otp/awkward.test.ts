/** Awkward moments and awkward values: whoever causes them gets the error, and nobody else pays for it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, test } from 'vitest';
import {
  call,
  type ChildSpec,
  childSpec,
  count,
  deleteChild,
  dynamicSupervisor,
  exit,
  genServer,
  getChildSpec,
  initStop,
  installStrayHandlers,
  isAlive,
  isDown,
  isExit,
  isResponse,
  isTaskResult,
  noreply,
  type Pid,
  processes,
  receive,
  registry,
  reply,
  request,
  restartChild,
  send,
  spawn,
  spawnLink,
  start,
  startChild,
  startLink,
  stopServer,
  type StrayReport,
  supervisor,
  sys,
  terminateChild,
  trapExit,
  via,
  whichChildren,
} from '../../src/otp/index.ts';
import { counter, endOf, failure, inProcess, pause, settled } from './stage.ts';

const supervisors = [
  supervisor({ name: 'fixed', strategy: 'oneForOne', children: [childSpec(counter, {})] }),
  dynamicSupervisor({ name: 'dynamic' }),
];

/** JSON that a client may send: it has no text. */
const textless: unknown = JSON.parse('{ "toString": 1, "valueOf": 2 }');

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('a supervisor outlives', () => {
  for (const definition of supervisors) {
    test(`what names no child (${definition.name})`, async () => {
      const sup = await start(definition);
      for (const bad of [textless, revoked(), Symbol('x'), undefined, null, [textless]])
        for (const ask of [terminateChild, restartChild, deleteChild, getChildSpec])
          expect((await failure(ask(sup, bad as never))).code).toBe('not_found');
      expect(isAlive(sup)).toBe(true);
    });

    test(`a child spec whose id or definition is none (${definition.name})`, async () => {
      const sup = await start(definition);
      const one = async () => start(counter, {});
      for (const [spec, code] of [
        [{ id: textless, start: one }, 'invalid_id'],
        [{ id: revoked(), start: one }, 'invalid_id'],
        [{ id: 'x', behaviour: { name: 'plain', init: () => 0 } }, 'missing_start'],
        [{ id: 'x', behaviour: revoked() }, 'missing_start'],
        [{ id: 'x', behaviour: 'counter' }, 'missing_start'],
      ] as const)
        expect((await failure((async () => startChild(sup, spec as unknown as ChildSpec))())).code).toBe(code);
      expect(isAlive(sup)).toBe(true);
    });

    test(`a child that declines with a reason that cannot be read (${definition.name})`, async () => {
      const sup = await start(definition);
      for (const reason of [null, revoked()]) {
        const declines = genServer({ name: 'declines', init: () => initStop(reason as never) });
        expect((await failure(startChild(sup, childSpec(declines)))).code).toBe('child_start_failed');
      }
      expect(isAlive(sup)).toBe(true);
    });

    test(`a message whose fields cannot be read (${definition.name})`, async () => {
      const sup = await start(definition);
      const unreadable = {
        get tag(): never {
          throw new Error('unreadable');
        },
      };
      send(sup, unreadable);
      await whichChildren(sup);
      expect(isAlive(sup)).toBe(true);
      for (const is of [isExit, isDown, isResponse, isTaskResult]) expect(is(unreadable)).toBe(false);
    });

    test(`a message that cannot be looked at at all, which is told as an unexpected one (${definition.name})`, async () => {
      const told: unknown[] = [];
      const hear = (report: unknown): void => void told.push((report as { message: unknown }).message);
      subscribe('genroom:process:unexpected', hear);
      const sup = await start(definition);
      const [message, plain] = [revoked(), { plain: true }];
      send(sup, message);
      send(sup, plain);
      await whichChildren(sup);
      unsubscribe('genroom:process:unexpected', hear);
      expect(isAlive(sup)).toBe(true);
      expect([told.length, told[0] === message, told[1] === plain]).toEqual([2, true, true]);
    });
  }
});

for (const timeout of [undefined, 10_000])
  test(`a server gets a message that cannot be looked at as any other (timeout ${timeout})`, async () => {
    const taker = genServer({
      name: 'taker',
      trapExit: true,
      init: (): unknown[] => [],
      calls: { taken: (state) => reply(state, state, timeout === undefined ? undefined : { timeout }) },
      info: (state, message) => noreply([...state, message]),
    });
    const pid = await start(taker);
    await call(pid, 'taken');
    const message = revoked();
    send(pid, message);
    const taken = await call(pid, 'taken');
    expect([taken.length, taken[0] === message]).toEqual([1, true]);
  });

describe('whoever hears of a start may end', () => {
  let heard: (report: { pid: Pid }) => void = () => {};
  const hear = (report: unknown): void => heard(report as { pid: Pid });
  afterEach(() => unsubscribe('genroom:process:start', hear));
  const listen = (then: typeof heard): void => {
    heard = (report) => {
      heard = () => {};
      then(report);
    };
    subscribe('genroom:process:start', hear);
  };

  test('the process: its init does not run, it holds no name', async () => {
    const names = registry({ name: 'names' });
    await start(names);
    let inits = 0;
    const victim = genServer({ name: 'victim', init: () => ++inits });
    listen(({ pid }) => exit(pid, 'kill'));
    expect(await failure(start(victim, undefined, { name: via(names, 'v') }))).toMatchObject({ reason: 'killed' });
    expect([inits, count(names)]).toEqual([0, 0]);
    expect(isAlive(await start(victim, undefined, { name: via(names, 'v') }))).toBe(true);
  });

  test('a spawned process: who is linked with it is told', async () => {
    const told = await inProcess(async () => {
      trapExit(true);
      listen(({ pid }) => exit(pid, 'kill'));
      const from = spawnLink(() => receive());
      expect(await receive(undefined, { timeout: 500 })).toEqual({ tag: 'EXIT', from, reason: 'killed' });
      return true;
    });
    expect(told).toBe(true);
  });

  for (const [what, begin] of [
    ['startLink', () => startLink(counter, {})],
    ['spawnLink', () => Promise.resolve(spawnLink(() => receive()))],
  ] as const)
    test(`its starter: what ${what} makes ends with it`, async () => {
      let child: Pid | undefined;
      const starter = spawn(async () => {
        listen(({ pid }) => {
          child = pid;
          exit(starter, 'kill');
        });
        await begin();
      });
      await settled();
      expect([isAlive(starter), isAlive(child!)]).toEqual([false, false]);
    });
});

test("'normal' from outside ends no process, as from another process", async () => {
  const server = await start(counter, {});
  const waiting = spawn(() => receive());
  exit(server, 'normal');
  exit(waiting, 'normal');
  await settled();
  expect([isAlive(server), isAlive(waiting)]).toEqual([true, true]);
  exit(server, 'shutdown');
  expect(isAlive(server)).toBe(false);
});

test('10,000 supervisors in each other start and stop: their inits need no stack', async () => {
  let outermost = supervisor({ name: 'innermost', strategy: 'oneForOne', children: [childSpec(counter, {})] });
  for (let i = 0; i < 10_000; i++)
    outermost = supervisor({ name: `around ${i}`, strategy: 'oneForOne', children: [childSpec(outermost)] });
  const before = processes().length;
  const pid = await start(outermost);
  expect(processes().length - before).toBe(10_002);
  await stopServer(pid, 'shutdown');
  expect(processes().length).toBe(before);
});

test('a process that is killed before its nested init begins has not started', async () => {
  let inits = 0;
  const deep = genServer({ name: 'deep', init: () => ++inits });
  let outermost = supervisor({ name: 'innermost', strategy: 'oneForOne', children: [childSpec(deep)] });
  for (let i = 0; i < 150; i++)
    outermost = supervisor({ name: `around ${i}`, strategy: 'oneForOne', children: [childSpec(outermost)] });
  const before = processes().length;
  const starting = failure(start(outermost));
  const newest = processes().at(-1)!;
  exit(newest, 'kill');
  expect((await starting).code).toBe('start_failed');
  expect([processes().length, inits]).toEqual([before, 0]);
});

describe('sys costs a server nothing', () => {
  test('when its file cannot be written to, at first or later', async () => {
    const server = await start(counter, {});
    expect((await failure(sys.logToFile(server, '/no/such/directory/events'))).code).toBe('log_file_failed');
    expect(await call(server, 'get')).toBe(0);
    await sys.logToFile(server, '/dev/full').catch(() => {});
    expect(await call(server, 'get')).toBe(0);
  });

  test('when what it traces cannot be shown', async () => {
    const write = process.stdout.write.bind(process.stdout);
    const echo = genServer({ name: 'echo', init: () => 0, calls: { echo: (s, x: object) => reply(x, s) } });
    const server = await start(echo);
    await sys.trace(server, true);
    process.stdout.write = () => true;
    const unshowable = {
      [Symbol.for('nodejs.util.inspect.custom')](): never {
        throw new Error('unshowable');
      },
    };
    try {
      expect(await call(server, 'echo', unshowable)).toBe(unshowable);
    } finally {
      process.stdout.write = write;
    }
  });
});

describe('a promise with a mind of its own', () => {
  const minds: Record<string, () => Promise<unknown>> = {
    'a then that throws': () => Object.assign(Promise.resolve(1), { then: () => fail() }),
    'a constructor that throws': () => Object.defineProperty(Promise.resolve(1), 'constructor', { get: fail }),
  };
  function fail(): never {
    throw new Error('a mind of its own');
  }

  for (const [what, make] of Object.entries(minds))
    test(`${what}, returned from a handler, an init, a terminate or a body, is that process's crash`, async () => {
      const strays: StrayReport[] = [];
      const onStray = (report: unknown): void => void strays.push(report as StrayReport);
      subscribe('genroom:stray', onStray);
      const uninstall = installStrayHandlers();
      const odd = genServer({
        name: 'odd',
        init: (at: 'init' | 'later') => (at === 'init' ? (make() as Promise<number>) : 0),
        calls: { ask: (): never => make() as never },
        terminate: make,
      });
      try {
        expect((await failure(start(odd, 'init'))).code).toBe('start_failed');
        expect((await failure(call(await start(odd, 'later'), 'ask'))).code).toBe('call_down');
        expect((await failure(stopServer(await start(odd, 'later')))).code).toBe('call_down');
        expect(await endOf(make)).toMatchObject({ kind: 'crash', error: { message: 'a mind of its own' } });
        await pause(1);
        expect(strays).toEqual([]);
      } finally {
        uninstall();
        unsubscribe('genroom:stray', onStray);
      }
    });

  test('one that calls back twice has its server handle one message at a time', async () => {
    const back: ((value: unknown) => void)[] = [];
    const twice = Object.assign(Promise.resolve(), { then: (done: (value: unknown) => void) => void back.push(done) });
    const server = await start(
      genServer({
        name: 'twice',
        init: () => 0,
        calls: { first: (): never => twice as never, second: (state: number) => noreply(state) },
      }),
    );
    const first = call(server, 'first');
    await settled();
    for (const done of [...back, ...back]) done(reply('once', 1));
    expect([await first, await sys.getState(server)]).toEqual(['once', 1]);
  });
});

test('a call whose name has no text fails, and is not left to wait', async () => {
  const server = await start(counter, {});
  expect((await failure(request(server, Symbol('x') as never, undefined, 1000))).code).toBe('call_down');
});
