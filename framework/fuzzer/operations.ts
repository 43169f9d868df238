/**
 * Operations of a program on genroom: what `Ops` in interpreter.exs is on Elixir.
 *
 * Each runs inside the process that does it. One that waits gives a promise; the others happen at once, so that handlers
 * stay synchronous where nothing waits.
 */
import {
  cancelTimer,
  cast,
  ChildError,
  count as countNames,
  countChildren,
  deleteChild,
  demonitor,
  dispatch,
  exit,
  type ExitReason,
  isAlive,
  isDown,
  isExit,
  keysOf,
  link,
  lookupAll,
  monitor,
  type Pid,
  receive,
  register,
  replyTo,
  request,
  restartChild,
  send,
  sendAfter,
  start,
  startChild,
  startLink,
  StartError,
  StartIgnored,
  stopServer,
  type Target as OtpTarget,
  terminateChild,
  timeout,
  trapExit,
  unlink,
  unregister,
  via,
  whereis,
  whichChildren,
} from '../src/otp/index.ts';
import { childSpecOf, dyn, milliseconds, nameOf, reasonOf, server, spawnBare, sup } from './actors.ts';
import type { Op, OpName, OpOf, Pattern, Target, Time } from './program.ts';
import { type Actor, Sent, Told, type World } from './world.ts';

/** What a process that ended itself on the way throws: its code goes no further. */
class Ended extends Error {}

/** Runs operations in order; a promise only where one of them waits. */
export function runOps(world: World, actor: Actor, ops: readonly Op[], first = 0): Promise<void> | undefined {
  for (let i = first; i < ops.length; i++) {
    const op = ops[i]!;
    const waits = OPS[op[0]](world, actor, op as never);
    if (waits) return waits.then(() => goOn(world, actor, ops, i + 1));
    if (!isAlive(actor.pid)) throw new Ended();
  }
  return undefined;
}

function goOn(world: World, actor: Actor, ops: readonly Op[], next: number): Promise<void> | undefined {
  if (!isAlive(actor.pid)) throw new Ended();
  return runOps(world, actor, ops, next);
}

type Doing = { readonly [N in OpName]: (world: World, actor: Actor, op: OpOf<N>) => Promise<void> | void };

/** Does something to a target; a label that was never started is passed over. */
function on<T>(world: World, actor: Actor, what: string, target: Target, act: (target: OtpTarget) => T): T | undefined {
  const found = world.target(target);
  if (found !== undefined) return act(found);
  world.log(actor.label, '', [what, 'nobody']);
  return undefined;
}
const pidOn = <T>(world: World, actor: Actor, what: string, label: string, act: (pid: Pid) => T): T | undefined =>
  on(world, actor, what, label, (pid) => act(pid as Pid));

/** Logs what a request came to; where failures are not caught they end the process. */
function asked<T>(
  world: World,
  actor: Actor,
  what: string,
  caught: boolean,
  answer: Promise<T>,
  show: (value: T) => unknown = (value) => value,
): Promise<void> {
  return answer.then(
    (value) => world.log(actor.label, '', [what, ['ok', show(value)]]),
    (error: unknown) => {
      const { reason } = error as { reason?: ExitReason };
      if (!caught || reason === undefined) throw error;
      world.log(actor.label, '', [what, ['failed', world.reason(reason)]]);
    },
  );
}

/** The answer of a supervisor about one child. */
function child(
  world: World,
  actor: Actor,
  what: string,
  answer: Promise<Pid | undefined | void>,
  done?: string,
): Promise<void> {
  const shown = answer.then(
    (pid) => done ?? (pid ? world.labelOf(pid) : 'ignored'),
    (error: unknown) => {
      if (!(error instanceof ChildError)) throw error;
      if (error.code === 'child_ignored') return 'ignored';
      if (error.code === 'already_started') return ['error', ['already_started', world.labelOf(error.pid)]];
      return ['error', error.code === 'child_start_failed' ? world.reason(error.reason!) : error.code];
    },
  );
  return asked(world, actor, what, true, shown);
}

function started(world: World, actor: Actor, what: string, start: Promise<Pid>): Promise<void> {
  const log = (result: unknown): void => world.log(actor.label, '', [what, result]);
  return start.then(
    (pid) => log(world.labelOf(pid)),
    (error: unknown) => {
      if (error instanceof StartIgnored) return log('ignored');
      if (!(error instanceof StartError)) throw error;
      log(['error', world.reason(error.reason)]);
    },
  );
}

