/** The event log: what supervisors report of their children is an entry, unless a crash tells it. */
import { expect, test } from 'vitest';
import {
  call,
  childSpec,
  exit,
  genServer,
  initStop,
  noreply,
  type Ref,
  reply,
  request,
  start,
  stopServer,
  supervisor,
  whichChildren,
} from '../../src/otp/index.ts';
import { openEventLog } from '../../src/gateway/event-log.ts';
import type { LogEntry } from '../../src/telemetry/log.ts';

/** What is logged while `work` runs. */
async function logged(work: () => Promise<unknown>): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  const close = openEventLog((entry) => void entries.push(entry));
  try {
    await work();
    await new Promise((resolve) => setTimeout(resolve, 10));
  } finally {
    close();
  }
  return entries;
}

const server = genServer({
  name: 'server',
  trapExit: true,
  init: () => 0,
  calls: {
    get: (n) => reply(n, n),
    crash: (): never => {
      throw new Error('boom');
    },
  },
  info: (n) => noreply(n),
  terminate: (reason) => (reason === 'shutdown' ? exit('in no order') : undefined),
});

test('a child that fails to start, does not stop as asked, or ends its supervisor, is one line each', async () => {
  const failing = genServer({ name: 'failing', init: () => initStop('not\ntoday') });
  const top = supervisor({ name: 'bank', strategy: 'oneForOne', children: [childSpec(failing)] });
  const [start1, ...more] = await logged(() => start(top).catch(() => undefined));
  expect(more).toEqual([]);
  expect(start1).toMatchObject({
    level: 'error',
    event: 'supervisor',
    fields: { supervisor: 'supervisor bank', context: 'startError', child: 'failing' },
  });
  expect(start1!.text).toMatch(
    /^Supervisor: supervisor bank <.*>\. Context: startError\. Reason: not.*today\. Offender: /,
  );
  expect(start1!.text).not.toContain('\n');

  const running = supervisor({
    name: 'bank',
    strategy: 'oneForOne',
    intensity: { max: 0, period: 1000 },
    children: [childSpec(server)],
  });
  const stopped = await start(running);
  const [child] = await whichChildren(stopped);
  expect(await call(child!.pid as Ref<typeof server>, 'get')).toBe(0);
  const stopping = await logged(() => stopServer(stopped));
  expect(stopping.filter(({ event }) => event === 'supervisor')).toMatchObject([
    { fields: { context: 'shutdownError', reason: 'in no order', child: 'server' } },
  ]);
});

test('an end by a crash is the entry of the crash; only that it was one too many is added', async () => {
  const running = supervisor({
    name: 'bank',
    strategy: 'oneForOne',
    intensity: { max: 1, period: 1000 },
    children: [childSpec(server)],
  });
  const pid = await start(running);
  const crash = async (): Promise<void> => {
    const [child] = await whichChildren(pid);
    await request(child!.pid!, 'crash', undefined, 1000).catch(() => undefined);
  };
  expect((await logged(crash)).map(({ event }) => event)).toEqual(['crash']);
  const last = await logged(crash);
  expect(last.map(({ event }) => event).toSorted()).toEqual(['crash', 'supervisor']);
  expect(last.find(({ event }) => event === 'supervisor')!.fields).toMatchObject({
    context: 'shutdown',
    reason: 'reachedMaxRestartIntensity',
  });
});
