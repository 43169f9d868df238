/**
 * The generator: programs by seed, written so that what each process observes is promised by OTP.
 *
 * What is promised, and so generated and compared:
 * - what one process sends to another (messages, exits, links, monitors) arrives in order. So within a step one process
 *   acts; what disturbs others is the last thing it does, since their reactions would race with what it does next;
 * - where several act in one step, they only send and call: the receiver's trace is compared for each sender by itself;
 * - `recv` names whose message it takes wherever more than one process may have sent;
 * - a process that could die of its call's server, or live to see the failure, is asked nothing of the kind;
 * - a supervisor hears of one end at a time: of what is supervised no two are linked with each other;
 * - one time passes in a step, and ends what nothing else can end.
 *
 * Left out, since genroom differs on purpose: a throw in a server's callback (OTP takes it for the return value, rule
 * R-09); a second reply to a call, and a reply after the server's end to a call without a time (on OTP 25 they land in the
 * mailbox, genroom drops them: R-05).
 *
 *     generate(1, 42); // program 42 of seed 1, always the same
 */
import { type Known, Model, mustLast } from './model.ts';
import { child, deadly, dynSpec, enterChildren, reason, serverSpec, supSpec } from './pieces.ts';
import type { Finish, Label, Op, Program, Script, Step, Target, Told } from './program.ts';
import { Random } from './random.ts';

const KEYS = ['k1', 'k2'] as const;
const REGISTRIES = [
  ['r1', 'unique'],
  ['r2', 'duplicate'],
] as const;

export function generate(seed: number, number: number): Program {
  return new Writer(new Random(seed, number)).program();
}

class Writer {
  readonly #random: Random;
  readonly #model = new Model();
  readonly #planned: Step[] = [];
  /** Who waits for the answer of the script that is being written. */
  readonly #callers: Known[] = [];
  readonly #roots: [Label, boolean][] = [];
  #scripts = 0;
  readonly #kept: string[] = [];
  /** Who waits for the reply of this key. */
  readonly #keepers = new Map<string, Known>();
  readonly #timers: string[] = [];
  readonly #refs = new Map<Label, string[]>();
  #seconds = false;

  constructor(random: Random) {
    this.#random = random;
  }

