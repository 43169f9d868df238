/**
 * The second pass of conformance: every row once more, with caller and callee on two nodes joined by a MessagePort.
 *
 * A row has been shown on two nodes when every test of it passes and signals crossed between the nodes in one of them, or
 * when a test of the cluster layer carries its id. Otherwise two-nodes.json says in one line why not; those tests run on
 * one node. Entries name rows, or single tests of a row by the beginning of their names.
 */
import { idsOf, type InventoryRow, statusTable, type TestResult } from './conformance.ts';
import inventory from './inventory.json' with { type: 'json' };
import notRemote from './two-nodes.json' with { type: 'json' };

export type SecondStatus = 'remote' | 'local' | 'notApplicable' | 'missing' | 'failed';

export interface SecondRow {
  readonly id: string;
  readonly suite: string;
  readonly status: SecondStatus;
  readonly pass: boolean;
  /** Why it is not shown on two nodes. */
  readonly reason?: string;
}

interface Entry {
  readonly reason: string;
  readonly rows?: readonly string[];
  readonly tests?: readonly string[];
}

const entries: readonly Entry[] = notRemote;
const byRow = new Map(entries.flatMap(({ rows = [], reason }) => rows.map((id) => [id, reason] as const)));
const beginnings = entries.flatMap(({ tests = [] }) => tests);

/** Whether a test's processes all run on one node. */
export function staysLocal(test: string): boolean {
  const ids = idsOf(test);
  return ids.length === 0 || ids.some((id) => byRow.has(id)) || beginnings.some((begin) => test.startsWith(begin));
}

/** The state of every row, given the tests that ran on two nodes. */
export function secondRows(rows: readonly InventoryRow[], results: readonly TestResult[]): SecondRow[] {
  const byId = new Map<string, TestResult[]>();
  for (const result of results) for (const id of idsOf(result.name)) byId.set(id, [...(byId.get(id) ?? []), result]);
  return rows.map(({ id, suite, mark }) => {
    const status = statusOf(mark, byId.get(id) ?? [], byRow.has(id));
    const reason = status === 'local' ? byRow.get(id) : undefined;
    const pass = status !== 'missing' && status !== 'failed';
    return { id, suite, status, pass, ...(reason !== undefined && { reason }) };
  });
}

function statusOf(mark: string, tests: readonly TestResult[], excused: boolean): SecondStatus {
  if (tests.some(({ passed }) => !passed)) return 'failed';
  if (mark === 'N') return 'notApplicable';
  if (tests.some(({ crossed = 0 }) => crossed > 0)) return 'remote';
  return excused && tests.length > 0 ? 'local' : 'missing';
}

/** Entries that speak of a row or a test that does not exist. */
export function staleEntries(rows: readonly InventoryRow[], results: readonly TestResult[]): string[] {
  const known = new Set(rows.map(({ id }) => id));
  return [
    ...[...byRow.keys()].filter((id) => !known.has(id)),
    ...beginnings.filter((begin) => !results.some(({ name }) => name.startsWith(begin))),
  ];
}

export interface SecondJudgement {
  readonly rows: readonly SecondRow[];
  /** A line each. */
  readonly wrong: readonly string[];
}

/** What a run on two nodes says of the inventory. */
export function judgeSecond(all: readonly TestResult[]): SecondJudgement {
  const results = all.filter(({ crossed }) => crossed !== undefined);
  const rows = secondRows(inventory, results);
  return {
    rows,
    wrong: [
      ...rows.filter(({ pass }) => !pass).map(({ id, status }) => `${status} on two nodes: ${id}`),
      ...staleEntries(inventory, results).map((entry) => `two-nodes.json speaks of what does not exist: ${entry}`),
    ],
  };
}

export function secondJson({ rows, wrong }: SecondJudgement): object {
  return { wrong, rows: rows.map(({ id, ...row }) => ({ name: id, ...row })) };
}

/** The table by suite, what is wrong, and each reason with its rows. */
export function secondText({ rows, wrong }: SecondJudgement): string {
  const table = statusTable(rows, {
    remote: 'on two nodes',
    local: 'on one, with a reason',
    notApplicable: 'not applicable',
    missing: 'missing',
    failed: 'failed',
  });
  const local = rows.filter(({ status }) => status === 'local');
  const reasons = [...Map.groupBy(local, ({ reason }) => reason)].map(
    ([reason, of]) => `- ${reason}: ${of.map(({ id }) => id).join(' ')}`,
  );
  const title = 'Once more, with caller and callee on two nodes joined by a MessagePort:';
  return [title, '', table, ...wrong, '', 'Not shown on two nodes:', ...reasons].join('\n');
}
