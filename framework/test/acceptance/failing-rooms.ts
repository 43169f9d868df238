/** Rooms that fail in each way a room can, and one that only counts. */
import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { schema, t } from '@colyseus/schema';
import * as z from 'zod';
import { player, room, type RoomHandle } from '../../src/index.ts';

const FailingState = schema({ restored: t.number(), marks: t.array('string'), beat: t.boolean() }, 'FailingState');
const CountState = schema({ count: t.number() }, 'CountState');

function fail(way: string): never {
  throw new Error(`failed by ${way}`);
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
type Failing = RoomHandle<InstanceType<typeof FailingState>>;

/** Each marks the state first, then fails: at once, in this turn after a wait, or behind the turn's back. */
const handlerWays: Record<string, (room: Failing) => unknown> = {
  handler: () => fail('handler'),
  awaited: async (room) => {
    await later(20);
    room.state.marks.push('awaited, after the wait');
    fail('awaited');
  },
};
const strayWays: Record<string, () => unknown> = {
  promise: () => void Promise.reject(new Error('failed by promise')),
  promiseLater: () => void later(10).then(() => fail('promiseLater')),
  fs: () => void readFile('/nowhere').then(String),
  timeout: () => setTimeout(() => fail('timeout'), 5),
  immediate: () => setImmediate(() => fail('immediate')),
  microtask: () => queueMicrotask(() => fail('microtask')),
  nextTick: () => process.nextTick(() => fail('nextTick')),
  emitter: () => {
    const emitter = new EventEmitter();
    emitter.on('go', () => fail('emitter'));
    setTimeout(() => emitter.emit('go'), 5);
  },
};

export const failing = room({
  name: 'failing',
  module: import.meta.url,
  intensity: { max: 1000, period: 1000 },
  state: () => new FailingState().assign({ restored: 0, beat: false }),
  messages: {
    fail: z.object({ way: z.string() }),
    stray: z.object({ way: z.string() }),
    timer: z.object({}),
    task: z.object({}),
    tick: z.object({}),
    marks: z.object({}),
  },
  restore: (room) => void room.state.restored++,
  casts: {
    fail(room, _player, { way }) {
      room.state.marks.push(`${way}, before the throw`);
      return handlerWays[way]!(room);
    },
    stray(_room, _player, { way }) {
      strayWays[way]!();
    },
    timer: (room) => room.after('fail', 5),
    task: (room) => room.task(later(5), () => fail('task')),
    tick(room) {
      room.state.beat = true;
    },
  },
  calls: { marks: (room) => ({ marks: [...room.state.marks], restored: room.state.restored }) },
  timers: { fail: () => fail('timer') },
  tick: {
    hz: 20,
    step(room) {
      if (!room.state.beat || room.state.restored % 2 === 1) return;
      room.state.marks.push('tick, before the throw');
      fail('tick');
    },
  },
});

export const steady = room({
  name: 'steady',
  module: import.meta.url,
  state: () => new CountState().assign({ count: 0 }),
  messages: { count: z.object({}) },
  calls: { count: (room) => ++room.state.count },
});

export const fragile = room({
  name: 'fragile',
  module: import.meta.url,
  state: () => new CountState().assign({ count: 0 }),
  player: player({
    messages: { fall: z.object({}) },
    casts: { fall: () => fail('player') },
    intensity: { max: 200, period: 1000 },
  }),
  messages: { count: z.object({}) },
  calls: { count: (room) => ++room.state.count },
});

/** Given up for good: it may neither restart nor cool down for long. */
export const doomed = room({
  name: 'doomed',
  module: import.meta.url,
  fresh: false,
  intensity: { max: 1, period: 1000 },
  state: () => new CountState().assign({ count: 0 }),
  messages: { fall: z.object({}) },
  casts: { fall: (room) => void (room.state.count = 1) },
  restore: () => fail('restore'),
});

export const handlerWayNames = Object.keys(handlerWays);
export const strayWayNames = Object.keys(strayWays);