function accepts(world: World, pattern: Pattern): (message: unknown) => boolean {
  if (pattern === 'exit') return isExit;
  if (pattern === 'down') return isDown;
  if (pattern === 'any') return (m) => m instanceof Sent || isExit(m) || isDown(m);
  if (pattern[0] === 'n') return (m) => m instanceof Sent && m.n === pattern[1];
  const from = world.labelOf(world.pids.get(pattern[1]));
  return (m) => m instanceof Sent && m.from === from;
}

async function take(world: World, actor: Actor, pattern: Pattern, time: Time): Promise<void> {
  const message = await receive(accepts(world, pattern), { timeout: milliseconds(time) });
  world.log(actor.label, '', ['recv', message === timeout ? 'timeout' : world.message(actor, message)[1]]);
}

/** Everything but what the driver says: a reply that came late would be seen here. */
async function drain(world: World, actor: Actor): Promise<void> {
  const match = (message: unknown): boolean => !(message instanceof Told);
  for (let m = await receive(match, { timeout: 0 }); m !== timeout; m = await receive(match, { timeout: 0 }))
    world.log(actor.label, ...world.message(actor, m));
}

/** What a registry is asked; one that does not run is 'noproc'. */
function names(world: World, actor: Actor, what: string, ask: () => unknown): void {
  let result: unknown;
  try {
    result = ask();
  } catch (error) {
    if ((error as { code?: string }).code !== 'no_process') throw error;
    result = 'noproc';
  }
  world.log(actor.label, '', [what, result]);
}
const sorted = (entries: readonly unknown[]): unknown =>
  entries.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const OPS: Doing = {
  send: (w, a, [, to, n]) => on(w, a, 'send', to, (target) => send(target, new Sent(a.label, n))),
  sendVia: (w, a, [, r, key, n]) => {
    const pid = whereis(via(w.registries.get(r)!, key));
    if (pid) send(pid, new Sent(a.label, n));
    else w.log(a.label, '', ['sendVia', 'noproc']);
  },
  recv: (w, a, [, pattern, time]) => take(w, a, pattern, time),
  drain,
  link: (w, a, [, x]) =>
    pidOn(w, a, 'link', x, (pid) => {
      try {
        link(pid);
        w.log(a.label, '', ['link', 'ok']);
      } catch (error) {
        if ((error as { code?: string }).code !== 'no_process') throw error;
        w.log(a.label, '', ['link', 'noproc']);
      }
    }),
  unlink: (w, a, [, x]) => pidOn(w, a, 'unlink', x, unlink),
  monitor: (w, a, [, x, ref]) => on(w, a, 'monitor', x, (target) => void a.refs.set(ref, monitor(target))),
  demonitor: (w, a, [, name, how]) => {
    const ref = a.refs.get(name);
    if (ref) demonitor(ref, { flush: how === 'flush' });
    else w.log(a.label, '', ['demonitor', 'nobody']);
  },
  trap: (w, a, [, flag]) => w.log(a.label, '', ['trap', trapExit(flag)]),
  exit: (w, a, [, x, reason]) => pidOn(w, a, 'exit', x, (pid) => exit(pid, reasonOf(reason))),
  exitSelf: (_w, _a, [, reason]) => exit(reasonOf(reason)),
  signalSelf: (_w, a, [, reason]) => exit(a.pid, reasonOf(reason)),
  raise: (_w, _a, [, message]) => {
    throw new Error(message);
  },
  throw: (_w, _a, [, value]) => {
    // What a program throws here is no Error on purpose, as in Elixir.
    throw value as unknown as Error;
  },
  alive: (w, a, [, x]) => pidOn(w, a, 'alive', x, (pid) => w.log(a.label, '', ['alive', isAlive(pid)])),
  hold: (w, a) => w.hold(a),
  spawn: (w, a, [, label, bond, trap, ops]) => spawnBare(w, label, bond, trap, ops, a).then(() => {}),
  server: (w, a, [, label, bond, spec]) => {
    const arg = { world: w, label, spec };
    const name = nameOf(w, spec);
    return started(w, a, 'server', (bond === 'link' ? startLink : start)(server, arg, name ? { name } : {}));
  },
  sup: (w, a, [, label, bond, spec]) =>
    started(w, a, 'sup', (bond === 'link' ? startLink : start)(sup(w, label, spec))),
  dyn: (w, a, [, label, bond, spec]) => {
    const begun = (bond === 'link' ? startLink : start)(dyn(label, spec));
    return started(
      w,
      a,
      'dyn',
      begun.then((pid) => {
        w.pids.set(label, pid);
        w.labels.set(pid, label);
        return pid;
      }),
    );
  },
  call: (w, a, [, x, script, time, caught]) =>
    on(w, a, 'call', x, (to) => asked(w, a, 'call', caught, request(to, 'run', script, milliseconds(time)))),
  cast: (w, a, [, x, script]) =>
    on(w, a, 'cast', x, (to) => cast(to as OtpTarget<typeof server>, 'run', { who: a.label, script })),
  stop: (w, a, [, x, reason, time]) =>
    on(w, a, 'stop', x, (to) => {
      const stopped = stopServer(to, reasonOf(reason), { timeout: milliseconds(time) });
      return asked(w, a, 'stop', true, stopped, () => 'ok');
    }),
  reply: (w, a, [, key, value]) => {
    const from = w.froms.get(key);
    w.froms.delete(key);
    if (from) replyTo(from, value);
    else w.log(a.label, '', ['reply', 'nobody']);
  },
  sendAfter: (w, a, [, x, n, time, timer]) =>
    pidOn(
      w,
      a,
      'sendAfter',
      x,
      (pid) => void w.timers.set(timer, sendAfter(pid, new Sent(a.label, n), milliseconds(time))),
    ),
  cancel: (w, a, [, timer]) => {
    const ref = w.timers.get(timer);
    w.log(a.label, '', ['cancel', ref ? cancelTimer(ref) !== false : 'nobody']);
  },
  which: (w, a, [, s]) =>
    on(w, a, 'which', s, (to) =>
      asked(w, a, 'which', true, whichChildren(to), (all) => {
        const shown = all.map(({ id, pid, type, restarting }) => [
          id ?? '',
          pid ? w.labelOf(pid) : restarting ? 'restarting' : 'undefined',
          type,
        ]);
        // A dynamic supervisor's children have no ids, and no order.
        return shown[0]?.[0] === '' ? sorted(shown) : shown;
      }),
    ),
  count: (w, a, [, s]) =>
    on(w, a, 'count', s, (to) =>
      asked(w, a, 'count', true, countChildren(to), (all) => [all.specs, all.active, all.supervisors, all.workers]),
    ),
  startChild: (w, a, [, s, spec]) =>
    on(w, a, 'startChild', s, (to) => child(w, a, 'startChild', startChild(to, childSpecOf(w, spec)))),
  startDyn: (w, a, [, s, spec]) =>
    on(w, a, 'startDyn', s, (to) => child(w, a, 'startDyn', startChild(to, childSpecOf(w, spec)))),
  terminateChild: (w, a, [, s, id]) =>
    on(w, a, 'terminateChild', s, (to) => child(w, a, 'terminateChild', terminateChild(to, id), 'ok')),
  restartChild: (w, a, [, s, id]) =>
    on(w, a, 'restartChild', s, (to) => child(w, a, 'restartChild', restartChild(to, id))),
  deleteChild: (w, a, [, s, id]) =>
    on(w, a, 'deleteChild', s, (to) => child(w, a, 'deleteChild', deleteChild(to, id), 'ok')),
  terminateDyn: (w, a, [, s, x]) =>
    pidOn(w, a, 'terminateDyn', x, (pid) =>
      on(w, a, 'terminateDyn', s, (to) => child(w, a, 'terminateDyn', terminateChild(to, pid), 'ok')),
    ),
  register: (w, a, [, r, key, value]) =>
    names(w, a, 'register', () => {
      const holder = register(w.registries.get(r)!, key, value);
      return holder ? ['taken', w.labelOf(holder)] : 'ok';
    }),
  unregister: (w, a, [, r, key]) =>
    names(w, a, 'unregister', () => {
      unregister(w.registries.get(r)!, key);
      return 'ok';
    }),
  lookup: (w, a, [, r, key]) =>
    names(w, a, 'lookup', () =>
      sorted(lookupAll(w.registries.get(r)!, key).map(({ pid, value }) => [w.labelOf(pid), value])),
    ),
  whereis: (w, a, [, r, key]) =>
    names(w, a, 'whereis', () => {
      const pid = whereis(via(w.registries.get(r)!, key));
      return pid ? w.labelOf(pid) : 'nobody';
    }),
  keys: (w, a, [, r]) => names(w, a, 'keys', () => keysOf(w.registries.get(r)!, a.pid).map(String).toSorted()),
  countNames: (w, a, [, r]) => names(w, a, 'countNames', () => countNames(w.registries.get(r)!)),
  dispatch: (w, a, [, r, key, n]) =>
    names(w, a, 'dispatch', () => {
      dispatch(w.registries.get(r)!, key, (entries) => {
        w.log(a.label, '', ['dispatched', sorted(entries.map(({ pid, value }) => [w.labelOf(pid), value]))]);
        for (const { pid } of entries) send(pid, new Sent(a.label, n));
      });
      return 'ok';
    }),
};
