/** `npm run oracle`: what it prints, that all rules agree with the installed Elixir, and that a difference shows. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { requirement } from '../../../tools/provision/requirements.ts';
import inventory from '../../conformance/inventory.json' with { type: 'json' };
import { compare, type OracleRow } from '../../oracle/oracle.ts';

const root = join(import.meta.dirname, '../../..');
const elixir = requirement('elixir');
const rules = inventory.filter(({ id }) => id.startsWith('R-')).map(({ id }) => id);

function run(command: string, args: readonly string[], path: string): Promise<{ code: number; out: string }> {
  const { VITEST: _, ...env } = process.env;
  return promisify(execFile)(command, args, { cwd: root, env: { ...env, PATH: path }, timeout: 100_000 }).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, out: error.stdout }),
  );
}

test('each rule is shown on Elixir and on genroom, in one JSON object', async ({ skip }) => {
  skip(!elixir.present, elixir.reason);
  const { code, out } = await run('npm', ['run', '--silent', 'oracle', '--', '--json'], process.env.PATH!);
  const result = JSON.parse(out) as { pass: boolean; oracle: string; rows: OracleRow[] };
  expect(result.rows.filter(({ pass }) => !pass)).toEqual([]);
  expect(result.rows.map(({ name }) => name)).toEqual(rules);
  expect(result.oracle).toMatch(/^Elixir \d+\.\d+.* \/ OTP \d+$/);
  expect([result.pass, code]).toEqual([true, 0]);
});

test('without Elixir it says so, in one JSON object too', async () => {
  const { code, out } = await run(process.execPath, ['framework/oracle/oracle.ts', '--json'], '/nowhere');
  expect(JSON.parse(out)).toMatchObject({ pass: false, why: expect.stringContaining('npm run provision') });
  expect(code).toBe(1);
});

test('a rule passes only when both show the same, or differ exactly as meant', () => {
  const row = (otp: [string, string][], genroom: [string, string][], name: string): OracleRow =>
    compare(new Map(otp), new Map(genroom)).find((row) => row.name === name)!;
  expect(row([['R-01', '1']], [['R-01', '1']], 'R-01')).toMatchObject({ otp: '1', genroom: '1', pass: true });
  expect(row([['R-01', '1']], [['R-01', '2']], 'R-01').pass).toBe(false);
  expect(row([], [], 'R-01').pass).toBe(false);
  const thrown: [string, string] = ['R-09', '["thrown",true]'];
  expect(row([thrown], [['R-09', '["crash",false]']], 'R-09').pass).toBe(true);
  expect(row([thrown], [thrown], 'R-09').pass).toBe(false);
  // What an older Elixir shows counts on an older one only.
  const [was, is] = ['["timeout",false]', '["timeout",true]'];
  for (const [oracle, pass] of [
    ['Elixir 1.14.0 / OTP 25', true],
    ['Elixir 1.18.3 / OTP 25', true],
    ['Elixir 1.18.3 / OTP 27', false],
    ['Elixir 1.19.0-rc.1 / OTP 28', false],
  ] as const) {
    expect(
      row(
        [
          ['oracle', oracle],
          ['R-33', was],
        ],
        [['R-33', is]],
        'R-33',
      ).pass,
    ).toBe(pass);
    expect(
      row(
        [
          ['oracle', oracle],
          ['R-33', is],
        ],
        [['R-33', is]],
        'R-33',
      ).pass,
    ).toBe(true);
    expect(
      row(
        [
          ['oracle', oracle],
          ['R-33', was],
        ],
        [['R-33', was]],
        'R-33',
      ).pass,
    ).toBe(true);
  }
});
