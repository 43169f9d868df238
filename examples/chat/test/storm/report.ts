/** What the clients of a storm tell of themselves when it is over, and the verdict over it. Pure. */
import type { PlainLine } from '../../state.ts';

export interface ClientsReport {
  readonly clients: number;
  /** Sockets that were closed while the storm lasted, by any side. */
  readonly closed: number;
  /** Operation ids of the lines whose last try was answered with ok, refused, or neither. */
  readonly acknowledged: readonly string[];
  readonly rejected: readonly string[];
  readonly inDoubt: readonly string[];
  /** Of the lines above, how many took more than one try. */
  readonly triedAgain: number;
  /** Ids of lines that any client saw in its state. */
  readonly seen: readonly string[];
  /** All of the history, as `history` calls gave it. */
  readonly history: readonly PlainLine[];
  /** State of a client that joined at the end, and those of the others, as JSON. */
  readonly freshState: string;
  readonly states: readonly string[];
  /** Milliseconds from posting to the acknowledgement: median, 99 of 100, the longest. */
  readonly latency: { readonly median: number; readonly p99: number; readonly longest: number };
}

export interface Verdict {
  readonly ok: boolean;
  readonly posted: number;
  readonly acknowledged: number;
  readonly rejected: number;
  readonly inDoubt: number;
  readonly triedAgain: number;
  readonly seen: number;
  readonly history: number;
  /** Acknowledged or seen, and not in the history. */
  readonly lost: number;
  /** More than once in the history. */
  readonly doubled: number;
  /** Said to be not applied, yet there. */
  readonly appliedThoughRejected: number;
  /** In the history, and never posted: what a crashed handler left. */
  readonly strange: number;
  /** Places at which the numbers of the history are not 1, 2, 3 … */
  readonly gaps: number;
  /** Clients whose state is not the server's. */
  readonly differentStates: number;
  readonly closed: number;
}

export function judge(report: ClientsReport): Verdict {
  const counts = new Map<string, number>();
  for (const { id } of report.history) counts.set(id, (counts.get(id) ?? 0) + 1);
  const posted = new Set([...report.acknowledged, ...report.rejected, ...report.inDoubt]);
  const owed = new Set([...report.acknowledged, ...report.seen]);
  const figures = {
    posted: posted.size,
    acknowledged: report.acknowledged.length,
    rejected: report.rejected.length,
    inDoubt: report.inDoubt.length,
    triedAgain: report.triedAgain,
    seen: report.seen.length,
    history: report.history.length,
    lost: [...owed].filter((id) => !counts.has(id)).length,
    doubled: [...counts.values()].filter((count) => count > 1).length,
    appliedThoughRejected: report.rejected.filter((id) => counts.has(id)).length,
    strange: [...counts.keys()].filter((id) => !posted.has(id)).length,
    gaps: report.history.filter(({ n }, i) => n !== i + 1).length,
    differentStates: report.states.filter((state) => state !== report.freshState).length,
    closed: report.closed,
  };
  const { lost, doubled, appliedThoughRejected, strange, gaps, differentStates, closed } = figures;
  const faults = lost + doubled + appliedThoughRejected + strange + gaps + differentStates + closed;
  return { ok: faults === 0 && figures.acknowledged > 0 && report.states.length === report.clients, ...figures };
}
