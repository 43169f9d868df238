import { schema, t } from '@colyseus/schema';
import { expect, test } from 'vitest';
import { startRoomNode } from '../../src/gateway/shell/index.ts';
import { room } from '../../src/room/definition.ts';

const Empty = schema({ n: t.number() }, 'Empty');
const definition = (module?: string): ReturnType<typeof room> =>
  room({ name: 'somewhere', ...(module !== undefined && { module }), state: () => new Empty() });
const here = (file: string): string => new URL(file, import.meta.url).href;

test('a room that does not say where it is cannot run on a worker; the error says what to add', async () => {
  await expect(startRoomNode([definition()], { nodes: 1 })).rejects.toMatchObject({
    code: 'room_without_module',
    message: expect.stringContaining("Room 'somewhere'") as string,
    remedy: expect.stringContaining('module: import.meta.url') as string,
  });
});

test.each([
  ['does not export the room', './echo-host.ts', "exports no room 'somewhere'"],
  ['is not there', './nowhere.ts', 'nowhere.ts'],
  ['calls serve', './serving-module.ts', 'module of their own'],
])('a module that %s fails the start of its node, with the reason', async (_what, file, why) => {
  await expect(startRoomNode([definition(here(file))], { nodes: 1 })).rejects.toMatchObject({
    code: 'worker_start_failed',
    message: expect.stringContaining(why) as string,
  });
});
