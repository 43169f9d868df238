/** What holds the rooms fails itself: the host process, the supervisor above it, or the start of a room. */
import type { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { processTree, systemClock } from '../../src/otp/index.ts';
import { type RoomNode, RoomShell, startRoomNode } from '../../src/gateway/shell/index.ts';
import type { RoomPort } from '../../src/gateway/shell/ports.ts';
import type { RoomDefinition } from '../../src/room/definition.ts';
import { testRoom, type TestRoom } from '../../src/testing/index.ts';
import { mortal, stateless, stillborn } from './mortal-room.ts';

async function open(nodes: 0 | 1): Promise<TestRoom<typeof mortal>> {
  const room = await testRoom(mortal, { nodes });
  onTestFinished(() => room.stop());
  return room;
}

/** Real time, for what the killing waits for; then the room's own. */
async function waitFor(room: TestRoom<typeof mortal>, holds: () => boolean): Promise<void> {
  for (let n = 0; n < 400 && !holds(); n++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    await room.advance(50);
  }
  expect(holds()).toBe(true);
}

describe.each([0, 1] as const)('with nodes: %i', (nodes) => {
  for (const which of ['host', 'node'] as const) {
    test(`the ${which} process is killed: the room comes back from its shadow, and its sockets stay`, async () => {
      const room = await open(nodes);
      const ada = await room.join({});
      const bob = await room.join({});
      expect(await ada.call('add', 5)).toBe(5);
      for (let restored = 1; restored <= 2; restored++) {
        const { pid } = room;
        ada.send('kill', which);
        await waitFor(room, () => room.pid !== pid && room.phase === 'running');
        expect(await bob.call('add', 1)).toBe(5 + restored);
        await room.advance(100);
        expect(ada.state.toJSON()).toEqual({ count: 5 + restored, restored });
        expect(bob.state.toJSON()).toEqual(ada.state.toJSON());
      }
      expect([ada.closed, bob.closed]).toEqual([undefined, undefined]);
      expect((await room.join({})).state.count).toBe(7);
    });
  }

  test('a room that cannot start leaves nothing behind, and says why', async () => {
    const threads: Worker[] = [];
    const started = (worker: Worker): void => void threads.push(worker);
    process.on('worker', started);
    onTestFinished(() => void process.off('worker', started));
    const failed = await testRoom(stillborn, { nodes }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'room_not_started', message: /did not start: crash: Error: born dead/ });
    expect((failed as Error).cause).toBe('crash: Error: born dead');
    await expect(testRoom(stateless, { nodes })).rejects.toMatchObject({ message: /no state/ });
    expect(threads.map(({ threadId }) => threadId)).toEqual(nodes === 0 ? [] : [-1, -1]); // -1: it has ended
    if (nodes === 0) expect(processTree().filter(({ behaviour }) => behaviour === 'supervisor node')).toEqual([]);
  });
});

interface Opened {
  readonly shell: RoomShell;
  readonly ended: { code: number; reason: string }[];
}

function openOn(node: RoomNode, definition: RoomDefinition, roomId: string): Opened {
  const ended: Opened['ended'] = [];
  const room: RoomPort = {
    publish: () => {},
    lock: () => {},
    setMetadata: () => {},
    dispose: (code, reason) => ended.push({ code, reason }),
  };
  const { name } = definition;
  return { shell: new RoomShell({ roomId, name, options: {}, node, room, clock: systemClock }), ended };
}

test('a node that fails too often is given up: its rooms are closed, and no other is opened there', async () => {
  const node = await startRoomNode([mortal], { restart: { max: 1, delay: 1 } });
  onTestFinished(() => node.stop());
  const { shell, ended } = openOn(node, mortal, 'r1');
  await shell.ready;
  const joined = { sessionId: 'a', send: () => {}, close: () => {} };
  await shell.join(joined, {}, { ip: '::1', headers: {} });
  for (const up of [true, false]) {
    const { pid } = shell;
    shell.cast('a', 'kill', Uint8Array.of(0xa4, ...Buffer.from('node')));
    const settled = (): unknown => node.up === up && (!up || shell.pid !== pid) && shell.phase;
    await expect.poll(settled).toBe(up ? 'running' : 'closed');
  }
  expect(ended).toEqual([{ code: 4500, reason: 'The room was given up (its supervisor ended (killed)).' }]);
  const late = openOn(node, mortal, 'r2');
  await expect(late.shell.ready).rejects.toMatchObject({ code: 'room_not_started', message: /supervisor ended/ });
  expect(node.rooms).toBe(0);
});

test('a definition that its supervisor refuses ends its own room, with the reason, and no other', async () => {
  const parts = { ...mortal.parts, name: 'wrong', intensity: { max: 3, period: 0 } };
  const wrong = { ...mortal, name: 'wrong', parts } as RoomDefinition;
  const node = await startRoomNode([mortal, wrong]);
  onTestFinished(() => node.stop());
  const good = openOn(node, mortal, 'good');
  await good.shell.ready;
  const { pid } = good.shell;
  for (let n = 0; n < 6; n++) {
    const { shell } = openOn(node, wrong, `wrong-${n}`);
    await expect(shell.ready).rejects.toMatchObject({ code: 'room_not_started', message: /period/ });
  }
  expect(good.shell.phase).toBe('running');
  expect(good.shell.pid).toBe(pid);
});
