/**
 * Constructs: what programs may be made of, and how often each occurred.
 *
 *     count([generate(1, 0)]).get('send');
 */
import type { Child, Finish, Op, OpName, Ops, Program, Reason, ServerSpec, SupSpec } from './program.ts';

const OPERATIONS: Readonly<Record<OpName, true>> = {
  send: true,
  sendVia: true,
  recv: true,
  drain: true,
  link: true,
  unlink: true,
  alive: true,
  monitor: true,
  demonitor: true,
  trap: true,
  exit: true,
  exitSelf: true,
  signalSelf: true,
  raise: true,
  throw: true,
  hold: true,
  spawn: true,
  server: true,
  sup: true,
  dyn: true,
  call: true,
  cast: true,
  stop: true,
  reply: true,
  sendAfter: true,
  cancel: true,
  which: true,
  count: true,
  startChild: true,
  startDyn: true,
  terminateChild: true,
  restartChild: true,
  deleteChild: true,
  terminateDyn: true,
  register: true,
  unregister: true,
  lookup: true,
  whereis: true,
  keys: true,
  countNames: true,
  dispatch: true,
};
const FINISHES: Readonly<Record<Finish[0], true>> = {
  reply: true,
  noreply: true,
  keep: true,
  replyNow: true,
  replyTimeout: true,
  noreplyTimeout: true,
  replyContinue: true,
  continue: true,
  stop: true,
  stopReply: true,
  raise: true,
  exit: true,
  bad: true,
};

/** All constructs, by name; each must occur. */
export const CONSTRUCTS: readonly string[] = [
  ...Object.keys(OPERATIONS),
  ...Object.keys(FINISHES).map((name) => `handler: ${name}`),
  ...['ok', 'ignore', 'raise', 'stop', 'exit', 'timeout', 'continue'].map((name) => `init: ${name}`),
  ...['ok', 'raise', 'exit', 'hold'].map((name) => `terminate: ${name}`),
  ...['any', 'n', 'from', 'exit', 'down'].map((name) => `receive: ${name}`),
  ...['0', 'short', 'inf'].map((name) => `receive time: ${name}`),
  ...['short', 'long', 'inf'].map((name) => `call time: ${name}`),
  'call failure caught',
  'call failure not caught',
  'call by name',
  'server with a name',
  'server trapping exits',
  ...['plain', 'link', 'monitor'].map((name) => `bond: ${name}`),
  ...['one_for_one', 'one_for_all', 'rest_for_one'].map((name) => `strategy: ${name}`),
  ...['permanent', 'transient', 'temporary'].map((name) => `restart: ${name}`),
  ...['brutal', 'stop', 'long', 'inf'].map((name) => `shutdown: ${name}`),
  ...['server', 'bare', 'sup'].map((name) => `child: ${name}`),
  ...['never', 'any_significant', 'all_significant'].map((name) => `auto shutdown: ${name}`),
  'significant child',
  'children bounded',
  'intensity over a second',
  ...['normal', 'shutdown', 'shutdown with value', 'kill', 'boom', 'why'].map((name) => `reason given: ${name}`),
  'step: one acts',
  'step: several act',
  'step: release',
  'step: time passes',
];

/** How often each construct occurs in programs. */
export function count(programs: Iterable<Program>): Map<string, number> {
  const counts = new Map(CONSTRUCTS.map((name) => [name, 0]));
  const saw = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { steps } of programs) {
    for (const step of steps) {
      if ('release' in step) saw('step: release');
      else if ('wait' in step) saw('step: time passes');
      else {
        saw(step.do.length > 1 ? 'step: several act' : 'step: one acts');
        for (const [, what] of step.do) {
          if ('finish' in what) script(what.ops, what.finish, saw);
          else what.forEach((op) => operation(op, saw));
        }
      }
    }
  }
  return counts;
}

type Saw = (name: string) => void;
const kind = (value: string | number | readonly unknown[]): string =>
  String(typeof value === 'object' ? value[0] : value);

function reason(given: Reason, saw: Saw): void {
  saw(
    `reason given: ${typeof given === 'string' ? given : given[0] === 'shutdown' ? 'shutdown with value' : given[0]}`,
  );
}

function script(ops: Ops, finish: Finish, saw: Saw): void {
  ops.forEach((op) => operation(op, saw));
  saw(`handler: ${finish[0]}`);
  if (finish[0] === 'stop' || finish[0] === 'stopReply' || finish[0] === 'exit') reason(finish[1], saw);
}

function operation(op: Op, saw: Saw): void {
  saw(op[0]);
  switch (op[0]) {
    case 'recv':
      saw(`receive: ${kind(op[1])}`);
      return saw(`receive time: ${op[2]}`);
    case 'exit':
    case 'stop':
      return reason(op[2], saw);
    case 'exitSelf':
    case 'signalSelf':
      return reason(op[1], saw);
    case 'call':
      saw(`call time: ${op[3]}`);
      saw(op[4] ? 'call failure caught' : 'call failure not caught');
      if (typeof op[1] !== 'string') saw('call by name');
      return script(op[2].ops, op[2].finish, saw);
    case 'cast':
      return script(op[2].ops, op[2].finish, saw);
    case 'spawn':
      return saw(`bond: ${kind(op[2])}`);
    case 'server':
      saw(`bond: ${op[2]}`);
      return server(op[3], saw);
    case 'sup':
      saw(`bond: ${op[2]}`);
      return supervisor(op[3], saw);
    case 'dyn':
      if (op[3].most !== 'inf') saw('children bounded');
      if (op[3].period === 'second') saw('intensity over a second');
      return saw(`bond: ${op[2]}`);
    case 'startChild':
    case 'startDyn':
      return child(op[2], saw);
  }
}

function server({ plan, term, trap, name }: ServerSpec, saw: Saw): void {
  for (const outcome of plan) saw(`init: ${kind(outcome)}`);
  saw(`terminate: ${kind(term)}`);
  if (trap) saw('server trapping exits');
  if (name) saw('server with a name');
}

function supervisor({ strategy, auto, period, children }: SupSpec, saw: Saw): void {
  saw(`strategy: ${strategy}`);
  saw(`auto shutdown: ${auto}`);
  if (period === 'second') saw('intensity over a second');
  children.forEach((one) => child(one, saw));
}

function child(one: Child, saw: Saw): void {
  saw(`child: ${one.kind}`);
  saw(`restart: ${one.restart}`);
  saw(`shutdown: ${one.shutdown}`);
  if (one.significant) saw('significant child');
  if (one.server) server(one.server, saw);
  if (one.sup) supervisor(one.sup, saw);
}

/** How often processes ended with each kind of reason, by Elixir's traces. */
export function endings(traces: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const trace of traces) {
    for (const [, plain, inner] of trace.matchAll(/\["ended",(?:"(\w+)"|\["(\w+)")/g)) {
      const name = plain ?? `{${inner}, …}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return new Map([...counts].toSorted((a, b) => b[1] - a[1]));
}
