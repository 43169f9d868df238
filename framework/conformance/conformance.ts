/**
 * `npm run conformance`: how far the otp layer behaves as OTP 27 and Elixir 1.18 do, row by row.
 *
 * The rows are in inventory.json: what each upstream test, and each rule seen on the real thing, shows. A row counts as
 * passed (mark A) or adapted (mark P, with the reason) when every test whose name begins with its id passes; without a
 * test it is missing. Rows marked N do not apply, each for its reason.
 *
 * Prints the table by suite, or with `--json` one JSON object; the exit code is 1 unless no row failed and none is
 * missing. `--results file` judges a report of vitest (`--reporter=json`) that is there already instead of running the
 * tests; `--pages` writes the pages of docs that are made from the inventory (pages.ts), and runs nothing.
 *
 * The tests run twice: on one node, and with caller and callee on two (two-nodes.ts). A row has to pass both times.
 *
 *     npm run conformance -- --json // {"pass":true,"rows":[{"name":"GS-01","status":"passed","pass":true,…},…],"twoNodes":{…}}
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import inventory from './inventory.json' with { type: 'json' };
import { writePages } from './pages.ts';
import { judgeSecond, secondJson, secondText } from './two-nodes.ts';

export type Status = 'passed' | 'adapted' | 'notApplicable' | 'missing' | 'failed';

export interface InventoryRow {
  readonly id: string;
  readonly suite: string;
  /** A applies as it is, P in an adapted form, N does not apply. */
  readonly mark: string;
  readonly behaviour: string;
  readonly reason?: string;
}

export interface Row extends InventoryRow {
  readonly status: Status;
  /** Neither missing nor failed. */
  readonly pass: boolean;
  /** The names of the tests that carry the id. */
  readonly tests: readonly string[];
}

export interface TestResult {
  readonly name: string;
  readonly passed: boolean;
  /** Signals that crossed between two nodes, in a test of the second pass. */
  readonly crossed?: number;
}

/** The ids that a test's name begins with: `R-01 GS-07 a call that …`. */
export function idsOf(name: string): string[] {
  return /^(?:[A-Z]+-\d+ )+/.exec(name)?.[0].trim().split(' ') ?? [];
}

/** The state of every row, given the tests that ran. */
export function rowsOf(rows: readonly InventoryRow[], results: readonly TestResult[]): Row[] {
  const byId = new Map<string, TestResult[]>();
  for (const result of results) {
    for (const id of idsOf(result.name)) byId.set(id, [...(byId.get(id) ?? []), result]);
  }
  return rows.map((row) => {
    const tests = byId.get(row.id) ?? [];
    const status = statusOf(row.mark, tests);
    return { ...row, status, pass: status !== 'missing' && status !== 'failed', tests: tests.map(({ name }) => name) };
  });
}

function statusOf(mark: string, tests: readonly TestResult[]): Status {
  if (tests.some(({ passed }) => !passed)) return 'failed';
  if (mark === 'N') return 'notApplicable';
  if (tests.length === 0) return 'missing';
  return mark === 'A' ? 'passed' : 'adapted';
}

/** Ids that tests carry and the inventory does not know. */
export function strangers(rows: readonly InventoryRow[], results: readonly TestResult[]): string[] {
  const known = new Set(rows.map(({ id }) => id));
  const prefixes = new Set(rows.map(({ id }) => id.split('-')[0]));
  return [...new Set(results.flatMap(({ name }) => idsOf(name)))].filter(
    (id) => prefixes.has(id.split('-')[0]) && !known.has(id),
  );
}

/** The table by suite. */
export function table(rows: readonly Row[]): string {
  return statusTable(rows, {
    passed: 'passed',
    adapted: 'adapted',
    notApplicable: 'not applicable',
    missing: 'missing',
    failed: 'failed',
  });
}

