/** The conformance table: what a row's state follows from. */
import { expect, test } from 'vitest';
import inventory from '../../conformance/inventory.json' with { type: 'json' };
import { idsOf, rowsOf, strangers, table } from '../../conformance/conformance.ts';

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
  expect(table(rowsOf(rows, ok)).split('\n').at(-1)).toBe('missing X-4: without a test');
});

test('the inventory has each row once, and a reason wherever one is due', () => {
  expect(new Set(inventory.map(({ id }) => id)).size).toBe(inventory.length);
  expect(inventory.filter(({ id }) => !id.startsWith('R-')).length).toBe(573);
  expect(inventory.filter((row) => row.mark !== 'A' && !('reason' in row && row.reason))).toEqual([]);
});
