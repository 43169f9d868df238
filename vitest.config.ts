/**
 * Tests of all workspaces: `npm test`, or `npx vitest run <path>` for some of them.
 *
 * `two-nodes` runs the rows of conformance once more, on two nodes, after `unit`. `system` holds what starts servers,
 * browsers or installs, and measures time: one file at a time, after the rest.
 */
import { defineConfig } from 'vitest/config';
import { twoNodes } from './framework/test/two-nodes/plugin.ts';
import './tools/workspace.ts';

const SYSTEM = ['**/test/**/*.system.test.ts', 'framework/test/repository/**/*.test.ts'];
const exclude = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['framework/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'loadtest/test/**/*.test.ts'],
          exclude: [...exclude, ...SYSTEM],
        },
      },
      {
        extends: true,
        plugins: [twoNodes()],
        test: {
          // The rows of conformance once more, with caller and callee on two nodes.
          name: 'two-nodes',
          include: ['framework/test/otp/**/*.test.ts'],
          exclude: [
            ...exclude,
            ...SYSTEM,
            'framework/test/otp/**/{mailbox,scheduler,strays,resource,leftovers,conformance,awkward}.test.ts',
          ],
          setupFiles: ['framework/test/two-nodes/setup.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: SYSTEM,
          exclude,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