/** How many rows of each suite are in each state. @param columns the states, and what heads their columns */
export function statusTable<S extends string>(
  rows: readonly { readonly suite: string; readonly status: S }[],
  columns: Readonly<Record<S, string>>,
): string {
  const suites = [...new Set(rows.map(({ suite }) => suite))];
  const line = (name: string, of: typeof rows): string[] => [
    name,
    ...(Object.keys(columns) as S[]).map((status) => String(of.filter((row) => row.status === status).length)),
    String(of.length),
  ];
  const lines = [
    ['suite', ...Object.values<string>(columns), 'rows'],
    ...suites.map((suite) =>
      line(
        suite,
        rows.filter((row) => row.suite === suite),
      ),
    ),
    line('total', rows),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((cells) => cells[column]!.length)));
  const text = lines.map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
  return text.join('\n');
}

export interface Judgement {
  readonly rows: readonly Row[];
  /** Tests that failed. */
  readonly failed: readonly string[];
  /** Ids that tests carry and the inventory does not know. */
  readonly unknown: readonly string[];
}

/** What a run of the layer's tests says of the inventory. */
export function judge(all: readonly TestResult[]): Judgement {
  const results = all.filter(({ crossed }) => crossed === undefined);
  return {
    rows: rowsOf(inventory, results),
    failed: results.filter(({ passed }) => !passed).map(({ name }) => name),
    unknown: strangers(inventory, results),
  };
}

/** What is wrong, a line each. */
export function wrong({ rows, failed, unknown }: Judgement): string[] {
  return [
    ...rows.filter(({ pass }) => !pass).map(({ id, status, behaviour }) => `${status} ${id}: ${behaviour}`),
    ...failed.map((name) => `failed: ${name}`),
    ...unknown.map((id) => `unknown id: ${id}`),
  ];
}

/** What is read of a report of vitest. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly meta?: { readonly crossed?: number };
    }[];
  }[];
}

/** Tests of the cluster layer have nodes of their own: they count in both passes. */
const ON_NODES = '/test/cluster/';

const readReport = (file: string): TestResult[] => resultsOf(JSON.parse(readFileSync(file, 'utf8')) as VitestReport);

/** The results in a report. A file that cannot be loaded counts as one failed test. */
export function resultsOf({ testResults }: VitestReport): TestResult[] {
  return testResults.flatMap((file) => [
    ...file.assertionResults.flatMap(({ title, status, meta }): TestResult[] => {
      const result = { name: title, passed: status === 'passed' };
      if (file.name.includes(ON_NODES)) return [result, { ...result, crossed: 1 }];
      return [meta?.crossed === undefined ? result : { ...result, crossed: meta.crossed }];
    }),
    ...(file.status === 'failed' && file.assertionResults.length === 0
      ? [{ name: `${file.name}: ${file.message ?? ''}`, passed: false }]
      : []),
  ]);
}

/** The tests on one node, and those on two. */
const ONCE_AND_TWICE = ['unit', 'two-nodes'];
export const TESTED = ['framework/test/otp', 'framework/test/cluster'];

/** Runs the layer's tests. */
async function runTests(): Promise<TestResult[]> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const directory = mkdtempSync(join(tmpdir(), 'genroom-conformance-'));
  const report = join(directory, 'report.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  try {
    await new Promise<void>((resolve, reject) => {
      const run = spawn(
        process.execPath,
        [
          vitest,
          'run',
          ...ONCE_AND_TWICE.flatMap((project) => ['--project', project]),
          '--reporter=json',
          `--outputFile=${report}`,
          ...TESTED,
        ],
        {
          cwd: root,
          stdio: ['ignore', 'ignore', 'inherit'],
        },
      );
      run.once('error', reject);
      run.once('close', () => resolve());
    });
    return readReport(report);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, results: { type: 'string' }, pages: { type: 'boolean' } },
  });
  if (values.pages) return writePages();
  const results = values.results === undefined ? await runTests() : readReport(values.results);
  const judgement = judge(results);
  const lines = wrong(judgement);
  const second = judgeSecond(results);
  const pass = lines.length === 0 && second.wrong.length === 0;
  const rows = judgement.rows.map(({ id, ...row }) => ({ name: id, ...row }));
  if (values.json) console.log(JSON.stringify({ pass, wrong: lines, rows, twoNodes: secondJson(second) }));
  else console.log([table(judgement.rows), ...lines, '', secondText(second)].join('\n'));
  process.exitCode = pass ? 0 : 1;
}

if (import.meta.main) await main();
