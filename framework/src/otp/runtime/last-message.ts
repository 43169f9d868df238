/** What a handler was given, as crash reports and `sys` show it. */
import type { Pid } from './pid.ts';

export interface LastMessage {
  readonly kind: 'init' | 'call' | 'cast' | 'info' | 'continue' | 'system' | 'overloaded';
  readonly name?: string;
  readonly payload?: unknown;
  /** Who called. */
  readonly client?: Pid | undefined;
  /** Messages queued, when these were too many. */
  readonly queued?: number;
}
