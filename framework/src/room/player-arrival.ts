/**
 * Arrival: what a Player does before its join reaches the room: options, `auth`, `load`, its first state. All of it may
 * wait; the room does not.
 *
 * Invariants: `auth` runs once in a session's life, also over crashes of the Player; `load` runs again only if the
 * Player crashed before the join was done.
 */
import { ErrorCode } from './frames.ts';
import type { SessionRecord } from './link.ts';
import { checkPayload } from './payload.ts';
import { keep } from './plain-data.ts';
import type { PlayerProcess } from './player-process.ts';
import { Refusal } from './refusal.ts';
import { refusalOrThrow } from './run-turn.ts';
import type { Turn } from './turn.ts';

/** Brings the player as far as its join; a refusal turns it away. Boxes that are new go into `turn` by the caller. */
export async function arrive(player: PlayerProcess, turn: Turn, session: SessionRecord): Promise<Refusal | undefined> {
  const { parts } = player;
  if (!player.auth) {
    if (parts.options) {
      const checked = await checkPayload(parts.options, session.options);
      if (checked instanceof Refusal) return checked;
      player.options = keep(checked.value, `options of ${player.what}`);
    }
    const auth = await authenticated(player, session);
    if (auth instanceof Refusal) return auth;
    player.auth = auth;
  }
  const { sessionId, options } = player;
  const arrival = { sessionId, options, auth: player.auth.value };
  if (!player.loaded) {
    const loaded = await parts.load?.(arrival);
    if (loaded instanceof Refusal) return loaded;
    player.loaded = { value: loaded };
  }
  if (!player.state)
    turn.own = { value: keep(parts.state?.({ ...arrival, loaded: player.loaded.value }), `state of ${player.what}`) };
  return undefined;
}

async function authenticated(
  { parts, options, what }: PlayerProcess,
  session: SessionRecord,
): Promise<{ value: unknown } | Refusal> {
  if (!parts.auth) return { value: undefined };
  let auth: unknown;
  try {
    auth = await parts.auth(session.connection, options);
  } catch (error) {
    auth = refusalOrThrow(error);
  }
  if (auth === false)
    return new Refusal('auth_failed', 'You may not join this room.', undefined, ErrorCode.AUTH_FAILED);
  if (auth instanceof Refusal) return new Refusal(auth.code, auth.message, auth.details, ErrorCode.AUTH_FAILED);
  return { value: keep(auth, `auth of ${what}`) };
}
