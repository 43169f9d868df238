/** The whole way of a room, without sockets: on this thread in virtual time, and on a worker thread in real time. */
import { getDecoderStateCallbacks } from '@colyseus/schema';
import { describe, expect, onTestFinished, test } from 'vitest';
import { currentClock } from '../../src/otp/index.ts';
import { testRoom, type TestRoom, type TestRoomOptions, VirtualClock } from '../../src/testing/index.ts';
import { board } from './board.ts';

async function open(nodes: 0 | 1, options: TestRoomOptions = {}): Promise<TestRoom<typeof board>> {
  const room = await testRoom(board, { ...options, nodes });
  onTestFinished(() => room.stop());
  return room;
}

const texts = (lines: Iterable<{ text: string }>): string[] => [...lines].map((line) => line.text);

describe.each([0, 1] as const)('a room with nodes: %i', (nodes) => {
  test('joins, calls, casts and broadcasts; every client and the server agree', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    const bob = await room.join({ name: 'Bob' });
    expect(await ada.call('post', { text: 'one' })).toEqual({ posts: 1 });
    bob.send('note', 'two');
    expect(await bob.call('count')).toBe(2);
    await room.advance(100);
    for (const client of [ada, bob]) {
      expect(texts(client.state.lines)).toEqual(['one', 'two']);
      expect([...client.state.members.values()]).toEqual(['Ada', 'Bob']);
      expect(client.received('posted')).toEqual(['one']);
    }
    expect(room.state.toJSON()).toEqual(ada.state.toJSON());
    expect(room.data).toEqual({ secret: 41, posts: 1 });
    expect(bob.received('joined')).toEqual(['hello Bob']);
  });

  test('no answer and no broadcast overtakes the change it belongs to', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    ada.frames.length = 0;
    await ada.call('post', { text: 'one' });
    expect(ada.frames).toEqual(['patch', 'message', 'answer']);
  });

  test('a join that auth refuses is refused with its reason; a bad one too', async () => {
    const room = await open(nodes);
    await expect(room.join({ name: 'Mallory' })).rejects.toMatchObject({
      code: 'join_refused',
      message: /not on the list/,
    });
    await expect(room.join({ name: '' })).rejects.toMatchObject({ code: 'join_refused' });
    expect(room.state.members.size).toBe(0);
  });

  test('a crash takes back the half of it, and nothing else; everybody stays', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    const bob = await room.join({ name: 'Bob' });
    await ada.call('post', { text: 'before' });
    const pid = room.pid;
    bob.send('half', 'never');
    ada.send('note', 'behind');
    expect(await ada.call('count')).toBe(2);
    await room.advance(100);
    expect(room.pid).not.toBe(pid);
    expect(texts(room.state.lines)).toEqual(['before', 'behind']);
    expect(room.data).toEqual({ secret: 41, posts: 1 });
    for (const client of [ada, bob]) {
      expect(client.state.toJSON()).toEqual(room.state.toJSON());
      expect(client.state.incarnations).toBe(2);
      expect(client.received('half')).toEqual([]);
      expect(client.closed).toBeUndefined();
    }
  });

  test('a call that crashes the room is rejected, not applied; later calls are answered', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    for (const how of ['throw', 'await'] as const) {
      await expect(ada.call('crashNow', how)).rejects.toMatchObject({ code: 'room_crashed' });
      expect(await ada.call('count')).toBe(0);
    }
    ada.send('halfLater', 'never');
    expect(await ada.call('count')).toBe(0);
  });

  test('twenty crashes while clients post: what was acknowledged is there once, in order', async () => {
    const room = await open(nodes);
    const clients = await Promise.all(['Ada', 'Bob', 'Cid'].map((name) => room.join({ name })));
    const acknowledged: string[] = [];
    for (let crash = 0; crash < 20; crash++) {
      const posts = clients.map(async (client, who) => {
        for (let n = 0; n < 5; n++) {
          const text = `${who} ${crash} ${n}`;
          await client.call('post', { text }).then(
            () => acknowledged.push(text),
            () => {},
          );
        }
      });
      clients[crash % 3]!.send('half', `never ${crash}`);
      await Promise.all([...posts, room.crash()]);
    }
    const kept = texts(room.state.lines);
    expect(acknowledged.length).toBeGreaterThan(200);
    expect(kept.filter((text) => acknowledged.includes(text)).toSorted()).toEqual(acknowledged.toSorted());
    expect(new Set(kept).size).toBe(kept.length);
    expect(kept.some((text) => text.startsWith('never'))).toBe(false);
    await room.advance(100);
    for (const client of clients) {
      expect(client.closed).toBeUndefined();
      expect(client.state.toJSON()).toEqual(room.state.toJSON());
    }
  });

  test('an operation with an id happens once, also over a crash', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    expect(await ada.call('post', { text: 'once', id: 'op1' })).toEqual({ posts: 1 });
    await room.crash();
    expect(await ada.call('post', { text: 'once', id: 'op1' })).toEqual({ posts: 1 });
    expect(texts(room.state.lines)).toEqual(['once']);
  });

  test('a crash while a call waits in a task leaves it in doubt', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    expect(await ada.call('slowly', { ms: 5, text: 'abc' })).toBe(3);
    const doubtful = ada.call('slowly', { ms: 60_000, text: 'never' });
    const outcome = doubtful.catch((error: unknown) => error);
    await ada.call('count');
    await room.crash();
    expect(await outcome).toMatchObject({ code: 'call_in_doubt' });
    expect(texts(room.state.lines)).toEqual(['abc']);
  });

  test('who joined or left while the room was down is right after it', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    const bob = await room.join({ name: 'Bob' });
    bob.send('half', 'crash');
    bob.leave();
    const cid = await room.join({ name: 'Cid' });
    expect(await cid.call('count')).toBe(0);
    await room.advance(100);
    expect([...room.state.members.values()]).toEqual(['Ada', 'Cid']);
    expect(ada.state.toJSON()).toEqual(room.state.toJSON());
    expect(cid.state.toJSON()).toEqual(room.state.toJSON());
  });

  test('a dropped client comes back to its seat and to the state as it is now', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    const bob = await room.join({ name: 'Bob' });
    ada.drop();
    await bob.call('post', { text: 'meanwhile' });
    await room.crash();
    await ada.resume();
    expect(texts(ada.state.lines)).toEqual(['meanwhile']);
    expect(await ada.call('post', { text: 'back' })).toEqual({ posts: 2 });
    expect([...room.state.members.values()]).toEqual(['Ada', 'Bob']);
  });

  test('a Player crashes alone: its state is kept, room and others do not notice', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    const bob = await room.join({ name: 'Bob' });
    const pid = room.pid;
    ada.send('mute', 'Bob');
    ada.send('slip');
    ada.send('mute', 'Cid');
    expect(await ada.call('count')).toBe(0);
    expect(ada.received('muted')).toEqual([['Bob'], ['Bob', 'Cid']]);
    await room.crashPlayer(ada);
    ada.send('mute', 'Dan');
    expect(await ada.call('count')).toBe(0);
    expect(ada.received('muted').at(-1)).toEqual(['Bob', 'Cid', 'Dan']);
    expect(room.pid).toBe(pid);
    expect(bob.frames.filter((frame) => frame === 'state')).toHaveLength(1);
  });

  test('a Player that keeps crashing costs its own session and no other', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    const bob = await room.join({ name: 'Bob' });
    for (let n = 0; n < 100; n++) ada.send('slip');
    await room.until(() => ada.closed !== undefined);
    expect(ada.closed).toMatchObject({ code: 4501 });
    expect(await bob.call('post', { text: 'here' })).toEqual({ posts: 1 });
    await room.until(() => room.state.members.size === 1);
    expect(bob.closed).toBeUndefined();
  });

  test('what the crash did not change fires no callback and keeps its instance', async () => {
    const room = await open(nodes);
    const ada = await room.join({ name: 'Ada' });
    for (const text of ['a', 'b', 'c']) await ada.call('post', { text });
    const before = [...ada.state.lines];
    const fired: string[] = [];
    const $ = getDecoderStateCallbacks<typeof ada.state>(ada.decoder as never);
    $(ada.state).lines.onAdd((line) => fired.push(`add ${line.text}`), false);
    $(ada.state).lines.onRemove((line) => fired.push(`remove ${line.text}`));
    $(ada.state).members.onAdd((name) => fired.push(`add ${name}`), false);
    $(ada.state).members.onRemove((name) => fired.push(`remove ${name}`));
    $(ada.state).listen('incarnations', (now) => fired.push(`incarnation ${now}`), false);
    await room.crash();
    await ada.call('count');
    expect(fired).toEqual(['incarnation 2']);
    expect([...ada.state.lines].every((line, index) => line === before[index])).toBe(true);
    await ada.call('post', { text: 'd' });
    expect(fired).toEqual(['incarnation 2', 'add d']);
  });

  test('the tree shows the room and its players', async () => {
    const room = await open(nodes);
    await room.join({ name: 'Ada' });
    expect(JSON.stringify(await room.tree())).toContain('client-1');
  });

  test('past its intensity the room cools down, comes back from its shadow, and nobody is thrown out', async () => {
    const room = await open(nodes, { recovery: { firstDelay: 50 } });
    const ada = await room.join({ name: 'Ada' });
    await ada.call('post', { text: 'kept' });
    for (let n = 0; n < 31; n++) ada.send('half', 'never');
    await room.until(() => room.phase === 'cooling');
    await expect(ada.call('count')).rejects.toMatchObject({ code: 'room_recovering' });
    expect(ada.errors).toEqual([{ code: 503, message: 'room_recovering' }]);
    await room.advance(60);
    await room.until(() => room.phase === 'running');
    expect(await ada.call('count')).toBe(1);
    await room.advance(100);
    expect(ada.state.toJSON()).toEqual(room.state.toJSON());
    expect(ada.closed).toBeUndefined();
  });
});

