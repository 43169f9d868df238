import { schema, t, type SchemaType } from '@colyseus/schema';
import { afterEach, expect, it } from 'vitest';
import * as z from 'zod';
import { refuse, room, type RoomCrashReport } from '../../src/room/index.ts';
import { listen, openNode, openStage, type Stage, type StageClient, type StageNode } from './stage.ts';

const Lines = schema({ lines: t.array('string'), members: t.map('string') }, 'IsolationLines');
type Lines = SchemaType<typeof Lines>;

let node: StageNode | undefined;
let stage: Stage<Lines> | undefined;
afterEach(async () => {
  await (node ?? stage)!.close();
  node = undefined;
  stage = undefined;
  restoreFails = 0;
});

const lines = (client: StageClient<Lines>): string[] => [...client.state!.lines];
let restoreFails = 0;
let leak: (() => void) | undefined;

const rough = room({
  name: 'rough',
  maxClients: 3,
  state: () => new Lines(),
  data: () => ({ list: [1, 2] as readonly number[] }),
  messages: {
    say: z.string(),
    boom: z.string(),
    late: z.string(),
    mutate: z.undefined(),
    socket: z.undefined(),
    leak: z.undefined(),
  },
  join: (self, who) => void self.state.members.set(who.sessionId, 'in'),
  leave: (self, who) => void self.state.members.delete(who.sessionId),
  restore() {
    if (restoreFails-- > 0) throw new Error('cannot restore');
  },
  casts: {
    say: (self, _who, text) => self.state.lines.push(text),
    boom(_self, _who, text) {
      throw new Error(text);
    },
    late(self, _who, text) {
      self.state.lines.push(text);
      throw refuse('too_late', 'It was changed already.');
    },
    mutate: (self) => (self.data.list as number[]).push(3),
    socket: (self) => void (self.data = { list: [() => 1] as never }),
    leak: (self) => {
      leak = () => void self.state.lines.push('between turns');
    },
  },
});

it('fails ten rooms for good and leaves the eleventh alone', async () => {
  node = await openNode([rough]);
  const rooms = await Promise.all(Array.from({ length: 11 }, (_, n) => node!.open<Lines>('rough', `room-${n}`)));
  const clients = await Promise.all(rooms.map((each, n) => each.join(`c${n}`)));
  const [calm, calmClient] = [rooms[10]!, clients[10]!];
  const pid = calm.pidOf('room rough/room-10');
  for (let crash = 0; crash < 4; crash++) for (const client of clients.slice(0, 10)) client.cast('boom', 'x');
  await node.clock.advance(100);
  expect(rooms.slice(0, 10).map(({ shell }) => shell.phase)).toEqual(Array.from({ length: 10 }, () => 'cooling'));
  calmClient.cast('say', 'calm');
  await node.clock.advance(100);
  expect(lines(calmClient)).toEqual(['calm']);
  expect(calm.pidOf('room rough/room-10')).toBe(pid);
  await node.clock.advance(40_000);
  expect(rooms.map(({ shell }) => shell.phase)).toEqual(Array.from({ length: 11 }, () => 'running'));
  expect(clients.every(({ closed }) => !closed)).toBe(true);
});

it('starts fresh when its past cannot be restored, with its players joined anew', async () => {
  stage = await openStage<Lines>(rough);
  const ann = await stage.join('ann');
  const bob = await stage.join('bob');
  ann.cast('say', 'lost in the end');
  await stage.clock.advance(100);
  restoreFails = Infinity;
  ann.cast('boom', 'x');
  await stage.clock.advance(200_000);
  expect(stage.shell.phase).toBe('running');
  expect(stage.disposed).toEqual([]);
  restoreFails = 0;
  bob.cast('say', 'new start');
  await stage.clock.advance(100);
  for (const client of [ann, bob]) {
    expect(lines(client)).toEqual(['new start']);
    expect([...client.state!.members.keys()].sort()).toEqual(['ann', 'bob']);
  }
});

it('crashes on a refusal after a change, on data changed in place and on data that is none', async () => {
  stage = await openStage<Lines>(rough);
  const crash = listen<RoomCrashReport>('genroom:room:crash');
  const ann = await stage.join('ann');
  for (const type of ['late', 'mutate', 'socket']) {
    ann.cast(type, type === 'late' ? 'x' : undefined);
    await stage.clock.advance(100);
  }
  crash.stop();
  expect(crash.reports.map(({ error }) => (error as { code?: string }).code ?? error!.name)).toEqual([
    'refused_after_change',
    'TypeError',
    'not_cloneable',
  ]);
  expect(lines(ann)).toEqual([]);
  expect(stage.shell.past.data).toEqual({ list: [1, 2] });
});

it('keeps a change made between turns, although a later turn fails, and reports it', async () => {
  stage = await openStage<Lines>(rough);
  const stray = listen<unknown>('genroom:room:strayChange');
  const ann = await stage.join('ann');
  ann.cast('leak');
  await stage.clock.settled();
  leak!();
  ann.cast('boom', 'x');
  await stage.clock.advance(100);
  stray.stop();
  expect(lines(ann)).toEqual(['between turns']);
  expect(stray.reports).toEqual([{ name: 'rough', roomId: 'r1' }]);
});

it('turns away who comes to a full room, and ends in good order', async () => {
  stage = await openStage<Lines>(rough);
  await Promise.all(['a', 'b', 'c'].map((id) => stage!.join(id)));
  await expect(stage.join('d')).rejects.toThrow('room_full');
  const closed = stage.shell.close('over');
  await stage.clock.settled();
  await closed;
  expect(stage.disposed).toEqual([{ code: 4000, reason: expect.any(String) }]);
  expect(stage.pidOf('room ')).toBeUndefined();
  expect(stage.pidOf('player ')).toBeUndefined();
});

it('has one tree of a room: its players beside it', async () => {
  stage = await openStage<Lines>(rough);
  await stage.join('ann');
  const shape = (nodes: readonly ReturnType<Stage<Lines>['tree']>[number][]): unknown =>
    nodes.map(({ label, behaviour, children }) => [label ?? behaviour, shape(children)]);
  const json = JSON.stringify(shape(stage.tree()));
  expect(json).toContain('room rough/r1');
  expect(json).toContain('player ann of room rough/r1');
});
