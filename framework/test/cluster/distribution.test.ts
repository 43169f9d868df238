/** Processes of other nodes: signals, references, data, the loss of a node. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Call, Down, ExitReason, From, Pid, Ref, StrayReport, Target } from '../../src/otp/index.ts';
import { inProcessOf, type TestNode, twoNodes, until } from './two-nodes.ts';

let a: TestNode;
let b: TestNode;
let join: () => Promise<void>;

beforeEach(async () => {
  ({ a, b, join } = await twoNodes());
  await join();
});
afterEach(() => {
  a.disconnect('b');
});

/** What the code under test rejects or throws with. */
async function failure(work: () => unknown): Promise<{ code?: string; reason?: ExitReason } & Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

const counterOf = ({ genServer, reply, noreply, stop }: TestNode) =>
  genServer({
    name: 'counter',
    init: (n: number) => n,
    calls: {
      get: (n) => reply(n, n),
      echo: (n, what: object | symbol | undefined) => reply(what, n),
      never: (n) => noreply(n),
      crash: (): never => {
        throw Object.assign(new TypeError('on demand', { cause: 'why' }), { code: 'E_DEMAND' });
      },
      end: (n, reason: ExitReason) => stop(reason, n),
      junk: (n) => reply(() => {}, n),
    },
    casts: { add: (n, by: number) => noreply(n + by) },
  });
type Counter = ReturnType<typeof counterOf>;

/** A counter on b, under a name there, and its pid as it is known on a. */
async function counterOnB(n = 0): Promise<{ there: Pid; here: Ref<Counter>; name: ReturnType<typeof name> }> {
  const names = b.registry({ name: 'names' });
  await b.start(names).catch(() => {});
  const there = await b.start(counterOf(b), n, { name: b.via(names, 'counter') });
  const here = await a.call(name(), 'echo', undefined).then(() => pidOf(there));
  return { there, here: here, name: name() };
}
const name = () => a.nameOn<Counter>('b', a.via(a.registry<Counter>({ name: 'names' }), 'counter'));

/** A pid of b as a knows it, through a message. */
async function pidOf(there: Pid): Promise<Pid> {
  return inProcessOf(a, async () => {
    const me = a.self();
    const names = a.registry({ name: 'asking' });
    await a.start(names).catch(() => {});
    a.register(names, 'me');
    b.send(b.nameOn('a', b.via(b.registry({ name: 'asking' }), 'me')), { pid: there });
    const { pid } = (await a.receive()) as { pid: Pid };
    expect(a.processInfo(me)!.messageQueueLength).toBe(0);
    return pid;
  });
}

/** A pid of a as b knows it. */
async function pidOnB(pid: Pid): Promise<Pid> {
  const { here } = await counterOnB();
  let found: Pid | undefined;
  const names = b.registry({ name: 'finding' });
  await b.start(names);
  const finder = b.spawn(async () => {
    b.register(names, 'finder');
    found = ((await b.receive()) as { pid: Pid }).pid;
  });
  await until(() => b.whereis(b.via(names, 'finder')) === finder);
  await a.call(here, 'get');
  a.send(a.nameOn('b', a.via(a.registry({ name: 'finding' }), 'finder')), { pid });
  await until(() => found !== undefined);
  return found!;
}

