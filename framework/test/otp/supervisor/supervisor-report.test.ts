/** Supervisor reports: who tells what of which child, and how it reads. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import {
  childSpec,
  dynamicSupervisor,
  exit,
  type ExitReason,
  formatSupervisorReport,
  genServer,
  initStop,
  noreply,
  type Pid,
  send,
  shutdown,
  start,
  startChild,
  stopServer,
  supervisor,
  type SupervisorReport,
  whichChildren,
} from '../../../src/otp/index.ts';
import { failure, pause } from '../stage.ts';

/** What is reported while `work` runs. */
async function reportsOf(work: () => Promise<unknown>): Promise<SupervisorReport[]> {
  const heard: SupervisorReport[] = [];
  const hear = (report: unknown): unknown => heard.push(report as SupervisorReport);
  subscribe('genroom:supervisor:report', hear);
  try {
    await work();
    await pause(2);
  } finally {
    unsubscribe('genroom:supervisor:report', hear);
  }
  return heard;
}

const said = (reports: readonly SupervisorReport[]): unknown[] =>
  reports.map(({ errorContext, reason, offender }) => [errorContext, reason, offender.id]);

/** Ends with the reason it is sent; with `own` also when it is stopped. */
const obedient = genServer({
  name: 'obedient',
  trapExit: true,
  init: (own: ExitReason | undefined) => own,
  info: (state, message) => {
    exit(message as ExitReason);
    return noreply(state);
  },
  terminate: (_reason, own) => {
    if (own === 'hang') return new Promise(() => {});
    if (own) exit(own);
    return undefined;
  },
});

for (const [kind, open] of [
  ['supervisor', () => start(supervisor({ name: 'bank', strategy: 'oneForOne', children: [] }))],
  ['dynamicSupervisor', () => start(dynamicSupervisor({ name: 'bank' }))],
] as const) {
  test(`SUPE-87 a ${kind} reports a child that ended by itself, unless it was not permanent and ended in good order`, async () => {
    const s = await open();
    const ends = (restart: 'permanent' | 'transient' | 'temporary', reason: ExitReason): Promise<SupervisorReport[]> =>
      reportsOf(async () => {
        const spec = childSpec(obedient, undefined, { id: restart, restart, shutdown: 1000 });
        send(
          await startChild(s, spec).catch(async () => (await whichChildren(s)).find((c) => c.id === restart)!.pid!),
          reason,
        );
        await pause(2);
      });
    const [first] = await ends('permanent', 'normal');
    expect(first).toMatchObject({
      supervisor: { pid: s, name: `${kind} bank` },
      errorContext: 'childTerminated',
      reason: 'normal',
      offender: {
        id: 'permanent',
        behaviour: 'obedient',
        restart: 'permanent',
        significant: false,
        shutdown: 1000,
        type: 'worker',
      },
    });
    expect(String(first!.offender.pid)).toMatch(/^<.*>$/);
    expect(said(await ends('transient', 'x'))).toEqual([['childTerminated', 'x', 'transient']]);
    expect(said(await ends('temporary', 'x'))).toEqual([['childTerminated', 'x', 'temporary']]);
    expect(said(await ends('transient', shutdown(1)))).toEqual([]);
    expect(said(await ends('temporary', 'shutdown'))).toEqual([]);
  });

  test(`SUPE-87 a ${kind} reports a child that did not stop as asked`, async () => {
    const stops = async (
      restart: 'permanent' | 'temporary',
      own: ExitReason | undefined,
      time: number | 'brutalKill' = 1000,
    ): Promise<unknown[]> => {
      const s = await open();
      const child = childSpec(obedient, own, { id: 'a', restart, shutdown: time });
      const pid = await startChild(s, child);
      const reports = await reportsOf(() => stopServer(s));
      expect(reports.every(({ offender }) => offender.pid === pid)).toBe(true);
      return said(reports);
    };
    expect(await stops('permanent', undefined)).toEqual([]);
    expect(await stops('permanent', undefined, 'brutalKill')).toEqual([]);
    expect(await stops('temporary', 'normal')).toEqual([]);
    expect(await stops('temporary', shutdown('own'))).toEqual([]);
    expect(await stops('permanent', 'normal')).toEqual([['shutdownError', 'normal', 'a']]);
    expect(await stops('permanent', shutdown('own'))).toEqual([['shutdownError', shutdown('own'), 'a']]);
    expect(await stops('temporary', 'own')).toEqual([['shutdownError', 'own', 'a']]);
    expect(await stops('permanent', 'hang', 5)).toEqual([['shutdownError', 'killed', 'a']]);
  });

  test(`SUPE-87 a ${kind} reports a restart that failed, and the one too many`, async () => {
    let starts = 0;
    const failing = genServer({ name: 'failing', init: () => (++starts === 1 ? 0 : initStop('no')) });
    const s = await open();
    const pid: Pid = await startChild(s, childSpec(failing));
    const reports = await reportsOf(async () => {
      exit(pid, 'x');
      await pause(5);
    });
    expect(said(reports)).toEqual([
      ['childTerminated', 'x', 'failing'],
      ['startError', 'no', 'failing'],
      ['startError', 'no', 'failing'],
      ['startError', 'no', 'failing'],
      ['shutdown', 'reachedMaxRestartIntensity', 'failing'],
    ]);
  });
}

