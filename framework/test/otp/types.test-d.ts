/** What compiles and what does not, of genServer, its references and their messages. Checked by tsc; nothing here runs. */
import {
  app,
  application,
  type AutoShutdown,
  type Call,
  call,
  cast,
  type ChildErrorCode,
  type ChildInfo,
  childSpec,
  type ChildSpec,
  ChildError,
  type ExitReason,
  type From,
  genServer,
  ignore,
  initOk,
  noreply,
  type Pid,
  type Ref,
  registry,
  reply,
  replyTo,
  type Restart,
  restartChild,
  type ShutdownTime,
  start,
  startChild,
  startLink,
  stop,
  stopReply,
  type Strategy,
  supervisor,
  dynamicSupervisor,
  sys,
  via,
  whichChildren,
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
  // @ts-expect-error a child's argument is missing
  childSpec(Account);
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

/** Exactly these, no more and no less. */
type Same<A, B> = [A, B] extends [B, A] ? true : never;
export const vocabulary: [
  Same<Strategy, 'oneForOne' | 'oneForAll' | 'restForOne'>,
  Same<Restart, 'permanent' | 'transient' | 'temporary'>,
  Same<ShutdownTime, number | 'brutalKill'>,
  Same<AutoShutdown, 'never' | 'anySignificant' | 'allSignificant'>,
] = [true, true, true, true];

export async function supervises(pid: Pid): Promise<void> {
  const sup = await start(supervisor({ name: 's', strategy: 'restForOne', children: [childSpec(Queue)] }));
  await start(
    supervisor({
      name: 's',
      strategy: 'oneForAll',
      children: (ids: number[]) => ids.map((id) => childSpec(Queue, undefined, { id })),
    }),
    [1, 2],
  );
  await start(supervisor({ name: 's', strategy: 'oneForAll', children: () => ignore() }));
  const listed = supervisor({
    name: 's',
    strategy: 'oneForAll',
    children: (ids: number[]) => ids.map(() => childSpec(Queue)),
  });
  // @ts-expect-error an argument of the wrong type
  await start(listed, 'x');
  // @ts-expect-error a child spec has no other form: the tuple of old is refused (rows SUP-04, SUP-09, SUP-11, DS-11)
  await startChild(sup, ['queue', Queue, 'permanent', 5000, 'worker', []]);
  // @ts-expect-error nor does a bare definition stand for its spec
  await startChild(sup, Queue);
  // @ts-expect-error a restart type that there is not
  childSpec(Queue, undefined, { restart: 'always' });
  // @ts-expect-error a spec needs an id
  await startChild(sup, { behaviour: Queue });

  const started: Pid = await startChild(sup, childSpec(Queue));
  const informing: ChildSpec<{ port: number }> = { id: 'i', start: async () => ({ pid, info: { port: 1 } }) };
  const { info } = await startChild(sup, informing, { info: true });
  const port: number = info.port;
  // @ts-expect-error what is told beside the pid has its type
  const host: string = info.host;
  const again: Pid = await restartChild(sup, 'i');
  const unknownInfo: unknown = (await restartChild(sup, 'i', { info: true })).info;
  const children: ChildInfo[] = await whichChildren(sup);
  // @ts-expect-error a child may be stopped
  const running: Pid = children[0]!.pid;
  void [started, port, host, again, unknownInfo, running];

  const dynamic = await start(dynamicSupervisor({ name: 'd', init: (max: number) => ({ maxChildren: max }) }), 5);
  await startChild(dynamic, { id: 'x', start: (extra: string) => startLink(Account, { number: extra }) });
  // @ts-expect-error a flag of the wrong type
  dynamicSupervisor({ name: 'd', maxChildren: 'many' });
  // @ts-expect-error a dynamic supervisor has no significant children
  dynamicSupervisor({ name: 'd', autoShutdown: 'anySignificant' });
  // @ts-expect-error an argument of the wrong type
  await start(dynamicSupervisor({ name: 'd', init: (max: number) => ({ maxChildren: max }) }), 'x');

  await sys.changeCode(sup, { to: supervisor({ name: 's', strategy: 'oneForOne', children: [] }) });
  try {
    await startChild(sup, childSpec(Queue));
  } catch (error) {
    if (!(error instanceof ChildError)) throw error;
    const code: ChildErrorCode = error.code;
    const why: ExitReason | undefined = error.reason;
    void [code, why];
  }
}

const bank = application({
  name: 'bank',
  env: { limit: 500, currency: 'EUR' as 'EUR' | 'CHF' },
  start: async () => ({
    pid: await startLink(supervisor({ name: 's', strategy: 'oneForOne', children: [] })),
    state: 'open',
  }),
  prepStop: (state) => state?.toUpperCase(),
});

export async function configures(): Promise<void> {
  const limit: number | undefined = app.getEnv(bank, 'limit');
  const sure: number = app.getEnv(bank, 'limit', 0);
  const currency: 'EUR' | 'CHF' = app.fetchEnvOrThrow(bank, 'currency');
  const found: { value: number } | undefined = app.fetchEnv(bank, 'limit');
  const all: Partial<{ limit: number; currency: 'EUR' | 'CHF' }> = app.getAllEnv(bank);
  void [limit, sure, currency, found, all];
  // @ts-expect-error a key that there is not
  app.getEnv(bank, 'rate');
  // @ts-expect-error a value of the wrong type
  app.putEnv(bank, 'currency', 'USD');
  // @ts-expect-error a value of the wrong type among several
  app.putAllEnv(bank, { limit: 'many' });
  // @ts-expect-error a start type that there is not
  await app.start(bank, { type: 'forever' });
  // @ts-expect-error an application is a value, not a name
  await app.start('bank');
}
