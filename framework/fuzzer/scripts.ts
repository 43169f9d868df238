/**
 * Scripts: what a process of a program does in one step, as the generator writes it: a few operations that disturb
 * nobody, then perhaps one that does; and what it asks of servers and supervisors.
 *
 * Why these and no others is said in generate.ts.
 */
import { Deeds, KEYS } from './deeds.ts';
import { type Known, mustLast } from './model.ts';
import { child, deadly, dynSpec, enterChildren, reason, serverSpec, supSpec } from './pieces.ts';
import type { Finish, Label, Op, Script, Target } from './program.ts';

export class Scripts extends Deeds {
  /** Who waits for the answer of the script that is being written. */
  protected readonly callers: Known[] = [];
  protected scripts = 0;
  protected readonly kept: string[] = [];
  /** Who waits for the reply of this key. */
  protected readonly keepers = new Map<string, Known>();
  protected seconds = false;

  /** Operations of a bare process: a few that disturb nobody, then perhaps one that does. */
  protected ops(me: Known): Op[] {
    const ops: Op[] = [];
    for (let i = this.random.below(4); i > 0; i--) this.append(ops, this.quiet(me));
    if (ops.length === 0 || this.random.chance(60)) this.append(ops, this.last(me));
    return ops;
  }

  /** A link to, or a monitor of, who is gone tells so by a message that comes soon, not at once. */
  protected append(ops: Op[], more: Op[]): void {
    const told = ops.some(([name]) => name === 'link' || name === 'monitor');
    const looks = more.some(
      ([name, , time]) => name === 'drain' || name === 'demonitor' || (name === 'recv' && time === 0),
    );
    if (!(told && looks)) ops.push(...more);
  }

  protected script(me: Known, kind: 'call' | 'cast' | 'told'): Script {
    const random = this.random;
    const ops: Op[] = [];
    let quiet = true;
    if (random.chance(50)) for (let i = 1 + random.below(2); i > 0; i--) this.append(ops, this.quiet(me));
    else if (!mustLast(me) && random.chance(25)) {
      ops.push(...this.last(me));
      quiet = false;
    }
    // The end of a process would race with what others do because of its last operation.
    const finish = quiet && !mustLast(me) ? this.finish(me, kind) : this.goOn(kind);
    return { id: ++this.scripts, ops, finish };
  }

  protected goOn(kind: 'call' | 'cast' | 'told'): Finish {
    return kind === 'call' && this.random.chance(70) ? ['reply', this.random.below(100)] : ['noreply'];
  }

  /** Whether the end of a process might end this one, or one that waits for its answer. */
  protected endangers(me: Known, other: Label): boolean {
    return [me, ...this.callers].some((one) => this.model.mayDieOf(one, other));
  }

