/**
 * Model: what the generator remembers of a program while it writes it, so that it writes only what OTP promises.
 *
 * It need not know what happens; it must never think safe what is a race. So links are remembered for ever, and who may
 * wait counts as waiting.
 *
 * - `everLinked`: processes that one link after another may have bound together, those of supervisors included. One that
 *   does not trap may die of any other's end: nothing is asked of it whose answer could come before or after.
 * - `bonds`: the same without the links of supervisors to their children. Of what is supervised at most one stands in a
 *   group of bonds; else one end would reach a supervisor twice, in an order that nobody promises.
 */
import type { Child, Label, ServerSpec } from './program.ts';

export interface Known {
  readonly label: Label;
  readonly kind: 'bare' | 'server' | 'sup' | 'dyn';
  trap: boolean;
  /** In what it may stand still: a receive without end, a hold, or a call that is not answered. */
  waiting: 'recv' | 'hold' | 'call' | undefined;
  /** What the receive waits for, as the generator can give it: a number, or a message of this process. */
  awaits: number | Label | undefined;
  /** It may have been ended. */
  ended: boolean;
  /** Its supervisor, if it has one. */
  readonly over: Label | undefined;
  readonly child: Child | undefined;
  readonly server: ServerSpec | undefined;
  /** Links and monitors that it ever had, and whether several processes may have sent to it in one step. */
  links: number;
  monitors: number;
  mixed: boolean;
  /** It may be in a call without end, or log what it gets while it stands still: nobody may be linked with it. */
  apart: boolean;
  /** It has trapped exits at some time. */
  trapped: boolean;
}

class Groups {
  readonly #parent = new Map<Label, Label>();

  find(label: Label): Label {
    let at = label;
    for (let up = this.#parent.get(at); up !== undefined; up = this.#parent.get(at)) at = up;
    return at;
  }

  same(a: Label, b: Label): boolean {
    return this.find(a) === this.find(b);
  }

  join(a: Label, b: Label): void {
    if (!this.same(a, b)) this.#parent.set(this.find(a), this.find(b));
  }
}

export class Model {
  readonly known = new Map<Label, Known>();
  readonly everLinked = new Groups();
  readonly #bonds = new Groups();
  /** Servers and whom they monitor: the end of both at once would race with the server's log of the DOWN. */
  readonly #watching: (readonly [server: Label, target: Label])[] = [];
  readonly #made = new Map<string, number>();

  /** A new name: p1, p2 … */
  fresh(prefix: string): string {
    const n = (this.#made.get(prefix) ?? 0) + 1;
    this.#made.set(prefix, n);
    return `${prefix}${n}`;
  }

  add(label: Label, kind: Known['kind'], more: Partial<Known> = {}): Known {
    const known: Known = {
      trap: false,
      waiting: undefined,
      awaits: undefined,
      ended: false,
      over: undefined,
      child: undefined,
      server: undefined,
      links: 0,
      monitors: 0,
      mixed: false,
      apart: false,
      trapped: more.trap ?? false,
      ...more,
      label,
      kind,
    };
    this.known.set(label, known);
    return known;
  }

  /** Everybody of some kinds. */
  all(...kinds: Known['kind'][]): Known[] {
    return [...this.known.values()].filter(({ kind }) => kinds.includes(kind));
  }

  /** Whether the two may be linked without a race at some later end. */
  mayBind(a: Known, b: Known): boolean {
    if (a === b || this.#joinsWatched(a.label, b.label)) return false;
    if ([...this.#group(a), ...this.#group(b)].some(({ apart }) => apart)) return false;
    if (this.#bonds.same(a.label, b.label)) return !this.#group(a).some(({ kind, trap }) => kind === 'server' && trap);
    return [...this.#group(a), ...this.#group(b)].filter(isSupervised).length <= 1;
  }

  bind(a: Known, b: Known): void {
    this.#bonds.join(a.label, b.label);
    this.everLinked.join(a.label, b.label);
    a.links++;
    b.links++;
  }

  /** Enters what a supervisor may start. */
  addChild(over: Known, child: Child): void {
    const kind = child.kind === 'sup' ? 'sup' : child.kind;
    const trap = child.kind === 'sup' || (child.server?.trap ?? child.trap ?? false);
    this.add(child.id, kind, { over: over.label, child, server: child.server, trap, links: 1 });
    this.everLinked.join(over.label, child.id);
  }

  /** Whether some process with which `known` is bound belongs to a supervisor. */
  boundToSupervised(known: Known): boolean {
    return this.#group(known).some((other) => isSupervised(other) && other !== known);
  }

  /** Whether the end of `other` might end `known` (their supervisor's doing, too), in an order that nobody promises. */
  mayDieOf(known: Known, other: Label): boolean {
    return (!known.trap || known.over !== undefined) && this.everLinked.same(known.label, other);
  }

  /** Whether a process may watch another: who logs each DOWN at once must not die of the same end. */
  mayWatch(me: Known, other: Known): boolean {
    return me.kind === 'bare' || !this.everLinked.same(me.label, other.label);
  }

  watch(me: Known, other: Known): void {
    me.monitors++;
    if (me.kind === 'server') this.#watching.push([me.label, other.label]);
  }

  #joinsWatched(a: Label, b: Label): boolean {
    const groups = [this.everLinked.find(a), this.everLinked.find(b)];
    return this.#watching.some((pair) => pair.every((label) => groups.includes(this.everLinked.find(label))));
  }

  #group(known: Known): Known[] {
    return [...this.known.values()].filter(({ label }) => this.#bonds.same(label, known.label));
  }
}

/** Whether its end of itself would leave it waiting, with its supervisor none the wiser. */
export function mustLast({ over, server }: Known): boolean {
  return over !== undefined && server?.term === 'hold';
}

function isSupervised({ over, kind }: Known): boolean {
  return over !== undefined || kind === 'sup' || kind === 'dyn';
}
