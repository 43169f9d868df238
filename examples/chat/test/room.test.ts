/** The rules of the chat room, on the real room without sockets; where it matters, on a worker thread as well. */
import { testRoom, type TestClient } from 'genroom/testing';
import { describe, expect, it } from 'vitest';
import { chat } from '../chat-room.ts';
import { crashWays } from '../crash-on-purpose.ts';
import { BURST, FULL, INTERVAL, take } from '../rate.ts';
import { freeName, KEPT_MOST, pageBefore, PAGE, type PlainLine, SHOWN_MOST } from '../state.ts';

type ChatClient = TestClient<typeof chat>;

const LOBBY = { room: 'lobby' };
const open = (nodes: 0 | 1 = 0) => testRoom(chat, { options: LOBBY, nodes });
const texts = ({ state }: ChatClient): string[] => state.lines.map(({ text }) => text);
const names = ({ state }: ChatClient): string[] => [...state.guests.values()].map(({ name }) => name);

let ids = 0;
const newId = (): string => `operation-id-of-a-test-${++ids}`;

describe('posting', () => {
  it('is numbered, acknowledged, and seen by all', async () => {
    await using room = await open();
    const ada = await room.join({ name: 'Ada', ...LOBBY });
    const bo = await room.join({ name: 'Bo', ...LOBBY });
    expect(await ada.call('post', { id: newId(), text: '  hello  ' })).toEqual({ n: 1 });
    expect(await bo.call('post', { id: newId(), text: 'hi' })).toEqual({ n: 2 });
    await room.settled();
    for (const client of [ada, bo]) {
      expect(client.state.lines.map(({ n, by, text }) => [n, by, text])).toEqual([
        [1, 'Ada', 'hello'],
        [2, 'Bo', 'hi'],
      ]);
    }
  });

  it('refuses what is empty, too long, or no text, and the room goes on', async () => {
    await using room = await open();
    const ada = await room.join({ name: 'Ada', ...LOBBY });
    const pid = room.pid;
    for (const text of ['', '   ', 'x'.repeat(1001), 7 as never]) {
      await expect(ada.call('post', { id: newId(), text })).rejects.toMatchObject({ code: 'invalid_payload' });
    }
    await expect(ada.call('post', { id: 'short', text: 'hi' })).rejects.toMatchObject({ code: 'invalid_payload' });
    expect(await ada.call('post', { id: newId(), text: 'x'.repeat(1000) })).toEqual({ n: 1 });
    expect(room.pid).toBe(pid);
  });

  it('takes text as it is: markup is nothing special to the server', async () => {
    await using room = await open();
    const ada = await room.join({ name: 'Ada', ...LOBBY });
    const text = '<img src=x onerror=alert(1)> & "quotes" \u202e';
    await ada.call('post', { id: newId(), text });
    expect(texts(ada)).toEqual([text]);
  });

  it('is held to a rate, by an error that says how long to wait; the same operation id may be used then', async () => {
    await using room = await open();
    const ada = await room.join({ name: 'Ada', ...LOBBY });
    const bo = await room.join({ name: 'Bo', ...LOBBY });
    for (let n = 1; n <= BURST; n++) await ada.call('post', { id: newId(), text: `line ${n}` });
    const id = newId();
    await expect(ada.call('post', { id, text: 'one more' })).rejects.toMatchObject({
      code: 'too_fast',
      reason: { details: { wait: INTERVAL } },
    });
    expect(await bo.call('post', { id: newId(), text: 'not held' })).toEqual({ n: BURST + 1 });
    await room.advance(INTERVAL);
    expect(await ada.call('post', { id, text: 'one more' })).toEqual({ n: BURST + 2 });
  });
});

describe.each([0, 1] as const)('with %i worker threads', (nodes) => {
  it('an operation id is good for one line, also after a crash, a lost line and a new session', async () => {
    await using room = await open(nodes);
    const ada = await room.join({ name: 'Ada', ...LOBBY });
    const line = { id: newId(), text: 'once' };
    expect(await ada.call('post', line)).toEqual({ n: 1 });
    expect(await ada.call('post', line)).toEqual({ n: 1 });
    await room.crash();
    expect(await ada.call('post', line)).toEqual({ n: 1 });
    ada.drop();
    await room.settled();
    await ada.resume();
    expect(await ada.call('post', line)).toEqual({ n: 1 });
    ada.leave();
    await room.settled();
    const again = await room.join({ name: 'Ada', ...LOBBY });
    expect(await again.call('post', line)).toEqual({ n: 1 });
    expect(texts(again)).toEqual(['once']);
  });

  it.each(crashWays)(
    'a crash (%s) leaves lines, guests and sockets, and nothing of what was half done',
    async (how) => {
      await using room = await open(nodes);
      const ada = await room.join({ name: 'Ada', ...LOBBY });
      const bo = await room.join({ name: 'Bo', ...LOBBY });
      await ada.call('post', { id: newId(), text: 'before' });
      const pid = room.pid;
      ada.send('crash', { how });
      // Bare timers run on the machine's clock in both placements.
      for (let tries = 0; tries < 200 && room.pid === pid; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        await room.settled();
      }
      expect(room.pid).not.toBe(pid);
      await room.until(() => room.phase === 'running');
      expect(await bo.call('post', { id: newId(), text: 'after' })).toEqual({ n: 2 });
      await room.until(() => texts(ada).length === 2);
      for (const client of [ada, bo]) {
        expect(texts(client)).toEqual(['before', 'after']);
        expect(names(client)).toEqual(['Ada', 'Bo']);
        expect(client.closed).toBeUndefined();
      }
      expect(JSON.stringify(ada.state.toJSON())).toBe(JSON.stringify(room.state.toJSON()));
    },
  );
});

