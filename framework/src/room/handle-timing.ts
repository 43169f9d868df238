/**
 * HandleTiming: the part of a handle that a room and a player have in common: named timers, and the time.
 *
 *     const handle: RoomHandle = { …, ...handleTiming('room', room) };
 */
import { currentClock } from '../otp/index.ts';
import type { NamedTimers } from './named-timers.ts';
import type { Turn } from './turn.ts';

/** A process with turns, of which a handle is made. */
interface Timed {
  /** For people. */
  readonly what: string;
  readonly parts: { readonly timers?: Readonly<Record<string, unknown>> };
  /** Those that turns have left behind. */
  readonly timers: NamedTimers;
  /** The running turn, for an effect. */
  running(effect: string): Turn;
  check(): void;
}

export interface HandleTiming {
  after(name: string, ms: number, payload?: unknown): void;
  cancel(name: string): boolean;
  now(): number;
}

/** @param whose how user code calls the handle, for errors */
export function handleTiming(whose: 'room' | 'player', timed: Timed): HandleTiming {
  return {
    after(name, ms, payload) {
      timed.running(`${whose}.after`).after(timed.parts.timers, timed.what, name, ms, payload);
    },
    cancel(name) {
      const { timers } = timed.running(`${whose}.cancel`);
      const set = timers.has(name) ? timers.get(name) !== undefined : timed.timers.has(name);
      timers.set(name, undefined);
      return set;
    },
    now() {
      timed.check();
      return currentClock().wall();
    },
  };
}
