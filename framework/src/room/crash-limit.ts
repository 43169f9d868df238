/**
 * How often the processes of a room may crash where their definition does not say: Rooms before they cool down, Players
 * before their session is closed.
 */
import type { Intensity } from '../otp/index.ts';

export const ROOM_INTENSITY: Intensity = { max: 3, period: 5_000 };
export const PLAYER_INTENSITY: Intensity = { max: 5, period: 10_000 };