describe('calls and casts', () => {
  test('reach a server of another node, by name and by pid; the first counts, in order', async () => {
    const { here, name } = await counterOnB(1);
    a.cast(name, 'add', 1);
    a.cast(here, 'add', 2);
    expect([await a.call(here, 'get'), await a.call(name, 'get')]).toEqual([4, 4]);
    expect([here.node, String(here)]).toEqual(['b', `<b.${here.id}>`]);
    expect([a.node(), a.nodes(), b.nodes()]).toEqual(['a', ['b'], ['a']]);
  });

  test('EGS-26 fail as they do on one node, with the same codes and reasons; nothing stays open', async () => {
    const { here, name, there } = await counterOnB();
    const late = await failure(() => a.call(here, 'never', undefined, { timeout: 5 }));
    expect([late.code, late.reason]).toEqual(['call_timeout', 'timeout']);
    await until(() => b.openWith('a')!.served === 0);
    const crash = await failure(() => a.call(here, 'crash'));
    expect(crash).toBeInstanceOf(a.CallError);
    expect(crash.code).toBe('call_down');
    expect(a.isCrash(crash.reason!)).toBe(true);
    const { error } = crash.reason as { error: Error & { code: string } };
    expect(error).toBeInstanceOf(TypeError);
    expect([error.message, error.code, error.cause]).toEqual(['on demand', 'E_DEMAND', 'why']);
    expect(error.stack).toContain('distribution.test');
    for (const target of [here, name]) {
      expect((await failure(() => a.call(target, 'get'))).code).toBe('call_noproc');
      a.cast(target, 'add', 1);
    }
    expect(b.isAlive(there)).toBe(false);
    expect(a.openWith('b')).toEqual({ calls: 0, monitors: 0, links: 0, served: 0, watched: 0 });
  });

  test('an answer may come later, from any process of any node; the first counts', async () => {
    const asked: From<string>[] = [];
    const later = b.genServer({
      name: 'later',
      init: () => 0,
      calls: {
        ask: (n, to: Pid, { from }: Call<string>) => {
          asked.push(from);
          b.send(to, { from: from as From });
          return b.noreply(n);
        },
      },
    });
    const server = (await pidOf(await b.start(later))) as Ref<typeof later>;
    const seen = await inProcessOf(a, async () => {
      const answer = a.call(server, 'ask', a.self());
      const { from } = (await a.receive()) as { from: From<string> };
      a.replyTo(from, 'from a');
      const first = await answer;
      b.replyTo(asked[0]!, 'again');
      return [first, from === undefined];
    });
    expect(seen).toEqual(['from a', false]);
    expect(a.openWith('b')!.calls).toBe(0);
  });
});

