/**
 * What is known of a process, as `processInfo` and reports show it.
 *
 * @example
 *   infoOf(proc).messageQueueLength;
 */
import type { Pid } from '../runtime/pid.ts';
import { namesOf, type Proc } from '../runtime/proc.ts';

export interface ProcessInfo {
  readonly pid: Pid;
  readonly label: string | undefined;
  readonly behaviour: string;
  readonly names: readonly string[];
  readonly parent: Pid | undefined;
  readonly status: 'waiting' | 'runnable' | 'running';
  readonly messageQueueLength: number;
  readonly links: readonly Pid[];
  readonly monitors: readonly Pid[];
  readonly monitoredBy: readonly Pid[];
  readonly trapExit: boolean;
}

export function infoOf(proc: Proc): ProcessInfo {
  return {
    pid: proc.pid,
    label: proc.label,
    behaviour: proc.behaviour,
    names: namesOf(proc),
    parent: proc.parent,
    status: (['waiting', 'runnable', 'running', 'waiting'] as const)[proc.status] ?? 'waiting',
    messageQueueLength: proc.queued,
    links: [...(proc.links ?? [])].map((other) => other.pid),
    monitors: [...(proc.monitors ?? [])].map((ref) => ref.pid),
    monitoredBy: [...(proc.watchers ?? [])].flatMap((ref) =>
      typeof ref.watcher === 'function' ? [] : [ref.watcher.pid],
    ),
    trapExit: proc.trapExit,
  };
}
