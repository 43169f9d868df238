/**
 * The judge of a bench: from the pairs of each row to its verdict. Pure.
 *
 * Invariants
 * - The peer's figure of a pair is the best that one of its ways of running made in that pair.
 * - A row's ratio is the median of its pairs' ratios, not the ratio of medians: what slows the machine down slows both
 *   sides of a pair.
 */
import { bestOf, median, ratioOf } from './statistics.ts';

/** What a row must reach: a ratio to the peer, or a figure of its own. */
export type Goal =
  | { readonly what: 'ratio'; readonly least: number }
  | { readonly what: 'ours'; readonly most: number };

export interface Pair {
  readonly ours: number;
  /** By the way the peer ran, such as its number of schedulers. */
  readonly peer: Readonly<Record<string, number>>;
}

export interface Measured {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly goal: Goal;
  readonly warm: string;
  readonly pairs: readonly Pair[];
}

export interface RowVerdict {
  readonly name: string;
  readonly title: string;
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  readonly goal: number;
  /** What the goal is compared with. */
  readonly goalOf: Goal['what'];
  readonly unit: string;
  readonly pass: boolean;
  readonly warm: string;
  /** How often each of the peer's ways was the better one. */
  readonly best: Readonly<Record<string, number>>;
  readonly pairs: readonly Pair[];
}

export interface BenchVerdict {
  readonly pass: boolean;
  readonly rows: readonly RowVerdict[];
}

export function judge(rows: readonly Measured[]): BenchVerdict {
  const verdicts = rows.map(judgeRow);
  return { pass: verdicts.length > 0 && verdicts.every(({ pass }) => pass), rows: verdicts };
}

function judgeRow({ name, title, unit, better, goal, warm, pairs }: Measured): RowVerdict {
  const peers = pairs.map((pair) => bestOf(Object.values(pair.peer), better));
  const ratio = median(pairs.map((pair, i) => ratioOf(pair.ours, peers[i]!, better)));
  const ours = median(pairs.map((pair) => pair.ours));
  const best: Record<string, number> = {};
  pairs.forEach((pair, i) => {
    const way = Object.keys(pair.peer).find((key) => pair.peer[key] === peers[i])!;
    best[way] = (best[way] ?? 0) + 1;
  });
  return {
    name,
    title,
    ours,
    peer: median(peers),
    ratio,
    goal: goal.what === 'ratio' ? goal.least : goal.most,
    goalOf: goal.what,
    unit,
    pass: goal.what === 'ratio' ? ratio >= goal.least : ours <= goal.most,
    warm,
    best,
    pairs,
  };
}
