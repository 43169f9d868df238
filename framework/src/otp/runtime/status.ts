/**
 * Status: what reports and `sys.getStatus` show of a server, once its `formatStatus` has seen it. Elixir's format_status.
 *
 * Invariant: a `formatStatus` that throws breaks neither; then nothing that it might have hidden is shown.
 *
 * @example
 *   formatStatus: ({ state, message }) => ({
 *     state: { ...state, token: 'redacted' },
 *     ...(message?.name === 'login' && { message: { ...message, payload: 'redacted' } }),
 *   }),
 */
import { errorLine } from '../../platform/error-text.ts';
import type { ExitReason } from './exit-reason.ts';
import type { LastMessage } from './last-message.ts';
import type { Pid } from './pid.ts';

/** What a server did: it took a message, or sent a reply. */
export type SysEvent =
  | { readonly kind: 'in'; readonly message: LastMessage; readonly from: Pid | undefined }
  | { readonly kind: 'out'; readonly value: unknown; readonly to: Pid | undefined };

export interface Status<S = unknown> {
  readonly state: S;
  /** What was being handled; in crash reports only. */
  readonly message?: LastMessage | undefined;
  /** Why the process ended; in crash reports only. */
  readonly reason?: ExitReason | undefined;
  /** The last events, where `sys.log` is on. */
  readonly log: readonly SysEvent[];
}

/** Fields to show instead; what is left out is shown as it is. */
export type ShownStatus = Partial<Status>;

/** A status as its server wants it shown. */
export function shownStatus(status: Status, format: ((status: Status<never>) => ShownStatus) | undefined): Status {
  if (!format) return status;
  try {
    return { ...status, ...format(status as Status<never>) };
  } catch (error) {
    const { message, reason } = status;
    return {
      state: `formatStatus failed: ${errorLine(error)}`,
      ...(message && { message: withoutPayload(message) }),
      ...(reason !== undefined && { reason }),
      log: [],
    };
  }
}

function withoutPayload({ kind, name, client, queued }: LastMessage): LastMessage {
  return { kind, ...(name !== undefined && { name }), client, ...(queued !== undefined && { queued }) };
}
