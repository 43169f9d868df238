/** Processes written by hand: started and acknowledged (PLIB-), looked into (SYS-07), turned into servers (EGS-32 to EGS-35). */
import { describe, expect, test } from 'vitest';
import {
  call,
  cast,
  childSpec,
  enterLoop,
  type ExitReason,
  exit,
  genServer,
  isAlive,
  isDown,
  isExit,
  monitor,
  noreply,
  type Pid,
  type Ref,
  processInfo,
  receive,
  register,
  registry,
  self,
  send,
  specialProcess,
  start,
  type StartError,
  startLink,
  startMonitor,
  stop,
  stopServer,
  supervisor,
  sys,
  timeout,
  trapExit,
  via,
  whichChildren,
} from '../../../src/otp/index.ts';
import { counter, downOf, failure, inProcess, mailbox, pause } from '../stage.ts';

/** Counts what it is sent; serves sys. */
const byHand = specialProcess({
  name: 'byHand',
  run: async (to: ((what: unknown) => void) | undefined, me) => {
    me.ack();
    for (let n = 0; ;) {
      const message = await receive();
      if (sys.isSystemMessage(message)) {
        n = await sys.handleSystemMessage(message, n, {
          terminate: (reason, state) => to?.({ terminate: reason, state }),
          codeChange: (_old, state, extra) => {
            if (extra === 'fail') throw new Error('refused');
            return state * 100;
          },
          formatStatus: ({ state }) => ({ state: `n is ${state}` }),
        });
      } else {
        sys.handleDebug({ kind: 'in', message: { kind: 'info', payload: message }, from: undefined });
        n++;
      }
    }
  },
});

describe('started by hand', () => {
  test('PLIB-03 PLIB-04 PLIB-13 the start waits for the acknowledgement; ended before it, the start fails with the reason', async () => {
    const slow = specialProcess({
      name: 'slow',
      run: async (how: string, me) => {
        await pause(10);
        if (how === 'crash') throw new Error('in the beginning');
        if (how === 'exit') exit('left');
        if (how === 'end') return;
        me.ack();
        await receive();
      },
    });
    const began = performance.now();
    const pid = await start(slow, 'well');
    expect(performance.now() - began).toBeGreaterThan(8);
    expect(isAlive(pid)).toBe(true);
    for (const [how, reason] of [
      ['crash', { kind: 'crash' }],
      ['exit', 'left'],
      ['end', 'normal'],
    ] as const) {
      const alone = (await failure(start(slow, how))) as StartError;
      const linked = await inProcess(async () => {
        trapExit(true);
        return [((await failure(startLink(slow, how))) as StartError).reason, await mailbox(2)];
      });
      if (how === 'crash') expect([alone.reason, linked]).toMatchObject([reason, [reason, []]]);
      else expect([alone.reason, linked]).toEqual([reason, [reason, []]]);
    }
    const atOnce = specialProcess({
      name: 'atOnce',
      run: () => {
        throw new Error('at once');
      },
    });
    expect(((await failure(start(atOnce))) as StartError).reason).toMatchObject({ kind: 'crash' });
  });

  test('PLIB-05 PLIB-06 startMonitor watches from the beginning, and links where it is told to', async () => {
    const seen = await inProcess(async () => {
      trapExit(true);
      const found: unknown[] = [];
      for (const link of [false, true]) {
        for (const one of [
          () => startMonitor(counter, {}, { link }),
          () => startMonitor(byHand, undefined, { link }),
        ]) {
          const { pid, ref } = await one();
          const info = processInfo(self())!;
          found.push(info.monitors.includes(pid), info.links.includes(pid));
          exit(pid, 'over');
          found.push(
            await downOf(ref),
            (await mailbox(2)).map((m) => isExit(m) && m.reason),
          );
        }
      }
      const { pid, ref } = await startMonitor(counter, {}, { tag: 'ENDED', alias: 'demonitor' });
      send(ref, 'by alias');
      exit(pid, 'over');
      return [found, await receive(), await receive()];
    });
    expect(seen[0]).toEqual(
      [
        [true, false, 'over', []],
        [true, false, 'over', []],
        [true, true, 'over', ['over']],
        [true, true, 'over', ['over']],
      ].flat(),
    );
    expect(seen.slice(1)).toEqual(['by alias', expect.objectContaining({ tag: 'ENDED', reason: 'over' })]);
  });

  test('PLIB-07 PLIB-08 PLIB-09 a start that takes too long: killed, no EXIT; monitored, the DOWN says killed', async () => {
    const never = specialProcess({ name: 'never', run: () => receive() });
    const seen = await inProcess(async () => {
      trapExit(true);
      const found: unknown[] = [];
      for (const link of [false, true]) {
        const error = (await failure(startMonitor(never, undefined, { timeout: 5, link }))) as StartError;
        const down = await receive(isDown);
        found.push([error.reason, down.reason, down.ref === error.monitor, isAlive(down.pid), await mailbox(2)]);
      }
      for (const begin of [start, startLink]) {
        const error = (await failure(begin(never, undefined, { timeout: 5 }))) as StartError;
        found.push([error.reason, await mailbox(2)]);
      }
      return found;
    });
    expect(seen).toEqual([
      ['timeout', 'killed', true, false, []],
      ['timeout', 'killed', true, false, []],
      ['timeout', []],
      ['timeout', []],
    ]);
  });

  test('PLIB-12 monitor as an option of a start is refused', async () => {
    await inProcess(async () => {
      for (const begin of [start, startLink]) {
        // @ts-expect-error there is no such option
        expect((await failure(begin(counter, {}, { monitor: true }))).code).toBe('bad_start_option');
      }
      expect((await failure(startMonitor(counter, {}, { monitor: true } as never))).code).toBe('bad_start_option');
      expect(await mailbox(2)).toEqual([]);
    });
  });

  test('PLIB-14 it is stopped by a system message, and supervised like a server', async () => {
    const told: unknown[] = [];
    const pid = await start(byHand, (what) => told.push(what));
    send(pid, 1);
    await stopServer(pid, 'asked');
    expect([told, isAlive(pid)]).toEqual([[{ terminate: 'asked', state: 1 }], false]);
    const children = await inProcess(async () => {
      const sup = await startLink(
        supervisor({ name: 'hands', strategy: 'oneForOne', children: [childSpec(byHand, undefined)] }),
      );
      const [first] = await whichChildren(sup);
      exit(first!.pid!, 'kill');
      let again = first;
      while (again?.pid === first!.pid || !again?.pid) [again] = await whichChildren(sup);
      return [first!.pid === again.pid, isAlive(again.pid)];
    });
    expect(children).toEqual([false, true]);
  });
});

