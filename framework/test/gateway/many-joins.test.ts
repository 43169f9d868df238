/** Many clients at once. (A file of its own: `matchmaking.test.ts` keeps seats for 3 s only, too short on a busy machine.) */
import { Client } from '@colyseus/sdk';
import { expect, test, vi } from 'vitest';
import { party, transports } from './small-room.ts';

test.each(transports)(
  '200 clients of the SDK join at once through the %s transport',
  { timeout: 60_000 },
  async (transport) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    await using at = await party({ transport });
    const rooms = await Promise.all(Array.from({ length: 200 }, () => new Client(at.url).joinOrCreate('small')));
    expect(new Set(rooms.map(({ sessionId }) => sessionId)).size).toBe(200);
    await Promise.all(rooms.map((room) => room.leave()));
    vi.restoreAllMocks();
  },
);