describe('what crosses', () => {
  test('PROC-14 PROC-15 SIG-11 SIG-28 a pid is the same object wherever it has been; so are references, and aliases lead home', async () => {
    const { here, there } = await counterOnB();
    await inProcessOf(a, async () => {
      const ref = a.monitor(here);
      const one = a.alias();
      const sent = {
        me: a.self(),
        here,
        ref,
        one,
        list: [here, here],
        name: a.via(a.registry({ name: 'x' }), ['k', 1]),
      };
      const back = (await a.call(here, 'echo', sent)) as typeof sent;
      expect([back.me === a.self(), back.here === here, back.ref === ref, back.one === one]).toEqual(
        Array(4).fill(true),
      );
      expect(back.list[0]).toBe(back.list[1]);
      expect(String(back.name)).toBe('x/k,1');
      expect(a.samePid(here, there as never)).toBe(true);
      a.demonitor(ref);
      const alias = a.monitor(here, { alias: 'replyDemonitor' });
      const helper = await pidOf(
        b.spawn(async () => {
          for (const to of (await b.receive()) as (typeof sent)['one'][]) b.send(to, 'through an alias');
        }),
      );
      a.send(helper, [one, alias, alias]);
      expect([await a.receive(), await a.receive()]).toEqual(['through an alias', 'through an alias']);
      expect(await a.receive(undefined, { timeout: 5 })).toBe(a.timeout);
    });
  });

  test('an alias that only the other node still holds leads home, after a collection too', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const asked = b.spawn(async () => {
      const { replyTo } = (await b.receive()) as { replyTo: Pid };
      await new Promise((resolve) => setTimeout(resolve, 20));
      b.send(replyTo, 'answer');
    });
    const server = await pidOf(asked);
    const answer = await inProcessOf(a, async () => {
      a.send(server, { replyTo: a.alias({ reply: true }) });
      await new Promise((resolve) => setTimeout(resolve, 1));
      collect();
      return a.receive(undefined, { timeout: 5000 });
    });
    expect(answer).toBe('answer');
  });

  test('data arrives as it left; what was changed afterwards does not show', async () => {
    const { here } = await counterOnB();
    const data = {
      text: 'x',
      big: 12n,
      nothing: undefined,
      nil: null,
      date: new Date(5),
      map: new Map<unknown, unknown>([[1, { pid: here }]]),
      set: new Set([1, 'a']),
      bytes: new Uint8Array([1, 2, 3]).subarray(1),
      floats: new Float64Array([0.5]),
      nested: [[1], { '\u0000genroom': 'pid', node: 'x' }],
      own: JSON.parse('{"__proto__": {"polluted": true}, "pid": 0}') as object,
      many: Array.from({ length: 300 }, (_, i) => ({ i })),
      cycle: [] as unknown[],
    };
    data.cycle.push(data.cycle);
    const asked = a.call(here, 'echo', data);
    data.text = 'changed';
    data.many.length = 0;
    const back = (await asked) as typeof data;
    expect(back.text).toBe('x');
    expect(back.many).toHaveLength(300);
    expect(back.cycle[0]).toBe(back.cycle);
    expect([...back.bytes]).toEqual([2, 3]);
    expect(back.map.get(1)).toEqual({ pid: here });
    expect((back.map.get(1) as { pid: Pid }).pid).toBe(here);
    expect(back.nested).toEqual(data.nested);
    expect(Object.getOwnPropertyNames(back.own)).toContain('__proto__');
    expect((back.own as { polluted?: true }).polluted).toBe(undefined);
    expect([back.big, back.nil, back.date.getTime(), back.set, back.floats[0]]).toEqual([12n, null, 5, data.set, 0.5]);
  });

  test('what is no data fails in the sender, with the place; nothing else happens', async () => {
    const { here, there } = await counterOnB(3);
    const bad = { items: [{ callback: () => {} }] };
    for (const act of [
      () => a.send(here, bad),
      () => a.cast(here, 'add', bad as never),
      () => a.call(here, 'echo', bad),
      () => a.call(here, 'echo', Promise.resolve()),
      () => a.call(here, 'echo', Symbol('x')),
      () => a.call(here, 'echo', new WeakMap()),
      () => a.call(here, 'echo', counterOf(a)),
    ]) {
      const error = await failure(async () => act());
      expect([error.name, error.code]).toEqual(['NotData', 'message_not_data']);
    }
    expect((await failure(() => a.send(here, bad))).message).toContain("a message: its 'callback' is a function");
    expect((await failure(() => a.call(here, 'junk'))).code).toBe('message_not_data');
    expect([await a.call(here, 'get'), b.isAlive(there), a.openWith('b')!.calls]).toEqual([3, true, 0]);
  });

  test('what is nested too deep is refused, and costs what is sent beside it nothing', async () => {
    const { here } = await counterOnB(3);
    const nest = (levels: number, around: (inner: unknown) => unknown): unknown => {
      let value: unknown = 1;
      for (let i = 0; i < levels; i++) value = around(value);
      return value;
    };
    for (const around of [
      (x: unknown) => ({ x }),
      (x: unknown) => [x, here],
      (x: unknown) => new Map([[1, x]]),
      (x: unknown) => ({ '\u0000genroom': x }),
    ])
      for (const levels of [400, 1001, 1500, 2500, 5000, 100_000]) {
        const [deep, beside] = await Promise.allSettled([
          a.call(here, 'echo', nest(levels, around) as object, { timeout: 3000 }),
          a.call(here, 'get'),
        ]);
        if (levels === 400) expect(deep.status).toBe('fulfilled');
        else expect(deep).toMatchObject({ reason: { code: 'message_not_data' } });
        expect(beside).toEqual({ status: 'fulfilled', value: 3 });
      }
    // An error loses what lies too deep, and arrives.
    const deep = nest(3000, (cause) => new Error('e', { cause })) as Error;
    expect(await a.call(here, 'echo', deep)).toMatchObject({ message: 'e', cause: { message: 'e' } });
  });

  test('a behaviour crosses by its name where both nodes offer it', async () => {
    const { here } = await counterOnB();
    const mine = a.offer(counterOf(a), 'offered');
    b.offer(counterOf(b), 'offered');
    expect(await a.call(here, 'echo', { mine })).toEqual({ mine });
    expect(() => a.offer(counterOf(a), 'offered')).toThrow('is offered as offered already');
  });
});

