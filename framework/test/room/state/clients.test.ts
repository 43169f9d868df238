/** Clients follow the tree through patches, and through the restarts of its room. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Shadow, restoreState, trackState } from '../../../src/room/state/index.ts';
import { TestClient, publicWorld } from './client.ts';
import { change, newWorld, turns, World, type Limits, type Step } from './world.ts';

const RUNS = Number(process.env.RUNS ?? 150);
const TIMEOUT = Math.max(60_000, RUNS * 60);

function follow(steps: Step[][], restartEvery: number, flushEvery: number, limits: Limits): void {
  const shadow = new Shadow();
  let tracked = trackState(newWorld());
  shadow.apply(structuredClone(tracked.commit()!));
  tracked.addClient('first');
  const clients = [new TestClient('first').join(tracked)];
  steps.forEach((turn, at) => {
    for (const step of turn) change(tracked.state, step, limits);
    const made = tracked.commit();
    if (made !== undefined) shadow.apply(structuredClone(made));
    if (at % flushEvery === 0) {
      const frames = tracked.flush();
      for (const client of clients) client.patch(frames);
      if (at === 3) {
        tracked.addClient('late');
        clients.push(new TestClient('late').join(tracked));
      }
      for (const client of clients) expect(publicWorld(client.state)).toEqual(publicWorld(tracked.state));
    }
    if (at % restartEvery === restartEvery - 1) {
      tracked.dispose();
      tracked = restoreState(new World(), shadow.snapshot());
      for (const client of clients) {
        tracked.addClient(client.sessionId);
        client.full(tracked);
        expect(publicWorld(client.state)).toEqual(publicWorld(tracked.state));
      }
    }
  });
}

describe('clients without a view', () => {
  test('hold the tree after each patch and each restart', { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(
        turns(14),
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        (steps, restartEvery, flushEvery) => {
          follow(steps, restartEvery, flushEvery, { sharing: false, replacing: true });
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('hold objects that are at several places', { timeout: TIMEOUT }, () => {
    fc.assert(
      fc.property(
        turns(14),
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        (steps, restartEvery, flushEvery) => {
          follow(steps, restartEvery, flushEvery, { sharing: true, hidden: false, replacing: false });
        },
      ),
      { numRuns: RUNS },
    );
  });
});
