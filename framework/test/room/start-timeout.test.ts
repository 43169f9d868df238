/** A start that awaits what does not come: it is ended, tried again, and then counts as past the intensity. */
import { schema, t } from '@colyseus/schema';
import { channel } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { room, type RoomCrashReport } from '../../src/room/index.ts';
import { testRoom, VirtualClock } from '../../src/testing/index.ts';

const Count = schema({ count: t.number() }, 'StartCount');
const never = (): Promise<void> => new Promise(() => {});

/** Which of its starts hang, by their number from 1. */
const slow = (hangs: (start: number) => boolean, startTimeout?: number) => {
  let starts = 0;
  const begin = (): Promise<void> | undefined => (hangs(++starts) ? never() : undefined);
  return room({
    name: 'slow',
    ...(startTimeout !== undefined && { startTimeout }),
    state: () => new Count().assign({ count: 5 }),
    init: begin,
    restore: begin,
  });
};

function crashes(): string[] {
  const seen: string[] = [];
  const note = (report: unknown): void => void seen.push((report as RoomCrashReport).error?.message ?? '');
  channel('genroom:room:crash').subscribe(note);
  onTestFinished(() => void channel('genroom:room:crash').unsubscribe(note));
  return seen;
}

test('an init that never ends is ended after 15 s, with the reason, and started again by its supervisor', async () => {
  const seen = crashes();
  const clock = new VirtualClock();
  const opening = testRoom(
    slow((start) => start === 1),
    { clock },
  );
  await clock.advance(14_999);
  expect(seen).toEqual([]);
  await clock.advance(1);
  const opened = await opening;
  onTestFinished(() => opened.stop());
  expect(opened.phase).toBe('running');
  expect(seen).toEqual([expect.stringContaining('`init` or `derived` did not finish within 15000 ms')]);
});

test('the second time in a row a room that never was there is refused, with the reason', async () => {
  const seen = crashes();
  const clock = new VirtualClock();
  const opening = testRoom(
    slow(() => true, 1_000),
    { clock },
  ).catch((error: unknown) => error);
  await clock.advance(2_000);
  expect(await opening).toMatchObject({
    code: 'room_not_started',
    message: expect.stringContaining('did not finish within 1000 ms') as string,
  });
  expect(seen).toHaveLength(2);
});

test('a restore that never ends: the room keeps its seats, cools down, and comes back when it can', async () => {
  const seen = crashes();
  const opened = await testRoom(slow((start) => start > 1 && start < 6, 1_000));
  onTestFinished(() => opened.stop());
  const ada = await opened.join({});
  await opened.crash('boom');
  await opened.advance(2_000);
  expect(opened.phase).toBe('cooling');
  expect(seen.slice(1)).toEqual(Array.from({ length: 2 }, () => expect.stringContaining('`restore` or `derived`')));
  await opened.advance(10_000);
  expect([opened.phase, ada.closed, ada.state.count]).toEqual(['running', undefined, 5]);
  expect(seen).toHaveLength(5);
});
