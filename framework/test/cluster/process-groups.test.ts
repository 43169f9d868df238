/** Process groups over two nodes, as OTP's pg. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pid } from '../../src/otp/index.ts';
import type { GroupEvent, Scope } from '../../src/cluster/nodes.ts';
import { failure } from '../otp/stage.ts';
import { inProcessOf, type TestNode, twoNodes, until } from './two-nodes.ts';

let a: TestNode;
let b: TestNode;
let connect: () => Promise<void>;
let onA: Scope;
let onB: Scope;

beforeEach(async () => {
  ({ a, b, join: connect } = await twoNodes());
  onA = a.groups.scope('lobby');
  onB = b.groups.scope('lobby');
});
afterEach(() => {
  a.disconnect('b');
});

const idle = ({ spawn, receive }: TestNode): Pid => spawn(() => receive());
const known = (node: TestNode, of: Scope, group: string): string[] =>
  node.groups.getMembers(of, group).map(String).toSorted();

test('join and leave: members of all nodes, local ones, groups; a process may be in a group several times', async () => {
  await Promise.all([a.start(onA), b.start(onB)]);
  await connect();
  const [one, two] = [idle(a), idle(b)];
  await a.groups.join(onA, 'x', one);
  await b.groups.join(onB, 'x', [two, two]);
  await b.groups.join(onB, ['y', 1], two);
  const all = [one, two, two].map(String).toSorted();
  await until(() => known(a, onA, 'x').length === 3 && known(b, onB, 'x').length === 3);
  expect([known(a, onA, 'x'), known(b, onB, 'x')]).toEqual([all, all]);
  await until(() => a.groups.whichGroups(onA).length === 2);
  expect([a.groups.getLocalMembers(onA, 'x'), a.groups.whichLocalGroups(onA)]).toEqual([[one], ['x']]);
  expect(a.groups.whichGroups(onA)).toEqual(['x', ['y', 1]]);
  expect(await b.groups.leave(onB, 'x', two)).toBe(true);
  await until(() => known(a, onA, 'x').length === 2);
  expect(await b.groups.leave(onB, 'x', idle(b))).toBe(false);
  expect(a.groups.getMembers(onA, 'none')).toEqual([]);
  const far = a.groups.getMembers(onA, ['y', 1])[0]!;
  expect([far.node, (await failure(a.groups.join(onA, 'x', far))).code]).toEqual(['b', 'member_not_local']);
});

test('what was joined before the nodes were is known after; the end of a member takes it out everywhere', async () => {
  await Promise.all([a.start(onA), b.start(onB)]);
  const two = idle(b);
  await b.groups.join(onB, 'x', [two, two]);
  await connect();
  await until(() => known(a, onA, 'x').length === 2);
  a.exit(a.groups.getMembers(onA, 'x')[0]!, 'kill');
  await until(() => known(a, onA, 'x').length === 0);
  expect([known(b, onB, 'x'), a.groups.whichGroups(onA), b.groups.whichGroups(onB)]).toEqual([[], [], []]);
});

test('the loss of a node, and the end of its scope, take its members out; joined again they are back', async () => {
  await a.start(onA);
  const scopeOnB = await b.start(onB);
  await connect();
  const two = idle(b);
  await b.groups.join(onB, 'x', two);
  await until(() => known(a, onA, 'x').length === 1);
  a.disconnect('b');
  await until(() => known(a, onA, 'x').length === 0);
  expect(known(b, onB, 'x')).toEqual([String(two)]);
  await until(() => b.nodes().length === 0);
  await connect();
  await until(() => known(a, onA, 'x').length === 1);
  b.exit(scopeOnB, 'kill');
  await until(() => known(a, onA, 'x').length === 0);
  expect([known(b, onB, 'x'), (await failure(b.groups.join(onB, 'x', two))).code]).toEqual([[], 'call_noproc']);
  await b.start(onB);
  await b.groups.join(onB, 'x', two);
  await until(() => known(a, onA, 'x').length === 1);
});

test('a monitor of a group, or of a scope, tells of who comes and goes, in order, until it is ended', async () => {
  await Promise.all([a.start(onA), b.start(onB)]);
  await connect();
  const two = idle(b);
  await b.groups.join(onB, 'met', idle(b));
  await until(() => known(a, onA, 'met').length === 1);
  await inProcessOf(a, async () => {
    const { ref, pids } = await a.groups.monitor(onA, 'x');
    const all = await a.groups.monitorScope(onA);
    expect([pids, all.groups.map(({ group }) => group)]).toEqual([[], ['met']]);
    await b.groups.join(onB, 'x', two);
    await b.groups.join(onB, 'y', two);
    b.exit(two, 'kill');
    const events: unknown[][] = [];
    for (let i = 0; i < 6; i++) {
      const event = await a.receive((m): m is GroupEvent => typeof m === 'object');
      events.push([event.ref === ref ? 'group' : 'scope', event.tag, event.group, event.pids.map(String)]);
    }
    const who = [String(two)];
    expect(events.filter(([of]) => of === 'group')).toEqual([
      ['group', 'JOIN', 'x', who],
      ['group', 'LEAVE', 'x', who],
    ]);
    expect(events.filter(([of]) => of === 'scope')).toEqual([
      ['scope', 'JOIN', 'x', who],
      ['scope', 'JOIN', 'y', who],
      ['scope', 'LEAVE', 'x', who],
      ['scope', 'LEAVE', 'y', who],
    ]);
    expect([await a.groups.demonitor(onA, ref), await a.groups.demonitor(onA, ref)]).toEqual([true, false]);
    expect(await a.groups.demonitor(onA, all.ref)).toBe(true);
    await a.groups.join(onA, 'x', a.self());
    expect(await a.receive(undefined, { timeout: 5 })).toBe(a.timeout);
  });
});

test('scopes do not mix; one runs once on a node', async () => {
  const other = a.groups.scope('other');
  await Promise.all([a.start(onA), a.start(other)]);
  const one = idle(a);
  await a.groups.join(onA, 'x', one);
  expect([a.groups.getMembers(other, 'x'), a.groups.getMembers(onA, 'x')]).toEqual([[], [one]]);
  expect((await failure(a.start(onA))).cause).toMatchObject({ code: 'scope_running' });
  expect((await failure(a.groups.monitor(onA, 'x'))).code).toBe('no_process');
});