describe('monitors, links and exits', () => {
  test('R-24 R-25 a monitor tells of the end, with its reason; of the dead noproc; taken away, nothing', async () => {
    const { here, there } = await counterOnB();
    const seen = await inProcessOf(a, async () => {
      const gone = a.monitor(here);
      a.demonitor(gone);
      const ref = a.monitor(here);
      a.cast(here, 'add', 1);
      a.exit(here, { why: 'told', by: a.self() });
      const down = await a.receive(a.isDown);
      expect(down).toEqual({ tag: 'DOWN', ref, pid: here, reason: { why: 'told', by: a.self() } });
      const again = a.monitor(here);
      const { reason } = await a.receive((m): m is Down => a.isDown(m) && m.ref === again);
      const byName = a.monitor(name());
      const unnamed = await a.receive((m): m is Down => a.isDown(m) && m.ref === byName);
      return [reason, unnamed.reason, a.processInfo(a.self())!.messageQueueLength];
    });
    expect(seen).toEqual(['noproc', 'noproc', 0]);
    expect(b.isAlive(there)).toBe(false);
    expect(a.openWith('b')).toMatchObject({ monitors: 0 });
    expect(b.openWith('a')).toMatchObject({ watched: 0 });
  });

  test('R-22 R-23 R-25 a link carries the end both ways, normal too; unlinked, nothing; a dead one is noproc', async () => {
    const there = (body: () => unknown): Promise<Pid> => pidOf(b.spawn(async () => body()));
    const idle = (): Promise<unknown> => b.receive();
    const seen = await inProcessOf(a, async () => {
      a.trapExit(true);
      const reasons: unknown[] = [];
      const exits = async (): Promise<void> => {
        const message = (await a.receive(a.isExit)) as { from: Pid; reason: ExitReason };
        reasons.push(message.reason);
      };
      const one = await there(idle);
      a.link(one);
      a.exit(one, 'broken');
      await exits();
      a.link(one);
      await exits();
      const two = await there(idle);
      a.link(two);
      a.send(two, 'end');
      await exits();
      const three = await there(idle);
      a.link(three);
      a.unlink(three);
      a.exit(three, 'kill');
      const ref = a.monitor(three);
      await a.receive((m) => a.isDown(m) && m.ref === ref);
      return [reasons, a.processInfo(a.self())!.links, a.processInfo(a.self())!.messageQueueLength];
    });
    expect(seen).toEqual([['broken', 'noproc', 'normal'], [], 0]);
    const kept = b.spawn(idle);
    const far = await pidOf(kept);
    const starter = a.spawn(() => {
      a.link(far);
      a.exit('with it');
    });
    await until(() => !b.isAlive(kept));
    expect(a.isAlive(starter)).toBe(false);
    expect([a.openWith('b')!.links, b.openWith('a')!.links]).toEqual([0, 0]);
  });

  test('kill cannot be trapped; another exit of who traps is a message; stop runs terminate', async () => {
    const told: unknown[] = [];
    const trapping = b.genServer({
      name: 'trapping',
      trapExit: true,
      init: () => 0,
      info: (n, message) => {
        told.push(message);
        return b.noreply(n);
      },
      terminate: (reason) => void told.push(reason),
    });
    const there = await b.start(trapping);
    const here = await pidOf(there);
    const me = await inProcessOf(a, () => {
      a.exit(here, 'please');
      return a.self();
    });
    await until(() => told.length === 1);
    expect(told[0]).toMatchObject({ tag: 'EXIT', reason: 'please' });
    expect((told[0] as { from: Pid }).from.id).toBe(me.id);
    await a.stopServer(here, 'enough');
    expect(told[1]).toBe('enough');
    expect((await failure(() => a.stopServer(here))).code).toBe('call_noproc');
    const other = await b.start(trapping);
    a.exit(await pidOf(other), 'kill');
    await until(() => !b.isAlive(other));
    expect(told).toHaveLength(2);
  });

  test('what a node knows of its own processes only is refused of others', async () => {
    const { here } = await counterOnB();
    for (const act of [() => a.isAlive(here), () => a.processInfo(here)]) {
      expect((await failure(async () => act())).code).toBe('remote_process');
    }
  });
});

