/** The modules loaded a second time are another node: its pids are strange here, and its name is its own to give. */
import { expect, test, vi } from 'vitest';
import { call, genServer, reply, start } from '../../src/otp/index.ts';

const asked = genServer({ name: 'asked', init: () => 0, calls: { get: (state) => reply(state, state) } });

async function copy() {
  vi.resetModules();
  const otp = await import('../../src/otp/index.ts');
  return { ...otp, ...(await import('../../src/cluster/nodes.ts')) };
}

test('a pid of another copy is refused as a target, with the cure', async () => {
  const here = await start(asked);
  const other = await copy();
  const there = await other.start(other.genServer({ name: 'there', init: () => 0 }));
  await expect(call(there as unknown as typeof here, 'get')).rejects.toMatchObject({
    code: 'bad_target',
    remedy: expect.stringContaining('one copy of genroom') as string,
  });
  expect(await call(here, 'get')).toBe(0);
});

test('nameNode names a node that had no process yet, and no other one', async () => {
  const { nameNode, node, spawn: run, receive: wait, isAlive } = await copy();
  nameNode('first');
  nameNode('early');
  const pid = run(() => wait());
  expect(() => nameNode('late')).toThrow(expect.objectContaining({ code: 'node_named_late' }));
  nameNode('early');
  expect([node(), pid.node, isAlive(pid)]).toEqual(['early', 'early', true]);
});
