/** The shadow follows every change, and what is restored from it is the tree, exactly. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Shadow, restoreState, trackState, type StateSnapshot } from '../../../src/room/state/index.ts';
import { change, describeTree, newWorld, turns, World } from './world.ts';

const RUNS = Number(process.env.RUNS ?? 300);
const TIMEOUT = Math.max(60_000, RUNS * 60);

const byId = (snapshot: StateSnapshot): unknown => ({
  ...snapshot,
  nodes: snapshot.nodes.toSorted((a, b) => a.id - b.id),
  types: snapshot.types.toSorted((a, b) => a.id - b.id),
});

describe('a tree restored from its shadow', () => {
  test('is the tree, whatever its turns did', { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(turns(12), turns(6), fc.nat({ max: 3 }), (first, second, flushEvery) => {
        const shadow = new Shadow();
        let tracked = trackState(newWorld());
        tracked.addClient('someone');
        const play = (steps: typeof first): void => {
          steps.forEach((turn, at) => {
            for (const step of turn) change(tracked.state, step);
            const made = tracked.commit();
            if (made !== undefined) shadow.apply(structuredClone(made));
            if (flushEvery > 0 && at % flushEvery === 0) tracked.flush();
          });
        };
        play([[], ...first]);
        const restored = restoreState(new World(), structuredClone(shadow.snapshot()));
        expect(describeTree(restored.state)).toEqual(describeTree(tracked.state));
        expect(byId(restored.snapshot())).toEqual(byId(tracked.snapshot()));
        expect(restored.pending).toBe(false);
        expect(restored.commit()).toBeUndefined();
        tracked.dispose();

        tracked = restored;
        tracked.addClient('someone');
        play(second);
        expect(describeTree(restoreState(new World(), shadow.snapshot()).state)).toEqual(describeTree(tracked.state));
      }),
      { numRuns: RUNS },
    );
  });
});
