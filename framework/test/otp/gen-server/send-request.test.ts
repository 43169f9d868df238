/** Requests that are waited for later, alone and in collections: rows EGS-14 to EGS-17. */
import { describe, expect, test } from 'vitest';
import {
  call,
  cast,
  checkResponse,
  exit,
  genServer,
  initOk,
  noreply,
  type Outcome,
  processInfo,
  receive,
  receiveResponse,
  type Ref,
  registry,
  reply,
  type Request,
  Requests,
  self,
  sendRequest,
  spawn,
  start,
  stop,
  useClock,
  via,
  waitResponse,
} from '../../../src/otp/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { inProcess, mailbox } from '../stage.ts';
import { currentClock } from '../../../src/otp/runtime/clock.ts';

/** Answers in so many milliseconds of the clock. */
const server = genServer({
  name: 'asked',
  init: () => 0,
  calls: {
    after: async (s, ms: number) => {
      await new Promise<void>((resolve) => void currentClock().setTimer(ms, resolve));
      return reply(ms, s);
    },
    stop: (s) => stop('stopped', s),
  },
});

/** Runs `body` as a process under a virtual clock that moves on as long as the body runs. */
async function timed<T>(body: (clock: VirtualClock) => Promise<T>): Promise<T> {
  const clock = new VirtualClock();
  const before = useClock(clock);
  try {
    let done = false;
    const result = inProcess(() => body(clock)).finally(() => (done = true));
    while (!done) await clock.advance(1);
    return await result;
  } finally {
    useClock(before);
  }
}

const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });
const asked = (): Promise<Ref<typeof server>> => start(server);

describe('one request', () => {
  test('EGS-14 waited for: the reply; not in time: waited for again; then it is done', async () => {
    const seen = await timed(async (clock) => {
      const request = sendRequest(await asked(), 'after', 30);
      const early = await waitResponse(request, { timeout: 10 });
      const at = clock.now();
      const again = await waitResponse(request, { timeout: 100 });
      return [early, at, again, clock.now(), await waitResponse(request), await mailbox(5), clock.timers];
    });
    expect(seen.slice(0, 6)).toEqual([undefined, 10, ok(30), 30, { ok: false, reason: 'noproc' }, []]);
  });

  test('EGS-14 given up after receiveResponse has timed out: nothing of it arrives', async () => {
    const seen = await timed(async () => {
      const request = sendRequest(await asked(), 'after', 30);
      const late = await receiveResponse(request, { timeout: 10 });
      return [late, request.open, await mailbox(100)];
    });
    expect(seen).toEqual([undefined, false, []]);
  });

  test('EGS-14 to the dead, to an unknown name, and to one that ends: the reason', async () => {
    const seen = await timed(async () => {
      const names = registry<typeof server>({ name: 'names-egs14' });
      await start(names);
      const dead = await asked();
      exit(dead, 'kill');
      const ending = sendRequest(await asked(), 'stop');
      return [
        await waitResponse(sendRequest(dead, 'after', 1)),
        await receiveResponse(sendRequest(via(names, 'nobody'), 'after', 1)),
        await receiveResponse(ending),
      ];
    });
    expect(seen).toEqual(['noproc', 'noproc', 'stopped'].map((reason) => ({ ok: false, reason })));
  });

  test('EGS-14 checked among other messages: a genServer goes on serving meanwhile', async () => {
    const front = genServer({
      name: 'front',
      init: (back: Ref<typeof server>) =>
        initOk({ back, value: 0, asked: undefined as Request<number> | undefined }, {}),
      calls: { value: (s) => reply(s.value, s) },
      casts: { refresh: (s, ms: number) => noreply({ ...s, asked: sendRequest(s.back, 'after', ms) }) },
      info: (s, message) => {
        const answer = checkResponse(message, s.asked);
        return noreply(answer?.ok ? { ...s, value: answer.value } : s);
      },
    });
    const seen = await timed(async (clock) => {
      const one = await start(front, await asked());
      cast(one, 'refresh', 20);
      const before = [await call(one, 'value'), clock.now()];
      await mailbox(25);
      return [...before, await call(one, 'value')];
    });
    expect(seen).toEqual([0, 0, 20]);
  });

  test('it is its sender who waits', async () => {
    const code = await timed(async () => {
      const request = sendRequest(await asked(), 'after', 1);
      return inProcess(() => waitResponse(request)).catch((error: { code: string }) => error.code);
    });
    expect(code).toBe('not_owner');
  });
});

describe('a collection of requests', () => {
  async function collection(...times: number[]): Promise<Requests<string, number>> {
    const requests = new Requests<string, number>();
    for (const ms of times) requests.add(sendRequest(await asked(), 'after', ms), `after ${ms}`);
    return requests;
  }

  test('EGS-15 received in the order in which they are answered; a duplicate is refused', async () => {
    const seen = await timed(async () => {
      const requests = await collection(30, 5, 15);
      const one = sendRequest(await asked(), 'after', 20);
      requests.add(one, 'one');
      expect(() => requests.add(one, 'again')).toThrow('already');
      const all = [];
      while (requests.size > 0) all.push(await requests.receive());
      return [all, await requests.receive(), await mailbox(5)];
    });
    expect(seen).toEqual([
      [
        { label: 'after 5', outcome: ok(5) },
        { label: 'after 15', outcome: ok(15) },
        { label: 'one', outcome: ok(20) },
        { label: 'after 30', outcome: ok(30) },
      ],
      undefined,
      [],
    ]);
  });

  test('EGS-15 an absolute deadline for all gives up the rest', async () => {
    const seen = await timed(async (clock) => {
      const requests = await collection(30, 5, 15);
      const until = clock.now() + 20;
      const got = [];
      for (let next = await requests.receive({ until }); next; next = await requests.receive({ until }))
        got.push(next.label);
      return [got, clock.now(), requests.size, await mailbox(50)];
    });
    expect(seen).toEqual([['after 5', 'after 15'], 20, 0, []]);
  });

  test('EGS-16 waiting to a deadline leaves the rest as they are', async () => {
    const seen = await timed(async (clock) => {
      const requests = await collection(30, 5);
      const until = clock.now() + 20;
      const got = [(await requests.wait({ until }))?.label, await requests.wait({ until }), clock.now(), requests.size];
      return [...got, (await requests.wait())?.label, requests.size, processInfo(self())!.monitors];
    });
    expect(seen).toEqual(['after 5', undefined, 20, 1, 'after 30', 0, []]);
  });

  test('EGS-17 checking each message: those of the collection, and no others', async () => {
    const seen = await timed(async () => {
      const requests = await collection(10, 5);
      const stranger = sendRequest(await asked(), 'after', 7);
      const got: unknown[] = [];
      for (let n = 0; n < 3; n++) {
        const message = await receive();
        got.push(requests.check(message)?.label ?? checkResponse(message, stranger));
      }
      return [got, requests.check('anything'), requests.size];
    });
    expect(seen).toEqual([['after 5', ok(7), 'after 10'], undefined, 0]);
  });
});

test('EGS-14 a process that has ended keeps no timer of what it waited for', async () => {
  const clock = new VirtualClock();
  const before = useClock(clock);
  try {
    const target = await asked();
    const waiting = spawn(async () => {
      await waitResponse(sendRequest(target, 'after', Infinity), { timeout: 5000 });
    });
    await clock.advance(1);
    expect(clock.timers).toBeGreaterThan(0);
    const others = clock.timers - 1;
    exit(waiting, 'kill');
    expect(clock.timers).toBe(others);
  } finally {
    useClock(before);
  }
});
