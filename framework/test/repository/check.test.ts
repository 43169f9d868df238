/** Types, lint and format of the whole repository, type tests (`*.types.ts`) included: `npm run check` as tests. */
import { expect, test } from 'vitest';
import { run, STEPS } from '../../../tools/check.ts';

test.each(STEPS)('$name', (step) => {
  const { ok, output } = run(step);
  expect.soft(ok ? '' : output).toBe('');
  expect(ok).toBe(true);
});
