/** Misuse that must not compile: processes, requests, reasons, tasks, agents, registries, sys. Checked by tsc; nothing here runs. */
import {
  agent,
  type AgentRef,
  call,
  cast,
  CallError,
  childSpec,
  type ChildSpec,
  type CrashReport,
  dispatch,
  type Down,
  enterLoop,
  exit,
  type ExitReason,
  genServer,
  GenroomError,
  initOk,
  initStop,
  monitor,
  type Monitor,
  noreply,
  type Outcome,
  type Pid,
  processInfo,
  receive,
  type Ref,
  register,
  registry,
  reply,
  type Request,
  Requests,
  select,
  sendAfter,
  sendRequest,
  shutdown,
  spawn,
  spawnMonitor,
  specialProcess,
  start,
  startLink,
  startMonitor,
  stop,
  stopServer,
  supervisor,
  sys,
  type Target,
  task,
  taskSup,
  trapExit,
  updateValue,
  via,
  waitResponse,
} from '../../src/otp/index.ts';
import { startOn } from '../../src/cluster/nodes.ts';

const Account = genServer({
  name: 'account',
  init: (arg: { number: string }) => ({ number: arg.number, cents: 0 }),
  calls: {
    balance: (state) => reply(state.cents, state),
    withdraw: (state, cents: number) => reply(cents > state.cents ? ('overdraft' as const) : cents, state),
  },
  casts: { deposit: (state, cents: number) => noreply({ ...state, cents: state.cents + cents }) },
});
const Queue = genServer({
  name: 'queue',
  init: () => [] as string[],
  calls: { take: (state) => reply(state[0], state) },
  casts: { put: (state, item: string) => noreply([...state, item]) },
});

declare const account: Ref<typeof Account>;
declare const queue: Ref<typeof Queue>;
declare const pid: Pid;

export async function messages(): Promise<void> {
  // @ts-expect-error a cast is no call
  await call(account, 'deposit', 5);
  // @ts-expect-error a call is no cast
  cast(account, 'balance');
  // @ts-expect-error a call of another server
  await call(queue, 'balance');
  // @ts-expect-error a cast of another server
  cast(queue, 'deposit', 5);
  // @ts-expect-error a payload too many
  await call(account, 'balance', 5);
  // @ts-expect-error a timeout is milliseconds
  await call(account, 'balance', undefined, { timeout: '5 s' });
  // @ts-expect-error an option that there is not
  await call(account, 'balance', undefined, { retries: 3 });
  const drawn: number | 'overdraft' = await call(account, 'withdraw', 5);
  // @ts-expect-error one of two replies is not all
  const all: number = await call(account, 'withdraw', 5);
  // @ts-expect-error an untyped pid knows no messages
  await call(pid, 'balance');
  void [drawn, all];
}

declare function ask(target: Target<typeof Queue>): void;

export async function names(): Promise<void> {
  const accounts = registry<typeof Account>({ name: 'accounts' });
  ask(via(registry<typeof Queue>({ name: 'queues' }), 1));
  // @ts-expect-error a name of another server
  ask(via(accounts, '7'));
  // @ts-expect-error a reference to another server
  ask(account);
  // @ts-expect-error the message of another server, by name
  await call(via(accounts, '7'), 'take');
  // @ts-expect-error a key is a plain value
  register(accounts, new Date());
  // @ts-expect-error keys are unique or duplicate
  registry({ name: 'x', keys: 'many' });
  // @ts-expect-error values are unknown until they are looked at
  updateValue(accounts, '7', (value) => value + 1);
  // @ts-expect-error dispatch gives entries
  dispatch(accounts, '7', (entries: number) => entries);
  // @ts-expect-error a selection is a predicate
  select(accounts, { key: '7' });
  // @ts-expect-error a registry is no target: name one of its processes
  await call(accounts, 'balance');
}

