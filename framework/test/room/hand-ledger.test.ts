import { expect, test } from 'vitest';
import { HandLedger, NO_SEQ } from '../../src/room/hand-ledger.ts';
import { WorkInHand } from '../../src/room/work-in-hand.ts';

const microtasks = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function ledgers(): { readonly thread: HandLedger; readonly gateway: HandLedger } {
  const memory = HandLedger.memory();
  return { thread: new HandLedger(memory), gateway: new HandLedger(memory) };
}

test('what is taken is seen through the shared memory, by room, until it is freed', () => {
  const { thread, gateway } = ledgers();
  const slots = [thread.take(1, 10), thread.take(1, 11), thread.take(2, 10)];
  expect(gateway.seqsOf(1).toSorted((a, b) => a - b)).toEqual([10, 11]);
  expect(gateway.seqsOf(2)).toEqual([10]);
  thread.free(slots[0]!);
  expect(gateway.seqsOf(1)).toEqual([11]);
  gateway.clear();
  expect([...gateway.seqsOf(1), ...gateway.seqsOf(2)]).toEqual([]);
});

test('a turn stays in the ledger until what was sent before its end has been posted', async () => {
  const { thread, gateway } = ledgers();
  const hand = new WorkInHand({
    take: (seq) => thread.take(1, seq),
    wait: (s) => thread.wait(s),
    free: (s) => thread.free(s),
    release: (s) => thread.release(s),
  });
  let posted: number[] | undefined;
  hand.take({ kind: 'cast', seq: 7 });
  queueMicrotask(() => (posted = gateway.seqsOf(1)));
  hand.told();
  expect(hand.work).toBeUndefined();
  await microtasks();
  expect(posted).toEqual([7]);
  expect(gateway.seqsOf(1)).toEqual([]);
});

test('whose code ran last is known while a handler has neither returned nor begun to wait', async () => {
  const { thread, gateway } = ledgers();
  expect(gateway.ranLast).toBeUndefined();
  thread.take(1, 10);
  const waiting = thread.take(2, NO_SEQ)!;
  expect([gateway.ranLast, gateway.seqsOf(2)]).toEqual([2, []]);
  thread.wait(waiting);
  expect(gateway.ranLast).toBe(1);
  const ended = thread.take(3, 11)!;
  expect(gateway.ranLast).toBe(3);
  thread.release(ended);
  expect([gateway.ranLast, gateway.seqsOf(3)]).toEqual([1, [11]]);
  await microtasks();
  expect(gateway.seqsOf(3)).toEqual([]);
});

test('slots are used again; beyond all of them nothing is written, and nothing breaks', () => {
  const { thread, gateway } = ledgers();
  const taken = Array.from({ length: 5_000 }, (_, seq) => thread.take(3, seq + 1));
  expect(taken.filter((slot) => slot !== undefined)).toHaveLength(4_096);
  expect(gateway.seqsOf(3)).toHaveLength(4_096);
  for (const slot of taken) if (slot !== undefined) thread.free(slot);
  expect(thread.take(3, 1)).toBeDefined();
});
