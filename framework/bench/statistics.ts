/**
 * Statistics of a bench: medians and ratios. Pure.
 *
 *     median([3, 1, 2]) // 2
 */

/** The middle value; of an even number the mean of the two in the middle. @throws RangeError for no values */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of no values');
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** How many times better `ours` is than `peer`. */
export function ratioOf(ours: number, peer: number, better: 'more' | 'less'): number {
  return better === 'more' ? ours / peer : peer / ours;
}

/** The best of several figures. */
export function bestOf(figures: readonly number[], better: 'more' | 'less'): number {
  return better === 'more' ? Math.max(...figures) : Math.min(...figures);
}
