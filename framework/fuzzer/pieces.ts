/**
 * Pieces of generated programs: reasons, servers, children and supervisors, by chance.
 */
import type { Known, Model } from './model.ts';
import type { Child, DynSpec, InitOutcome, Label, Reason, ServerSpec, SupSpec } from './program.ts';
import type { Random } from './random.ts';

export const REASONS: readonly (readonly [number, Reason])[] = [
  [4, 'normal'],
  [3, 'shutdown'],
  [3, ['shutdown', 'x']],
  [4, 'kill'],
  [5, 'boom'],
  [2, ['why', 1]],
];

export function reason(random: Random): Reason {
  return random.weighted(REASONS);
}

/** A reason that ends whoever it reaches, unless it traps exits. */
export function deadly(random: Random): Reason {
  return random.weighted(REASONS.filter(([, value]) => value !== 'normal'));
}

export interface ServerWishes {
  /** Its start may fail. */
  readonly mayFail: boolean;
  readonly name?: readonly [Label, string] | undefined;
  /** It may do something of itself once it has started. */
  readonly alone: boolean;
}

const FAILURES: readonly (readonly [number, InitOutcome])[] = [
  [2, 'ignore'],
  [2, 'raise'],
  [2, ['stop', 'boom']],
  [1, ['stop', 'normal']],
  [1, ['stop', ['shutdown', 'x']]],
  [1, ['exit', 'boom']],
];

function outcome(random: Random, mayFail: boolean, alone: boolean): InitOutcome {
  if (mayFail && random.chance(25)) return random.weighted(FAILURES);
  // Where a sibling's start may fail, its end may come before or after.
  if (!alone) return 'ok';
  return random.weighted<InitOutcome>([
    [12, 'ok'],
    [1, ['timeout', 'short']],
    [1, ['timeout', 0]],
    [1, ['continue', []]],
  ]);
}

export function serverSpec(random: Random, { mayFail, name, alone }: ServerWishes): ServerSpec {
  const trap = random.chance(50);
  const plan = Array.from({ length: random.chance(30) ? 1 + random.below(3) : 1 }, () =>
    outcome(random, mayFail, alone),
  );
  return {
    trap,
    plan: plan.length === 1 ? plan : [...plan, random.chance(70) ? 'ok' : plan.at(-1)!],
    term: random.weighted<ServerSpec['term']>([
      [8, 'ok'],
      [1, 'raise'],
      [1, ['exit', 'boom']],
      [trap ? 1 : 0, 'hold'],
    ]),
    ...(name ? { name } : {}),
  };
}

export interface ChildWishes {
  readonly label: Label;
  readonly kinds: readonly Child['kind'][];
  readonly significant: boolean;
  /** Its first start may fail. */
  readonly mayFail: boolean;
  readonly name?: readonly [Label, string] | undefined;
}

export function child(random: Random, model: Model, wishes: ChildWishes): Child {
  const { label: id, significant } = wishes;
  const kind = random.pick(wishes.kinds);
  const restart = random.pick(significant ? (['transient', 'temporary'] as const) : RESTARTS);
  const base = { id, restart, significant };
  if (kind === 'bare') {
    const trap = random.chance(30);
    // One that traps takes the shutdown for a message and stays; only a server says when it waits to be killed.
    return { ...base, kind, trap, shutdown: trap ? 'brutal' : random.pick(SHUTDOWNS) };
  }
  if (kind === 'sup') {
    const sup = supSpec(random, model, { depth: 1, mayFail: false });
    return { ...base, kind, sup, shutdown: random.chance(20) ? 'brutal' : 'inf' };
  }
  const server = serverSpec(random, { mayFail: wishes.mayFail, name: wishes.name, alone: false });
  const plan = wishes.mayFail || random.chance(75) ? server.plan : (['ok', ...failing(random)] as const);
  const shutdown = random.pick(server.term === 'hold' ? (['brutal', 'stop'] as const) : SHUTDOWNS);
  return { ...base, kind, server: { ...server, plan }, shutdown };
}

/** What the inits after the first come to, failures among them. */
function failing(random: Random): readonly InitOutcome[] {
  const fails = random.weighted(FAILURES);
  return random.chance(60) ? [fails, 'ok'] : [fails, fails, 'ok'];
}

const RESTARTS = ['permanent', 'permanent', 'transient', 'temporary'] as const;
const SHUTDOWNS = ['brutal', 'stop', 'long', 'inf'] as const;

export function supSpec(
  random: Random,
  model: Model,
  { depth, mayFail }: { readonly depth: number; readonly mayFail: boolean },
): SupSpec {
  const auto = random.weighted([
    [6, 'never'],
    [1, 'any_significant'],
    [1, 'all_significant'],
  ] as const);
  const kinds = depth === 0 ? (['server', 'server', 'bare', 'sup'] as const) : (['server', 'bare'] as const);
  const children = Array.from({ length: 1 + random.below(3) }, () =>
    child(random, model, {
      label: model.fresh('c'),
      kinds,
      significant: auto !== 'never' && random.chance(60),
      mayFail,
    }),
  );
  return {
    strategy: random.pick(['one_for_one', 'one_for_all', 'rest_for_one'] as const),
    max: random.below(4),
    period: random.chance(10) ? 'second' : 'long',
    auto,
    children,
  };
}

export function dynSpec(random: Random): DynSpec {
  return {
    max: random.below(4),
    period: random.chance(10) ? 'second' : 'long',
    most: random.chance(30) ? 1 + random.below(2) : 'inf',
  };
}

/** Enters a supervisor's children, and theirs. */
export function enterChildren(model: Model, over: Known, { children }: SupSpec): void {
  for (const one of children) {
    model.addChild(over, one);
    if (one.sup) enterChildren(model, model.known.get(one.id)!, one.sup);
  }
}
