/** The pages of docs that are made of the conformance inventory are current, so that no reason is left out of them. */
import { expect, test } from 'vitest';
import { made, stalePages } from '../../conformance/pages.ts';

test('docs/conformance.md and docs/otp-differences.md are as the inventory has them', () => {
  const remedy = 'run `npm run conformance -- --pages`';
  expect(stalePages(), remedy).toEqual([]);
  const text = 'before\n<!-- made by npm run conformance -- --pages -->\nold\n<!-- to here -->\nafter\n';
  const page = made('otp-differences.md', text, [
    { id: 'X-2', suite: 'one', mark: 'P', behaviour: 'adapted', reason: 'why' },
    { id: 'X-5', suite: 'two', mark: 'P', behaviour: 'too', reason: 'why' },
  ]);
  expect(page).toMatch(/^before\n/);
  expect(page).toContain('| why | X-2, X-5 |');
  expect(page).not.toContain('old');
});
