/**
 * How many crashes within how long: the decision whether a Player is started again, and the count in reports. Pure.
 *
 *     const { history, exceeded } = addCrash([], clock.now(), { max: 3, period: 5_000 });
 */
import type { Intensity } from './definition.ts';

export const ROOM_INTENSITY: Intensity = { max: 3, period: 5_000 };
export const PLAYER_INTENSITY: Intensity = { max: 5, period: 10_000 };

export function addCrash(
  history: readonly number[],
  now: number,
  { max, period }: Intensity,
): { readonly history: readonly number[]; readonly exceeded: boolean } {
  const recent = [...history.filter((at) => at > now - period), now];
  return { history: recent, exceeded: recent.length > max };
}