describe('on this thread, in virtual time', () => {
  test('time stands still until it is moved', async () => {
    const room = await open(0, { callTimeout: 10_000 });
    const ada = await room.join({ name: 'Ada' });
    const late = ada.call('slowly', { ms: 60_000, text: 'x' });
    const outcome = late.catch((error: unknown) => error);
    await room.advance(9_999);
    expect(ada.frames).not.toContain('answer');
    await room.advance(1);
    expect(await outcome).toMatchObject({ code: 'call_timeout' });
  });
});

describe('several rooms of one test', () => {
  test('share a clock, which the last one gives back', async () => {
    const before = currentClock();
    const first = await testRoom(board);
    const second = await testRoom(board);
    const start = currentClock().now();
    await first.advance(1_000);
    expect(currentClock().now()).toBe(start + 1_000);
    await first.stop();
    expect(currentClock()).not.toBe(before);
    const ada = await second.join({ name: 'Ada' });
    expect(await ada.call('count')).toBe(0);
    await second.stop();
    expect(currentClock()).toBe(before);
  });

  test('cannot have clocks of their own', async () => {
    await open(0, { clock: new VirtualClock() });
    await expect(testRoom(board, { clock: new VirtualClock() })).rejects.toThrow('Another room is under test');
  });
});

describe('on a worker thread', () => {
  test('every way to throw ends the room alone', async () => {
    const room = await open(1);
    const ada = await room.join({ name: 'Ada' });
    for (const how of ['reject', 'timeout'] as const) {
      const pid = room.pid;
      await ada.call('crashNow', how).catch(() => {});
      await room.until(() => room.pid !== pid && room.phase === 'running');
      expect(await ada.call('count')).toBe(0);
    }
    expect(ada.closed).toBeUndefined();
  });

  test('a lost thread: the room opens again on the next one, from its shadow; nobody is thrown out', async () => {
    const room = await open(1);
    const ada = await room.join({ name: 'Ada' });
    const bob = await room.join({ name: 'Bob' });
    await ada.call('post', { text: 'kept' });
    await room.advance(100);
    ada.send('exit', 3);
    bob.send('note', 'behind');
    expect(await bob.call('count')).toBe(2);
    expect(texts(room.state.lines)).toEqual(['kept', 'behind']);
    await room.advance(100);
    for (const client of [ada, bob]) {
      expect(client.closed).toBeUndefined();
      expect(client.state.toJSON()).toEqual(room.state.toJSON());
    }
  });
});
