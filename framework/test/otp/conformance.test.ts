/** The conformance table: what a row's state follows from, and what the command prints. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import inventory from '../../conformance/inventory.json' with { type: 'json' };
import notRemote from '../../conformance/two-nodes.json' with { type: 'json' };
import { idsOf, rowsOf, strangers, table } from '../../conformance/conformance.ts';
import { secondRows, staleEntries } from '../../conformance/two-nodes.ts';

const rows = [
  { id: 'X-1', suite: 'one', mark: 'A', behaviour: 'applies' },
  { id: 'X-2', suite: 'one', mark: 'P', behaviour: 'adapted', reason: 'why' },
  { id: 'X-3', suite: 'two', mark: 'N', behaviour: 'not', reason: 'why' },
  { id: 'X-4', suite: 'two', mark: 'A', behaviour: 'without a test' },
];

test('a row is passed or adapted by its tests alone, failed by one of them, and missing without', () => {
  expect(idsOf('X-1 X-2 does both')).toEqual(['X-1', 'X-2']);
  expect(idsOf('does X-1 not')).toEqual([]);
  const ok = [{ name: 'X-1 X-2 does both', passed: true }];
  expect(rowsOf(rows, ok).map(({ status }) => status)).toEqual(['passed', 'adapted', 'notApplicable', 'missing']);
  const failed = [...ok, { name: 'X-1 also', passed: false }];
  expect(rowsOf(rows, failed).map(({ status }) => status)).toEqual(['failed', 'adapted', 'notApplicable', 'missing']);
  expect(strangers(rows, [{ name: 'X-9 is unknown', passed: true }])).toEqual(['X-9']);
  expect(rowsOf(rows, ok).map(({ pass }) => pass)).toEqual([true, true, true, false]);
  expect(table(rowsOf(rows, ok)).split('\n').at(-1)).toMatch(/^total +1 +1 +1 +1 +0 +4$/);
});

test('the inventory has each row once, and a reason wherever one is due', () => {
  expect(new Set(inventory.map(({ id }) => id)).size).toBe(inventory.length);
  expect(inventory.filter(({ id }) => !id.startsWith('R-')).length).toBe(585);
  expect(inventory.filter((row) => row.mark !== 'A' && !('reason' in row && row.reason))).toEqual([]);
});

test('on two nodes a row counts where signals crossed; else its reason does, and without one it is missing', () => {
  const [excused] = notRemote.find(({ rows: listed }) => listed)!.rows!;
  const all = [...rows, { id: excused!, suite: 'two', mark: 'A', behaviour: 'local' }];
  const results = [
    { name: 'X-1 X-2 crosses', passed: true, crossed: 4 },
    { name: 'X-2 does not', passed: true, crossed: 0 },
    { name: `${excused!} does not`, passed: true, crossed: 0 },
  ];
  const states = secondRows(all, results).map(({ status }) => status);
  expect(states).toEqual(['remote', 'remote', 'notApplicable', 'missing', 'local']);
  expect(secondRows(all, []).at(-1)).toMatchObject({ status: 'missing', pass: false });
  const failed = secondRows(all, [...results, { name: 'X-1 also', passed: false, crossed: 1 }]);
  expect(failed[0]!.status).toBe('failed');
  expect(staleEntries(all, results)).toContain(notRemote.flatMap(({ tests = [] }) => tests)[0]);
});

/** The command on a run of tests that had these names and ends. */
function conformance(results: Record<string, 'passed' | 'failed'>): { code: number | null; out: unknown } {
  const folder = mkdtempSync(join(tmpdir(), 'genroom-conformance-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const once = Object.entries(results).map(([title, status]) => ({ title, status }));
  const twice = once.map((result) => ({ ...result, meta: { crossed: 1 } }));
  const single = notRemote.flatMap(({ tests = [] }) =>
    tests.map((title) => ({ title, status: 'passed', meta: { crossed: 0 } })),
  );
  const assertionResults = [...once, ...twice, ...single];
  const report = join(folder, 'report.json');
  writeFileSync(report, JSON.stringify({ testResults: [{ name: 'a.test.ts', status: 'passed', assertionResults }] }));
  const command = [join(import.meta.dirname, '../../conformance/conformance.ts'), '--json', '--results', report];
  const ran = spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 15_000 });
  return { code: ran.status, out: JSON.parse(ran.stdout) };
}

test('the command prints one JSON object with a row each, and fails for a row without a passing test', () => {
  const ids = inventory.filter(({ mark }) => mark !== 'N').map(({ id }) => id);
  const all = Object.fromEntries(ids.map((id) => [`${id} behaves`, 'passed' as const]));
  const good = conformance(all);
  expect(good).toMatchObject({ code: 0, out: { pass: true, wrong: [], twoNodes: { wrong: [] } } });
  const { rows } = good.out as { rows: { name: string; pass: boolean }[] };
  expect(rows.map(({ name }) => name)).toEqual(inventory.map(({ id }) => id));
  expect(rows.every(({ pass }) => pass)).toBe(true);

  const { 'GS-01 behaves': _, ...less } = all;
  expect(conformance({ ...less, 'GS-05 behaves': 'failed' })).toMatchObject({
    code: 1,
    out: {
      pass: false,
      wrong: [
        expect.stringMatching(/^missing GS-01: /),
        expect.stringMatching(/^failed GS-05: /),
        'failed: GS-05 behaves',
      ],
      twoNodes: { wrong: ['missing on two nodes: GS-01', 'failed on two nodes: GS-05'] },
    },
  });
});