test('SUPE-87 a supervisor reports the child that failed at its own start', async () => {
  const failing = genServer({ name: 'failing', init: () => initStop('no') });
  const top = supervisor({ name: 'bank', strategy: 'oneForOne', children: [childSpec(failing)] });
  const reports = await reportsOf(() => failure(start(top)));
  expect(said(reports)).toEqual([['startError', 'no', 'failing']]);
});

/** A report as they come, but for what differs from run to run. */
async function sample(reason: ExitReason): Promise<SupervisorReport> {
  const s = await start(supervisor({ name: 'bank', strategy: 'oneForOne', children: [childSpec(obedient)] }));
  const [report] = await reportsOf(async () => send((await whichChildren(s))[0]!.pid!, reason));
  return report!;
}
const plain = (text: string): string => text.replace(/<[^>]+>/g, '<pid>');

test('SUPE-88 a report reads on one line or on several, as deep and as long as is asked', async () => {
  const report = await sample({ why: { deep: { deeper: { deepest: { down: 1 } } } } });
  const text = plain(formatSupervisorReport(report));
  expect(text).toMatch(/^Supervisor: supervisor bank <pid>\nContext: childTerminated\nReason: \{[^]*\nOffender: /);
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    "Reason: { why: { deep: { deeper: { deepest: { down: 1 } } } } } Offender: { pid: '<pid>', id: 'obedient', " +
      "behaviour: 'obedient', restart: 'permanent', significant: false, shutdown: 5000, type: 'worker' }",
  );
  const line = 'Supervisor: supervisor bank <pid>. Context: childTerminated. Reason: ';
  const one = (options: object): string => plain(formatSupervisorReport(report, { singleLine: true, ...options }));
  expect(one({ depth: 1 })).toBe(`${line}{ why: { deep: [Object] } }. Offender: id=obedient,pid=<pid>.`);
  expect(one({ depth: 0 })).toContain('{ why: [Object] }. ');
  expect(one({ depth: 9 })).toContain('{ why: { deep: { deeper: { deepest: { down: 1 } } } } }. ');
  expect(formatSupervisorReport(report, { charsLimit: 20 })).toMatch(/^.{20}… \(\d+ characters more\)$/);
});

test('SUPE-88 a crash shows its stack, on one line its message alone; no value can break the line or the report', async () => {
  const crash = (error: Error): ExitReason => ({ kind: 'crash', error });
  const report = await sample(crash(new TypeError('two\nlines')));
  expect(formatSupervisorReport(report)).toMatch(/\nReason: TypeError: two\n {4}lines\n {4}at /);
  const line = formatSupervisorReport(report, { singleLine: true });
  expect(line).toContain('Reason: crash: TypeError: two lines. Offender: ');
  const forged = formatSupervisorReport({ ...report, reason: 'x\nSupervisor: me' });
  expect(forged.split('\n').filter((text) => text.startsWith('Supervisor: '))).toHaveLength(1);
  const fail = (): never => {
    throw new Error('no');
  };
  const hostile = new Proxy({}, { ownKeys: fail, get: fail });
  expect(formatSupervisorReport({ ...report, reason: hostile })).toContain('Reason: ');
});
