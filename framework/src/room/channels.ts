/**
 * What rooms tell about themselves, on Node's diagnostics channels. Nobody listening costs one flag check.
 *
 *     diagnostics_channel.subscribe('genroom:room:held', (report) => warn(report as HeldReport));
 */
import { channel } from 'node:diagnostics_channel';
import { publishReport } from '../otp/reports/channels.ts';

interface RoomReport {
  /** Name of the definition. */
  readonly name: string;
  readonly roomId: string;
}

/** An async handler kept its mailbox standing for longer than `HELD_REPORT_MS`. */
export interface HeldReport extends RoomReport {
  /** What was handled: "call post of s1". */
  readonly work: string;
  /** Milliseconds so far. */
  readonly duration: number;
  /** True while it is still waiting: a second report follows at its end. */
  readonly ongoing: boolean;
}

/** A Room or Player process crashed. */
export interface RoomCrashReport extends RoomReport {
  readonly process: 'room' | 'player';
  readonly pid: string;
  readonly epoch: number;
  /** Whose message it was, or whose Player. */
  readonly sessionId: string | undefined;
  /** What was handled: "call post of s1", or "nothing" for a failure between turns. */
  readonly work: string;
  /** The message's type, or the timer's name. */
  readonly type: string | number | undefined;
  readonly reason: string;
  readonly error: Error | undefined;
  /** This crash is number `crash` within the period; up to `allowed` are followed by a restart. */
  readonly crash: number;
  readonly allowed: number;
  /** It was about to end anyway: no restart follows, whatever is allowed. */
  readonly closing?: true;
}

/** Something was left undone so that a room could go on. */
export interface GivenUpReport extends RoomReport {
  /** "leave of s1", "timer turn" */
  readonly work: string;
  readonly reason: string;
}

/** Milliseconds after which an await in a handler is reported. */
export const HELD_REPORT_MS = 50;

const held = channel('genroom:room:held');
const crash = channel('genroom:room:crash');
const givenUp = channel('genroom:room:givenUp');
const strayChange = channel('genroom:room:strayChange');

export function reportHeld(report: HeldReport): void {
  publishReport(held, report);
}

export function reportCrash(report: RoomCrashReport): void {
  publishReport(crash, report);
}

export function reportGivenUp(report: GivenUpReport): void {
  publishReport(givenUp, report);
}

/** `room.state` was changed between turns (in a bare timer, after an unawaited promise). */
export function reportStrayChange(report: RoomReport): void {
  publishReport(strayChange, report);
}
