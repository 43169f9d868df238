/** `npm run bench -- otp`, tiny: both sides run every row, and the report keeps its form. No figure is judged here. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requirement } from '../../../tools/provision/requirements.ts';
import { ROWS } from '../../bench/otp/rows.ts';
import type { BenchVerdict } from '../../bench/judge.ts';

const root = join(import.meta.dirname, '../../..');
const elixir = requirement('elixir');

function bench(args: readonly string[], path = process.env.PATH) {
  return spawnSync(process.execPath, ['framework/bench/bench.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
    timeout: 200_000,
  });
}

test('one pair of two small rows: the JSON holds every field, the exit code is that of the verdict', ({ skip }) => {
  skip(!elixir.present, elixir.reason);
  const only = ['sequentialCall', 'restart'];
  const ran = bench(['otp', '--json', '--pairs', '1', '--scale', '0.01', ...only.flatMap((name) => ['--only', name])]);
  const verdict = JSON.parse(ran.stdout) as BenchVerdict;
  expect(verdict.rows.map(({ name }) => name)).toEqual(only);
  for (const row of verdict.rows) {
    expect(row.ours).toBeGreaterThan(0);
    expect(row.peer).toBeGreaterThan(0);
    expect(row.ratio).toBeCloseTo(row.ours / row.peer, 6);
    expect(row.pass).toBe(row.ratio >= row.goal);
    expect(row.pairs).toHaveLength(1);
  }
  expect(ran.status).toBe(verdict.pass ? 0 : 1);
}, 240_000);

test("genroom's side can run every row", async () => {
  const { WORKLOADS } = await import('../../bench/otp/workloads.ts');
  expect(Object.keys(WORKLOADS)).toEqual(ROWS.map(({ name }) => name));
});

test('without Elixir the error names the cure', () => {
  const ran = bench(['otp', '--pairs', '1'], '/nowhere');
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain('npm run provision');
});

test('a row that is none is refused, with the names of those that are', ({ skip }) => {
  skip(!elixir.present, elixir.reason);
  const ran = bench(['otp', '--only', 'nothing', '--only', 'restart']);
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain('sequentialCall');
});
