/** `npm run loadtest -- --quick --json`: all experiments in short, from a command line to the report. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requirement } from '../../tools/provision/requirements.ts';
import type { Judgement } from '../judge.ts';
import type { Summary } from '../summary.ts';

const k6 = requirement('k6');

test('the quick run works through all experiments in a minute', { timeout: 110_000 }, async ({ skip }) => {
  skip(!k6.present, k6.reason);
  const out = await mkdtemp(join(tmpdir(), 'genroom-quick-'));
  try {
    const began = performance.now();
    const args = ['--import', './tools/workspace.ts', 'loadtest/loadtest.ts', '--quick', '--json', '--out', out];
    const child = spawn(process.execPath, args, {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 100_000,
    });
    let [json, progress] = ['', ''];
    child.stdout.on('data', (data) => (json += data));
    child.stderr.on('data', (data) => (progress += data));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code, progress).toBe(0);
    expect(performance.now() - began).toBeLessThan(90_000);
    const result = JSON.parse(json) as Summary & Judgement;
    expect(result.pass).toBe(true);
    expect(result.rows).not.toEqual([]);
    for (const row of result.rows)
      expect(row).toMatchObject({ name: expect.any(String), ours: expect.any(Number), pass: true });
    const one = result.bank.find(({ shards }) => shards === 1)!;
    // Beyond saturation a process that only waits is full while its core is not.
    expect(one.points.at(-1)!.utilisation).toBeGreaterThan(0.6);
    expect(one.points.at(-1)!.held).toBeGreaterThan(0.8);
    expect(result.chat.map(({ points }) => points.at(-1)!.held)).toEqual([0, 0]);
    for (const point of one.points) expect(point.histogram.count).toBeGreaterThan(50);
    const report = await readFile(join(out, 'report.html'), 'utf8');
    for (const part of ['E0', 'E1', 'E2', 'E3', '<svg', 'Pollaczek']) expect(report).toContain(part);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});
