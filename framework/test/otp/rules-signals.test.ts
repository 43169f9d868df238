/** Part R, exit signals, links, monitors and starting: each rule as seen on Elixir; rows SIG- and PLIB-. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, test } from 'vitest';
import {
  call,
  cast,
  demonitor,
  exit,
  type ExitReason,
  genServer,
  ignore,
  initError,
  initStop,
  isAlive,
  isCrash,
  isDown,
  isExit,
  link,
  monitor,
  noreply,
  type Pid,
  processes,
  processInfo,
  receive,
  registry,
  reply,
  self,
  send,
  shutdown,
  sleep,
  spawn,
  spawnLink,
  spawnMonitor,
  start,
  StartError,
  StartIgnored,
  startLink,
  startMonitor,
  stop,
  stopServer,
  timeout,
  trapExit,
  unlink,
  via,
  whereis,
} from '../../src/otp/index.ts';
import { counter, downOf, endOf, failure, inProcess, mailbox, pause, reasons } from './stage.ts';

const idle = (): Promise<void> => new Promise(() => {});

describe('exit signals', () => {
  test('R-20 PROC-12 SIG-03 SIG-05 exit(other, normal) is ignored by a plain process, a message for a trapping one; exit(self, normal) ends', async () => {
    const seen = await inProcess(async () => {
      const plain = spawn(idle);
      const me = self();
      const trapping = spawn(async () => {
        trapExit(true);
        const m = await receive(isExit);
        send(me, m);
      });
      await pause(1);
      exit(plain, 'normal');
      exit(trapping, 'normal');
      const got = await mailbox();
      const ignored = isAlive(plain);
      exit(plain, 'other');
      return [got, ignored, isAlive(plain)];
    });
    expect(seen).toEqual([[expect.objectContaining({ tag: 'EXIT', reason: 'normal' })], true, false]);
  });

  test('PROC-13 SIG-05 SIG-06 exit of oneself ends, whatever the reason', async () => {
    for (const reason of ['normal', 'shutdown', 'any reason', shutdown(3)] as ExitReason[]) {
      expect(
        await endOf(async () => {
          exit(self(), reason);
          await idle();
        }),
      ).toEqual(reason);
      expect(await endOf(() => exit(reason))).toEqual(reason);
    }
  });

  test('SIG-04 SIG-07 exit of oneself as a signal is a message when trapped, and no catch stops it when not', async () => {
    expect(
      await inProcess(async () => {
        trapExit(true);
        exit(self(), 'to myself');
        return (await receive(isExit)).reason;
      }),
    ).toBe('to myself');
    let after = false;
    expect(
      await endOf(async () => {
        try {
          exit(self(), 'die');
          await pause(1);
          await sleep(1);
          after = true;
        } catch {
          after = true;
        }
      }),
    ).toBe('die');
    await pause(10);
    expect(after).toBe(false);
  });

  test('R-21 SIG-32 kill cannot be trapped and shows as killed; exit(kill) of oneself is an ordinary reason', async () => {
    const seen = await inProcess(async () => {
      trapExit(true);
      const victim = spawnLink(async () => {
        trapExit(true);
        await idle();
      });
      await pause(1);
      const ref = monitor(victim);
      exit(victim, 'kill');
      const killed = [await downOf(ref), ...reasons(await mailbox())];
      spawnLink(() => exit('kill'));
      return [killed, reasons(await mailbox())];
    });
    expect(seen).toEqual([['killed', 'killed'], ['kill']]);
    expect(
      await endOf(async () => {
        spawnLink(() => exit('kill'));
        await idle();
      }),
    ).toBe('kill');
  });

  test('R-22 SIG-01 over a link, normal never kills; shutdown and all else do, with the same reason', async () => {
    const peer = (reason: ExitReason): Promise<ExitReason> =>
      endOf(async () => {
        spawnLink(() => exit(reason));
        await idle();
      }, 50);
    expect(await peer('normal')).toBe('alive');
    expect(await peer('shutdown')).toBe('shutdown');
    const orderly = shutdown(1);
    expect(await peer(orderly)).toEqual(orderly);
    const own = { any: ['term', 1n] };
    expect(await peer(own)).toEqual(own);
  });

  test('SIG-01 SIG-02 SIG-23 any reason reaches a trapping peer unchanged, a big one too', async () => {
    const big = { rows: Array.from({ length: 10_000 }, (_, i) => ({ i, text: `row ${i}` })) };
    for (const reason of ['word', { a: 1 }, shutdown('x'), big] as ExitReason[]) {
      const seen = await inProcess(async () => {
        trapExit(true);
        spawnLink(() => exit(reason));
        const one = (await receive(isExit)).reason;
        const other = spawnLink(idle);
        exit(other, reason);
        return [one, (await receive(isExit)).reason];
      });
      expect(seen[0]).toEqual(reason);
      expect(seen[1]).toEqual(reason);
    }
  });

  test('R-23 PLIB-13 a link to a dead process throws for a plain process and is an EXIT noproc for a trapping one', async () => {
    const seen = await inProcess(async () => {
      const dead = spawn(() => {});
      await pause(1);
      let thrown: unknown;
      try {
        link(dead);
      } catch (error) {
        thrown = (error as { code: string }).code;
      }
      trapExit(true);
      link(dead);
      return [thrown, reasons(await mailbox())];
    });
    expect(seen).toEqual(['no_process', ['noproc']]);
  });

  test('R-24 SIG-19 links are a set, monitors stack, a monitor on the dead gives DOWN noproc', async () => {
    const seen = await inProcess(async () => {
      const peer = spawn(() => sleep(20));
      link(peer);
      link(peer);
      unlink(peer);
      const links = [processInfo(self())!.links, processInfo(peer)!.links];
      monitor(peer);
      monitor(peer);
      const downs = reasons(await mailbox(40));
      monitor(peer);
      return [links, downs, reasons(await mailbox())];
    });
    expect(seen).toEqual([[[], []], ['normal', 'normal'], ['noproc']]);
  });

  test('R-25 SIG-20 SIG-33 after unlink no EXIT, after demonitor with flush no DOWN, even if queued already', async () => {
    const seen = await inProcess(async () => {
      trapExit(true);
      const one = spawnLink(() => sleep(1));
      unlink(one);
      const two = spawnLink(() => {});
      const three = spawn(() => {});
      const ref = monitor(three);
      const other = monitor(three);
      await pause(10);
      // EXIT of two and both DOWNs are queued now.
      expect(processInfo(self())!.messageQueueLength).toBe(3);
      unlink(two);
      demonitor(ref, { flush: true });
      const left = await mailbox();
      return left.map((m) => isDown(m) && m.ref === other);
    });
    expect(seen).toEqual([true]);
  });

  test('SIG-17 SIG-18 SIG-22 demonitor tells whether the monitor stood; twice and of oneself is harmless', async () => {
    const seen = await inProcess(async () => {
      const peer = spawn(idle);
      const ref = monitor(peer);
      const own = monitor(self());
      const said = [demonitor(ref), demonitor(ref), demonitor(ref, { flush: true }), demonitor(own)];
      exit(peer, 'kill');
      return [said, await mailbox()];
    });
    expect(seen).toEqual([[true, false, false, true], []]);
  });

  test('SIG-30 monitor of an unknown name gives DOWN noproc', async () => {
    const names = registry({ name: 'names-sig30' });
    await start(names);
    expect(
      await inProcess(async () => {
        const ref = monitor(via(names, 'nobody'));
        const down = await receive(isDown);
        return [down.ref === ref, down.reason];
      }),
    ).toEqual([true, 'noproc']);
  });

  test('SIG-09 only the first exit signal counts', async () => {
    expect(
      await inProcess(async () => {
        const { pid, ref } = spawnMonitor(idle);
        exit(pid, 'first');
        exit(pid, 'second');
        exit(pid, 'kill');
        return [await downOf(ref), await mailbox()];
      }),
    ).toEqual(['first', []]);
  });

  test('SIG-10 spawnLink and spawnMonitor see even an immediate end', async () => {
    expect(
      await inProcess(async () => {
        trapExit(true);
        for (let i = 0; i < 100; i++) {
          spawnLink(() => exit('at once'));
          spawnMonitor(() => exit('at once'));
        }
        // Waits for each, however long the machine takes.
        const seen: unknown[] = [];
        while (seen.length < 200) seen.push(...reasons([await receive()]));
        return seen.filter((reason) => reason === 'at once').length;
      }),
    ).toBe(200);
  });

  test('SIG-08 an exit signal that races a receive timeout ends the process once', async () => {
    for (let i = 0; i < 20; i++) {
      const reason = await inProcess(async () => {
        const { pid, ref } = spawnMonitor(async () => {
          await receive(undefined, { timeout: 5 });
          await idle();
        });
        await pause(5);
        exit(pid, 'raced');
        return [await downOf(ref), await mailbox(1)];
      });
      expect(reason).toEqual(['raced', []]);
    }
  });

  test('SIG-16 PROC-07 processInfo shows queue and status of another process, nothing of a dead one', async () => {
    expect(
      await inProcess(async () => {
        const peer = spawn(idle);
        await pause(1);
        send(peer, 1);
        send(peer, 2);
        const info = processInfo(peer)!;
        exit(peer, 'kill');
        return [info.messageQueueLength, info.status, processInfo(peer)];
      }),
    ).toEqual([2, 'waiting', undefined]);
  });

  test('SIG-24 SIG-25 many monitors and links on one process are listed, and gone after its end, on either side', async () => {
    const seen = await inProcess(async () => {
      const target = spawn(idle);
      const watchers = Array.from({ length: 50 }, () =>
        spawn(async () => {
          monitor(target);
          monitor(target);
          await idle();
        }),
      );
      await pause(5);
      const listed = processInfo(target)!.monitoredBy.length;
      for (const watcher of watchers.slice(0, 25)) exit(watcher, 'kill');
      const half = processInfo(target)!.monitoredBy.length;
      exit(target, 'kill');
      const held = watchers.slice(25).map((w) => processInfo(w)!.monitors.length);
      return [listed, half, new Set(held)];
    });
    expect(seen).toEqual([100, 50, new Set([0])]);
  });

  test('SIG-34 SIG-35 monitor, message and end of one sender keep their order, by pid and by name', async () => {
    const names = registry({ name: 'names-sig34' });
    await start(names);
    expect(
      await inProcess(async () => {
        const me = self();
        const kinds: string[] = [];
        for (let i = 0; i < 50; i++) {
          const pid = await start(counter, { to: (what: unknown) => send(me, what) }, { name: via(names, i) });
          send(i % 2 ? via(names, i) : pid, 'before');
          monitor(i % 2 ? via(names, i) : pid);
          cast(pid, 'stop', 'normal');
          for (const _ of [1, 2, 3]) {
            const m = await receive();
            kinds.push(isDown(m) ? 'down' : Object.keys(m as object)[0]!);
          }
        }
        return [...new Set([kinds.join().replaceAll('info,terminate,down', 'x')])];
      }),
    ).toEqual([Array(50).fill('x').join()]);
  });

  test('R-26 EGS-12 an uncaught throw is a crash with its error; what is no Error is its cause; exit(r) is r', async () => {
    const crash = (await endOf(() => {
      throw new RangeError('a');
    })) as { error: Error };
    expect(isCrash(crash as never)).toBe(true);
    expect([crash.error.name, crash.error.message, crash.error.stack?.includes('rules-signals')]).toEqual([
      'RangeError',
      'a',
      true,
    ]);
    const nocatch = (await endOf(() => {
      // oxlint-disable-next-line typescript/only-throw-error
      throw 't';
    })) as { error: Error };
    expect([nocatch.error.name, nocatch.error.cause]).toEqual(['NotAnError', 't']);
    expect(await endOf(() => exit('e'))).toBe('e');
    const rejected = (await endOf(async () => {
      await pause(1);
      throw new Error('late');
    })) as { error: Error };
    expect(rejected.error.message).toBe('late');
  });

  const telling = (trap: boolean) =>
    genServer({
      name: 'telling',
      trapExit: trap,
      init: (to: Pid) => to,
      calls: { crash: (): never => exit('crashed'), stop: (to) => stop('stopped', to) },
      info: (to, message) => {
        send(to, { info: isExit(message) ? message.reason : message });
        return noreply(to);
      },
      terminate: (reason, to) => send(to, { terminate: reason }),
    });

  test('R-27 terminate is not called for a signal that is not trapped; it is for stop, a throw and stopServer', async () => {
    const seen = await inProcess(async () => {
      const all: unknown[] = [];
      const server = (): Promise<Pid> => start(telling(false), self());
      exit(await server(), 'shutdown');
      all.push(await mailbox(5));
      const { request } = await import('../../src/otp/index.ts');
      await failure(request(await server(), 'crash', undefined, 100));
      all.push(await mailbox(5));
      await failure(request(await server(), 'stop', undefined, 100));
      all.push(await mailbox(5));
      await stopServer(await server());
      all.push(await mailbox(5));
      return all;
    });
    expect(seen).toEqual([[], [{ terminate: 'crashed' }], [{ terminate: 'stopped' }], [{ terminate: 'normal' }]]);
  });

  test('R-28 a trapping server obeys the EXIT of its parent, normal too; that of any other link is a message', async () => {
    for (const reason of ['gone', 'normal']) {
      const seen = await inProcess(async () => {
        const me = self();
        const parent = spawn(async () => {
          send(me, await startLink(telling(true), me));
          await receive();
          exit(reason);
        });
        const server = (await receive()) as Pid;
        spawn(() => {
          link(server);
          exit('other');
        });
        const before = await mailbox(10);
        send(parent, 'die');
        return [before, await mailbox(10), isAlive(server)];
      });
      expect(seen).toEqual([[{ info: 'other' }], [{ terminate: reason }], false]);
    }
    const survives = await inProcess(async () => {
      const me = self();
      spawn(async () => {
        send(me, await startLink(telling(false), me));
      });
      const server = (await receive()) as Pid;
      await pause(10);
      return isAlive(server);
    });
    expect(survives).toBe(true);
  });

  test('R-28 the EXIT of a parent that comes while a handler awaits is obeyed after it', async () => {
    const busy = genServer({
      name: 'busy',
      trapExit: true,
      init: (to: Pid) => to,
      casts: {
        work: async (to) => {
          await pause(20);
          send(to, 'worked');
          return noreply(to);
        },
      },
      terminate: (reason, to) => send(to, { terminate: reason }),
    });
    const seen = await inProcess(async () => {
      const me = self();
      const parent = spawn(async () => {
        const server = await startLink(busy, me);
        cast(server, 'work');
        send(server, 'queued');
        await receive();
        exit('shutdown');
      });
      await pause(5);
      send(parent, 'die');
      return mailbox(40);
    });
    expect(seen).toEqual(['worked', { terminate: 'shutdown' }]);
  });

  test('a kill takes effect at once while a handler awaits, with 100,000 messages queued; its continuation changes nothing', async () => {
    let touched = 0;
    let goOn = (): void => {};
    const aborted: unknown[] = [];
    const busy = genServer({
      name: 'busy',
      init: () => ({ n: 0 }),
      casts: {
        work: async (state, _: void, me) => {
          me.signal.addEventListener('abort', () => aborted.push(me.signal.reason));
          await new Promise<void>((resolve) => (goOn = resolve));
          send(me.pid, 'after');
          touched++;
          return noreply({ n: 1 });
        },
        count: (state) => {
          touched++;
          return noreply(state);
        },
      },
    });
    const server = await start(busy);
    cast(server, 'work');
    for (let i = 0; i < 100_000; i++) cast(server, 'count');
    const took = await inProcess(async () => {
      const ref = monitor(server);
      await pause(5);
      const began = performance.now();
      exit(server, 'kill');
      expect(await downOf(ref)).toBe('killed');
      return performance.now() - began;
    });
    // It waits for nothing that is queued: all of that comes after `touched`.
    expect(took).toBeLessThan(1000);
    expect(isAlive(server)).toBe(false);
    goOn();
    await pause(5);
    expect(aborted).toEqual(['killed']);
    // `send` in what was left behind throws ProcessEnded, so nothing behind it ran.
    expect(touched).toBe(0);
  });

  test('a server that ends itself inside a handler stays ended, whatever the handler does then', async () => {
    const steps: string[] = [];
    const suicidal = genServer({
      name: 'suicidal',
      init: () => 0,
      casts: {
        sync: (state, _: void, me) => {
          exit(me.pid, 'kill');
          return noreply(state, { continue: 'no', timeout: 0 });
        },
        async: async (state, _: void, me) => {
          exit(me.pid, 'kill');
          await pause(5);
          steps.push('resumed');
          return noreply(state, { continue: 'no' });
        },
      },
      continue: (state) => {
        steps.push('continued');
        return noreply(state);
      },
      info: (state) => {
        steps.push('info');
        return noreply(state);
      },
    });
    for (const name of ['sync', 'async'] as const) {
      const before = processes().length;
      const server = await start(suicidal);
      cast(server, name);
      await pause(15);
      expect(isAlive(server)).toBe(false);
      send(server, 'anything');
      await pause(5);
      expect(processes().length).toBe(before);
    }
    expect(steps).toEqual(['resumed']);
  });

  test('R-29 of a killed supervisor the children die killed; trapping servers run terminate', async () => {
    const { supervisor, childSpec, whichChildren } = await import('../../src/otp/index.ts');
    const seen = await inProcess(async () => {
      const sup = await start(
        supervisor({
          name: 'killed-sup',
          strategy: 'oneForOne',
          children: [childSpec(telling(true), self(), { id: 'trap' }), childSpec(counter, {}, { id: 'plain' })],
        }),
      );
      const plain = (await whichChildren(sup)).find((c) => c.id === 'plain')!.pid!;
      const ref = monitor(plain);
      exit(sup, 'kill');
      return [await downOf(ref), await mailbox(10)];
    });
    expect(seen).toEqual(['killed', [{ terminate: 'killed' }]]);
  });

  test('a chain of 20,000 links ends as one, without recursion', async () => {
    const seen = await inProcess(async () => {
      let last: Pid = self();
      const all: Pid[] = [];
      for (let i = 0; i < 20_000; i++) {
        const previous = last;
        last = spawn(async () => {
          if (i > 0) link(previous);
          await idle();
        });
        all.push(last);
      }
      while (processInfo(last)!.links.length === 0) await pause(5);
      exit(all[10_000]!, 'broken');
      return all.filter(isAlive).length;
    });
    expect(seen).toBe(0);
  });
});

describe('starting', () => {
  test('R-30 EGS-01 PLIB-03 PLIB-04 start blocks until init; the name is registered before; a taken name gives its holder', async () => {
    const names = registry({ name: 'names-r30' });
    await start(names);
    let inits = 0;
    const named = genServer({
      name: 'named',
      init: async (_: undefined, me: { pid: Pid }) => {
        inits++;
        await pause(10);
        return { found: whereis(via(names, 'n')) === me.pid };
      },
      calls: { found: (s) => reply(s.found, s) },
    });
    const seen = await inProcess(async () => {
      const pid = await startLink(named, undefined, { name: via(names, 'n') });
      const error = (await failure(startLink(named, undefined, { name: via(names, 'n') }))) as StartError;
      return [await call(pid, 'found'), error.code, error.holder === pid, inits, processInfo(self())!.links.length];
    });
    expect(seen).toEqual([true, 'already_started', true, 1, 1]);
  });

  const failing = genServer({
    name: 'failing',
    init: async (how: { how: string; late: boolean }) => {
      if (how.late) await pause(5);
      if (how.how === 'throw') throw new Error('boom');
      if (how.how === 'ignore') return ignore();
      return initStop(how.how);
    },
  });
  const failingNow = genServer({
    name: 'failingNow',
    init: (how: string) => {
      if (how === 'throw') throw new Error('boom');
      return how === 'ignore' ? ignore() : initStop(how);
    },
  });

  test('R-31 EGS-52 PLIB-13 a failed init is a StartError with its reason; linked it also ends a plain starter, not a trapping one', async () => {
    for (const begin of [
      (how: string) => startLink(failing, { how, late: true }),
      (how: string) => startLink(failingNow, how),
    ]) {
      expect(await endOf(() => begin('bad').catch(idle))).toBe('bad');
      expect(isCrash(await endOf(() => begin('throw').catch(idle)))).toBe(true);
      expect(await endOf(() => begin('normal').catch(idle), 40)).toBe('alive');
      const seen = await inProcess(async () => {
        trapExit(true);
        const error = (await failure(begin('bad'))) as StartError;
        const thrown = (await failure(begin('throw'))) as StartError;
        return [
          error.code,
          error.reason,
          (thrown.cause as Error).message,
          await mailbox(5),
          processInfo(self())!.links,
        ];
      });
      expect(seen).toEqual(['start_failed', 'bad', 'boom', [], []]);
    }
    const error = (await failure(start(failingNow, 'bad'))) as StartError;
    expect([error instanceof StartError, error.reason]).toEqual([true, 'bad']);
    const junk = genServer({ name: 'junk', init: () => noreplyOfOther() });
    const { reply: noreplyStep } = await import('../../src/otp/index.ts');
    function noreplyOfOther(): unknown {
      return noreplyStep(1, 2);
    }
    expect(((await failure(start(junk))) as StartError).reason).toMatchObject({ kind: 'badReturn' });
  });

  test('EGS-61 a start that fails, five times in each way: the same error each time, and no message left', async () => {
    const reasons = await inProcess(async () => {
      trapExit(true);
      const seen: unknown[] = [];
      const slow = genServer({ name: 'slow', init: () => idle() });
      const begins = [
        () => failure(start(failingNow, 'bad')),
        () => failure(startLink(failing, { how: 'bad', late: true })),
        () => failure(startLink(failingNow, 'ignore')),
        () => failure(startLink(genServer({ name: 'exits', init: () => exit('bailout') }))),
        () => failure(startLink(slow, undefined, { timeout: 2 })),
        () => failure(start(failingNow, 'throw')),
      ];
      for (const begin of begins) {
        const ends = new Set<unknown>();
        for (let i = 0; i < 5; i++) {
          const { code, reason } = await begin();
          ends.add(reason === undefined ? code : isCrash(reason) ? 'crash' : reason);
        }
        seen.push([...ends]);
      }
      for (const link of [false, true]) {
        for (let i = 0; i < 5; i++) {
          const { monitor: ref } = (await failure(startMonitor(failingNow, 'bad', { link }))) as StartError;
          const down = await receive(isDown);
          seen.push([down.ref === ref, down.reason]);
        }
      }
      return [seen, await mailbox(5), processInfo(self())!.links];
    });
    const down = Array.from({ length: 10 }, () => [true, 'bad']);
    const once = ['bad', 'bad', 'start_ignored', 'bailout', 'timeout', 'crash'];
    expect(reasons).toEqual([[...once.map((one) => [one]), ...down], [], []]);
  });

  test('EGS-62 initError: the start fails with the reason, the process ends normal: no starter ends with it', async () => {
    const refusing = genServer({ name: 'refusing', init: (late: boolean) => (late ? pause(2).then(no) : no()) });
    function no(): ReturnType<typeof initError> {
      return initError('foobar');
    }
    let crashes = 0;
    const count = (): void => void crashes++;
    subscribe('genroom:process:crash', count);
    for (const late of [false, true]) {
      const error = (await failure(start(refusing, late))) as StartError;
      expect([error.code, error.reason]).toEqual(['start_failed', 'foobar']);
      expect(await endOf(() => startLink(refusing, late).catch(idle), 40)).toBe('alive');
      const seen = await inProcess(async () => {
        const failed = (await failure(startMonitor(refusing, late, { link: true }))) as StartError;
        const { reason } = await receive(isDown);
        return [failed.reason, reason, await mailbox(2), processInfo(self())!.links];
      });
      expect(seen).toEqual(['foobar', 'normal', [], []]);
    }
    unsubscribe('genroom:process:crash', count);
    expect(crashes).toBe(0);
  });

  test('R-31 a server whose own init ends it: the start fails, nothing stays', async () => {
    const names = registry({ name: 'names-r31' });
    await start(names);
    const doomed = genServer({
      name: 'doomed',
      init: async (late: boolean, me: { pid: Pid }) => {
        if (late) await pause(2);
        exit(me.pid, 'kill');
        await pause(2);
        return 0;
      },
    });
    for (const late of [false, true]) {
      const error = (await failure(start(doomed, late, { name: via(names, 'd') }))) as StartError;
      expect(error.reason).toBe('killed');
      expect(whereis(via(names, 'd'))).toBe(undefined);
    }
  });

  test('R-32 EGS-38 ignore: the start rejects with StartIgnored, the process ended normal, its name is free', async () => {
    const names = registry({ name: 'names-r32' });
    await start(names);
    for (const [behaviour, arg] of [
      [failingNow, 'ignore'],
      [failing, { how: 'ignore', late: true }],
    ] as const) {
      const seen = await inProcess(async () => {
        const error = await failure(startLink(behaviour as typeof failingNow, arg as never, { name: via(names, 'i') }));
        return [error instanceof StartIgnored, whereis(via(names, 'i')), await mailbox(5)];
      });
      expect(seen).toEqual([true, undefined, []]);
      await failure(start(failingNow, 'bad', { name: via(names, 'i') }));
      expect(whereis(via(names, 'i'))).toBe(undefined);
    }
  });

  test('R-33 PLIB-07 PLIB-08 a start that takes too long fails with timeout; the process is killed, nothing is left', async () => {
    const names = registry({ name: 'names-r33' });
    await start(names);
    let resumed = 0;
    const slow = genServer({
      name: 'slow',
      init: async (_: undefined, me: { pid: Pid; signal: AbortSignal }) => {
        await pause(40);
        if (!me.signal.aborted) resumed++;
        return 0;
      },
    });
    const seen = await inProcess(async () => {
      const before = processes().length;
      const error = (await failure(startLink(slow, undefined, { timeout: 10, name: via(names, 's') }))) as StartError;
      const after = [whereis(via(names, 's')), processes().length - before];
      return [error.reason, after, await mailbox(60), processInfo(self())!.links];
    });
    expect(seen).toEqual(['timeout', [undefined, 0], [], []]);
    expect(resumed).toBe(0);
  });

  test('a start under a name whose registry does not run fails, and ends nobody', async () => {
    const names = registry({ name: 'never-started' });
    const before = processes().length;
    const error = (await failure(start(counter, {}, { name: via(names, 1) }))) as StartError;
    expect([error.code, (error.cause as { code: string }).code]).toEqual(['start_failed', 'no_process']);
    expect(processes().length).toBe(before);
  });

  test('startLink, link, monitor and receive outside of a process throw NoProcess', async () => {
    expect((await failure(startLink(counter, {}))).code).toBe('no_process');
    for (const act of [
      () => link(undefined as never),
      () => monitor(undefined as never),
      () => receive(),
      () => self(),
      () => trapExit(true),
    ]) {
      expect(act).toThrow('outside of a process');
    }
  });

  test('two receives at once are refused; a match that throws is a crash', async () => {
    expect(((await endOf(() => Promise.all([receive(), receive()]))) as { error: { code: string } }).error.code).toBe(
      'receive_pending',
    );
    const crash = await endOf(async () => {
      send(self(), 'm');
      await receive((): boolean => {
        throw new Error('in match');
      });
    });
    expect((crash as { error: Error }).error.message).toBe('in match');
  });

  test('selective receive leaves the others in their order, and finds what comes after a flush', async () => {
    expect(
      await inProcess(async () => {
        const me = self();
        for (const m of [1, 'a', 2, 'b']) send(me, m);
        const text = await receive((m): m is string => typeof m === 'string');
        const nothing = await receive((m) => m === 'never', { timeout: 5 });
        const dead = spawn(() => {});
        const ref = monitor(dead);
        await pause(2);
        const waiting = receive((m) => m === 'late', { timeout: 200 });
        demonitor(ref, { flush: true });
        send(me, 'late');
        return [text, nothing === timeout, await waiting, await mailbox(5)];
      }),
    ).toEqual(['a', true, 'late', [1, 2, 'b']]);
  });
});
