/** A timeout that is no time, below 0 or no number, is refused wherever one is taken, as in Elixir. */
import { expect, test } from 'vitest';
import {
  call,
  exit,
  genServer,
  initOk,
  noreply,
  receive,
  receiveResponse,
  reply,
  self,
  send,
  sendAfter,
  sendRequest,
  sleep,
  spawn,
  start,
  stopServer,
  sys,
  task,
} from '../../src/otp/index.ts';
import { describeReason } from '../../src/otp/runtime/exit-reason.ts';
import { failure, inProcess, mailbox } from './stage.ts';

const echo = genServer({ name: 'echo', init: () => 0, calls: { ask: (state, x: number) => reply(x, state) } });

for (const bad of [-5, NaN, '5', 5n] as number[]) {
  test(`${typeof bad} ${bad} is no timeout: nothing waits, nothing fires`, async () => {
    const server = await start(echo);
    await inProcess(async () => {
      const me = spawn(() => receive());
      expect(() => sendAfter(me, 'late', bad)).toThrow(expect.objectContaining({ code: 'invalid_timeout' }));
      exit(me, 'kill');
      const lookup = task.async(() => receive());
      const request = sendRequest(server, 'ask', 1);
      const waits = [
        async () => sleep(bad),
        async () => receive(undefined, { timeout: bad }),
        async () => task.yield(lookup, { timeout: bad }),
        async () => receiveResponse(request, { timeout: bad }),
        async () => stopServer(server, 'normal', { timeout: bad }),
        async () => start(echo, undefined, { timeout: bad }),
        async () => call(server, 'ask', 1, { timeout: bad }),
        async () => sys.getState(server, { timeout: bad }),
      ];
      for (const wait of waits) expect(await failure(wait())).toMatchObject({ code: 'invalid_timeout' });
      // Those that failed left nothing behind: each may be waited for.
      expect(await receiveResponse(request)).toEqual({ ok: true, value: 1 });
      await task.shutdown(lookup);
      expect(await mailbox()).toEqual([]);
    });
    exit(server, 'kill');
  });

  test(`a step with the timeout ${typeof bad} ${bad} ends its server as a crash does`, async () => {
    const ended: string[] = [];
    const idle = genServer({
      name: 'idle',
      init: (at: 'init' | 'info') => initOk(0, at === 'init' ? { timeout: bad } : {}),
      info: (state) => noreply(state, { timeout: bad }),
      terminate: (reason) => void ended.push(describeReason(reason)),
    });
    await start(idle, 'init');
    send(await start(idle, 'info'), 'go');
    await expect.poll(() => ended).toHaveLength(2);
    for (const text of ended) expect(text).toContain('has the timeout');
  });
}

test('sendAfter with abs to a time that is over sends at once, as in OTP', async () => {
  await inProcess(async () => {
    sendAfter(self(), 'now', -5, { abs: true });
    expect(await receive()).toBe('now');
  });
});