export async function starting(): Promise<void> {
  // @ts-expect-error an init argument of the wrong type
  await start(Account, { number: 7 });
  // @ts-expect-error an init argument is missing
  await startMonitor(Account);
  // @ts-expect-error a start's timeout is milliseconds
  await start(Queue, undefined, { timeout: 'soon' });
  // @ts-expect-error a name is made by via
  await start(Queue, undefined, { name: 'queue' });
  const { pid: one, ref } = await startMonitor(Account, { number: '7' }, { tag: 'ENDED' });
  const cents: number = await call(one, 'balance');
  const tag: string = ref.tag;
  // @ts-expect-error a server that was started elsewhere knows its messages too
  await call(one, 'take');
  // @ts-expect-error not the state of this server
  await enterLoop(Queue, { cents: 0 });
  const special = specialProcess({ name: 's', run: (first: number, me) => (me.ack(), first) });
  // @ts-expect-error an argument of the wrong type
  await start(special, 'one');
  void [cents, tag];
}

export function reasons(): void {
  exit(pid, 'shutdown');
  exit(pid, shutdown({ after: 5 }));
  exit(pid, { nodedown: 'b' });
  // @ts-expect-error a reason is a string or an object
  exit(pid, 5);
  // @ts-expect-error a reason is needed
  exit(pid, undefined);
  // @ts-expect-error a signal goes to a pid
  exit(Account, 'kill');
  // @ts-expect-error stop takes the reason first, then the state
  void stopServer(account, { timeout: 5 }, 'normal');
  // @ts-expect-error a reason of init is a reason
  initStop(42);
  // @ts-expect-error the end of a step is a reason
  stop(42, 'state');
  // @ts-expect-error flags are true or false
  trapExit('yes');
  const why: ExitReason | undefined = (undefined as unknown as Down).reason;
  // @ts-expect-error the reason of an end is no plain string
  const text: string = (undefined as unknown as Down).reason;
  void [why, text];
}

export async function processes(): Promise<void> {
  // @ts-expect-error what was received is unknown until it is looked at
  const n: number = await receive();
  const s: string = await receive((m): m is string => typeof m === 'string');
  // @ts-expect-error in time or not
  const sure: string = await receive((m): m is string => typeof m === 'string', { timeout: 5 });
  // @ts-expect-error until when an alias lives has three ways
  monitor(pid, { alias: 'forever' });
  const ref: Monitor<{ room: number }> = monitor(pid, { tag: { room: 7 } });
  // @ts-expect-error a tag of another type
  const other: Monitor<string> = spawnMonitor(() => {}, { tag: 7 }).ref;
  // @ts-expect-error a process is a function
  spawn('main');
  // @ts-expect-error the pid comes first
  sendAfter(1000, pid, 'message');
  // @ts-expect-error a pid is no number
  processInfo(7);
  // @ts-expect-error a timeout of a step is a number
  noreply('state', { timeout: 'soon' });
  // @ts-expect-error nor is there any other option
  initOk('state', { hibernate: true });
  void [n, s, sure, ref, other];
}

export async function requests(): Promise<void> {
  const request: Request<number> = sendRequest(account, 'balance');
  // @ts-expect-error a reply of another type
  const wrong: Request<string> = sendRequest(account, 'balance');
  // @ts-expect-error a call that there is not
  sendRequest(account, 'nope');
  // @ts-expect-error a payload of the wrong type
  sendRequest(account, 'withdraw', '5');
  const response: Outcome<number> | undefined = await waitResponse(request);
  // @ts-expect-error it may have failed
  const value: number = response!.value;
  const some = new Requests<'first' | 'second', number>().add(request, 'first');
  // @ts-expect-error a label that there is not
  some.add(request, 'third');
  // @ts-expect-error requests of another reply
  some.add(sendRequest(queue, 'take'), 'second');
  void [wrong, value];
}

export async function tasks(sup: Pid): Promise<void> {
  const one = task.async(() => 7);
  const seven: number = await task.await(one);
  // @ts-expect-error a value of another type
  const text: string = await task.await(one);
  // @ts-expect-error how it ended is no value
  const value: number = await task.yield(one);
  const many: number[] = await task.awaitMany([one]);
  const under: task_of<number> = await taskSup.asyncNolink(sup, async () => 7);
  // @ts-expect-error a task's value of another type
  const wrong: task_of<string> = await taskSup.async(sup, () => 7);
  // @ts-expect-error a task is waited for, not its pid
  await task.await(pid);
  // @ts-expect-error an unfinished task may be killed, ignored or left
  await task.yieldMany([one], { onTimeout: 'restart' });
  for await (const outcome of task.asyncStream([1, 2], (n) => String(n))) {
    const result: string | undefined = outcome.ok ? outcome.value : undefined;
    // @ts-expect-error a result of another type
    const number: number | undefined = outcome.ok ? outcome.value : undefined;
    void [result, number];
  }
  void [seven, text, value, many, under, wrong];
}
type task_of<T> = Awaited<ReturnType<typeof taskSup.async<T>>>;

