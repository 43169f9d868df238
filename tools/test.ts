/**
 * `npm test`: provisions what the tests need, runs them all, and ends with the line `N passed, N failed, N skipped`.
 *
 * Arguments choose test files, as with vitest: `npm test -- room`. Each test that is left out is listed with its reason.
 * The exit code is 1 when a test fails, when a file cannot be loaded, when an error happens outside the tests, when no
 * test ran, and, where CI runs, when a test is left out. A run of all tests is also judged by the conformance inventory:
 * each row without a test counts as a failure, so that `npm run conformance` need not run the tests again.
 */
import type { TestModule } from 'vitest/node';
import { startVitest } from 'vitest/node';
import { judge, resultsOf, TESTED, wrong } from '../framework/conformance/conformance.ts';
import { judgeSecond } from '../framework/conformance/two-nodes.ts';
import { provision } from './provision/provision.ts';
import { inCi } from './provision/requirements.ts';

/** What a run came to. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly test: string; readonly reason: string }[];
}

/** Counts the tests of a run; a file that cannot be loaded, and an error outside all tests, count as one failed each. */
export function outcome(modules: readonly TestModule[], strayErrors: number): Outcome {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const broken = modules.filter((module) => module.state() === 'failed' && module.errors().length > 0).length;
  const results = tests.map((test) => ({ test, result: test.result() }));
  return {
    passed: results.filter(({ result }) => result.state === 'passed').length,
    failed: results.filter(({ result }) => result.state === 'failed').length + broken + strayErrors,
    skipped: results
      // A test that was collected and never ran is left out as well.
      .filter(({ result }) => result.state === 'skipped' || result.state === 'pending')
      .map(({ test, result }) => ({
        test: `${test.module.relativeModuleId} > ${test.fullName}`,
        reason: (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given',
      })),
  };
}

const SHOWN = 20;

/** What a run leaves open of the conformance inventory, on one node and on two: rows without a test, ids without a row. */
export function openRows(modules: readonly TestModule[]): string[] {
  const tested = modules.filter(({ relativeModuleId }) => TESTED.some((folder) => relativeModuleId.startsWith(folder)));
  if (tested.length === 0) return [];
  const testResults = tested.map((module) => ({
    name: module.moduleId,
    status: module.state(),
    assertionResults: [...module.children.allTests()].map((test) => ({
      title: test.name,
      status: test.result().state,
      meta: test.meta(),
    })),
  }));
  const results = resultsOf({ testResults });
  // Rows with a test that failed are counted by it.
  return [...wrong(judge(results)), ...judgeSecond(results).wrong].filter((line) => !line.startsWith('failed'));
}

/** The exit code of a run. */
export function exitCode({ passed, failed, skipped }: Outcome, ci: boolean): number {
  if (failed > 0 || passed === 0) return 1;
  return ci && skipped.length > 0 ? 1 : 0;
}

if (import.meta.main) {
  const left = Object.entries(provision());
  for (const [name, why] of left) console.log(`missing: ${name}. ${why}`);
  const chosen = process.argv.slice(2);
  const vitest = await startVitest('test', chosen, { run: true, watch: false });
  const modules = vitest.state.getTestModules();
  const open = chosen.length === 0 ? openRows(modules) : [];
  const result = outcome(modules, vitest.state.getUnhandledErrors().length + open.length);
  await vitest.close();
  for (const { test, reason } of result.skipped) console.log(`left out: ${test}: ${reason}`);
  for (const line of open.slice(0, SHOWN)) console.log(line);
  if (open.length > SHOWN) console.log(`… and ${open.length - SHOWN} more: npm run conformance`);
  if (inCi() && result.skipped.length > 0) console.log('Nothing may be left out where CI runs.');
  console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped.length} skipped`);
  process.exit(exitCode(result, inCi()));
}
