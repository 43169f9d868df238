/** No `any` in the types that the processes layer gives its users, neither written nor inferred. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

/** The lines of a declaration file that have an `any`, comments and literals aside. */
function anyIn(declarations: string): string[] {
  const code = declarations
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
    .replaceAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");
  return code.split('\n').filter((line) => /\bany\b/.test(line));
}

test('the declarations of genroom/otp hold no any', () => {
  const out = mkdtempSync(join(tmpdir(), 'genroom-types-'));
  try {
    execFileSync(
      join(root, 'node_modules/.bin/tsc'),
      ['--project', 'framework/tsconfig.build.json', '--emitDeclarationOnly', '--outDir', out],
      { cwd: root },
    );
    const files = readdirSync(join(out, 'otp'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.d.ts'),
    );
    expect(files).toContain('gen-server/gen-server.d.ts');
    const found = files.flatMap((name) =>
      anyIn(readFileSync(join(out, 'otp', name), 'utf8')).map((line) => `${name}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

test('an any is found where there is one, and not in words', () => {
  expect(anyIn("/** any */ export declare function f(a: 'any'): Promise<any>; // any")).toHaveLength(1);
  expect(
    anyIn('/** any\n * any */\nexport type A = \'any\' | "any"; // any\nexport declare const many: unknown;'),
  ).toEqual([]);
});
