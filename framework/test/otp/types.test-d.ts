/** What compiles and what does not, of genServer, its references and their messages. Checked by tsc; nothing here runs. */
import {
  type Call,
  call,
  cast,
  childSpec,
  type From,
  genServer,
  initOk,
  noreply,
  type Ref,
  registry,
  reply,
  replyTo,
  start,
  stop,
  stopReply,
  supervisor,
  sys,
  via,
} from '../../src/otp/index.ts';

const Account = genServer({
  name: 'account',
  init: (arg: { number: string }) => ({ number: arg.number, balance: 0 }),
  calls: {
    balance: (state) => reply(state.balance, state),
    withdraw: (state, cents: number) =>
      cents > state.balance
        ? reply('insufficient' as const, state)
        : reply(state.balance - cents, { ...state, balance: state.balance - cents }),
    close: (state, why?: string) => stopReply('normal', why ?? 'closed', state),
  },
  casts: { deposit: (state, cents: number) => noreply({ ...state, balance: state.balance + cents }) },
  info: (state) => noreply(state),
});

export async function uses(): Promise<void> {
  const account = await start(Account, { number: '7' });
  const balance: number = await call(account, 'balance');
  const left: number | 'insufficient' = await call(account, 'withdraw', 5);
  const state: { number: string; balance: number } = await sys.getState(account);
  cast(account, 'deposit', 5);
  await call(account, 'close');
  await call(account, 'close', 'because');
  await call(account, 'withdraw', 5, { timeout: 100 });
  void [balance, left, state];

  // @ts-expect-error a payload of the wrong type
  cast(account, 'deposit', 'x');
  // @ts-expect-error a cast that there is not
  cast(account, 'withdraw', 5);
  // @ts-expect-error a call that there is not
  await call(account, 'nope');
  // @ts-expect-error a payload is missing
  await call(account, 'withdraw');
  // @ts-expect-error a payload of the wrong type
  await call(account, 'close', 5);
  // @ts-expect-error a reply of another type
  const wrong: string = await call(account, 'balance');
  // @ts-expect-error an argument of the wrong type
  await start(Account, { number: 3 });
  // @ts-expect-error an argument is missing
  await start(Account);
  // @ts-expect-error a child's argument of the wrong type
  childSpec(Account, { number: 3 });
  void wrong;

  const names = registry<typeof Account>({ name: 'accounts' });
  const named: number = await call(via(names, '7'), 'balance');
  // @ts-expect-error what is registered knows its messages
  await call(via(names, '7'), 'nope');
  // @ts-expect-error a key is a plain value
  via(names, { number: 7 });
  void named;
}

export const misuse = [
  genServer({
    name: 'a',
    init: () => ({ n: 0 }),
    // @ts-expect-error a next state of the wrong shape
    casts: { bad: (_state) => noreply({ m: 1 }) },
  }),
  genServer({
    name: 'b',
    init: () => ({ n: 0 }),
    // @ts-expect-error a cast has nobody to reply to
    casts: { bad: (state) => reply(1, state) },
  }),
  genServer({
    name: 'c',
    init: () => ({ n: 0 }),
    // @ts-expect-error a bare value is no step
    calls: { bad: (state) => state.n },
  }),
  genServer({
    name: 'd',
    init: () => ({ n: 0 }),
    // @ts-expect-error info may not reply
    info: (state) => reply(1, state),
  }),
  // @ts-expect-error a strategy that there is not
  supervisor({ name: 'e', strategy: 'oneForTwo', children: [] }),
  // @ts-expect-error an unknown shutdown time
  childSpec(Account, { number: '7' }, { shutdown: 'soon' }),
];

const Queue = genServer({
  name: 'queue',
  init: () => initOk({ waiting: [] as From<number>[] }, { continue: 'load' }),
  continue: (state) => (state.waiting.length > 5 ? stop('full', state) : noreply(state)),
  calls: {
    take: (state, _: void, { from }: Call<number>) => noreply({ waiting: [...state.waiting, from] }),
    untyped: (state) => noreply(state),
  },
  casts: {
    put: (state, n: number) => {
      const [first, ...rest] = state.waiting;
      if (first) replyTo(first, n);
      // @ts-expect-error a late reply of another type
      if (first) replyTo(first, 'x');
      return noreply({ waiting: rest });
    },
  },
});

export async function later(queue: Ref<typeof Queue>): Promise<void> {
  const taken: number = await call(queue, 'take');
  // @ts-expect-error a deferred reply without a declared type is unknown, not anything
  const nonsense: { nonsense: true } = await call(queue, 'untyped');
  void [taken, nonsense];
}
