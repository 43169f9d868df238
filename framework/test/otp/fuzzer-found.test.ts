/** What the fuzzer found in genroom (npm run fuzz), each as a test of its own. */
import { expect, test } from 'vitest';
import {
  call,
  type Call,
  childSpec,
  exit,
  genServer,
  isAlive,
  isExit,
  monitor,
  noreply,
  type Pid,
  register,
  registry,
  reply,
  request,
  self,
  send,
  spawn,
  start,
  startLink,
  stop,
  stopReply,
  supervisor,
  trapExit,
  whichChildren,
} from '../../src/otp/index.ts';
import { downOf, failure, inProcess, mailbox } from './stage.ts';

const trapping = genServer({
  name: 'trapping',
  trapExit: true,
  init: (to: Pid) => to,
  calls: { ping: (to) => reply('pong', to) },
  info: (to, message) => {
    if (isExit(message)) send(to, ['info', message.reason]);
    return noreply(to);
  },
  terminate: (reason, to) => send(to, ['terminate', reason]),
});

test('R-28 a server started without a link owes its starter nothing: the EXIT that it sends is a message as any', async () => {
  const seen = await inProcess(async () => {
    const unlinked = await start(trapping, self());
    exit(unlinked, 'off');
    const first = [await call(unlinked, 'ping'), await mailbox()];
    trapExit(true);
    const linked = await startLink(trapping, self());
    const ref = monitor(linked);
    exit(linked, 'off');
    await downOf(ref);
    return [...first, isAlive(linked)];
  });
  expect(seen).toEqual(['pong', [['info', 'off']], false]);
});

test('R-28 R-61 a registry outlives the process that started it without a link, also when that one has registered', async () => {
  const names = registry({ name: 'outlives' });
  const pid = await new Promise<Pid>((resolve) => {
    spawn(async () => {
      const started = await start(names);
      register(names, 'me');
      resolve(started);
      exit('off');
    });
  });
  await inProcess(() => mailbox());
  expect(isAlive(pid)).toBe(true);
  exit(pid, 'kill');
});

test('R-04 the reply of a stop is sent also when terminate throws, at once or later', async () => {
  const bad = (later: boolean) =>
    genServer({
      name: 'bad',
      init: () => 0,
      calls: { bye: (s) => stopReply('normal', 'bye', s) },
      terminate: () => {
        if (later) return Promise.reject(new Error('late'));
        throw new Error('now');
      },
    });
  for (const later of [false, true]) {
    const server = await start(bad(later));
    const seen = await inProcess(async () => {
      const ref = monitor(server);
      return [await call(server, 'bye'), ((await downOf(ref)) as { error: Error }).error.message];
    });
    expect(seen).toEqual(['bye', later ? 'late' : 'now']);
  }
});

test('DS-20 a transient child whose call failed because its server shut down has ended in good order', async () => {
  const asked = genServer({
    name: 'asked',
    init: () => 0,
    calls: { now: (s, why: string, _call: Call<never>) => stop(why, s) },
  });
  const asking = genServer({
    name: 'asking',
    init: () => 0,
    calls: {
      ask: async (s, why: string) => {
        await call(await start(asked), 'now', why);
        return reply('asked', s);
      },
    },
  });
  const children = [childSpec(asking, undefined, { restart: 'transient' })];
  const top = await start(supervisor({ name: 'top', strategy: 'oneForOne', children }));
  const runs = async (): Promise<Pid | undefined> => (await whichChildren(top))[0]!.pid;
  await failure(request((await runs())!, 'ask', 'boom', 1000));
  expect(await runs()).toBeInstanceOf(Object);
  await failure(request((await runs())!, 'ask', 'shutdown', 1000));
  expect(await runs()).toBeUndefined();
  exit(top, 'kill');
});
