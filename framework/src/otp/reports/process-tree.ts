/** The supervision tree as plain data, for observers: who started whom, and how each is doing. */
import { type Pid } from '../runtime/pid.ts';
import { living, type Proc } from '../runtime/proc.ts';
import { infoOf } from './process-info.ts';

export interface ProcessNode {
  readonly pid: string;
  readonly label: string | undefined;
  readonly behaviour: string;
  readonly names: readonly string[];
  readonly status: string;
  readonly queue: number;
  readonly children: readonly ProcessNode[];
}

/** The processes below `root`, or all of this thread that have no living parent. */
export function processTree(root?: Pid): ProcessNode[] {
  const byParent = new Map<Pid | undefined, Proc[]>();
  const alive = new Set([...living].map((proc) => proc.pid));
  for (const proc of living) {
    const parent = proc.parent && alive.has(proc.parent) ? proc.parent : undefined;
    const siblings = byParent.get(parent);
    if (siblings) siblings.push(proc);
    else byParent.set(parent, [proc]);
  }
  const describe = (proc: Proc): ProcessNode => {
    const info = infoOf(proc);
    return {
      pid: String(proc.pid),
      label: info.label,
      behaviour: info.behaviour,
      names: info.names,
      status: info.status,
      queue: info.messageQueueLength,
      children: (byParent.get(proc.pid) ?? []).map(describe),
    };
  };
  const top = root ? [...living].filter((proc) => proc.pid === root) : (byParent.get(undefined) ?? []);
  return top.map(describe);
}
