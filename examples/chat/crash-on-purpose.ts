/**
 * What the button "Crash this room" does: faults as they happen in real code. Each is left without any care taken, so
 * that the framework has to take it.
 */
import type { RoomHandle } from 'genroom';
import { type ChatState, Line } from './state.ts';

/** In the middle of a handler; in a promise that nobody awaited; in a bare timer. */
export const crashWays = ['handler', 'promise', 'timer'] as const;
export type CrashWay = (typeof crashWays)[number];

export function crashOnPurpose({ state }: Pick<RoomHandle<ChatState>, 'state'>, how: CrashWay): void {
  switch (how) {
    case 'handler': {
      const n = (state.lines.at(-1)?.n ?? 0) + 1;
      state.lines.push(
        new Line({ n, id: 'half-done', by: 'nobody', at: Date.now(), text: 'half of what this handler does' }),
      );
      throw new Error('Crashed on purpose, half way through a handler');
    }
    case 'promise':
      void rejectLater();
      return;
    case 'timer':
      setTimeout(() => {
        throw new Error('Crashed on purpose, in a bare timer');
      }, 10);
  }
}

async function rejectLater(): Promise<void> {
  await Promise.resolve();
  throw new Error('Crashed on purpose, in a promise that nobody awaited');
}
