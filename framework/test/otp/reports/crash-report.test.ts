/** Crash reports: what they hold, what formatStatus hides, and their text (rows EGS-12, EGS-44, EGS-58, EGS-59, PLIB-01). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  call,
  cast,
  type CrashReport,
  type CrashTextOptions,
  formatCrash,
  genServer,
  link,
  logCrashes,
  monitor,
  noreply,
  type Pid,
  registry,
  reply,
  request,
  self,
  send,
  setLabel,
  spawn,
  start,
  startLink,
  stop,
  supervisor,
  childSpec,
  sys,
  trapExit,
  via,
  whichChildren,
} from '../../../src/otp/index.ts';
import { counter, failure, inProcess, pause } from '../stage.ts';

const reports: CrashReport[] = [];
const hear = (report: unknown): void => void reports.push(report as CrashReport);
beforeEach(() => subscribe('genroom:process:crash', hear));
afterEach(() => {
  unsubscribe('genroom:process:crash', hear);
  reports.splice(0);
});

/** The text of the newest report, without the frames of its stacks. */
const textOf = (options?: CrashTextOptions, report = reports.at(-1)!): string[] =>
  formatCrash(report, options)
    .split('\n')
    .filter((line) => !/^\s+at /.test(line));

const vault = genServer({
  name: 'vault',
  init: (secret: string) => ({ secret, tries: 0 }),
  calls: {
    open: (_state, password: string): never => {
      throw new Error(`wrong: ${password}`);
    },
  },
  casts: { try: (state, _password: string) => noreply({ ...state, tries: state.tries + 1 }) },
  formatStatus: ({ state, message, log }) => ({
    state: { tries: state.tries },
    ...(message && { message: { ...message, payload: 'redacted' } }),
    reason: 'redacted',
    log: log.map((event) => (event.kind === 'in' ? { ...event, message: { kind: event.message.kind } } : event)),
  }),
});

