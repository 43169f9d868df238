/**
 * Deeds: what a process of a program may do by itself, as the generator writes it: traps, links, monitors, messages,
 * timers, names. What it asks of others is in scripts.ts.
 *
 * Each gives the operations, and tells the model of them; none where there would be a race.
 */
import type { Known, Model } from './model.ts';
import { reason } from './pieces.ts';
import type { Label, Op } from './program.ts';
import type { Random } from './random.ts';

export const KEYS = ['k1', 'k2'] as const;

export class Deeds {
  protected readonly random: Random;
  protected readonly model: Model;
  protected readonly timers: string[] = [];
  protected readonly refs = new Map<Label, string[]>();

  constructor(random: Random, model: Model) {
    this.random = random;
    this.model = model;
  }

  protected fresh(prefix: string): string {
    return this.model.fresh(prefix);
  }

  protected anybody(...kinds: Known['kind'][]): Known {
    const all = this.model.all(...kinds);
    const living = all.filter((one) => !one.ended);
    return this.random.pick(living.length > 0 && this.random.chance(85) ? living : all);
  }

  protected trap(me: Known): Op[] {
    // A child that traps exits outlives its shutdown.
    if (me.waiting || me.server || me.over !== undefined) return [];
    me.trap = this.random.chance(65);
    me.trapped ||= me.trap;
    return [['trap', me.trap]];
  }

  protected link(me: Known): Op[] {
    const other = this.anybody('bare', 'server', 'sup');
    if (me.waiting || !this.model.mayBind(me, other)) return [];
    this.model.bind(me, other);
    return [['link', other.label]];
  }

  protected monitor(me: Known): Op[] {
    const other = this.anybody('bare', 'server', 'sup', 'dyn');
    if (!this.model.mayWatch(me, other)) return [];
    this.model.watch(me, other);
    const ref = this.fresh('m');
    this.refs.set(me.label, [...(this.refs.get(me.label) ?? []), ref]);
    return [['monitor', other.label, ref]];
  }

  protected demonitor(me: Known): Op[] {
    const refs = this.refs.get(me.label);
    if (!refs) return [];
    return [['demonitor', this.random.pick(refs), this.random.pick(['flush', 'plain'])]];
  }

  protected recv(me: Known, time: 0 | 'short' | 'inf'): Op[] {
    const random = this.random;
    const patterns = [['n', random.below(9)] as const, ['from', this.anybody('bare').label] as const];
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

  protected send(): Op[] {
    const targets = this.model.all('bare').filter((one) => !one.waiting);
    if (targets.length === 0) return [];
    const to = this.random.pick(targets).label;
    return Array.from({ length: 1 + this.random.below(3) }, (): Op => ['send', to, this.random.below(9)]);
  }

  protected spawn(me: Known): Op[] {
    const random = this.random;
    const known = this.model.add(this.fresh('p'), 'bare', { trap: random.chance(40) });
    const how = random.pick(['plain', 'link', 'monitor'] as const);
    if (how === 'link') this.model.bind(me, known);
    if (how !== 'monitor') return [['spawn', known.label, how, known.trap, []]];
    const ref = this.fresh('m');
    this.model.watch(me, known);
    this.refs.set(me.label, [...(this.refs.get(me.label) ?? []), ref]);
    return [['spawn', known.label, ['monitor', ref], known.trap, []]];
  }

  protected endSelf(me: Known): Op[] {
    const random = this.random;
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

  protected hold(me: Known): Op[] {
    // A supervisor would wait for it for ever.
    if (me.over !== undefined && me.trap && (me.child!.shutdown === 'long' || me.child!.shutdown === 'inf')) return [];
    me.waiting = 'hold';
    return [['hold']];
  }

  protected names(): Op[] {
    const random = this.random;
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

  protected timer(): Op[] {
    const random = this.random;
    if (this.timers.length > 0 && random.chance(50)) return [['cancel', random.pick(this.timers)]];
    const timer = this.fresh('t');
    this.timers.push(timer);
    return [['sendAfter', this.anybody('bare').label, random.below(9), 'long', timer]];
  }
}
