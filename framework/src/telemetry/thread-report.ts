/**
 * ThreadReport: what a thread counts of itself: the load of its processes, stray failures, restarts by supervisors. Plain
 * data, so that a worker's can be sent to the main thread, which shows all of them.
 *
 * Invariant: what is a sum only grows while the thread lives. The thread that takes another's place begins at 0, so
 * whoever keeps reports adds what the lost one had come to (`addLost`).
 *
 *     const watch = watchThread();
 *     link.send({ kind: 'report', report: watch.read() });
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { RestartReport, StrayReport } from '../otp/reports/channels.ts';
import { type ClassLoad, openLoadMonitor } from './process-load.ts';

export interface ThreadReport {
  readonly load: readonly ClassLoad[];
  /** Failures outside every handler, by whether a process had started what failed. */
  readonly strays: { readonly owned: number; readonly unowned: number };
  /** Restarts by supervisors; `givenUp`: one too many, with which the supervisor ended. */
  readonly restarts: { readonly made: number; readonly givenUp: number };
}

export interface ThreadWatch {
  read(): ThreadReport;
  close(): void;
}

export const nothingYet: ThreadReport = {
  load: [],
  strays: { owned: 0, unowned: 0 },
  restarts: { made: 0, givenUp: 0 },
};

/** Measures this thread from now on. */
export function watchThread(): ThreadWatch {
  const monitor = openLoadMonitor();
  const strays = { owned: 0, unowned: 0 };
  const restarts = { made: 0, givenUp: 0 };
  const onStray = (report: unknown): void => {
    if ((report as StrayReport).pid === undefined) strays.unowned++;
    else strays.owned++;
  };
  const onRestart = (report: unknown): void => {
    if ((report as RestartReport).givenUp) restarts.givenUp++;
    else restarts.made++;
  };
  subscribe('genroom:stray', onStray);
  subscribe('genroom:supervisor:restart', onRestart);
  return {
    read: () => ({ load: monitor.read(), strays: { ...strays }, restarts: { ...restarts } }),
    close: () => {
      unsubscribe('genroom:stray', onStray);
      unsubscribe('genroom:supervisor:restart', onRestart);
      monitor.close();
    },
  };
}

/** A report with the sums of threads that are gone added to it. Pure. */
export function addLost(report: ThreadReport, lost: ThreadReport): ThreadReport {
  const behaviours = new Set([...lost.load, ...report.load].map(({ behaviour }) => behaviour));
  return {
    load: [...behaviours].map((behaviour) => {
      const [now, before] = [report, lost].map(({ load }) => load.find((one) => one.behaviour === behaviour));
      return sum(behaviour, now, before);
    }),
    strays: {
      owned: report.strays.owned + lost.strays.owned,
      unowned: report.strays.unowned + lost.strays.unowned,
    },
    restarts: {
      made: report.restarts.made + lost.restarts.made,
      givenUp: report.restarts.givenUp + lost.restarts.givenUp,
    },
  };
}

/** Processes and queues are those of `now`: the others ended with their thread. */
function sum(behaviour: string, now: ClassLoad | undefined, before: ClassLoad | undefined): ClassLoad {
  const total = (of: 'arrived' | 'sampled' | 'wait' | 'service' | 'serviceSquared' | 'held'): number =>
    (now?.[of] ?? 0) + (before?.[of] ?? 0);
  return {
    behaviour,
    processes: now?.processes ?? 0,
    utilisation: now?.utilisation ?? 0,
    depth: now?.depth ?? 0,
    deepest: now?.deepest ?? 0,
    arrived: total('arrived'),
    sampled: total('sampled'),
    wait: total('wait'),
    service: total('service'),
    serviceSquared: total('serviceSquared'),
    held: total('held'),
  };
}