describe('looked into', () => {
  test('SYS-07 state, replaced and formatted; suspended it keeps its messages; statistics; new code; the end', async () => {
    const told: unknown[] = [];
    const pid = await start(byHand, (what) => told.push(what));
    await sys.statistics(pid, true);
    send(pid, 'a');
    send(pid, 'b');
    expect(await sys.getState(pid)).toBe(2);
    expect(await sys.replaceState(pid, (n) => (n as number) + 10)).toBe(12);
    const status = await sys.getStatus(pid);
    expect([status.state, status.behaviour, status.status]).toEqual(['n is 12', 'process byHand', 'running']);
    expect((await failure(sys.changeCode(pid))).code).toBe('not_suspended');
    await sys.suspend(pid);
    send(pid, 'c');
    expect([await sys.getState(pid), (await sys.getStatus(pid)).status]).toEqual([12, 'suspended']);
    expect((await failure(sys.changeCode(pid, { extra: 'fail' }))).code).toBe('code_change_failed');
    await sys.changeCode(pid);
    expect(await sys.getState(pid)).toBe(1200);
    await sys.resume(pid);
    expect(await sys.getState(pid)).toBe(1201);
    expect(await sys.statistics(pid, 'get')).toMatchObject({ messagesIn: 3, messagesOut: 0 });
    await inProcess(async () => {
      const ref = monitor(pid);
      await sys.terminate(pid, 'over');
      expect(await downOf(ref)).toBe('over');
    });
    expect(told).toEqual([{ terminate: 'over', state: 1201 }]);
  });

  test('SYS-07 callbacks of its own for the state; failing ones tell the requester and change nothing', async () => {
    const odd = specialProcess({
      name: 'odd',
      run: async (fails: boolean, me) => {
        me.ack();
        for (let state = { n: 1 }; ;) {
          const message = await receive(sys.isSystemMessage);
          state = await sys.handleSystemMessage(message, state, {
            getState: ({ n }) => {
              if (fails) throw new Error('get');
              return n;
            },
            replaceState: (replace, { n }) => {
              if (fails) throw new Error('replace');
              return { n: replace(n) as number };
            },
          });
        }
      },
    });
    const good = await start(odd, false);
    expect([await sys.replaceState(good, (n) => (n as number) + 1), await sys.getState(good)]).toEqual([2, 2]);
    const bad = await start(odd, true);
    for (const [request, message] of [
      [() => sys.getState(bad), 'get'],
      [() => sys.replaceState(bad, (n) => n), 'replace'],
    ] as const) {
      const error = await failure(request());
      expect([error.code, (error.cause as Error).message]).toEqual(['callback_failed', message]);
    }
    expect((await sys.getStatus(bad)).state).toEqual({ n: 1 });
  });

  test('SYS-07 a process that handles no system message answers none; outside a special process there is none to handle', async () => {
    const deaf = specialProcess({
      name: 'deaf',
      run: async (_: void, me) => {
        me.ack();
        await receive((m) => m === 'end');
      },
    });
    const pid = await start(deaf);
    expect((await failure(sys.getState(pid, { timeout: 10 }))).code).toBe('call_timeout');
    send(pid, 'end');
    await inProcess(() => {
      expect(() => sys.handleDebug({ kind: 'out', value: 1, to: undefined })).toThrow('no special process');
    });
  });
});

