import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  cast,
  type Clock,
  genServer,
  noreply,
  send,
  sendAfter,
  sleep,
  spawn,
  start,
  useClock,
} from '../../src/otp/index.ts';
import { VirtualClock } from '../../src/testing/index.ts';

let clock: VirtualClock;
let before: Clock;

beforeEach(() => {
  clock = new VirtualClock(1_000_000);
  before = useClock(clock);
});
afterEach(() => void useClock(before));

test('time stands still until it is moved, and moves by what was asked', async () => {
  expect([clock.now(), clock.wall()]).toEqual([0, 1_000_000]);
  await clock.advance(250);
  expect([clock.now(), clock.wall()]).toEqual([250, 1_000_250]);
});

test('time never goes back, and moves by numbers only', async () => {
  await clock.advance(100);
  for (const bad of [-1, NaN, Infinity, '5' as never])
    await expect(clock.advance(bad)).rejects.toMatchObject({ code: 'invalid_advance' });
  expect(clock.now()).toBe(100);
});

test('an advance waits for the one before; both count', async () => {
  const at: number[] = [];
  for (const ms of [10, 120]) clock.setTimer(ms, () => at.push(clock.now()));
  const first = clock.advance(100);
  const second = clock.advance(50);
  await first;
  expect([clock.now(), ...at]).toEqual([100, 10]);
  await second;
  expect([clock.now(), ...at]).toEqual([150, 10, 120]);
});

test('timers fire in the order of their due times, each at its own time', async () => {
  const fired: unknown[] = [];
  for (const [name, ms] of [
    ['c', 30],
    ['a', 10],
    ['b', 10],
  ] as const)
    clock.setTimer(ms, () => fired.push([name, clock.now()]));
  const cleared = clock.setTimer(20, () => fired.push('never'));
  clock.clearTimer(cleared);
  await clock.advance(29);
  expect(fired).toEqual([
    ['a', 10],
    ['b', 10],
  ]);
  await clock.advance(1);
  expect(fired).toEqual([
    ['a', 10],
    ['b', 10],
    ['c', 30],
  ]);
  expect(clock.timers).toBe(0);
});

test('a timer that a timer sets fires in the same advance when it is due', async () => {
  const fired: number[] = [];
  const again = (): void => {
    fired.push(clock.now());
    if (fired.length < 4) clock.setTimer(10, again);
  };
  clock.setTimer(10, again);
  await clock.advance(35);
  expect(fired).toEqual([10, 20, 30]);
});

test('processes settle between two timers', async () => {
  const seen: string[] = [];
  const relay = genServer({
    name: 'relay',
    init: () => 0,
    casts: {
      pass: (hops, left: number) => {
        seen.push(`${left} at ${clock.now()}`);
        if (left > 0) cast(pid, 'pass', left - 1);
        return noreply(hops + 1);
      },
    },
    info: (hops) => {
      cast(pid, 'pass', 2);
      return noreply(hops);
    },
  });
  const pid = await start(relay);
  clock.setTimer(10, () => send(pid, 'go'));
  clock.setTimer(10, () => seen.push('the next timer'));
  await clock.advance(10);
  expect(seen).toEqual(['2 at 10', '1 at 10', '0 at 10', 'the next timer']);
});

test('sleeping and delayed messages of processes follow it', async () => {
  const seen: number[] = [];
  spawn(async () => {
    for (let n = 0; n < 3; n++) {
      await sleep(1_000);
      seen.push(clock.now());
    }
  });
  const keeper = genServer({
    name: 'keeper',
    init: (_: void, self) => void sendAfter(self.pid, 'ring', 1_500),
    info: (state) => {
      seen.push(clock.now());
      return noreply(state);
    },
  });
  await start(keeper);
  await clock.advance(10_000);
  expect(seen).toEqual([1_000, 1_500, 2_000, 3_000]);
});
