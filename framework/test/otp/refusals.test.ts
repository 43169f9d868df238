/** What cannot be meant is refused where it is said, with an error that names the cure. */
import { describe, expect, test } from 'vitest';
import {
  BadArgument,
  call,
  cast,
  demonitor,
  exit,
  genServer,
  isAlive,
  monitor,
  type Monitor,
  noreply,
  receive,
  reply,
  send,
  spawn,
  start,
  sys,
} from '../../src/otp/index.ts';
import { counter, downOf, failure, inProcess, settled } from './stage.ts';

/** What a call throws, and not what it rejects with. */
function thrown(run: () => unknown): BadArgument {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(BadArgument);
    return error as BadArgument;
  }
  throw new Error('nothing was thrown');
}

describe('maxQueue', () => {
  const bounded = (maxQueue: unknown) =>
    genServer({
      name: 'bounded',
      maxQueue: maxQueue as number,
      init: () => 0,
      calls: { ask: (s) => reply(s, s) },
      info: (s) => noreply(s),
    });

  for (const bad of [NaN, -1, 1.5, 5n, '5', -Infinity, null])
    test(`of ${typeof bad} ${String(bad)} is refused by genServer`, () => {
      expect(thrown(() => bounded(bad)).code).toBe('invalid_max_queue');
    });

  for (const good of [undefined, 1, 2 ** 40, Infinity])
    test(`of ${good} is none of those`, async () => {
      expect(await call(await start(bounded(good)), 'ask')).toBe(0);
    });
});

describe('a target that is none', () => {
  const targets: Record<string, () => unknown> = {
    undefined: () => undefined,
    null: () => null,
    'a promise': () => start(counter, {}),
    'a string': () => 'counter',
    'a plain object': () => ({ id: 1 }),
  };
  for (const [what, make] of Object.entries(targets))
    test(`(${what}): call rejects, cast and send throw`, async () => {
      const target = make() as never;
      const errors = [
        await failure(call<typeof counter, 'get'>(target, 'get')),
        thrown(() => cast<typeof counter, 'add'>(target, 'add', 1)),
        ...(target ? [thrown(() => send(target, 'hello'))] : []),
      ];
      for (const error of errors) {
        expect(error).toMatchObject({ name: 'BadArgument', code: 'bad_target' });
        expect((error as BadArgument).remedy.includes('await start')).toBe(what === 'a promise');
      }
    });
});

describe('demonitor', () => {
  test('of a monitor that another process holds is refused, and the monitor stands', async () => {
    const down = await inProcess(async () => {
      const watched = spawn(() => receive());
      const ref = monitor(watched);
      const codes = await inProcess(() => [ref, ref].map((of) => thrown(() => demonitor(of, { flush: true })).code));
      expect(codes).toEqual(['not_owner', 'not_owner']);
      exit(watched, 'boom');
      return [await downOf(ref), demonitor(ref)];
    });
    expect(down).toEqual(['boom', false]);
  });

  test('from outside of every process is refused', async () => {
    const watched = spawn(() => receive());
    const held = Promise.withResolvers<Monitor>();
    const told = inProcess(() => {
      const ref = monitor(watched);
      held.resolve(ref);
      return downOf(ref);
    });
    const ref = await held.promise;
    expect(thrown(() => demonitor(ref)).code).toBe('not_owner');
    exit(watched, 'boom');
    expect(await told).toBe('boom');
  });
});

describe('sys.log', () => {
  for (const bad of [NaN, -1, 1.5, Infinity])
    test(`of ${bad} events is refused`, async () => {
      const pid = await start(counter, {});
      expect(await failure(sys.log(pid, bad))).toMatchObject({ name: 'BadArgument', code: 'invalid_log_length' });
      expect(isAlive(pid)).toBe(true);
    });

  test('of 0 events keeps none, also of those it had', async () => {
    const pid = await start(counter, {});
    await sys.log(pid, true);
    await call(pid, 'get');
    expect((await sys.log(pid, 'get')).length).toBe(2);
    expect(await sys.log(pid, 0)).toEqual([]);
    await call(pid, 'get');
    expect(await sys.log(pid, 'get')).toEqual([]);
  });
});

test('exit from outside of every process ends a server that traps exits as its parent would', async () => {
  const seen: unknown[] = [];
  const trapping = genServer({
    name: 'trapping',
    trapExit: true,
    init: () => 0,
    info: (state, message) => {
      seen.push(message);
      return noreply(state);
    },
    terminate: (reason) => void seen.push(['terminate', reason]),
  });
  const pid = await start(trapping);
  exit(pid, 'boom');
  await settled();
  expect([isAlive(pid), seen]).toEqual([false, [['terminate', 'boom']]]);
});
