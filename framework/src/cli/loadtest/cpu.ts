/**
 * CPU time of processes, sampled from /proc, and how busy one was between two moments.
 *
 * Invariant: where there is no /proc (not Linux), or the process is gone, it answers undefined, never 0.
 *
 *     const cpu = watchCpu(child.pid);
 *     cpu.busy(from, until) // 0.34: a third of one core
 */
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const EVERY_MS = 100;

export interface CpuWatch {
  /** Share of one core that it used between two times of the wall clock (milliseconds); above 1 with several. */
  busy(from: number, until: number): number | undefined;
  close(): void;
}

export function watchCpu(pid: number): CpuWatch {
  const samples: { readonly at: number; readonly ms: number }[] = [];
  const sample = (): void => {
    const ms = cpuTime(pid);
    if (ms !== undefined) samples.push({ at: Date.now(), ms });
  };
  sample();
  const timer = setInterval(sample, EVERY_MS);
  return {
    busy: (from, until) => {
      const first = samples.find(({ at }) => at >= from);
      const last = samples.findLast(({ at }) => at <= until);
      if (!first || !last || last.at <= first.at) return undefined;
      return (last.ms - first.ms) / (last.at - first.at);
    },
    close: () => clearInterval(timer),
  };
}

/** Milliseconds of CPU that a process has used, all of its threads together. */
function cpuTime(pid: number): number | undefined {
  try {
    // The name, in brackets, may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}