  protected finish(me: Known, kind: 'call' | 'cast' | 'told'): Finish {
    const random = this.random;
    const finish = random.weighted<Finish>([
      [kind === 'call' ? 14 : 0, ['reply', random.below(100)]],
      [kind === 'call' ? 4 : 18, ['noreply']],
      [kind === 'call' ? 6 : 0, ['keep', this.fresh('f')]],
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
    if (finish[0] === 'keep') this.kept.push(finish[1]);
    if (ends(finish)) me.ended = me.over === undefined;
    return finish;
  }

  /** Something that is done when it is done: no other process acts because of it. */
  protected quiet(me: Known): Op[] {
    const random = this.random;
    const bare = me.kind === 'bare';
    const choose = random.weighted<() => Op[]>([
      [3, () => this.trap(me)],
      [5, () => this.link(me)],
      [2, () => [['unlink', this.anybody('bare', 'server').label]]],
      [5, () => this.monitor(me)],
      [2, () => this.demonitor(me)],
      [2, () => [['alive', this.anybody('bare', 'server', 'sup', 'dyn').label]]],
      [bare ? 2 : 0, () => this.recv(me, 0)],
      [bare ? 2 : 0, () => [['drain']]],
      [4, () => this.send()],
      [4, () => this.spawn(me)],
      [5, () => this.server(me)],
      [4, () => this.call(me, true)],
      [3, () => this.ask()],
      [6, () => this.names()],
      [2, () => this.timer()],
    ]);
    return choose();
  }

  /** Something after which others act: the last thing a process does in a step. */
  protected last(me: Known): Op[] {
    const random = this.random;
    const bare = me.kind === 'bare';
    const choose = random.weighted<() => Op[]>([
      [6, () => this.exit(me)],
      [bare ? 2 : 0, () => this.endSelf(me)],
      [8, () => this.call(me, false)],
      [5, () => this.cast(me)],
      [3, () => this.stop(me)],
      [8, () => this.reply()],
      [bare ? 4 : 0, () => this.recv(me, random.pick(['short', 'inf']))],
      [2, () => this.hold(me)],
      [6, () => this.sup(me)],
      [3, () => this.dyn(me)],
      [10, () => this.children(me)],
      [2, () => [['dispatch', random.pick(['r1', 'r2']), random.pick(KEYS), random.below(9)]]],
      [1, () => [['sendVia', 'r1', random.pick(KEYS), random.below(9)]]],
    ]);
    return choose();
  }

  protected name(): readonly [Label, string] | undefined {
    return this.random.chance(30) ? (['r1', this.random.pick(KEYS)] as const) : undefined;
  }

  protected server(me: Known): Op[] {
    const random = this.random;
    const bond = random.pick(['plain', 'link'] as const);
    // The failure of a linked start and the end by the link race at one who does not trap exits.
    const spec = serverSpec(random, { mayFail: bond === 'plain' || me.trap, name: this.name(), alone: true });
    const known = this.model.add(this.fresh('g'), 'server', { trap: spec.trap, server: spec });
    if (bond === 'link') {
      if (me.waiting || !this.model.mayBind(me, known)) return [];
      this.model.bind(me, known);
    }
    return [['server', known.label, bond, spec]];
  }

  protected target(known: Known): Target {
    return known.server?.name && this.random.chance(40) ? ['via', ...known.server.name] : known.label;
  }

  /** Whom a target may be: a name is whose that has it then. */
  protected meant(target: Target): Known[] {
    if (typeof target === 'string') return [this.model.known.get(target)!];
    return this.model.all('server').filter((one) => one.server?.name?.[1] === target[2]);
  }

  protected call(me: Known, quiet: boolean): Op[] {
    const random = this.random;
    if (this.model.all('server').length === 0) return [];
    const to = this.anybody('server');
    const target = this.target(to);
    const meant = this.meant(target);
    if (meant.some(({ label }) => this.endangers(me, label))) return [];
    const waits = meant.some(({ waiting }) => waiting !== undefined);
    if (quiet) {
      const script: Script = { id: ++this.scripts, ops: [], finish: ['reply', random.below(100)] };
      return waits ? [] : [['call', target, script, 'long', true]];
    }
    // While it calls nobody may be linked to whom it asks.
    const called = me.apart;
    me.apart = true;
    this.callers.push(me);
    const script = this.script(to, 'call');
    this.callers.pop();
    const open = UNANSWERED.includes(script.finish[0]) || waits || script.ops.length > 0;
    const timed = script.finish[0].endsWith('Timeout');
    const kept = script.finish[0] === 'keep';
    const times = open && !timed ? (['short', 'short', kept ? 'long' : 'inf'] as const) : (['long', 'inf'] as const);
    const time = script.ops.length > 0 || timed ? 'long' : random.pick(times);
    me.apart = called || (open && time !== 'short');
    if (open && time !== 'short') {
      me.waiting = 'call';
      if (script.finish[0] === 'keep') this.keepers.set(script.finish[1], me);
    }
    // Its end reaches whoever it is linked with beside that of the server.
    const caught = random.chance(75) || meant.some(({ label }) => this.model.everLinked.same(me.label, label));
    if (!caught) {
      // Its end will be that of the server, as if they were linked.
      for (const { label } of meant) this.model.everLinked.join(me.label, label);
      if (open || ends(script.finish)) me.ended = me.over === undefined;
    }
    return [['call', target, script, time, caught]];
  }

  protected cast(me: Known): Op[] {
    if (this.model.all('server').length === 0) return [];
    const to = this.anybody('server');
    if (me.kind === 'server' && this.endangers(me, to.label)) return [];
    return [['cast', this.target(to), this.script(to, 'cast')]];
  }

  protected stop(me: Known): Op[] {
    if (this.model.all('server').length === 0) return [];
    const to = this.anybody('server');
    if (this.endangers(me, to.label) || mustLast(to)) return [];
    to.ended = to.over === undefined;
    return [['stop', to.label, reason(this.random), 'short']];
  }

  protected reply(): Op[] {
    const key = this.kept.pop();
    if (key === undefined) return [];
    const caller = this.keepers.get(key);
    if (caller) caller.waiting = undefined;
    return [['reply', key, this.random.below(100)]];
  }

  protected exit(me: Known): Op[] {
    const random = this.random;
    const target = this.anybody('bare', 'server', 'bare', 'server', 'sup', 'dyn');
    // A server goes on to answer, or not.
    if (me.kind === 'server' && this.endangers(me, target.label)) return [];
    const why = random.chance(85) ? deadly(random) : reason(random);
    target.ended = target.over === undefined;
    return [['exit', target.label, why]];
  }

  protected sup(me: Known): Op[] {
    const random = this.random;
    const bond = random.pick(['plain', 'link'] as const);
    const known = this.model.add(this.fresh('s'), 'sup', { trap: true });
    if (bond === 'link') {
      if (me.waiting || !this.model.mayBind(me, known)) return [];
      this.model.bind(me, known);
    }
    const spec = supSpec(random, this.model, {
      depth: 0,
      mayFail: (bond === 'plain' || me.trap) && random.chance(20),
    });
    this.seconds ||= spec.period === 'second';
    enterChildren(this.model, known, spec);
    return [['sup', known.label, bond, spec]];
  }

  protected dyn(me: Known): Op[] {
    const bond = this.random.pick(['plain', 'link'] as const);
    const known = this.model.add(this.fresh('d'), 'dyn', { trap: true });
    if (bond === 'link') {
      if (me.waiting || !this.model.mayBind(me, known)) return [];
      this.model.bind(me, known);
    }
    const spec = dynSpec(this.random);
    this.seconds ||= spec.period === 'second';
    return [['dyn', known.label, bond, spec]];
  }

  /** Asks a supervisor about its children. */
  protected ask(): Op[] {
    const all = this.model.all('sup', 'dyn');
    if (all.length === 0) return [];
    const { label } = this.random.pick(all);
    return [[this.random.pick(['which', 'count'] as const), label]];
  }

  /** Asks a supervisor to start or stop a child. */
  protected children(me: Known): Op[] {
    const random = this.random;
    const all = this.model.all('sup', 'dyn');
    if (all.length === 0 || (!me.trap && this.model.boundToSupervised(me))) return [];
    const dynamic = this.model.all('dyn');
    const over = dynamic.length > 0 && random.chance(50) ? random.pick(dynamic) : random.pick(all);
    // A supervisor that stops the child that asks it would wait for it.
    if (me.over !== undefined && this.model.everLinked.same(me.label, over.label)) return [];
    const kinds = ['server', 'server', 'bare'] as const;
    if (over.kind === 'dyn') {
      const running = this.model.all('bare', 'server').filter((one) => one.over === over.label);
      if (running.length > 0 && random.chance(50)) return [['terminateDyn', over.label, random.pick(running).label]];
      const made = child(random, this.model, {
        label: this.fresh('e'),
        kinds,
        significant: false,
        mayFail: true,
        name: this.name(),
      });
      this.model.addChild(over, made);
      return [['startDyn', over.label, made]];
    }
    const children = [...this.model.known.values()].filter((one) => one.over === over.label);
    if (children.length === 0 || random.chance(25)) {
      const made = child(random, this.model, {
        label: this.fresh('c'),
        kinds,
        significant: false,
        mayFail: true,
        name: this.name(),
      });
      this.model.addChild(over, made);
      return [['startChild', over.label, made]];
    }
    const { label } = random.pick(children);
    return [[random.pick(['terminateChild', 'restartChild', 'deleteChild'] as const), over.label, label]];
  }
}

/** What a handler may return that leaves its caller waiting. */
const UNANSWERED: readonly string[] = ['noreply', 'keep', 'noreplyTimeout', 'continue'];

/** Whether a handler that returns this ends its process. */
function ends([how]: Finish): boolean {
  return ['stop', 'stopReply', 'raise', 'exit', 'bad'].includes(how);
}
