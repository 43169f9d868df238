/** The rules of part R on genroom: prints one line a rule, as rules.exs does on the real OTP. Run by oracle.ts. */
import * as otp from '../src/otp/index.ts';
import type { ChildSpec, ExitReason, Pid } from '../src/otp/index.ts';

const {
  agent,
  call,
  cast,
  childSpec,
  exit,
  genServer,
  isAlive,
  isDown,
  isExit,
  link,
  monitor,
  noreply,
  receive,
  registry,
  reply,
  self,
  send,
  spawn,
  spawnLink,
  spawnMonitor,
  start,
  startLink,
  stopServer,
  supervisor,
  sys,
  task,
  timeout,
  trapExit,
  via,
  whereis,
} = otp;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const idle = (): Promise<never> => new Promise(() => {});
async function mailbox(quiet = 40): Promise<unknown[]> {
  const all: unknown[] = [];
  for (
    let m = await receive(undefined, { timeout: quiet });
    m !== timeout;
    m = await receive(undefined, { timeout: quiet })
  )
    all.push(m);
  return all;
}
const reasons = (messages: unknown[]): unknown[] =>
  messages.filter((m) => isExit(m) || isDown(m)).map((m) => (m as { reason: unknown }).reason);
/** OTP's name of what a promise fails with. */
async function fails(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e as { reason?: ExitReason; code: string },
  );
  return error?.reason === 'callingSelf' ? 'calling_self' : (error?.reason ?? error?.code);
}
const down = async (ref: unknown): Promise<unknown> => {
  const message = await receive((m) => isDown(m) && m.ref === ref, { timeout: 500 });
  return isDown(message) ? message.reason : 'alive';
};
const endOf = (body: () => unknown): Promise<unknown> => down(spawnMonitor(body).ref);
const shown = (value: unknown): string => JSON.stringify(value, (_, v: unknown) => (v === undefined ? null : v));

const chosen = process.argv.slice(2);
/** Runs a rule, unless others are named on the command line. */
async function see(id: string, body: () => unknown): Promise<void> {
  if (chosen.length > 0 && !chosen.includes(id)) return;
  await new Promise<void>((done) => {
    spawn(async () => {
      const { ref } = spawnMonitor(async () => console.log(`${id} ${shown(await body())}`));
      const ended = (await receive((m) => isDown(m) && m.ref === ref, { timeout: 9000 })) as { reason?: ExitReason };
      if (ended.reason !== 'normal')
        console.log(`${id} ended: ${ended.reason === undefined ? 'hung' : otp.describeReason(ended.reason)}`);
      done();
    });
  });
}

interface State {
  readonly to?: Pid;
  readonly slow?: number;
  readonly value?: unknown;
}
const server = (trap = false) =>
  genServer({
    name: 'server',
    trapExit: trap,
    init: (state: State) => state,
    calls: {
      sleep: async (s, ms: number) => {
        await pause(ms);
        return reply('late', s);
      },
      get: (s) => reply(s.value, s),
      self: async (s, _: void, c: otp.Call) => reply(await fails(otp.request(c.pid, 'get', undefined, 1000)), s),
      stop: (s) => otp.stop('normal', s),
      bye: (s) => otp.stopReply('normal', 'bye', s),
      throw: (s) => {
        if (isAlive(self())) throw reply('thrown', s) as never;
        return reply('returned', s);
      },
      add: (s, x: number) => reply('added', { ...s, value: [...(s.value as number[]), x] }),
      twice: (s, _: void, { from }: otp.Call<number>) => {
        otp.replyTo(from, 1);
        return reply(2, s);
      },
      later: (s, _: void, { from }: otp.Call<string>) => {
        spawn(async () => {
          await pause(20);
          otp.replyTo(from, 'deferred');
        });
        return noreply(s);
      },
      arm: (s, ms: number) => reply('ok', s, { timeout: ms }),
    },
    casts: {
      hold: async (s) => {
        await pause(30);
        return noreply(s, { timeout: 0 });
      },
      push: (s, x: number) => noreply({ ...s, value: [...(s.value as number[]), x] }),
    },
    info: (s, m) => {
      send(s.to!, m === timeout ? 'timeout' : m === 'ping' ? 'pong' : isExit(m) ? ['info', m.reason] : m);
      return noreply(s);
    },
    terminate: async (reason, s) => {
      if (s.slow) await pause(s.slow);
      else if (s.to) {
        await pause(20);
        send(s.to, ['terminate', reason]);
      }
    },
    codeChange: (_old, state, extra) => {
      if (extra === 'fail') throw new Error('refused');
      return state as State;
    },
  });
