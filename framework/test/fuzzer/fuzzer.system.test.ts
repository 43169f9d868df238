/** The fuzzer: 1,000 programs without a divergence, and every committed fault found within them and a few more. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { applyFault, faulty } from '../../fuzzer/apply-fault.ts';
import { CONSTRUCTS, count } from '../../fuzzer/constructs.ts';
import { FAULTS } from '../../fuzzer/faults.ts';
import { generate } from '../../fuzzer/generate.ts';
import { canonical } from '../../fuzzer/trace.ts';
import { requirement } from '../../../tools/provision/requirements.ts';

interface Report {
  readonly pass: boolean;
  readonly oracle: string;
  readonly rows: readonly { readonly name: string; readonly ours: number | string; readonly pass: boolean }[];
  readonly constructs: Readonly<Record<string, number>>;
  readonly endings: Readonly<Record<string, number>>;
}

/** The one JSON object that the command prints. */
function fuzz(args: readonly string[], path = process.env.PATH!): Promise<{ code: number | null; report: Report }> {
  return new Promise((resolve, reject) => {
    const file = join(import.meta.dirname, '../../fuzzer/fuzz.ts');
    const child = spawn(process.execPath, [file, '--json', ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, PATH: path },
    });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      try {
        resolve({ code, report: JSON.parse(output) as Report });
      } catch (error) {
        reject(new Error(`the fuzzer ended with ${code} and printed ${output}`, { cause: error }));
      }
    });
  });
}

/** All faults are found within as many; the last one at about the 1,700th. */
const PROGRAMS = 2500;

describe('the fuzzer', () => {
  const elixir = requirement('elixir');

  test(`${PROGRAMS} programs show the same on Elixir and on genroom, and each fault shows`, async ({ skip }) => {
    skip(!elixir.present, elixir.reason);
    const { code, report } = await fuzz(['--programs', String(PROGRAMS), '--faults']);
    expect(report.rows.filter(({ pass }) => !pass)).toEqual([]);
    expect({ code, pass: report.pass }).toEqual({ code: 0, pass: true });
    expect(report.rows.filter(({ name }) => name.startsWith('fault found'))).toHaveLength(FAULTS.length);
    expect(report.oracle).toMatch(/^Elixir \d+\.\d+.* \/ OTP \d+/);
    expect(Object.keys(report.constructs)).toEqual(CONSTRUCTS);
    expect(Object.keys(report.endings).length).toBeGreaterThan(8);
  }, 240_000);

  test('without Elixir it says so, in one JSON object too', async () => {
    const { code, report } = await fuzz(['--programs', '1'], '/nowhere');
    expect(report).toMatchObject({ pass: false, why: expect.stringContaining('npm run provision') });
    expect(code).toBe(1);
  });

  test('there are 25 faults or more, each with a name of its own, and each changes one text of a file', () => {
    expect(FAULTS.length).toBeGreaterThanOrEqual(25);
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    for (const fault of FAULTS) expect(faulty(fault).source).toContain(fault.to);
    const stale = { name: 'stale', file: 'gen-server/call.ts', from: 'a text that stands nowhere', to: '' };
    expect(() => applyFault(stale)).toThrow("the fault 'stale' finds its text 0 times in gen-server/call.ts");
  });

  test('a program follows from its seed and number; other numbers give others', () => {
    expect(generate(1, 42)).toEqual(generate(1, 42));
    expect(generate(1, 42)).not.toEqual(generate(1, 43));
    expect(generate(1, 42)).not.toEqual(generate(2, 42));
    expect(count([generate(1, 42)]).get('drain')).toBeGreaterThan(0);
  });

  test('traces are the same up to orders that OTP does not promise, and no further', () => {
    const down = ['p1', 1, 'p2', ['DOWN', 'm1', 'p2', 'boom']] as const;
    const exit = ['p1', 1, 'p2', ['EXIT', 'p2', 'boom']] as const;
    const [one, two] = [['p1', 1, 'p2', ['m', 'p2', 1]] as const, ['p1', 1, 'p2', ['m', 'p2', 2]] as const];
    const other = ['p1', 1, 'p3', ['m', 'p3', 1]] as const;
    expect(canonical([[down, exit], []])).toBe(canonical([[exit, down], []]));
    expect(canonical([[one, other], []])).toBe(canonical([[other, one], []]));
    expect(canonical([[one, two], []])).not.toBe(canonical([[two, one], []]));
    expect(canonical([[one, down], []])).not.toBe(canonical([[down, one], []]));
    expect(canonical([[one], []])).not.toBe(canonical([[['p1', 2, 'p2', ['m', 'p2', 1]]], []]));
    expect(canonical([[], [[1, [['p1', ['p2', 'p3']]]]]])).toBe(canonical([[], [[1, [['p1', ['p3', 'p2']]]]]]));
  });
});
