/**
 * `npm run check`: types, lint, format and the layer test. Runs every step even after one failed, and exits with 1 if
 * any did. `npm test` runs the same steps as tests (framework/test/repository/check.test.ts).
 *
 *     npm run check
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** A command of node_modules/.bin that judges the whole repository. */
export interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** Static judgements: they start nothing of the project. */
export const STEPS: readonly Step[] = [
  { name: 'types', command: ['tsc', '--noEmit', '--project', '.'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check'] },
];

const LAYERS: Step = { name: 'layers', command: ['vitest', 'run', 'framework/test/repository/layers.test.ts'] };

/** Runs a step in the repository's root; its output is what the tool printed. */
export function run({ command: [program, ...args] }: Step): { ok: boolean; output: string } {
  const ran = spawnSync(join(root, 'node_modules/.bin', program), args, {
    cwd: root,
    encoding: 'utf8',
    timeout: 5 * 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { ok: ran.status === 0, output: `${ran.stdout}${ran.stderr}${ran.error?.message ?? ''}`.trim() };
}

if (import.meta.main) {
  const failed = [...STEPS, LAYERS].filter((step) => {
    const { ok, output } = run(step);
    console.log(ok ? `${step.name}: ok` : `${step.name}: failed\n${output}`);
    return !ok;
  });
  process.exit(failed.length === 0 ? 0 : 1);
}