const plain = server();
const trapping = server(true);
const worker = (id: string | number, body: () => unknown = idle, more: Partial<ChildSpec> = {}): ChildSpec => ({
  id,
  start: async () => spawnLink(body),
  ...more,
});
const deciding = (id: string, ok: () => boolean): ChildSpec =>
  childSpec(genServer({ name: id, init: () => (ok() ? 0 : otp.initStop('no')), info: (s) => noreply(s) }));
const sup = (children: readonly ChildSpec[], more: object = {}): Promise<Pid> =>
  start(supervisor({ name: 'sup', strategy: 'oneForOne', children, ...more }));
const child = async (s: Pid, id: string | number): Promise<Pid> =>
  (await otp.whichChildren(s)).find((c) => c.id === id)!.pid!;

await see('R-01', async () => {
  const p = await start(plain, {});
  const r = await fails(call(p, 'sleep', 60, { timeout: 20 }));
  return [r, await mailbox(90), isAlive(p)];
});
await see('R-02', async () => {
  const names = registry({ name: 'r02' });
  await start(names);
  const p = await start(plain, {});
  await stopServer(p);
  return [
    await fails(call(p, 'get')),
    await fails(call(via<typeof plain>(names as never, 'nobody'), 'get')),
    cast(p, 'hold') ?? 'ok',
  ];
});
await see('R-03', async () => {
  const p = await start(plain, {});
  return [await fails(call(p, 'stop')), isAlive(p)];
});
await see('R-04', async () => {
  const p = await start(plain, { to: self() });
  return [await call(p, 'bye'), await mailbox(0)];
});
await see('R-05', async () => {
  const p = await start(plain, {});
  return [await call(p, 'later'), await call(p, 'twice')];
});
await see('R-06', async () => call(await start(plain, {}), 'self'));
await see('R-07', async () => {
  const p = await start(plain, {});
  for (let i = 0; i < 1000; i++) await call(p, 'get');
  return [otp.processInfo(self())!.monitors, otp.processInfo(p)!.monitoredBy];
});
await see('R-08', async () => {
  const p = await start(plain, {});
  await stopServer(p);
  const q = await start(plain, { slow: 100 });
  return [await fails(stopServer(p)), await fails(stopServer(q, 'normal', { timeout: 20 })), isAlive(q)];
});
await see('R-09', async () => {
  const p = await start(plain, {});
  const reason = await fails(call(p, 'throw'));
  return [otp.isCrash(reason as ExitReason) ? 'crash' : reason, isAlive(p)];
});
await see('R-10', async () => {
  const me = self();
  spawn(() => {
    for (let i = 1; i <= 1000; i++) send(me, i);
  });
  let a = true;
  for (let i = 1; i <= 1000; i++) a &&= (await receive()) === i;
  const kinds = new Set<string>();
  for (let i = 0; i < 100; i++) {
    spawnMonitor(() => send(me, 'm'));
    kinds.add(isDown(await receive()) ? 'down' : 'message');
    await receive();
  }
  return [a, [...kinds]];
});
await see('R-11', async () => {
  const names = registry({ name: 'r11' });
  await start(names);
  const all = new Set<unknown>();
  for (let i = 0; i < 50; i++) {
    const p = await start(plain, {}, { name: via(names, 'nn') });
    const ref = monitor(p);
    send(p, 'x');
    exit(p, 'x');
    await down(ref);
    all.add(whereis(via(names, 'nn')));
  }
  return [...all];
});
await see('R-12', async () => {
  const p = await start(plain, { to: self() });
  await call(p, 'arm', 60);
  send(p, 'ping');
  return mailbox(120);
});
await see('R-13', async () => {
  const p = await start(plain, { to: self() });
  const began = performance.now();
  await call(p, 'arm', 80);
  await pause(50);
  await sys.getState(p);
  await receive(undefined, { timeout: 500 });
  return performance.now() - began >= 130;
});
await see('R-14', async () => {
  const p = await start(plain, { to: self() });
  cast(p, 'hold');
  send(p, 'ping');
  return mailbox(80);
});
await see('R-15', async () => {
  const continuing = genServer({
    name: 'c',
    init: (to: Pid, me: otp.Self) => {
      send(me.pid, 'early');
      return otp.initOk(to, { continue: 1 });
    },
    continue: (to) => {
      send(to, 'continue');
      return noreply(to);
    },
    info: (to, m) => {
      send(to, m);
      return noreply(to);
    },
  });
  await start(continuing, self());
  return mailbox();
});
await see('R-16', async () => {
  const left = otp.cancelTimer(otp.sendAfter(self(), 'a', 1000));
  const t = otp.sendAfter(self(), 'b', 5);
  await pause(25);
  return [left !== false && left > 900, otp.cancelTimer(t), await mailbox()];
});
await see('R-17', async () => {
  const p = await start(plain, {});
  const best = async (): Promise<number> => {
    let shortest = Infinity;
    for (let round = 0; round < 8; round++) {
      const began = performance.now();
      for (let i = 0; i < 200; i++) await call(p, 'get');
      shortest = Math.min(shortest, performance.now() - began);
    }
    return shortest;
  };
  const empty = await best();
  for (let i = 0; i < 200_000; i++) send(self(), 'unread');
  return [(await best()) < 20 * empty + 10];
});
await see('R-20', async () => {
  const p = spawn(idle);
  exit(p, 'normal');
  const me = self();
  const q = spawn(async () => {
    trapExit(true);
    send(me, 'ready');
    send(me, await receive());
  });
  await receive();
  exit(q, 'normal');
  return [
    isAlive(p),
    reasons(await mailbox()),
    await endOf(async () => {
      exit(self(), 'normal');
      await idle();
    }),
  ];
});
await see('R-21', async () => {
  trapExit(true);
  const me = self();
  const p = spawnLink(async () => {
    trapExit(true);
    send(me, 'ready');
    await idle();
  });
  await receive();
  exit(p, 'kill');
  const a = reasons(await mailbox());
  spawnLink(() => exit('kill'));
  return [a, reasons(await mailbox())];
});
await see('R-22', async () => {
  const f = (r: ExitReason): Promise<unknown> =>
    endOf(async () => {
      spawnLink(() => exit(r));
      await pause(60);
      exit('alive');
    });
  return [await f('normal'), await f('shutdown'), await f('other')];
});
await see('R-23', async () => {
  const d = spawn(() => {});
  await pause(10);
  let a: unknown = 'linked';
  try {
    link(d);
  } catch (e) {
    a = (e as { code: string }).code === 'no_process' ? 'noproc' : e;
  }
  trapExit(true);
  link(d);
  return [a, reasons(await mailbox())];
});
await see('R-24', async () => {
  const p = spawn(() => pause(30));
  link(p);
  link(p);
  otp.unlink(p);
  monitor(p);
  monitor(p);
  const a = reasons(await mailbox(60));
  monitor(p);
  return [otp.processInfo(self())!.links, a, reasons(await mailbox())];
});
await see('R-25', async () => {
  trapExit(true);
  const p = spawnLink(() => {});
  const ref = monitor(spawn(() => {}));
  await pause(20);
  otp.unlink(p);
  otp.demonitor(ref, { flush: true });
  return mailbox();
});
await see('R-26', async () => [
  (
    (await endOf(() => {
      throw new Error('a');
    })) as { error: Error }
  ).error.message,
  (
    (await endOf(() => {
      throw 't' as never;
    })) as { error: Error }
  ).error.cause,
  await endOf(() => exit('e')),
]);
await see('R-27', async () => {
  exit(await start(plain, { to: self() }), 'shutdown');
  const a = await mailbox();
  await stopServer(await start(plain, { to: self() }));
  return [a, await mailbox()];
});
await see('R-28', async () => {
  const me = self();
  const f = async (reason: ExitReason): Promise<unknown> => {
    const parent = spawn(async () => {
      send(me, await startLink(trapping, { to: me }));
      await receive();
      exit(reason);
    });
    const p = (await receive()) as Pid;
    spawn(() => {
      link(p);
      exit('other');
    });
    const a = await mailbox();
    send(parent, 'die');
    return [a, await mailbox(80), isAlive(p)];
  };
  return [await f('gone'), await f('normal')];
});
await see('R-29', async () => {
  const s = await sup([worker('a'), childSpec(trapping, { to: self() }, { id: 'g' })]);
  const ref = monitor(await child(s, 'a'));
  exit(s, 'kill');
  return [await down(ref), await mailbox(80)];
});
await see('R-30', async () => {
  const names = registry({ name: 'r30' });
  await start(names);
  const me = self();
  const named = genServer({
    name: 'n',
    init: (_: undefined, own: otp.Self) => {
      send(me, whereis(via(names, 'n')) === own.pid);
      return 0;
    },
  });
  const p = await start(named, undefined, { name: via(names, 'n') });
  const holder = await start(plain, {}, { name: via(names, 'n') }).catch((e: { holder?: Pid }) => e.holder);
  return [await mailbox(), holder === p];
});
const failing = genServer({ name: 'failing', init: (reason: ExitReason) => otp.initStop(reason) });
await see('R-31', async () => {
  const a = await endOf(() => startLink(failing, 'bad').catch(idle));
  const b = await endOf(async () => {
    await startLink(failing, 'normal').catch(() => {});
    exit('alive');
  });
  trapExit(true);
  const c = await fails(startLink(failing, 'bad'));
  const left = reasons(await mailbox());
  return [a, b, c, left, await fails(startLink(genServer({ name: 'r31', init: () => otp.initError('no') })))];
});
await see('R-32', async () => {
  const names = registry({ name: 'r32' });
  await start(names);
  const ignoring = genServer({ name: 'i', init: () => otp.ignore() });
  const error = await start(ignoring, undefined, { name: via(names, 'i') }).catch((e: unknown) => e);
  return [error instanceof otp.StartIgnored ? 'ignore' : error, whereis(via(names, 'i'))];
});
await see('R-33', async () => {
  const names = registry({ name: 'r33' });
  await start(names);
  const slow = genServer({
    name: 's',
    init: async () => {
      await pause(300);
      return 0;
    },
  });
  const error = await fails(start(slow, undefined, { timeout: 30, name: via(names, 's') }));
  return [error, whereis(via(names, 's')) === undefined];
});
await see('R-40', async () => {
  const s = await sup([worker('a')]);
  const ref = monitor(s);
  for (let i = 0; i < 3; i++) {
    exit(await child(s, 'a'), 'x');
    await pause(10);
  }
  const alive = isAlive(s);
  exit(await child(s, 'a'), 'x');
  return [alive, await down(ref)];
});
await see('R-41', async () => {
  let n = 0;
  const s = await sup([deciding('a', () => ++n === 1)]);
  const ref = monitor(s);
  exit(await child(s, 'a'), 'x');
  return [await down(ref), n];
});
await see('R-42', async () => {
  trapExit(true);
  const error = await startLink(
    supervisor({ name: 's', strategy: 'oneForOne', children: [worker('a'), deciding('b', () => false)] }),
  ).catch((e: otp.StartError) => e);
  const { value } = (error as otp.StartError).reason as otp.Shutdown;
  const why = value as { failedToStartChild: string; reason: unknown };
  return [why.failedToStartChild, why.reason];
});
await see('R-43', async () => {
  const make = (id: string, hang: boolean, time: number | 'brutalKill'): ChildSpec =>
    worker(
      id,
      async () => {
        trapExit(true);
        const m = await receive(isExit);
        if (hang) await idle();
        exit(m.reason);
      },
      { shutdown: time },
    );
  const s = await sup([make('a', false, 500), make('b', true, 30), make('c', false, 'brutalKill')]);
  const refs = new Map<unknown, string>();
  for (const id of ['a', 'b', 'c']) refs.set(monitor(await child(s, id)), id);
  await pause(20);
  await stopServer(s);
  return (await mailbox()).map((m) => [refs.get((m as { ref: unknown }).ref), (m as { reason: unknown }).reason]);
});
await see('R-44', async () => {
  const time = async (s: Pid): Promise<number> => {
    const began = performance.now();
    await stopServer(s);
    return performance.now() - began;
  };
  const slow = (id: number): ChildSpec => childSpec(trapping, { slow: 100 }, { id });
  const a = await time(await sup([1, 2, 3].map(slow)));
  const d = await start(otp.dynamicSupervisor({ name: 'd' }));
  for (const id of [1, 2, 3]) await otp.startChild(d, slow(id));
  const b = await time(d);
  return [a >= 300, b < 250];
});
await see('R-45', async () => {
  const all: unknown[] = [];
  for (const strategy of ['oneForAll', 'restForOne']) {
    let a = 0;
    let b = 0;
    const s = await sup([deciding('a', () => ++a > 0), deciding('b', () => ++b !== 2 && b !== 3)], { strategy });
    exit(await child(s, 'a'), 'x');
    await pause(50);
    all.push([isAlive(s), a, b]);
  }
  return all;
});
await see('R-46', async () => {
  const s = await sup([worker('a'), worker('t', idle, { restart: 'temporary' })], { strategy: 'oneForAll' });
  exit(await child(s, 'a'), 'x');
  await pause(20);
  return (await otp.whichChildren(s)).map((c) => c.id);
});
/** Whether a child whose name another process has is refused with that process. */
async function nameTaken(supervisor: Pid): Promise<boolean> {
  const names = registry({ name: 'r47' });
  await start(names);
  const name = via(names, 'taken');
  const holder = await start(server(), {}, { name });
  const error = await otp
    .startChild(supervisor, otp.childSpec(server(), {}, { name, id: 'b' }))
    .catch((e: unknown) => e);
  return error instanceof otp.ChildError && error.code === 'already_started' && error.pid === holder;
}
await see('R-47', async () => {
  const s = await sup([worker('a')]);
  const d = await fails(otp.deleteChild(s, 'a'));
  await otp.terminateChild(s, 'a');
  return [
    d,
    await fails(otp.startChild(s, worker('a'))),
    isAlive(await otp.restartChild(s, 'a')) ? 'ok' : 'dead',
    (await otp.countChildren(s)).active,
    await nameTaken(s),
  ];
});
await see('R-48', async () => {
  const d = await start(otp.dynamicSupervisor({ name: 'd', maxChildren: 1 }));
  const p = await otp.startChild(d, worker('a'));
  const x = await fails(otp.startChild(d, worker('a')));
  await otp.terminateChild(d, p);
  return [x, isAlive(await otp.startChild(d, worker('a'))) ? 'ok' : 'dead', await fails(otp.terminateChild(d, p))];
});
await see('R-49', async () => {
  const f = async (
    autoShutdown: 'anySignificant' | 'allSignificant',
    restart: 'temporary' | 'transient',
    ends: Record<string, ExitReason>,
  ): Promise<unknown> => {
    const obeying = async (): Promise<void> => exit((await receive()) as ExitReason);
    const children = ['a', 'b'].map((id) => worker(id, obeying, { restart, significant: true }));
    const s = await sup(children, { autoShutdown });
    const ref = monitor(s);
    for (const [id, how] of Object.entries(ends)) {
      if (how === 'terminate') await otp.terminateChild(s, id);
      else send(await child(s, id), how);
      await pause(20);
    }
    return down(ref);
  };
  const dynamic = await start(otp.dynamicSupervisor({ name: 'd' }));
  return [
    await f('anySignificant', 'temporary', { a: 'x' }),
    await f('anySignificant', 'transient', { a: 'normal' }),
    await f('anySignificant', 'transient', { a: 'x' }),
    await f('allSignificant', 'temporary', { a: 'normal' }),
    await f('allSignificant', 'temporary', { a: 'normal', b: 'normal' }),
    await f('anySignificant', 'temporary', { a: 'terminate' }),
    await otp.startChild(dynamic, worker('a', idle, { restart: 'temporary', significant: true })).then(
      () => 'ok',
      () => 'error',
    ),
  ];
});
await see('R-50', async () => (await otp.whichChildren(await sup([1, 2, 3].map((id) => worker(id))))).map((c) => c.id));
await see('R-51', async () => {
  const s = await sup([]);
  const me = self();
  const slow = async (): Promise<Pid> => {
    send(me, 'starting');
    await pause(100);
    return spawnLink(idle);
  };
  spawn(() => otp.startChild(s, { id: 'slow', start: slow }));
  await receive();
  const began = performance.now();
  const { length } = await otp.whichChildren(s);
  return [performance.now() - began >= 80, length];
});
await see('R-52', async () => {
  const p = await start(plain, { value: 's0' });
  if ((await fails(sys.changeCode(p))) !== 'not_suspended') return 'not refused';
  await sys.suspend(p);
  await fails(sys.changeCode(p, { extra: 'fail' }));
  const kept = (await sys.getState(p)).value;
  await sys.changeCode(p, { extra: 'x' });
  await sys.resume(p);
  return [kept, isAlive(p)];
});
await see('R-53', async () => {
  const p = await start(plain, { value: [] });
  await sys.suspend(p);
  for (const i of [1, 2, 3]) cast(p, 'push', i);
  const a = await fails(call(p, 'get', undefined, { timeout: 20 }));
  const state = (await sys.getState(p)).value;
  await sys.resume(p);
  return [a, state, await call(p, 'get')];
});
await see('R-54', async () => {
  const p = await start(plain, { value: [] });
  await sys.suspend(p);
  const a = await fails(call(p, 'add', 1, { timeout: 20 }));
  await sys.resume(p);
  return [a, await call(p, 'get'), await mailbox()];
});
await see('R-55', async () => {
  const p = await start(plain, { value: 7 });
  return [
    await fails(
      sys.replaceState(p, () => {
        throw new Error('x');
      }),
    ),
    (await sys.getState(p)).value,
  ];
});
const register = async (names: otp.RegistryName, key: string): Promise<Pid> => {
  const me = self();
  const p = spawn(async () => {
    otp.register(names, key);
    send(me, 'ok');
    await idle();
  });
  await receive((m) => m === 'ok');
  return p;
};
await see('R-60', async () => {
  const names = registry({ name: 'r60' });
  await start(names);
  const p = await register(names, 'k');
  const q = otp.register(names, 'k');
  const ref = monitor(p);
  exit(p, 'kill');
  await down(ref);
  return [p === q, otp.register(names, 'k') === undefined ? 'ok' : 'refused'];
});
await see('R-61', async () => {
  const names = registry({ name: 'r61' });
  const r = await start(names);
  const ref = monitor(await register(names, 'k'));
  exit(r, 'kill');
  return down(ref);
});
await see('R-62', async () => {
  const names = registry({ name: 'r62' });
  await start(names);
  otp.register(names, 'k');
  const me = self();
  spawn(() => {
    otp.unregister(names, 'k');
    send(me, 'done');
  });
  await receive();
  return otp.count(names);
});
await see('R-63', async () => {
  const ps = otp.partitionSupervisor({
    name: 'r63',
    partitions: 4,
    child: childSpec(plain, {}),
    withArguments: (_, value) => ({ value }),
  });
  await start(ps);
  return Promise.all([0, 5, -3, 4].map((key) => otp.request(otp.partition(ps, key), 'get', undefined, 1000)));
});
await see('R-64', async () => {
  const t = task.async(() => 42);
  await pause(20);
  const m = (await mailbox()).map((x) => [
    (x as { ref: unknown }).ref === t.ref,
    otp.isTaskResult(x) ? x.value : (x as { reason: unknown }).reason,
  ]);
  await fails(
    task.await(
      task.async(() => pause(40)),
      { timeout: 10 },
    ),
  );
  const left = await mailbox(80);
  const crash = await endOf(async () => {
    task.async(() => exit('bad'));
    await idle();
  });
  const ts = await start(otp.taskSupervisor({ name: 'ts' }));
  const no = await task.yield(await otp.taskSup.asyncNolink(ts, () => exit('bad')), { timeout: 200 });
  return [m, left, crash, no && !no.ok ? no.reason : no, await mailbox()];
});
await see('R-65', async () => {
  const a = await agent.start(() => 0);
  return [await fails(agent.get(a, () => exit('oops'))), isAlive(a)];
});
await see('R-66', async () => {
  const p = await start(genServer({ name: 'bounded', maxQueue: 10, init: () => 0, info: (s) => noreply(s) }));
  const ref = monitor(p);
  for (let i = 0; i < 100; i++) send(p, i);
  return down(ref);
});
process.exit(0);
