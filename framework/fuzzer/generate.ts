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
 * R-09); a second reply to a call, and a reply after the server's end to a call without a time (in OTP they land in the
 * mailbox, genroom drops them: R-05).
 *
 *     generate(1, 42); // program 42 of seed 1, always the same
 */
import { type Known, Model } from './model.ts';
import { deadly } from './pieces.ts';
import type { Label, Op, Program, Script, Step, Told } from './program.ts';
import { Random } from './random.ts';
import { Scripts } from './scripts.ts';

const REGISTRIES = [
  ['r1', 'unique'],
  ['r2', 'duplicate'],
] as const;

export function generate(seed: number, number: number): Program {
  return new Writer(new Random(seed, number), new Model()).program();
}

class Writer extends Scripts {
  protected readonly planned: Step[] = [];
  protected readonly roots: [Label, boolean][] = [];

  program(): Program {
    const random = this.random;
    for (let left = 2 + random.below(3); left > 0; left--) {
      const { label, trap } = this.model.add(this.fresh('p'), 'bare', { trap: random.chance(60) });
      this.roots.push([label, trap]);
    }
    const steps: Step[] = [];
    for (let left = 5 + random.below(10); left > 0; left--) steps.push(this.step());
    // What lies in mailboxes is seen at last.
    steps.push({ do: this.model.all('bare').map(({ label }) => [label, [['drain']]]) });
    return { registries: REGISTRIES, roots: this.roots, steps };
  }

  protected step(): Step {
    const random = this.random;
    const waiting = this.model.all('bare', 'server').filter((one) => one.waiting !== undefined);
    if (waiting.length > 0 && random.chance(35)) {
      const step = this.wake(random.pick(waiting));
      if (step) return step;
    }
    if (this.seconds && random.chance(20)) {
      this.seconds = false;
      return { wait: 2100 };
    }
    if (this.planned.length === 0 && random.chance(8)) this.storm();
    const planned = this.planned.shift();
    if (planned) return planned;
    if (random.chance(12)) return { do: this.together() };
    return { do: [this.told()] };
  }

  /** Plans the end of one child after another, as long as its supervisor may go on. */
  protected storm(): void {
    const random = this.random;
    const roots = this.model.all('bare').filter((one) => one.over === undefined && !one.waiting && one.links === 0);
    const children = [...this.model.known.values()].filter((one) => one.over !== undefined && one.kind !== 'sup');
    if (roots.length === 0 || children.length === 0) return;
    const { label } = random.pick(roots);
    const over = random.pick(children).over!;
    const family = children.filter((one) => one.over === over);
    for (let left = 1 + random.below(4); left > 0; left--)
      this.planned.push({ do: [[label, [['exit', random.pick(family).label, deadly(random)]]]] });
    this.planned.push({ do: [[label, [[random.pick(['which', 'count'] as const), over]]]] });
  }

  /** Gives a process that stands still what it waits for. */
  protected wake(one: Known): Step | undefined {
    const { waiting, awaits } = one;
    const senders = this.model.all('bare').filter((other) => !other.waiting && other !== one);
    const sender = typeof awaits === 'string' ? senders.find(({ label }) => label === awaits) : senders[0];
    if (waiting === 'call' || (waiting === 'recv' && (awaits === undefined || !sender))) return undefined;
    one.waiting = one.awaits = undefined;
    if (waiting === 'hold') return { release: one.label };
    const n = typeof awaits === 'number' ? awaits : this.random.below(9);
    return { do: [[sender!.label, [['send', one.label, n]]]] };
  }

  /** One process acts. */
  protected told(): Told {
    const random = this.random;
    // Who stands still would do it whenever it goes on, together with others.
    const servers = this.model.all('server').filter((one) => !one.waiting);
    if (servers.length > 0 && random.chance(20)) {
      const one = random.pick(servers);
      return [one.label, this.script(one, 'told')];
    }
    const bare = this.model.all('bare').filter((one) => !one.waiting && (!one.ended || random.chance(15)));
    if (bare.length > 0) {
      const one = random.pick(bare);
      return [one.label, this.ops(one)];
    }
    const { label, trap } = this.model.add(this.fresh('p'), 'bare', { trap: random.chance(60) });
    this.roots.push([label, trap]);
    return [label, []];
  }

  /** Several processes send to one, or ask it, in one step. */
  protected together(): Told[] {
    const random = this.random;
    const model = this.model;
    const senders = model.all('bare').filter((one) => !one.waiting);
    const targets = [...model.all('server'), ...model.all('bare').filter((one) => !one.waiting)];
    if (targets.length === 0) return [this.told()];
    const target = random.pick(targets);
    target.mixed = true;
    const chosen = senders.filter((one) => one !== target && random.chance(70)).slice(0, 3);
    if (chosen.length === 0) return [this.told()];
    return chosen.map((one): Told => {
      const ops: Op[] = [];
      for (let i = 1 + random.below(3); i > 0; i--) {
        if (target.kind === 'server' && random.chance(40)) {
          const script: Script = { id: ++this.scripts, ops: [], finish: ['noreply'] };
          if (random.chance(50)) ops.push(['cast', target.label, script]);
          else if (!target.waiting && !model.mayDieOf(one, target.label))
            ops.push(['call', target.label, { ...script, finish: ['reply', random.below(9)] }, 'long', true]);
        } else ops.push(['send', target.label, random.below(9)]);
      }
      return [one.label, ops];
    });
  }
}
