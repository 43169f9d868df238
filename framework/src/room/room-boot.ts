/**
 * Boot: how an incarnation gets its past: fresh (`init`), or from the room's shadow (`restore`).
 *
 * Invariants
 * - Restored, the state has its old refIds, timers their old due times; members, data and operations are as they were.
 * - The first turn's record carries a full state for every session, whatever else it says.
 * - Work of the past that has crashed the room twice (a member's leave, a timer) is dropped and reported.
 */
import { currentClock } from '../otp/index.ts';
import { reportGivenUp } from './channels.ts';
import { StartTimedOut } from './errors.ts';
import type { Incarnation } from './incarnation.ts';
import type { RoomShadow, SessionRecord, ToNode } from './link.ts';
import { Member } from './member.ts';
import { NamedTimers } from './named-timers.ts';
import { Operations } from './operations.ts';
import { keep } from './plain-data.ts';
import { isPromise, unrefused } from './run-turn.ts';
import { restoreState, trackState } from './state/index.ts';
import type { Turn } from './turn.ts';
import type { TimerRecord } from './turn-record.ts';
import { retryKey, type Work } from './work-in-hand.ts';

export type Boot = Extract<ToNode, { readonly kind: 'boot' }>;

const TRIES = 2;
const START_TIMEOUT = 15_000;

/** Gives `room` its past and runs `init` or `restore`; a promise if those await. It rejects with StartTimedOut. */
export function bootRoom(room: Incarnation, turn: Turn, boot: Boot): unknown {
  const started = startFrom(room, turn, boot);
  return isPromise(started) ? inTime(room, boot, started) : started;
}

async function inTime(room: Incarnation, { shadow }: Boot, started: PromiseLike<unknown>): Promise<unknown> {
  const clock = currentClock();
  const { startTimeout = START_TIMEOUT } = room.parts;
  const late = Promise.withResolvers<never>();
  const onLate = (): void => {
    if (!room.alive) return;
    room.starts.hung++;
    late.reject(new StartTimedOut(room.what, shadow ? '`restore` or `derived`' : '`init` or `derived`', startTimeout));
  };
  const timer = clock.setTimer(startTimeout, onLate, false);
  try {
    return await Promise.race([started, late.promise]);
  } finally {
    clock.clearTimer(timer);
  }
}

function startFrom(room: Incarnation, turn: Turn, { options, shadow, sessions }: Boot): unknown {
  const { parts, handle } = room;
  const first = parts.state(options);
  room.tracked = shadow ? restoreState(first, shadow.state) : trackState(first);
  room.data = keep(shadow ? shadow.data : parts.data?.(options), `data of ${room.what}`);
  if (!shadow) turn.own = { value: room.data };
  else recall(room, turn, shadow, sessions);
  const built = parts.derived?.(handle);
  const start = (derived: unknown): unknown => {
    room.derived = derived;
    return shadow ? parts.restore?.(handle) : parts.init?.(handle, options);
  };
  return isPromise(built) ? built.then(start) : start(built);
}

/** What concludes the boot: everybody gets the state as it is now, and the beat begins. */
export function concludeBoot(room: Incarnation, turn: Turn, { shadow, sessions }: Boot, outcome: unknown): void {
  unrefused(outcome);
  room.starts.hung = 0;
  for (const { sessionId } of sessions) if (room.members.has(sessionId)) turn.arrivals.push(sessionId);
  // Views are restored with the state, so that they need the frames of their own session only.
  if (!shadow) turn.membersChanged = true;
  if (room.parts.tick) room.tickDue = currentClock().now() + 1000 / room.parts.tick.hz;
}

/** Members whose session has gone meanwhile, in the order in which they had come. */
export function departed(room: Incarnation, sessions: readonly SessionRecord[]): string[] {
  const seated = new Set(sessions.map(({ sessionId }) => sessionId));
  return [...room.members.keys()].filter((sessionId) => !seated.has(sessionId));
}

function recall(room: Incarnation, turn: Turn, shadow: RoomShadow, sessions: readonly SessionRecord[]): void {
  const records = new Map(sessions.map((session) => [session.sessionId, session]));
  for (const sessionId of shadow.members) {
    const session = records.get(sessionId);
    if (!session && givenUp(room, { kind: 'leave', sessionId }, `leave of ${sessionId}`)) {
      turn.membersChanged = true;
      continue;
    }
    const arrived = {
      sessionId,
      auth: session?.auth?.value,
      options: session?.options,
      connected: session?.connected ?? false,
    };
    room.members.set(sessionId, new Member(arrived, room.running));
  }
  const timers = shadow.timers.filter((timer) => isKept(room, timer));
  room.timers = new NamedTimers(room.pid, timers);
  // Says which timers there are now.
  if (timers.length < shadow.timers.length)
    for (const { name } of shadow.timers) if (!room.timers.has(name)) turn.timers.set(name, undefined);
  room.operations = new Operations(shadow.operations);
}

function isKept(room: Incarnation, { name, due }: TimerRecord): boolean {
  if (!Object.hasOwn(room.parts.timers ?? {}, name)) {
    reportGivenUp({
      name: room.name,
      roomId: room.id,
      work: `timer ${name}`,
      reason: 'the definition has no such timer',
    });
    return false;
  }
  return !givenUp(room, { kind: 'timer', type: name, due }, `timer ${name}`);
}

function givenUp(room: Incarnation, work: Work, text: string): boolean {
  if ((room.crashes.get(retryKey(work)!) ?? 0) < TRIES) return false;
  reportGivenUp({ name: room.name, roomId: room.id, work: text, reason: 'it crashed the room twice' });
  return true;
}