describe('turned into a server', () => {
  const entering = specialProcess({
    name: 'entering',
    run: async ({ n, named }: { n: number; named?: () => Parameters<typeof enterLoop>[2] }, me) => {
      await pause(1);
      const options = named?.();
      if (n >= 0) me.ack();
      return enterLoop(counter, { n, to: () => {} }, options);
    },
  });

  test('EGS-32 enterLoop: the process keeps its pid, links and messages and serves as the definition says', async () => {
    const seen = await inProcess(async () => {
      trapExit(true);
      // Queued at the function, handled by the server.
      const named = (): undefined => cast(self() as Ref<typeof counter>, 'add', 100) as undefined;
      const pid = await startLink(entering, { n: 5, named });
      const counting = pid as Ref<typeof counter>;
      const first = await call(counting, 'add', 1);
      cast(counting, 'add', 10);
      const status = await sys.getStatus(pid);
      const linked = processInfo(self())!.links.includes(pid);
      await stopServer(pid);
      return [
        first,
        (status.state as { n: number }).n,
        status.behaviour,
        linked,
        (await mailbox(2)).filter(isExit).length,
      ];
    });
    expect(seen).toEqual([106, 116, 'genServer counter', true, 1]);
    const inTime = specialProcess({
      name: 'inTime',
      run: (to: Pid) =>
        enterLoop(
          genServer({
            name: 'idle',
            init: () => 'unused',
            continue: (s, what) => (send(to, what), noreply(s, { timeout: 5 })),
            info: (s, message) => (send(to, message === timeout && 'in time'), stop('normal', s)),
          }),
          'state',
          { continue: 'first' },
        ),
    });
    expect(await inProcess(async () => [await start(inTime, self()), ...(await mailbox(20))].slice(1))).toEqual([
      'first',
      'in time',
    ]);
  });

  test('EGS-32 EGS-35 it refuses a name that it does not hold: nobody has it, or another', async () => {
    const names = registry({ name: 'names-egs32' });
    await start(names);
    await start(counter, {}, { name: via(names, 'taken') });
    for (const key of ['free', 'taken']) {
      const error = (await failure(start(entering, { n: -1, named: () => ({ name: via(names, key) }) }))) as StartError;
      expect((error.cause as { code?: string }).code).toBe('name_not_held');
    }
    const own = await start(entering, {
      n: 1,
      named: () => {
        register(names, 'own');
        return { name: via(names, 'own') };
      },
    });
    expect(await call(via<typeof counter>(names as never, 'own'), 'get')).toBe(1);
    const given = await start(
      entering,
      { n: 2, named: () => ({ name: via(names, 'given') }) },
      { name: via(names, 'given') },
    );
    expect([own, given].every(isAlive)).toBe(true);
    await inProcess(() => expect(() => enterLoop(counter, { n: 0, to: () => {} })).toThrow('no special process'));
  });

  test('EGS-33 EGS-34 its terminate runs when its parent ends, though the parent is known by names', async () => {
    for (const where of ['local', 'global']) {
      const names = registry({ name: `names-egs33-${where}` });
      await start(names);
      const told: ExitReason[] = [];
      const trapping = genServer({
        name: 'trapping',
        trapExit: true,
        init: () => 0,
        info: (s) => {
          told.push('info');
          return noreply(s);
        },
        terminate: (reason) => void told.push(reason),
      });
      const child = specialProcess({ name: 'child', run: () => enterLoop(trapping, 0) });
      let pid: Pid | undefined;
      await failure(
        inProcess(async () => {
          register(names, 'parent');
          pid = await startLink(child);
          exit('parent gone');
        }),
      );
      while (isAlive(pid!)) await pause(1);
      expect(told).toEqual(['parent gone']);
    }
  });
});