describe('people', () => {
  it('have a name of their own, trimmed; a bad one is turned away', async () => {
    await using room = await open();
    const ada = await room.join({ name: '  Ada \u202e  Lovelace ', ...LOBBY });
    await room.join({ name: 'Ada Lovelace', ...LOBBY });
    expect(names(ada)).toEqual(['Ada Lovelace', 'Ada Lovelace 2']);
    for (const name of ['', ' \u200b ', 'x'.repeat(25), undefined]) {
      await expect(room.join({ name, ...LOBBY })).rejects.toMatchObject({ code: 'join_refused' });
    }
  });

  it('are shown as away while their seat is kept, and go when they leave', async () => {
    await using room = await open();
    const ada = await room.join({ name: 'Ada', ...LOBBY });
    const bo = await room.join({ name: 'Bo', ...LOBBY });
    bo.drop();
    await room.advance(100);
    expect(ada.state.guests.get(bo.sessionId)?.here).toBe(false);
    await bo.resume();
    await room.advance(100);
    expect(ada.state.guests.get(bo.sessionId)?.here).toBe(true);
    bo.leave();
    await room.advance(100);
    expect(names(ada)).toEqual(['Ada']);
  });

  it('see each other typing, and not themselves', async () => {
    await using room = await open();
    const ada = await room.join({ name: 'Ada', ...LOBBY });
    const bo = await room.join({ name: 'Bo', ...LOBBY });
    ada.send('typing');
    await room.settled();
    expect(bo.received('typing')).toEqual([ada.sessionId]);
    expect(ada.received('typing')).toEqual([]);
  });
});

describe('history', () => {
  it('gives all lines page by page, while the state holds the newest', async () => {
    await using room = await open();
    const ada = await room.join({ name: 'Ada', ...LOBBY });
    const count = SHOWN_MOST + 3 * PAGE + 7;
    for (let n = 1; n <= count; n++) {
      await room.advance(INTERVAL);
      await ada.call('post', { id: newId(), text: `line ${n}` });
    }
    await room.settled();
    expect(ada.state.lines.length).toBeLessThanOrEqual(SHOWN_MOST);
    const all: PlainLine[] = [];
    for (let before = count + 1; before > 1; before = all[0]!.n) {
      const page = await ada.call('history', { before });
      expect(page.length).toBeGreaterThan(0);
      expect(page.length).toBeLessThanOrEqual(PAGE);
      all.unshift(...page);
    }
    expect(all.map(({ text }) => text)).toEqual(Array.from({ length: count }, (_, i) => `line ${i + 1}`));
    expect(await ada.call('history', { before: 1 })).toEqual([]);
  });

  const line = (n: number): PlainLine => ({ n, id: `${n}`, by: 'Ada', at: 0, text: `${n}` });
  const lines = (from: number, to: number): PlainLine[] =>
    Array.from({ length: to - from + 1 }, (_, i) => line(from + i));

  it('pages over the border of old and shown lines, also when the oldest are forgotten', () => {
    const older = lines(501, 600);
    const shown = lines(601, 650);
    expect(pageBefore(older, shown, 620)).toEqual(lines(570, 619));
    expect(pageBefore(older, shown, 1e9)).toEqual(lines(601, 650));
    expect(pageBefore(older, shown, 510)).toEqual(lines(501, 509));
    expect(pageBefore(older, shown, 501)).toEqual([]);
    expect(pageBefore(older, shown, 3)).toEqual([]);
    expect(pageBefore([], [], 5)).toEqual([]);
    expect(KEPT_MOST).toBeGreaterThan(PAGE);
  });
});

it('a second Ada gets a number, a third the next one', () => {
  expect(freeName('Ada', new Set())).toBe('Ada');
  expect(freeName('Ada', new Set(['Ada', 'Ada 2']))).toBe('Ada 3');
});

it('the bucket refills with time, to its brim, and a clock that goes back takes nothing', () => {
  let bucket = FULL;
  for (let n = 0; n < BURST; n++) bucket = take(bucket, 1000).bucket;
  expect(take(bucket, 1000).wait).toBe(INTERVAL);
  expect(take(bucket, 1000 + INTERVAL / 2).wait).toBe(INTERVAL / 2);
  expect(take(bucket, 1000 + INTERVAL).wait).toBe(0);
  expect(take(bucket, 1e9).bucket.left).toBe(BURST - 1);
  expect(take(bucket, 0).wait).toBe(INTERVAL);
});
