/** sys and the rest of gen_server's suite: rules, rows SYS-, EGS-, GS-. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  call,
  cast,
  type CrashReport,
  type ExitReason,
  exit,
  genServer,
  isAlive,
  isCrash,
  isExit,
  monitor,
  noreply,
  type Pid,
  processInfo,
  receive,
  registry,
  reply,
  request,
  self,
  send,
  shutdown,
  start,
  startLink,
  stop,
  stopServer,
  supervisor,
  sys,
  type SysEvent,
  trapExit,
  via,
  whereis,
} from '../../../src/otp/index.ts';
import { counter, downOf, failure, inProcess, mailbox, pause } from '../stage.ts';

const {
  changeCode,
  getState,
  getStatus,
  install,
  log,
  logToFile,
  noDebug,
  remove,
  replaceState,
  resume,
  statistics,
  suspend,
  terminate,
  trace,
} = sys;

describe('sys', () => {
  test('R-52 EGS-53 changeCode: only while suspended; a failing one leaves the old state; then the new code runs', async () => {
    const next = genServer({
      name: 'counterV2',
      init: () => ({ total: 0 }),
      calls: { total: (state) => reply(state.total, state) },
      codeChange: (oldVersion, state, extra) => {
        if (extra === 'fail') throw new Error('refused');
        expect(oldVersion).toBe(1);
        return { total: (state as { n: number }).n * 10 };
      },
    });
    const server = await start(counter, { n: 4 });
    expect((await failure(changeCode(server, { to: next, oldVersion: 1 }))).code).toBe('not_suspended');
    await suspend(server);
    const failed = await failure(changeCode(server, { to: next, oldVersion: 1, extra: 'fail' }));
    expect([failed.code, (failed.cause as Error).message]).toEqual(['code_change_failed', 'refused']);
    expect((await failure(changeCode(server))).code).toBe('code_change_failed');
    expect(await getState(server)).toMatchObject({ n: 4 });
    const queued = request(server, 'total', undefined, 1000);
    await changeCode(server, { to: next, oldVersion: 1 });
    await resume(server);
    expect(await queued).toBe(40);
    expect(isAlive(server)).toBe(true);
  });

  test('R-53 SYS-05 suspended: messages queue, calls time out, system messages are served; resume drains in order; twice is the same', async () => {
    const list = genServer({
      name: 'list',
      init: () => [] as number[],
      calls: { get: (state) => reply(state, state) },
      casts: { push: (state, n: number) => noreply([...state, n]) },
    });
    const server = await start(list);
    await suspend(server);
    await suspend(server);
    for (let i = 0; i < 5; i++) cast(server, 'push', i);
    expect((await failure(call(server, 'get', undefined, { timeout: 10 }))).code).toBe('call_timeout');
    expect([await getState(server), (await getStatus(server)).status]).toEqual([[], 'suspended']);
    await resume(server);
    await resume(server);
    expect([await call(server, 'get'), (await getStatus(server)).status]).toEqual([[0, 1, 2, 3, 4], 'running']);
  });

  test('R-54 a queued call that timed out is still carried out after resume; its reply is dropped', async () => {
    const server = await start(counter, {});
    const left = await inProcess(async () => {
      await suspend(server);
      await failure(call(server, 'add', 5, { timeout: 5 }));
      await resume(server);
      return [await call(server, 'get'), await mailbox(5)];
    });
    expect(left).toEqual([5, []]);
  });

  test('a hundred thousand messages queued at a suspended server cost no scan each', async () => {
    const server = await start(counter, {});
    await suspend(server);
    const began = performance.now();
    for (let i = 0; i < 100_000; i++) cast(server, 'add', 1);
    expect(await getState(server)).toMatchObject({ n: 0 });
    await resume(server);
    expect(await call(server, 'get')).toBe(100_000);
    // A scan for each would take minutes.
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('R-55 EGS-45 EGS-46 getState and replaceState by pid and name, suspended too; a throwing function changes nothing', async () => {
    const names = registry({ name: 'names-r55' });
    await start(names);
    const server = await start(counter, { n: 1 }, { name: via(names, 's') });
    for (const target of [server, via(names, 's')]) {
      expect(await getState(target)).toMatchObject({ n: 1 });
      const failed = await failure(
        replaceState(target, () => {
          throw new Error('x');
        }),
      );
      expect([failed.code, (failed.cause as Error).message]).toEqual(['callback_failed', 'x']);
      expect(await replaceState(target as typeof server, (s) => ({ ...s, n: s.n + 1 }))).toMatchObject({ n: 2 });
      await suspend(target);
      expect(await replaceState(target as typeof server, (s) => ({ ...s, n: 1 }))).toMatchObject({ n: 1 });
      await resume(target);
    }
    await inProcess(async () => {
      const ref = monitor(server);
      await terminate(server, 'over');
      expect(await downOf(ref)).toBe('over');
    });
    expect((await failure(getState(server))).code).toBe('call_noproc');
  });

  test('SYS-01 R-55 the event log: the last ones, or none', async () => {
    const server = await start(counter, {});
    await log(server, true);
    for (let i = 0; i < 8; i++) await call(server, 'add', i);
    const events = await log(server, 'get');
    expect(events.length).toBe(10);
    expect(events.slice(-2)).toEqual([
      { kind: 'in', message: { kind: 'call', name: 'add', payload: 7 }, from: undefined },
      { kind: 'out', value: 28, to: undefined },
    ]);
    expect(await log(server, 3)).toHaveLength(3);
    const printed: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (text: string) => printed.push(text) > 0;
    await log(server, 'print').finally(() => (process.stdout.write = write));
    const who = `*DBG* genServer counter ${server}`;
    expect(printed.join('')).toBe(
      `${who} sent 21 to outside\n${who} got call add 7 from outside\n${who} sent 28 to outside\n`,
    );
    expect((await getStatus(server)).log).toHaveLength(3);
    expect(await log(server, false)).toEqual([]);
    await call(server, 'get');
    expect(await log(server, 'get')).toEqual([]);
  });

  test('SYS-02 SYS-04 events on one line each, in a file and live', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'genroom-sys-')), 'events.log');
    const server = await start(counter, {});
    const printed: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    await logToFile(server, file);
    await trace(server, true);
    process.stdout.write = (text: string) => printed.push(text) > 0;
    const caller = await inProcess(async () => {
      await call(server, 'add', 2);
      cast(server, 'add', 1);
      send(server, 'hello');
      return self();
    }).finally(() => (process.stdout.write = write));
    await logToFile(server, false);
    await trace(server, false);
    await call(server, 'get');
    const who = `*DBG* genServer counter ${server}`;
    const expected = [
      `${who} got call add 2 from ${caller}`,
      `${who} sent 2 to ${caller}`,
      `${who} got cast add 1`,
      `${who} got info 'hello'`,
    ];
    expect(readFileSync(file, 'utf8')).toBe(`${expected.join('\n')}\n`);
    expect(printed.slice(0, 2).join('')).toBe(`${expected.slice(0, 2).join('\n')}\n`);
  });

  test('SYS-03 R-55 statistics count messages in and out; off, there are none', async () => {
    const server = await start(counter, {});
    expect(await statistics(server, 'get')).toBe(undefined);
    await statistics(server, true);
    await call(server, 'get');
    cast(server, 'add', 1);
    send(server, 'info');
    expect(await statistics(server, 'get')).toMatchObject({ messagesIn: 3, messagesOut: 1 });
    await statistics(server, false);
    expect(await statistics(server, 'get')).toBe(undefined);
    const parent = await inProcess(async () => {
      const child = await startLink(counter, {});
      const status = await getStatus(child);
      return [status.status, status.parent === self(), status.behaviour];
    });
    expect(parent).toEqual(['running', true, 'genServer counter']);
  });

  test('SYS-06 debug functions: each once unless under ids; removed by id, by function, by themselves, or all', async () => {
    const server = await start(counter, {});
    const seen: unknown[] = [];
    const watch = (n: number, event: SysEvent): number | 'done' => {
      seen.push([n, event.kind]);
      return n + 1;
    };
    await install(server, watch, { value: 1 });
    expect((await failure(install(server, watch, { value: 1 }))).code).toBe('already_installed');
    await install(server, watch, { value: 10, id: 'second' });
    await call(server, 'get');
    expect(seen.splice(0)).toEqual([
      [1, 'in'],
      [10, 'in'],
      [2, 'out'],
      [11, 'out'],
    ]);
    await remove(server, 'second');
    await call(server, 'get');
    expect(seen.splice(0)).toEqual([
      [3, 'in'],
      [4, 'out'],
    ]);
    await remove(server, watch);
    await install(server, () => 'done' as const);
    await install(
      server,
      (): undefined => {
        throw new Error('x');
      },
      { id: 'throws' },
    );
    await install(server, watch, { value: 0, id: 'third' });
    await call(server, 'get');
    expect(seen.splice(0)).toEqual([
      [0, 'in'],
      [1, 'out'],
    ]);
    await noDebug(server);
    await call(server, 'get');
    expect([seen, isAlive(server)]).toEqual([[], true]);
  });

  test('system requests to oneself, to the dead and to what serves none fail with a code', async () => {
    const own = genServer({
      name: 'own',
      init: () => 0,
      calls: { ask: async (s, _: void, c) => reply((await failure(getState(c.pid))).code, s) },
    });
    expect(await request(await start(own), 'ask', undefined, 100)).toBe('call_self');
    const names = registry({ name: 'names-sys' });
    const pid = await start(names);
    expect((await failure(getState(pid))).code).toBe('no_system_messages');
    const server = await start(counter, {});
    cast(server, 'stop', 'normal');
    expect((await failure(suspend(server))).code).toBe('call_down');
  });
});

describe('gen_server', () => {
  test('GS-02 GS-03 GS-05 EGS-08 SUP-08 a name is one made by via; it reaches the server', async () => {
    const names = registry({ name: 'names-gs' });
    await start(names);
    for (const bad of ['bad', 7, {}, ['via', 'names', 'a']]) {
      const top = supervisor({ name: 's', strategy: 'oneForOne', children: [] });
      for (const starting of [
        start(counter, {}, { name: bad as never }),
        start(top, undefined, { name: bad as never }),
      ]) {
        const error = await failure(starting);
        expect([error.code, (error.cause as { code?: string }).code]).toEqual(['start_failed', 'bad_name']);
        expect(error.message).toContain(inspect(bad));
      }
    }
    await start(counter, { n: 3 }, { name: via(names, ['room', 1]) });
    expect(await call(via<typeof counter>(names as never, ['room', 1]), 'get')).toBe(3);
    await stopServer(via(names, ['room', 1]));
    expect(whereis(via(names, ['room', 1]))).toBe(undefined);
  });

  test('GS-06 GS-08 GS-09 start links nobody, startLink the caller; call, cast and stop', async () => {
    const seen = await inProcess(async () => {
      const loose = await start(counter, {}, { name: undefined });
      const before = processInfo(self())!.links.length;
      const linked = await startLink(counter, {});
      const links = processInfo(self())!.links;
      cast(linked, 'add', 2);
      return [
        before,
        links.length,
        links[0] === linked,
        await call(linked, 'get'),
        await stopServer(linked),
        await call(loose, 'get'),
      ];
    });
    expect(seen).toEqual([0, 1, true, 2, undefined, 0]);
  });

  test('GS-12 whereis: a pid is itself while it lives, a name its holder, an unknown one undefined', async () => {
    const names = registry({ name: 'names-gs12' });
    await start(names);
    const server = await start(counter, {}, { name: via(names, 'a') });
    expect([whereis(server), whereis(via(names, 'a')), whereis(via(names, 'b'))]).toEqual([server, server, undefined]);
  });

  test('EGS-02 EGS-03 EGS-05 stop: gone on return, with any reason; again it is noproc', async () => {
    for (const reason of ['normal', 'other', shutdown(1)] as ExitReason[]) {
      const server = await start(counter, {});
      const ended = await inProcess(async () => {
        const ref = monitor(server);
        await stopServer(server, reason);
        expect(isAlive(server)).toBe(false);
        return downOf(ref);
      });
      expect(ended).toEqual(reason);
      expect((await failure(stopServer(server))).code).toBe('call_noproc');
    }
  });

  test('EGS-04 a timeout that is no time is refused; the server lives', async () => {
    const server = await start(counter, {});
    for (const bad of [-1, NaN, 'soon' as never]) {
      expect((await failure(stopServer(server, 'normal', { timeout: bad }))).code).toBe('invalid_timeout');
      expect((await failure(call(server, 'get', undefined, { timeout: bad }))).code).toBe('invalid_timeout');
    }
    expect(await call(server, 'get')).toBe(0);
  });

  test('PLIB-14 a stop that times out has still reached its server', async () => {
    const hanging = genServer({
      name: 'hanging',
      init: () => 0,
      casts: {
        hang: async (s) => {
          await pause(30);
          return noreply(s);
        },
      },
    });
    const server = await start(hanging);
    cast(server, 'hang');
    expect((await failure(stopServer(server, 'normal', { timeout: 5 }))).code).toBe('call_timeout');
    await pause(50);
    expect(isAlive(server)).toBe(false);
  });

  test('EGS-12 a crash is reported with who, last message, state and reason; an orderly end is not', async () => {
    const reports: CrashReport[] = [];
    const hear = (report: unknown): void => void reports.push(report as CrashReport);
    subscribe('genroom:process:crash', hear);
    try {
      for (const reason of ['normal', 'shutdown', shutdown('why')] as ExitReason[]) {
        await failure(call(await start(counter, {}), 'stop', reason));
        const leaving = genServer({ name: 'leaving', init: () => 0, casts: { go: () => exit(reason) } });
        cast(await start(leaving), 'go');
      }
      await pause(2);
      expect(reports).toEqual([]);
      const server = await start(counter, { n: 7 });
      const caller = await inProcess(async () => {
        await failure(call(server, 'crash'));
        return self();
      });
      expect(reports).toHaveLength(1);
      expect(reports[0]).toMatchObject({
        pid: server,
        behaviour: 'genServer counter',
        lastMessage: { kind: 'call', name: 'crash', client: caller },
        state: { n: 7 },
      });
      expect(reports[0]!.error!.stack).toContain('stage.ts');
    } finally {
      unsubscribe('genroom:process:crash', hear);
    }
  });

  test('EGS-39 EGS-40 EGS-41 EGS-42 EGS-43 status and crash reports show the formatted state; a failing formatter breaks neither', async () => {
    const names = registry({ name: 'names-egs39' });
    await start(names);
    const reports: CrashReport[] = [];
    const hear = (report: unknown): void => void reports.push(report as CrashReport);
    subscribe('genroom:process:crash', hear);
    try {
      const secretive = genServer({
        name: 'secretive',
        init: (fails: boolean) => ({ fails, secret: 'x' }),
        casts: {
          crash: (): never => {
            throw new Error('first');
          },
        },
        formatStatus: ({ state }) => {
          if (state.fails) throw new Error('formatter');
          return { state: { secret: 'redacted' } };
        },
        terminate: () => {
          throw new Error('in terminate');
        },
      });
      for (const [fails, shown] of [
        [false, { secret: 'redacted' }],
        [true, 'formatStatus failed: Error: formatter'],
      ] as const) {
        const server = await start(secretive, fails, { name: via(names, `secretive ${fails}`) });
        for (const target of [server, via(names, `secretive ${fails}`)])
          expect((await getStatus(target)).state).toEqual(shown);
        cast(server, 'crash');
        await pause(2);
        expect(reports.at(-1)).toMatchObject({ state: shown, error: { message: 'in terminate' } });
      }
    } finally {
      unsubscribe('genroom:process:crash', hear);
    }
  });

  test('EGS-18 EGS-20 casts and infos that stop', async () => {
    const stopping = genServer({
      name: 'stopping',
      init: () => 0,
      casts: { go: (s) => stop('by cast', s) },
      info: (s) => stop('by info', s),
    });
    const seen = await inProcess(async () => {
      const one = await start(stopping);
      const two = await start(stopping);
      const refs = [monitor(one), monitor(two)];
      cast(one, 'go');
      send(two, 'anything');
      return [await downOf(refs[0]), await downOf(refs[1])];
    });
    expect(seen).toEqual(['by cast', 'by info']);
  });

  test('EGS-48 EGS-49 EGS-50 EGS-51 EGS-54 EGS-55 a missing call, cast or continue handler crashes; a missing info or terminate does not', async () => {
    const bare = genServer({ name: 'bare', init: () => 0, casts: { go: (s) => noreply(s, { continue: 'on' }) } });
    const error = await failure(request(await start(bare), 'nope', undefined, 100));
    expect([error.code, (error.cause as { code?: string }).code]).toEqual(['call_down', 'no_handler']);
    for (const name of ['nope', 'go', 'toString', '__proto__']) {
      const reason = await inProcess(async () => {
        const server = await start(bare);
        const ref = monitor(server);
        send(server, 'ignored');
        (cast as (target: Pid, name: string) => void)(server, name);
        return downOf(ref);
      });
      expect(isCrash(reason)).toBe(true);
    }
    const server = await start(bare);
    send(server, 'ignored');
    await stopServer(server);
  });

  test('EGS-56 EGS-57 a missing function called inside info or terminate is a crash like any other', async () => {
    const careless = genServer({
      name: 'careless',
      init: (where: string) => where,
      info: (where) => {
        if (where === 'info') (undefined as never as () => void)();
        return stop('normal', where);
      },
      terminate: (_reason, where) => where === 'terminate' && (undefined as never as () => void)(),
    });
    for (const where of ['info', 'terminate']) {
      const reason = await inProcess(async () => {
        const server = await start(careless, where);
        const ref = monitor(server);
        send(server, 'go');
        return downOf(ref);
      });
      expect((reason as { error: Error }).error).toBeInstanceOf(TypeError);
    }
  });

  test('EGS-01 the signal of a linked starter reaches a plain server as its end', async () => {
    const seen = await inProcess(async () => {
      trapExit(true);
      const server = await startLink(counter, {});
      exit(server, 'asked');
      const message = await receive(isExit);
      return [message.from === server, message.reason];
    });
    expect(seen).toEqual([true, 'asked']);
  });
});