  program(): Program {
    const random = this.#random;
    for (let left = 2 + random.below(3); left > 0; left--) {
      const { label, trap } = this.#model.add(this.#fresh('p'), 'bare', { trap: random.chance(60) });
      this.#roots.push([label, trap]);
    }
    const steps: Step[] = [];
    for (let left = 5 + random.below(10); left > 0; left--) steps.push(this.#step());
    // What lies in mailboxes is seen at last.
    steps.push({ do: this.#model.all('bare').map(({ label }) => [label, [['drain']]]) });
    return { registries: REGISTRIES, roots: this.#roots, steps };
  }

  #step(): Step {
    const random = this.#random;
    const waiting = this.#model.all('bare', 'server').filter((one) => one.waiting !== undefined);
    if (waiting.length > 0 && random.chance(35)) {
      const step = this.#wake(random.pick(waiting));
      if (step) return step;
    }
    if (this.#seconds && random.chance(20)) {
      this.#seconds = false;
      return { wait: 2100 };
    }
    if (this.#planned.length === 0 && random.chance(8)) this.#storm();
    const planned = this.#planned.shift();
    if (planned) return planned;
    if (random.chance(12)) return { do: this.#together() };
    return { do: [this.#told()] };
  }

  /** Plans the end of one child after another, as long as its supervisor may go on. */
  #storm(): void {
    const random = this.#random;
    const roots = this.#model.all('bare').filter((one) => one.over === undefined && !one.waiting && one.links === 0);
    const children = [...this.#model.known.values()].filter((one) => one.over !== undefined && one.kind !== 'sup');
    if (roots.length === 0 || children.length === 0) return;
    const { label } = random.pick(roots);
    const over = random.pick(children).over!;
    const family = children.filter((one) => one.over === over);
    for (let left = 1 + random.below(4); left > 0; left--)
      this.#planned.push({ do: [[label, [['exit', random.pick(family).label, deadly(random)]]]] });
    this.#planned.push({ do: [[label, [[random.pick(['which', 'count'] as const), over]]]] });
  }

  /** Gives a process that stands still what it waits for. */
  #wake(one: Known): Step | undefined {
    const { waiting, awaits } = one;
    const senders = this.#model.all('bare').filter((other) => !other.waiting && other !== one);
    const sender = typeof awaits === 'string' ? senders.find(({ label }) => label === awaits) : senders[0];
    if (waiting === 'call' || (waiting === 'recv' && (awaits === undefined || !sender))) return undefined;
    one.waiting = one.awaits = undefined;
    if (waiting === 'hold') return { release: one.label };
    const n = typeof awaits === 'number' ? awaits : this.#random.below(9);
    return { do: [[sender!.label, [['send', one.label, n]]]] };
  }

  /** One process acts. */
  #told(): Told {
    const random = this.#random;
    // Who stands still would do it whenever it goes on, together with others.
    const servers = this.#model.all('server').filter((one) => !one.waiting);
    if (servers.length > 0 && random.chance(20)) {
      const one = random.pick(servers);
      return [one.label, this.#script(one, 'told')];
    }
    const bare = this.#model.all('bare').filter((one) => !one.waiting && (!one.ended || random.chance(15)));
    if (bare.length > 0) {
      const one = random.pick(bare);
      return [one.label, this.#ops(one)];
    }
    const { label, trap } = this.#model.add(this.#fresh('p'), 'bare', { trap: random.chance(60) });
    this.#roots.push([label, trap]);
    return [label, []];
  }

  /** Several processes send to one, or ask it, in one step. */
  #together(): Told[] {
    const random = this.#random;
    const model = this.#model;
    const senders = model.all('bare').filter((one) => !one.waiting);
    const targets = [...model.all('server'), ...model.all('bare').filter((one) => !one.waiting)];
    if (targets.length === 0) return [this.#told()];
    const target = random.pick(targets);
    target.mixed = true;
    const chosen = senders.filter((one) => one !== target && random.chance(70)).slice(0, 3);
    if (chosen.length === 0) return [this.#told()];
    return chosen.map((one): Told => {
      const ops: Op[] = [];
      for (let i = 1 + random.below(3); i > 0; i--) {
        if (target.kind === 'server' && random.chance(40)) {
          const script: Script = { id: ++this.#scripts, ops: [], finish: ['noreply'] };
          if (random.chance(50)) ops.push(['cast', target.label, script]);
          else if (!target.waiting && !model.mayDieOf(one, target.label))
            ops.push(['call', target.label, { ...script, finish: ['reply', random.below(9)] }, 'long', true]);
        } else ops.push(['send', target.label, random.below(9)]);
      }
      return [one.label, ops];
    });
  }

  /** Operations of a bare process: a few that disturb nobody, then perhaps one that does. */
  #ops(me: Known): Op[] {
    const ops: Op[] = [];
    for (let i = this.#random.below(4); i > 0; i--) this.#append(ops, this.#quiet(me));
    if (ops.length === 0 || this.#random.chance(60)) this.#append(ops, this.#last(me));
    return ops;
  }

  /** A link to, or a monitor of, who is gone tells so by a message that comes soon, not at once. */
  #append(ops: Op[], more: Op[]): void {
    const told = ops.some(([name]) => name === 'link' || name === 'monitor');
    const looks = more.some(
      ([name, , time]) => name === 'drain' || name === 'demonitor' || (name === 'recv' && time === 0),
    );
    if (!(told && looks)) ops.push(...more);
  }

  #script(me: Known, kind: 'call' | 'cast' | 'told'): Script {
    const random = this.#random;
    const ops: Op[] = [];
    let quiet = true;
    if (random.chance(50)) for (let i = 1 + random.below(2); i > 0; i--) this.#append(ops, this.#quiet(me));
    else if (!mustLast(me) && random.chance(25)) {
      ops.push(...this.#last(me));
      quiet = false;
    }
    // The end of a process would race with what others do because of its last operation.
    const finish = quiet && !mustLast(me) ? this.#finish(me, kind) : this.#goOn(kind);
    return { id: ++this.#scripts, ops, finish };
  }

  #goOn(kind: 'call' | 'cast' | 'told'): Finish {
    return kind === 'call' && this.#random.chance(70) ? ['reply', this.#random.below(100)] : ['noreply'];
  }

  /** Whether the end of a process might end this one, or one that waits for its answer. */
  #endangers(me: Known, other: Label): boolean {
    return [me, ...this.#callers].some((one) => this.#model.mayDieOf(one, other));
  }

  #finish(me: Known, kind: 'call' | 'cast' | 'told'): Finish {
    const random = this.#random;
    const finish = random.weighted<Finish>([
      [kind === 'call' ? 14 : 0, ['reply', random.below(100)]],
      [kind === 'call' ? 4 : 18, ['noreply']],
      [kind === 'call' ? 6 : 0, ['keep', this.#fresh('f')]],
      [kind === 'call' ? 2 : 0, ['replyNow', random.below(100)]],
      [kind === 'call' ? 1 : 0, ['replyTimeout', random.below(100), random.pick(['short', 0, 'long'])]],
      [kind === 'call' ? 1 : 2, ['noreplyTimeout', random.pick(['short', 0, 'long'])]],
      [kind === 'call' ? 1 : 0, ['replyContinue', random.below(100), []]],
      [1, ['continue', []]],
      [2, ['stop', reason(random)]],
      [kind === 'call' ? 2 : 0, ['stopReply', reason(random), random.below(100)]],
      [2, ['raise', 'oops']],
      [1, ['exit', reason(random)]],
      [1, ['bad']],
    ]);
    if (finish[0] === 'keep') this.#kept.push(finish[1]);
    if (ends(finish)) me.ended = me.over === undefined;
    return finish;
  }

  #fresh(prefix: string): string {
    return this.#model.fresh(prefix);
  }

  #anybody(...kinds: Known['kind'][]): Known {
    const all = this.#model.all(...kinds);
    const living = all.filter((one) => !one.ended);
    return this.#random.pick(living.length > 0 && this.#random.chance(85) ? living : all);
  }

  /** Something that is done when it is done: no other process acts because of it. */
  #quiet(me: Known): Op[] {
    const random = this.#random;
    const bare = me.kind === 'bare';
    const choose = random.weighted<() => Op[]>([
      [3, () => this.#trap(me)],
      [5, () => this.#link(me)],
      [2, () => [['unlink', this.#anybody('bare', 'server').label]]],
      [5, () => this.#monitor(me)],
      [2, () => this.#demonitor(me)],
      [2, () => [['alive', this.#anybody('bare', 'server', 'sup', 'dyn').label]]],
      [bare ? 2 : 0, () => this.#recv(me, 0)],
      [bare ? 2 : 0, () => [['drain']]],
      [4, () => this.#send()],
      [4, () => this.#spawn(me)],
      [5, () => this.#server(me)],
      [4, () => this.#call(me, true)],
      [3, () => this.#ask()],
      [6, () => this.#names()],
      [2, () => this.#timer()],
    ]);
    return choose();
  }

  /** Something after which others act: the last thing a process does in a step. */
  #last(me: Known): Op[] {
    const random = this.#random;
    const bare = me.kind === 'bare';
    const choose = random.weighted<() => Op[]>([
      [6, () => this.#exit(me)],
      [bare ? 2 : 0, () => this.#endSelf(me)],
      [8, () => this.#call(me, false)],
      [5, () => this.#cast(me)],
      [3, () => this.#stop(me)],
      [8, () => this.#reply()],
      [bare ? 4 : 0, () => this.#recv(me, random.pick(['short', 'inf']))],
      [2, () => this.#hold(me)],
      [6, () => this.#sup(me)],
      [3, () => this.#dyn(me)],
      [10, () => this.#children(me)],
      [2, () => [['dispatch', random.pick(['r1', 'r2']), random.pick(KEYS), random.below(9)]]],
      [1, () => [['sendVia', 'r1', random.pick(KEYS), random.below(9)]]],
    ]);
    return choose();
  }

  #trap(me: Known): Op[] {
    // A child that traps exits outlives its shutdown.
    if (me.waiting || me.server || me.over !== undefined) return [];
    me.trap = this.#random.chance(65);
    me.trapped ||= me.trap;
    return [['trap', me.trap]];
  }

  #link(me: Known): Op[] {
    const other = this.#anybody('bare', 'server', 'sup');
    if (me.waiting || !this.#model.mayBind(me, other)) return [];
    this.#model.bind(me, other);
    return [['link', other.label]];
  }

  #monitor(me: Known): Op[] {
    const other = this.#anybody('bare', 'server', 'sup', 'dyn');
    if (!this.#model.mayWatch(me, other)) return [];
    this.#model.watch(me, other);
    const ref = this.#fresh('m');
    this.#refs.set(me.label, [...(this.#refs.get(me.label) ?? []), ref]);
    return [['monitor', other.label, ref]];
  }

  #demonitor(me: Known): Op[] {
    const refs = this.#refs.get(me.label);
    if (!refs) return [];
    return [['demonitor', this.#random.pick(refs), this.#random.pick(['flush', 'plain'])]];
  }

  #recv(me: Known, time: 0 | 'short' | 'inf'): Op[] {
    const random = this.#random;
    const patterns = [['n', random.below(9)] as const, ['from', this.#anybody('bare').label] as const];
    const more: ('any' | 'exit' | 'down')[] = [];
    if (!me.mixed && !me.trapped && me.monitors === 0) more.push('any');
    if (me.links === 1 && me.trap) more.push('exit');
    if (me.monitors === 1 && (time === 0 || me.links === 0)) more.push('down');
    const pattern = more.length > 0 && random.chance(60) ? random.pick(more) : random.pick(patterns);
    if (time === 'inf') {
      me.waiting = 'recv';
      me.apart = true;
      if (pattern === 'any') me.awaits = 0;
      else if (typeof pattern !== 'string') me.awaits = pattern[1];
    }
    return [['recv', pattern, time]];
  }

  #send(): Op[] {
    const targets = this.#model.all('bare').filter((one) => !one.waiting);
    if (targets.length === 0) return [];
    const to = this.#random.pick(targets).label;
    return Array.from({ length: 1 + this.#random.below(3) }, (): Op => ['send', to, this.#random.below(9)]);
  }

  #spawn(me: Known): Op[] {
    const random = this.#random;
    const known = this.#model.add(this.#fresh('p'), 'bare', { trap: random.chance(40) });
    const how = random.pick(['plain', 'link', 'monitor'] as const);
    if (how === 'link') this.#model.bind(me, known);
    if (how !== 'monitor') return [['spawn', known.label, how, known.trap, []]];
    const ref = this.#fresh('m');
    this.#model.watch(me, known);
    this.#refs.set(me.label, [...(this.#refs.get(me.label) ?? []), ref]);
    return [['spawn', known.label, ['monitor', ref], known.trap, []]];
  }

  #name(): readonly [Label, string] | undefined {
    return this.#random.chance(30) ? (['r1', this.#random.pick(KEYS)] as const) : undefined;
  }

  #server(me: Known): Op[] {
    const random = this.#random;
    const bond = random.pick(['plain', 'link'] as const);
    // The failure of a linked start and the end by the link race at one who does not trap exits.
    const spec = serverSpec(random, { mayFail: bond === 'plain' || me.trap, name: this.#name(), alone: true });
    const known = this.#model.add(this.#fresh('g'), 'server', { trap: spec.trap, server: spec });
    if (bond === 'link') {
      if (me.waiting || !this.#model.mayBind(me, known)) return [];
      this.#model.bind(me, known);
    }
    return [['server', known.label, bond, spec]];
  }

  #target(known: Known): Target {
    return known.server?.name && this.#random.chance(40) ? ['via', ...known.server.name] : known.label;
  }

  /** Whom a target may be: a name is whose that has it then. */
  #meant(target: Target): Known[] {
    if (typeof target === 'string') return [this.#model.known.get(target)!];
    return this.#model.all('server').filter((one) => one.server?.name?.[1] === target[2]);
  }

  #call(me: Known, quiet: boolean): Op[] {
    const random = this.#random;
    if (this.#model.all('server').length === 0) return [];
    const to = this.#anybody('server');
    const target = this.#target(to);
    const meant = this.#meant(target);
    if (meant.some(({ label }) => this.#endangers(me, label))) return [];
    const waits = meant.some(({ waiting }) => waiting !== undefined);
    if (quiet) {
      const script: Script = { id: ++this.#scripts, ops: [], finish: ['reply', random.below(100)] };
      return waits ? [] : [['call', target, script, 'long', true]];
    }
    // While it calls nobody may be linked to whom it asks.
    const called = me.apart;
    me.apart = true;
    this.#callers.push(me);
    const script = this.#script(to, 'call');
    this.#callers.pop();
    const open = UNANSWERED.includes(script.finish[0]) || waits || script.ops.length > 0;
    const timed = script.finish[0].endsWith('Timeout');
    const kept = script.finish[0] === 'keep';
    const times = open && !timed ? (['short', 'short', kept ? 'long' : 'inf'] as const) : (['long', 'inf'] as const);
    const time = script.ops.length > 0 || timed ? 'long' : random.pick(times);
    me.apart = called || (open && time !== 'short');
    if (open && time !== 'short') {
      me.waiting = 'call';
      if (script.finish[0] === 'keep') this.#keepers.set(script.finish[1], me);
    }
    // Its end reaches whoever it is linked with beside that of the server.
    const caught = random.chance(75) || meant.some(({ label }) => this.#model.everLinked.same(me.label, label));
    if (!caught) {
      // Its end will be that of the server, as if they were linked.
      for (const { label } of meant) this.#model.everLinked.join(me.label, label);
      if (open || ends(script.finish)) me.ended = me.over === undefined;
    }
    return [['call', target, script, time, caught]];
  }

  #cast(me: Known): Op[] {
    if (this.#model.all('server').length === 0) return [];
    const to = this.#anybody('server');
    if (me.kind === 'server' && this.#endangers(me, to.label)) return [];
    return [['cast', this.#target(to), this.#script(to, 'cast')]];
  }

  #stop(me: Known): Op[] {
    if (this.#model.all('server').length === 0) return [];
    const to = this.#anybody('server');
    if (this.#endangers(me, to.label) || mustLast(to)) return [];
    to.ended = to.over === undefined;
    return [['stop', to.label, reason(this.#random), 'short']];
  }

  #reply(): Op[] {
    const key = this.#kept.pop();
    if (key === undefined) return [];
    const caller = this.#keepers.get(key);
    if (caller) caller.waiting = undefined;
    return [['reply', key, this.#random.below(100)]];
  }

  #exit(me: Known): Op[] {
    const random = this.#random;
    const target = this.#anybody('bare', 'server', 'bare', 'server', 'sup', 'dyn');
    // A server goes on to answer, or not.
    if (me.kind === 'server' && this.#endangers(me, target.label)) return [];
    const why = random.chance(85) ? deadly(random) : reason(random);
    target.ended = target.over === undefined;
    return [['exit', target.label, why]];
  }

  #endSelf(me: Known): Op[] {
    const random = this.#random;
    me.ended = me.over === undefined;
    return [
      random.weighted<Op>([
        [4, ['exitSelf', reason(random)]],
        [1, ['signalSelf', reason(random)]],
        [2, ['raise', 'oops']],
        [1, ['throw', 'ball']],
      ]),
    ];
  }

  #hold(me: Known): Op[] {
    // A supervisor would wait for it for ever.
    if (me.over !== undefined && me.trap && (me.child!.shutdown === 'long' || me.child!.shutdown === 'inf')) return [];
    me.waiting = 'hold';
    return [['hold']];
  }

  #sup(me: Known): Op[] {
    const random = this.#random;
    const bond = random.pick(['plain', 'link'] as const);
    const known = this.#model.add(this.#fresh('s'), 'sup', { trap: true });
    if (bond === 'link') {
      if (me.waiting || !this.#model.mayBind(me, known)) return [];
      this.#model.bind(me, known);
    }
    const spec = supSpec(random, this.#model, {
      depth: 0,
      mayFail: (bond === 'plain' || me.trap) && random.chance(20),
    });
    this.#seconds ||= spec.period === 'second';
    enterChildren(this.#model, known, spec);
    return [['sup', known.label, bond, spec]];
  }

  #dyn(me: Known): Op[] {
    const bond = this.#random.pick(['plain', 'link'] as const);
    const known = this.#model.add(this.#fresh('d'), 'dyn', { trap: true });
    if (bond === 'link') {
      if (me.waiting || !this.#model.mayBind(me, known)) return [];
      this.#model.bind(me, known);
    }
    const spec = dynSpec(this.#random);
    this.#seconds ||= spec.period === 'second';
    return [['dyn', known.label, bond, spec]];
  }

  /** Asks a supervisor about its children. */
  #ask(): Op[] {
    const all = this.#model.all('sup', 'dyn');
    if (all.length === 0) return [];
    const { label } = this.#random.pick(all);
    return [[this.#random.pick(['which', 'count'] as const), label]];
  }

  /** Asks a supervisor to start or stop a child. */
  #children(me: Known): Op[] {
    const random = this.#random;
    const all = this.#model.all('sup', 'dyn');
    if (all.length === 0 || (!me.trap && this.#model.boundToSupervised(me))) return [];
    const dynamic = this.#model.all('dyn');
    const over = dynamic.length > 0 && random.chance(50) ? random.pick(dynamic) : random.pick(all);
    // A supervisor that stops the child that asks it would wait for it.
    if (me.over !== undefined && this.#model.everLinked.same(me.label, over.label)) return [];
    const kinds = ['server', 'server', 'bare'] as const;
    if (over.kind === 'dyn') {
      const running = this.#model.all('bare', 'server').filter((one) => one.over === over.label);
      if (running.length > 0 && random.chance(50)) return [['terminateDyn', over.label, random.pick(running).label]];
      const made = child(random, this.#model, {
        label: this.#fresh('e'),
        kinds,
        significant: false,
        mayFail: true,
        name: this.#name(),
      });
      this.#model.addChild(over, made);
      return [['startDyn', over.label, made]];
    }
    const children = [...this.#model.known.values()].filter((one) => one.over === over.label);
    if (children.length === 0 || random.chance(25)) {
      const made = child(random, this.#model, {
        label: this.#fresh('c'),
        kinds,
        significant: false,
        mayFail: true,
        name: this.#name(),
      });
      this.#model.addChild(over, made);
      return [['startChild', over.label, made]];
    }
    const { label } = random.pick(children);
    return [[random.pick(['terminateChild', 'restartChild', 'deleteChild'] as const), over.label, label]];
  }

  #names(): Op[] {
    const random = this.#random;
    const name = random.pick(['r1', 'r2'] as const);
    const key = random.pick(KEYS);
    return [
      random.weighted<Op>([
        [4, ['register', name, key, random.below(9)]],
        [2, ['unregister', name, key]],
        [2, ['lookup', name, key]],
        [1, ['keys', name]],
        [1, ['countNames', name]],
        [2, ['whereis', 'r1', key]],
      ]),
    ];
  }

  #timer(): Op[] {
    const random = this.#random;
    if (this.#timers.length > 0 && random.chance(50)) return [['cancel', random.pick(this.#timers)]];
    const timer = this.#fresh('t');
    this.#timers.push(timer);
    return [['sendAfter', this.#anybody('bare').label, random.below(9), 'long', timer]];
  }
}

/** What a handler may return that leaves its caller waiting. */
const UNANSWERED: readonly string[] = ['noreply', 'keep', 'noreplyTimeout', 'continue'];

/** Whether a handler that returns this ends its process. */
function ends([how]: Finish): boolean {
  return ['stop', 'stopReply', 'raise', 'exit', 'bad'].includes(how);
}