describe('what a report holds', () => {
  test('EGS-44 formatStatus redacts state, message, reason and event log, in reports and in the status', async () => {
    const server = await start(vault, 'hunter2');
    await sys.log(server, true);
    cast(server, 'try', 'hunter2');
    const status = await sys.getStatus(server);
    expect([status.state, status.log]).toEqual([
      { tries: 1 },
      [{ kind: 'in', message: { kind: 'cast' }, from: undefined }],
    ]);
    await failure(call(server, 'open', 'hunter2'));
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({
      state: { tries: 1 },
      lastMessage: { kind: 'call', name: 'open', payload: 'redacted' },
      reason: 'redacted',
      error: undefined,
      log: [
        { kind: 'in', message: { kind: 'cast' } },
        { kind: 'in', message: { kind: 'call' } },
      ],
    });
    expect(formatCrash(reports[0]!, { depth: 10 })).not.toContain('hunter2');
  });

  test('EGS-42 a formatter that fails hides what it might have hidden; the reason is still told', async () => {
    const broken = genServer({
      name: 'broken',
      init: () => 'secret',
      calls: {
        ask: (_s, _secret: string): never => {
          throw new Error('boom');
        },
      },
      formatStatus: () => {
        throw new Error('formatter');
      },
    });
    await failure(call(await start(broken), 'ask', 'secret'));
    const text = formatCrash(reports[0]!);
    expect(text).toContain('** Error: boom');
    expect(text).toContain('formatStatus failed: Error: formatter');
    expect(text).toContain('Last message: call ask');
    expect(text).not.toContain('secret');
  });

  test('EGS-12 PLIB-01 who, last message, state, reason, stack, client, ancestors and whom it concerns, as text', async () => {
    const names = registry({ name: 'accounts' });
    await start(names);
    const bank = supervisor({
      name: 'bank',
      strategy: 'oneForOne',
      children: [childSpec(counter, { n: 5 }, { restart: 'temporary', name: via(names, 7) })],
    });
    const found = await inProcess(async () => {
      trapExit(true);
      const sup = await startLink(bank);
      const server = (await whichChildren(sup))[0]!.pid!;
      monitor(server);
      link(server);
      await failure(request(server, 'crash', undefined, 1000));
      return { me: self(), server, sup, parent: reports[0]!.ancestors[2] };
    });
    const { me, server, sup, parent } = found;
    const [report] = reports as [CrashReport];
    const registryPid = report.links.find((pid) => pid !== sup && pid !== me)!;
    expect(report).toMatchObject({
      client: { pid: me, behaviour: 'process', alive: true },
      ancestors: [`supervisor bank ${sup}`, `process ${me}`, parent],
      names: ['accounts/7'],
      monitoredBy: [me],
      queued: 0,
      trapExit: false,
    });
    expect(textOf()).toEqual([
      `genServer counter ${server} terminating`,
      '** TypeError: crashed on demand',
      `Last message (from ${me}): call crash`,
      'State: { n: 5, to: undefined }',
      `Client ${me}: process, alive`,
      'Names: accounts/7',
      `Ancestors: supervisor bank ${sup}, process ${me}, ${parent}`,
      `Links: ${report.links.join(', ')}`,
      `Monitored by: ${me}`,
    ]);
    expect(report.links).toEqual(expect.arrayContaining([sup, me, registryPid]));
    expect(formatCrash(report)).toMatch(/^\*\* TypeError: crashed on demand\n\s+at .*stage\.ts/m);
  });

  test('EGS-63 a process of a function: its label and who started it', async () => {
    const parent = await inProcess(async () => {
      spawn(() => {
        setLabel('cook');
        throw new Error('burnt', { cause: new TypeError('no pan') });
      });
      await pause(2);
      return self();
    });
    expect(textOf()).toEqual([
      `process cook ${reports[0]!.pid} terminating`,
      '** Error: burnt',
      'Caused by: TypeError: no pan',
      'Label: cook',
      `Ancestors: process ${parent}, ${reports[0]!.ancestors[1]}`,
    ]);
  });

  test('every sort of reason, a client that is gone, and a queue that was too long', async () => {
    const various = genServer({
      name: 'various',
      maxQueue: 2,
      init: () => 0,
      casts: {
        stop: (s) => stop({ room: { seats: [1, 2] } }, s),
        junk: (() => 'junk') as never,
        ask: async (s, whom: Pid) => {
          await request(whom, 'get', undefined, 1000);
          return noreply(s);
        },
        flood: async (s) => {
          await pause(1000);
          return noreply(s);
        },
      },
      calls: {
        slow: async (s) => {
          await pause(5);
          if (s === 0) throw new Error('late');
          return reply(0, s);
        },
      },
    });
    const dead = await start(counter, {});
    await sys.terminate(dead, 'normal');
    await pause(2);
    const run = async (name: 'stop' | 'junk' | 'ask' | 'flood', payload?: unknown): Promise<string[]> => {
      const server = await start(various);
      (cast as (t: Pid, n: string, p?: unknown) => void)(server, name, payload);
      await pause(2);
      for (let i = 0; name === 'flood' && i < 3; i++) (cast as (t: Pid, n: string) => void)(server, 'junk');
      await pause(2);
      return textOf().slice(1);
    };
    expect(await run('stop')).toEqual([
      '** (stop) { room: { seats: [ 1, 2 ] } }',
      'Last message: cast stop',
      'State: 0',
    ]);
    expect((await run('junk'))[0]).toBe("** (stop) bad return value: 'junk'");
    expect((await run('ask', dead)).slice(0, 2)).toEqual([
      `** (stop) exited in: call(${dead}, 'get')`,
      '    ** (EXIT) noproc',
    ]);
    expect(await run('flood')).toEqual([
      '** (stop) killed',
      'Last message: none; 3 messages were queued, more than maxQueue',
      'State: 0',
      'Messages lost: 3',
    ]);
    const server = await start(various);
    const client = spawn(() => void call(server, 'slow').catch(() => {}));
    await pause(30);
    expect(textOf()).toContain(`Client ${client}: has ended`);
  });
});