describe('a node that is lost', () => {
  test('ends what was open: calls, monitors, links; and tells who watches nodes', async () => {
    const { here, there } = await counterOnB();
    const kept = b.spawn(() => b.receive());
    const linkedThere = await pidOf(kept);
    const seen = await inProcessOf(a, async () => {
      a.trapExit(true);
      a.monitorNodes(true);
      const ref = a.monitor(here);
      a.link(linkedThere);
      const asked = failure(() => a.call(here, 'never'));
      await a.call(here, 'get');
      a.disconnect('b');
      const messages = [await a.receive(), await a.receive(), await a.receive()];
      const { code, reason } = await asked;
      return [messages, [code, reason], ref, a.nodes()];
    });
    const [messages, failed, ref, connected] = seen as [unknown[], unknown, unknown, string[]];
    expect(messages).toEqual([
      { tag: 'DOWN', ref, pid: here, reason: 'noconnection' },
      { tag: 'EXIT', from: linkedThere, reason: 'noconnection' },
      { tag: 'NODEDOWN', node: 'b' },
    ]);
    expect(failed).toEqual(['call_nodedown', { nodedown: 'b' }]);
    expect(connected).toEqual([]);
    await until(() => b.nodes().length === 0);
    expect([b.isAlive(there), b.isAlive(kept)]).toEqual([true, false]);
  });

  test('while it is away: calls fail at once, monitors and links give noconnection, the rest is silent', async () => {
    const { here, name } = await counterOnB();
    a.disconnect('b');
    for (const target of [here, name]) {
      const error = await failure(() => a.call(target, 'get'));
      expect([error.code, error.reason]).toEqual(['call_nodedown', { nodedown: 'b' }]);
      a.cast(target, 'add', 1);
      a.send(target, 'x');
    }
    const seen = await inProcessOf(a, async () => {
      a.trapExit(true);
      a.monitor(here);
      a.link(here);
      return [(await a.receive(a.isDown)).reason, (await a.receive(a.isExit)).reason];
    });
    expect(seen).toEqual(['noconnection', 'noconnection']);
    expect(await inProcessOf(a, () => a.disconnect('b'))).toBe(false);
  });

  test('joined again, its pids work again; a new node of that name gets nothing meant for the old one', async () => {
    const { here } = await counterOnB(5);
    a.disconnect('b');
    await until(() => b.nodes().length === 0);
    await join();
    expect(await a.call(here, 'get')).toBe(5);
    const { loadNode } = await import('./two-nodes.ts');
    const other = await loadNode('b');
    const names = other.registry({ name: 'names' });
    await other.start(names);
    const { MessageChannel } = await import('node:worker_threads');
    const { port1, port2 } = new MessageChannel();
    await Promise.all([a.connect(port1), other.connect(port2)]);
    const started = await other.start(counterOf(other), 9, { name: other.via(names, 'counter') });
    while ((await other.start(counterOf(other), 0)).id < here.id);
    expect(await a.call(name(), 'get')).toBe(9);
    expect((await failure(() => a.call(here, 'get'))).code).toBe('call_nodedown');
    expect(started.home.name).toBe('b');
    await until(() => b.nodes().length === 0);
  });

  test('two nodes of one name, a node joined twice, and a port that nobody answers are refused', async () => {
    const { MessageChannel } = await import('node:worker_threads');
    const again = new MessageChannel();
    const both = await Promise.allSettled([a.connect(again.port1), b.connect(again.port2)]);
    expect(both.map((one) => (one as { reason: { code: string } }).reason.code)).toContain('node_name_taken');
    const alone = new MessageChannel();
    expect((await failure(() => a.connect(alone.port1, { timeout: 5 }))).code).toBe('node_not_connected');
    expect(a.nodes()).toEqual(['b']);
    expect(await a.call((await counterOnB(2)).here, 'get')).toBe(2);
  });
});

test('a server keeps no call of a node that is lost, though it never answers', async () => {
  const asked: From[] = [];
  const silent = await b.start(
    b.genServer({
      name: 'silent',
      init: () => 0,
      calls: { ask: (n, _: undefined, { from }) => (asked.push(from), b.noreply(n)) },
    }),
    undefined,
    { name: b.via(await namesOnB(), 'silent') },
  );
  const name = a.nameOn('b', a.via(a.registry({ name: 'listened' }), 'silent'));
  const failed = failure(() => a.request(name, 'ask', undefined, Infinity));
  await until(() => asked.length === 1);
  expect(asked[0]!.open).toBe(true);
  a.disconnect('b');
  expect((await failed).code).toBe('call_nodedown');
  await until(() => !asked[0]!.open);
  expect(b.isAlive(silent)).toBe(true);
});

test('a listener on another node that cannot be told of a value hinders nobody: the end of who held it is told', async () => {
  const names = await namesOnB([b.nameOn('a', b.via(b.registry({ name: 'elsewhere' }), 'listener'))]);
  const strays: unknown[] = [];
  const note = (report: unknown): unknown => strays.push((report as { error: { code: string } }).error.code);
  subscribe('genroom:stray', note);
  const down = await inProcessOf(b, async () => {
    const { ref } = b.spawnMonitor(() => {
      b.register(names, 'key', () => 'no data');
      b.exit('over');
    });
    return b.receive((m): m is Down => b.isDown(m) && m.ref === ref);
  });
  unsubscribe('genroom:stray', note);
  expect(down.reason).toBe('over');
  expect(strays).toEqual(['message_not_data', 'message_not_data']);
});

/** A registry on b, which tells these. */
async function namesOnB(listeners: readonly Target[] = []): Promise<ReturnType<TestNode['registry']>> {
  const names = b.registry({ name: 'listened', listeners });
  await b.start(names);
  return names;
}

