/** Before each test of the second pass: on which nodes its processes run. After it: whether anything crossed. */
import { afterEach, beforeEach } from 'vitest';
import { staysLocal } from '../../conformance/two-nodes.ts';
import { state } from './facade.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Signals that crossed between the two nodes during the test. */
    crossed?: number;
  }
}

let before = 0;

beforeEach(async ({ task }) => {
  const { sides } = await state();
  sides.local = staysLocal(task.name);
  before = sides.crossed;
});

afterEach(async ({ task }) => {
  const { sides } = await state();
  task.meta.crossed = sides.crossed - before;
});
