/**
 * What a shell reports, as diagnostics_channel messages: plain objects, published only where somebody subscribed.
 *
 *     diagnostics_channel.subscribe('genroom:room:recovery', (report) => …)
 */
import { channel } from 'node:diagnostics_channel';
import { publishReport } from '../../otp/reports/channels.ts';

/** An incarnation of a room, or a Player of it, ended by a crash. */
export interface DownReport {
  readonly roomId: string;
  readonly name: string;
  readonly epoch: number;
  readonly reason: string;
  /** The message it was handling, when it was a client's. */
  readonly failing?: { readonly sessionId: string; readonly kind: string; readonly type?: string | number };
  /** Present when it was the Player of this session and not the Room. */
  readonly sessionId?: string;
  /** Present when its node was lost with everything on it; `ran`: its code was running then. */
  readonly withNode?: { readonly ran: boolean };
}

/** A node was lost, another thread or tree has taken its place, or none will. */
export interface NodeReport {
  readonly node: string;
  readonly step: 'lost' | 'up' | 'givenUp';
  /** On it. */
  readonly rooms: number;
  /** Empty with `up`. */
  readonly reason: string;
}

/** A room passed its intensity: each step of what becomes of it. */
export interface RecoveryReport {
  readonly roomId: string;
  readonly name: string;
  readonly step: 'cooling' | 'starting' | 'recovered' | 'givenUp';
  readonly from?: 'shadow' | 'fresh';
  /** Milliseconds to wait; with `cooling`. */
  readonly delay?: number;
  readonly attempt: number;
  readonly of: number;
  readonly reason: string;
}

export const channels = {
  down: channel('genroom:room:down'),
  node: channel('genroom:node'),
  recovery: channel('genroom:room:recovery'),
  /** `DownReport`: a session was closed since its Player was restarted too often. */
  playerGivenUp: channel('genroom:room:player-given-up'),
};

export function reportDown(report: DownReport): void {
  publishReport(channels.down, report);
}

export function reportNode(report: NodeReport): void {
  publishReport(channels.node, report);
}

export function reportRecovery(report: RecoveryReport): void {
  publishReport(channels.recovery, report);
}

export function reportPlayerGivenUp(report: DownReport): void {
  publishReport(channels.playerGivenUp, report);
}