test('a call without a deadline goes with its caller, and a request that is given up, on both nodes', async () => {
  const { here } = await counterOnB();
  const caller = a.spawn(() => a.call(here, 'never', undefined, { timeout: Infinity }).then(() => {}));
  await until(() => b.openWith('a')!.served === 1);
  a.exit(caller, 'kill');
  await until(() => a.openWith('b')!.calls === 0 && b.openWith('a')!.served === 0);
  await inProcessOf(a, async () => {
    const request = a.sendRequest(here, 'never');
    expect(await a.receiveResponse(request, { timeout: 10 })).toBeUndefined();
  });
  await until(() => a.openWith('b')!.calls === 0 && b.openWith('a')!.served === 0);
});

test('a link anew that crosses an unlink of the old one on the wire stands on both nodes', async () => {
  // Each waits for what it is told to do.
  const doing = (node: TestNode): Pid =>
    node.spawn(async () => {
      node.trapExit(true);
      for (;;) {
        const message = await node.receive();
        if (typeof message === 'function') (message as () => void)();
      }
    });
  const there = doing(b);
  const here = doing(a);
  const [thereOnA, hereOnB] = [await pidOf(there), await pidOnB(here)];
  const linksOf = (node: TestNode, pid: Pid): number => node.processInfo(pid)!.links.length;
  a.send(here, () => a.link(thereOnA));
  await until(() => linksOf(b, there) === 1);
  a.send(here, () => {
    a.unlink(thereOnA);
    a.link(thereOnA);
  });
  b.send(there, () => b.unlink(hereOnB));
  // A call each way is behind all of that.
  const counter = await counterOnB();
  await a.call(counter.here, 'get');
  await a.call(counter.here, 'get');
  expect([linksOf(a, here), linksOf(b, there)]).toEqual([1, 1]);
  // The end reaches the other one, and an unlink that has seen the new link takes it away.
  b.send(there, () => b.unlink(hereOnB));
  await until(() => linksOf(a, here) === 0);
  expect([a.openWith('b')!.links, b.openWith('a')!.links]).toEqual([0, 0]);
  a.exit(here, 'kill');
  b.exit(there, 'kill');
});

test('rubbish on the port is told as what it is and dropped; the node goes on', async () => {
  const { port1, port2 } = new MessageChannel();
  const joining = a.connect(port1);
  const arrived: StrayReport[] = [];
  const note = (report: unknown): void => void arrived.push(report as StrayReport);
  subscribe('genroom:stray', note);
  try {
    for (const hello of [7, { genroom: 'hello' }, { genroom: 'hello', name: 'c', incarnation: 'x' }])
      port2.postMessage(hello);
    port2.postMessage({ genroom: 'hello', name: 'c', incarnation: 1 });
    expect(await joining).toBe('c');
    const names = a.registry({ name: 'names' });
    await a.start(names);
    const counter = await a.start(counterOf(a), 0, { name: a.via(names, 'counter') });
    const to = { registry: 'names', key: 'counter' };
    const rubbish = [
      null,
      7,
      [],
      ['LINK'],
      [99, 1],
      [0],
      [0, null, 'x', false],
      [9, 1, null, 'x', false],
      // A record that names no pid.
      [0, to, { '\u0000genroom': 'monitor' }, true],
    ];
    // In one batch, with what is right behind it.
    port2.postMessage([...rubbish, [1, to, 'add', 3, false]]);
    await until(() => arrived.length === rubbish.length);
    expect(arrived.map(({ error, pid, ended }) => [(error as { code?: string }).code, pid, ended])).toEqual(
      rubbish.map(() => ['bad_signal', undefined, false]),
    );
    expect((arrived.at(-1)!.error as Error).cause).toBeInstanceOf(TypeError);
    expect([await a.call(counter, 'get'), a.nodes()]).toEqual([3, ['b', 'c']]);
  } finally {
    unsubscribe('genroom:stray', note);
    a.disconnect('c');
  }
});

test('a node that is gone and that nobody refers to is forgotten; one whose pid is held is not', async () => {
  const { here } = await counterOnB();
  a.disconnect('b');
  const names = a.registry<Counter>({ name: 'names' });
  for (let i = 0; i < 500; i++) a.cast(a.nameOn<Counter>(`gone${i}`, a.via(names, 'counter')), 'add', 1);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await until(() => {
    collect();
    return a.knownNodes() === 1;
  });
  // It still leads to b, once that is back.
  await join();
  expect(await a.call(here, 'get')).toBe(0);
});
