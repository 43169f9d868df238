/** What a bench makes of its figures: medians, the better of the peer's ways, and who passes. */
import { expect, test } from 'vitest';
import { judge, type Measured } from '../../bench/judge.ts';
import { median } from '../../bench/statistics.ts';

const row: Measured = {
  name: 'call',
  title: 'call',
  unit: 'operations/s',
  better: 'more',
  goal: { what: 'ratio', least: 5 },
  warm: 'warm',
  pairs: [
    { ours: 600, peer: { one: 100, all: 50 } },
    { ours: 300, peer: { one: 50, all: 60 } },
    { ours: 800, peer: { one: 100, all: 90 } },
  ],
};

test('the median of an even number is the mean of the two in the middle, of none an error', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 2])).toBe(3.5);
  expect(() => median([])).toThrow(RangeError);
});

test("a row's ratio is the median of its pairs' ratios, each to the better of the peer's figures", () => {
  // 600/100, 300/60, 800/100
  expect(judge([row])).toMatchObject({
    pass: true,
    rows: [{ ours: 600, peer: 100, ratio: 6, goal: 5, pass: true, best: { one: 2, all: 1 } }],
  });
});

test('where less is better the smaller figure is the better one, and the ratio turns round', () => {
  const pairs = [{ ours: 2, peer: { one: 30, all: 20 } }];
  expect(judge([{ ...row, better: 'less', pairs }]).rows[0]).toMatchObject({ peer: 20, ratio: 10, best: { all: 1 } });
});

test('a row below its ratio fails the bench, whatever the others reached', () => {
  const slow = { ...row, pairs: [{ ours: 499, peer: { one: 100 } }] };
  const verdict = judge([row, slow]);
  expect(verdict.pass).toBe(false);
  expect(verdict.rows.map(({ pass }) => pass)).toEqual([true, false]);
});

test('a row with a goal of its own is held to that and not to the ratio', () => {
  const held = (ours: number) =>
    judge([{ ...row, better: 'less', goal: { what: 'ours', most: 1024 }, pairs: [{ ours, peer: { one: 1100 } }] }])
      .rows[0];
  expect(held(1024)).toMatchObject({ pass: true, goal: 1024, goalOf: 'ours' });
  expect(held(1025)).toMatchObject({ pass: false });
});

test('a bench without rows has shown nothing', () => {
  expect(judge([]).pass).toBe(false);
});