describe('the text of a report', () => {
  const report = (state: unknown, more: Partial<CrashReport> = {}): CrashReport => ({
    pid: '<main.1>' as never,
    label: undefined,
    behaviour: 'genServer deep',
    names: [],
    parent: undefined,
    ancestors: [],
    reason: 'gone',
    error: undefined,
    lastMessage: undefined,
    client: undefined,
    state,
    log: [],
    links: [],
    monitoredBy: [],
    queued: 0,
    trapExit: false,
    ...more,
  });
  const deep = { a: { b: { c: { d: { e: 'bottom' } } } } };

  test('EGS-58 values are shown to the depth that was asked for', () => {
    const lines = (depth: number): string => formatCrash(report(deep, { reason: deep }), { depth });
    expect(lines(1)).toBe(
      'genServer deep <main.1> terminating\n** (stop) { a: { b: [Object] } }\nState: { a: { b: [Object] } }',
    );
    expect(lines(9).match(/bottom/g)).toHaveLength(2);
    expect(lines(3)).not.toContain('bottom');
  });

  test('EGS-59 depth, a limit of characters, and one line', () => {
    const error = new Error('first\nsecond');
    const full = report({ text: 'a\nb', ...deep }, { reason: { kind: 'crash', error }, error });
    const line = formatCrash(full, { singleLine: true, depth: 1 });
    expect(line).not.toMatch(/[\n\r]/);
    expect(line).toMatch(
      /^genServer deep <main\.1> terminating; \*\* Error: first second; at .*; State: \{ text: 'a\\nb', a: \{ b: \[Object\] \} \}$/,
    );
    const whole = formatCrash(full);
    for (const charsLimit of [0, 10, 60]) {
      const cut = formatCrash(full, { charsLimit });
      expect(cut).toBe(`${whole.slice(0, charsLimit)}… (${whole.length - charsLimit} characters more)`);
    }
    expect(formatCrash(full, { charsLimit: whole.length })).toBe(whole);
  });

  test('what came in as data cannot forge a line', () => {
    const evil = 'x\nAncestors: nobody';
    const error = new Error(evil);
    const text = formatCrash(
      report(evil, {
        label: evil,
        names: [`names/${evil}`],
        reason: { kind: 'crash', error },
        lastMessage: { kind: 'call', name: evil, payload: evil },
      }),
    );
    expect(text.split('\n').filter((line) => line.startsWith('Ancestors'))).toEqual([]);
    const unreadable = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );
    expect(formatCrash(report(unreadable))).toContain('genServer deep');
  });

  test('EGS-50 a message that a server has no info for is a warning, and no more', async () => {
    const written: string[] = [];
    const end = logCrashes({}, (text) => written.push(text));
    const silent = await start(genServer({ name: 'silent', init: () => 0, calls: { ask: (s) => reply(s, s) } }));
    send(silent, { text: 'a\nb' });
    send(await start(counter, {}), 'expected');
    expect(await call(silent, 'ask')).toBe(0);
    end();
    expect(written).toEqual([`genServer silent ${silent} received an unexpected message: { text: 'a\\nb' }`]);
  });

  test('logCrashes writes each crash on this thread until it is ended', async () => {
    const written: string[] = [];
    const end = logCrashes({ singleLine: true }, (text) => written.push(text));
    const one = await start(counter, { n: 1 });
    await failure(call(one, 'crash'));
    await failure(call(await start(counter, {}), 'stop', 'normal'));
    end();
    await failure(call(await start(counter, {}), 'crash'));
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(
      new RegExp(`^genServer counter ${one} terminating; \\*\\* TypeError: crashed on demand; at `),
    );
  });
});
