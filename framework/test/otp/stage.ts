/**
 * A stage for tests of processes: runs test code as a process, and says how it ended.
 *
 *     expect(await inProcess(async () => { … return await mailbox(); })).toEqual([…]);
 */
import {
  type ExitReason,
  genServer,
  isDown,
  isExit,
  noreply,
  receive,
  reply,
  spawn,
  spawnMonitor,
  stop,
  timeout,
} from '../../src/otp/index.ts';

/** Runs `body` as a process. Resolves with what it returns; rejects when it ends otherwise. */
export function inProcess<T>(body: () => Promise<T> | T): Promise<T> {
  return new Promise((resolve, reject) => {
    spawn(async () => {
      let result: { value: T } | undefined;
      const { ref } = spawnMonitor(async () => {
        result = { value: await body() };
      });
      const down = await receive((m) => isDown(m) && m.ref === ref);
      if (result) resolve(result.value);
      else {
        const { reason } = down as { reason: ExitReason };
        reject(
          typeof reason === 'object' && 'error' in reason
            ? (reason['error'] as Error)
            : new Error(`the process ended: ${JSON.stringify(reason)}`),
        );
      }
    });
  });
}

/** Runs `body` as a process and resolves with the reason it ended with, or 'alive' after `milliseconds`. */
export function endOf(body: () => unknown, milliseconds = 300): Promise<ExitReason> {
  return inProcess(async () => {
    const { ref } = spawnMonitor(body);
    const down = await receive((m) => isDown(m) && m.ref === ref, { timeout: milliseconds });
    return isDown(down) ? down.reason : 'alive';
  });
}

/** A busy machine, or the way to another node, takes as long. */
const LEAST_QUIET = 25;

/** Empties the mailbox of the running process; waits `quiet` milliseconds for more, 25 at least. */
export async function mailbox(quiet = LEAST_QUIET): Promise<unknown[]> {
  const messages: unknown[] = [];
  for (;;) {
    const message = await receive(undefined, { timeout: Math.max(quiet, LEAST_QUIET) });
    if (message === timeout) return messages;
    messages.push(message);
  }
}

/** The reasons of the EXIT and DOWN messages among `messages`. */
export function reasons(messages: readonly unknown[]): ExitReason[] {
  return messages.filter((m) => isExit(m) || isDown(m)).map((m) => (m as { reason: ExitReason }).reason);
}

/** The reason in the DOWN of a process that the running one monitors by `ref`. */
export async function downOf(ref: unknown, milliseconds = 500): Promise<ExitReason> {
  const down = await receive((m) => isDown(m) && m.ref === ref, { timeout: milliseconds });
  return isDown(down) ? down.reason : 'alive';
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string; reason?: ExitReason }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

/** A counter that can be asked, told, stopped and crashed; tells `to` of its terminate. */
export const counter = genServer({
  name: 'counter',
  init: (arg: { n?: number; to?: (what: unknown) => void } | undefined) => ({
    n: arg?.n ?? 0,
    to: arg?.to,
  }),
  calls: {
    get: (state) => reply(state.n, state),
    add: (state, by: number) => reply(state.n + by, { ...state, n: state.n + by }),
    slow: async (state, ms: number) => {
      await pause(ms);
      return reply('late' as const, state);
    },
    never: (state) => noreply(state),
    stop: (state, reason: ExitReason) => stop(reason, state),
    crash: (): never => {
      throw new TypeError('crashed on demand');
    },
  },
  casts: {
    add: (state, by: number) => noreply({ ...state, n: state.n + by }),
    stop: (state, reason: ExitReason) => stop(reason, state),
    crash: (): never => {
      throw new TypeError('crashed on demand');
    },
  },
  info: (state, message) => {
    state.to?.({ info: message });
    return noreply(state);
  },
  terminate: (reason, state) => state.to?.({ terminate: reason }),
});

/** Lets what can go on without time passing do so. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