export async function agents(): Promise<void> {
  const hits: AgentRef<number> = await agent.start(() => 0);
  const n: number = await agent.get(hits, (value) => value);
  // @ts-expect-error what the function reads is of the agent's type
  await agent.get(hits, (value) => value.length);
  // @ts-expect-error the next value is of another type
  await agent.update(hits, () => 'many');
  // @ts-expect-error an answer of another type
  const text: string = await agent.getAndUpdate(hits, (value) => [value, value + 1]);
  // @ts-expect-error the answer comes with the next value
  await agent.getAndUpdate(hits, (value) => value);
  // @ts-expect-error the next value is of another type
  agent.cast(hits, (value) => String(value));
  void [n, text];
}

export async function steering(): Promise<void> {
  const { cents }: { cents: number } = await sys.getState(account);
  // @ts-expect-error a field that the state does not have
  void (await sys.getState(account)).balance;
  // @ts-expect-error a state of another shape
  await sys.replaceState(account, () => ({ balance: 5 }));
  // @ts-expect-error statistics are on, off or asked for
  await sys.statistics(account, 'all');
  void cents;
}

/** A name is of a registry, and who has it must know the messages that the registry's names are asked. */
export async function naming(): Promise<void> {
  const accounts = registry<typeof Account>({ name: 'accounts' });
  const queues = registry<typeof Queue>({ name: 'queues' });
  const anything = registry({ name: 'anything' });
  await start(Account, { number: '7' }, { name: via(accounts, '7') });
  await start(Account, { number: '7' }, { name: via(anything, '7') });
  await start(supervisor({ name: 'all', strategy: 'oneForOne', children: [] }), undefined, {
    name: via(anything, 'all'),
  });
  // @ts-expect-error an account is no queue
  await start(Account, { number: '7' }, { name: via(queues, '7') });
  // @ts-expect-error nor is one that is linked
  await startLink(Account, { number: '7' }, { name: via(queues, '7') });
  // @ts-expect-error nor one that is watched
  await startMonitor(Account, { number: '7' }, { name: via(queues, '7') });
  // @ts-expect-error nor one on another node
  await startOn('worker', Account, { number: '7' }, { name: via(queues, '7') });
  const spec: ChildSpec = childSpec(Account, { number: '7' }, { name: via(accounts, '7') });
  childSpec(Account, { number: '7' }, { name: via(anything, '7'), restart: 'transient' });
  // @ts-expect-error nor a child
  childSpec(Account, { number: '7' }, { name: via(queues, '7') });
  void spec;
}

/** Errors carry code, cause and remedy; reports what a crash is. */
export function errors(error: unknown, report: CrashReport): void {
  if (error instanceof CallError) {
    // @ts-expect-error a code that a call has not
    if (error.code === 'call_lost') return;
    if (error.code === 'call_timeout') return;
  }
  if (error instanceof GenroomError) {
    const said: [string, string] = [error.code, error.remedy];
    const behind: unknown = error.cause;
    void [said, behind];
  }
  // @ts-expect-error a report is read, not written
  report.state = 'redacted';
  const why: ExitReason = report.reason;
  void why;
}

export const definitions = [
  genServer({
    name: 'a',
    init: () => ({ n: 0 }),
    // @ts-expect-error an undeclared payload is unknown, not anything
    casts: { add: (state, by) => noreply({ n: state.n + by }) },
  }),
  genServer({
    name: 'b',
    init: () => ({ n: 0 }),
    // @ts-expect-error a state of another shape
    calls: { get: (state: { m: string }) => reply(state.m, state) },
  }),
  genServer({
    name: 'c',
    init: () => ({ n: 0 }),
    // @ts-expect-error formatStatus gives fields of a status
    formatStatus: ({ state }) => ({ status: state.n }),
  }),
  genServer({
    name: 'd',
    init: () => ({ n: 0 }),
    // @ts-expect-error the new state is of another shape
    codeChange: () => ({ m: 0 }),
  }),
];
