/**
 * Process load: which process is about to be the bottleneck, said before its users say it.
 *
 * Once a second each GenServer of the thread is looked at. One that was busy for more than 80 % of five seconds on end is
 * reported on the channel `genroom:process:busy`, with the number of shards that would bring it below 70 %, and again
 * each minute while that lasts.
 *
 * Invariants: deciding is pure (`judgeLoad`); a thread has one monitor however often it is opened; a closed one costs the
 * processes nothing.
 *
 *     const monitor = openLoadMonitor();
 *     monitor.read(); // [{ behaviour: 'genServer account', processes: 3, utilisation: 0.93, … }]
 */
import { channel } from 'node:diagnostics_channel';
import { GenServerProc } from '../otp/gen-server/gen-server-process.ts';
import { type Load, loadClasses, measureLoad } from '../otp/gen-server/load.ts';
import { living, namesOf } from '../otp/runtime/proc.ts';

/** A process above this share of its time is nearly saturated: its queue grows without bound soon after. */
export const BUSY = 0.8;
/** Where shards are to bring it. */
export const TARGET = 0.7;
const SECONDS = 5;
const AGAIN = 60;
const PERIOD_MS = 1_000;

/** What a process did in one period. */
export interface LoadSample {
  /** Share of the period it was busy, 0 to 1. */
  readonly utilisation: number;
  /** Work that came, as a share of what one process can do: above 1 its queue grows. */
  readonly offered: number;
  /** Share of its service time that it stood still in an await. */
  readonly held: number;
  /** Mean service time, in milliseconds; undefined where nothing was timed. */
  readonly service: number | undefined;
}

export interface BusyReport {
  readonly pid: string;
  readonly behaviour: string;
  readonly names: readonly string[];
  readonly label: string | undefined;
  readonly utilisation: number;
  readonly offered: number;
  /** Mean service time, in milliseconds. */
  readonly service: number;
  readonly depth: number;
  /** Whether it mostly waits: then more processes help; else they need more threads as well. */
  readonly waits: boolean;
  readonly shards: number;
}

/** The processes of one behaviour. Sums over messages, in milliseconds, only grow. */
export interface ClassLoad {
  readonly behaviour: string;
  readonly processes: number;
  /** Of its busiest process, in the last period. */
  readonly utilisation: number;
  /** Messages that wait now: of all, and of the fullest mailbox. */
  readonly depth: number;
  readonly deepest: number;
  readonly arrived: number;
  readonly sampled: number;
  readonly wait: number;
  readonly service: number;
  readonly serviceSquared: number;
  readonly held: number;
}

export interface LoadMonitor {
  read(): ClassLoad[];
  close(): void;
}

/** How many processes would each be at most 70 % busy. */
export function shardsFor(offered: number): number {
  return Math.max(2, Math.ceil(offered / TARGET));
}

/** Whether a process that was this busy, period by period (newest last), is to be reported. Pure. */
export function judgeLoad(
  history: readonly LoadSample[],
): { offered: number; utilisation: number; shards: number } | undefined {
  const recent = history.slice(-SECONDS);
  if (recent.length < SECONDS || recent.some(({ utilisation }) => utilisation <= BUSY)) return undefined;
  const offered = recent.reduce((sum, sample) => sum + Math.max(sample.offered, sample.utilisation), 0) / SECONDS;
  const utilisation = recent.reduce((sum, sample) => sum + sample.utilisation, 0) / SECONDS;
  return { offered, utilisation, shards: shardsFor(offered) };
}

/** What is kept of a process between two looks. */
interface Watched {
  arrived: number;
  handled: number;
  sampled: number;
  service: number;
  held: number;
  history: LoadSample[];
  silentUntil: number;
}

const busy = channel('genroom:process:busy');
let open: { monitor: LoadMonitor; users: number } | undefined;

/** Starts to measure the processes of this thread. */
export function openLoadMonitor(): LoadMonitor {
  open ??= { monitor: startMonitor(), users: 0 };
  const mine = open;
  mine.users++;
  let closed = false;
  return {
    read: mine.monitor.read,
    close: () => {
      if (closed) return;
      closed = true;
      if (--mine.users > 0) return;
      mine.monitor.close();
      open = undefined;
    },
  };
}

function startMonitor(): LoadMonitor {
  const stop = measureLoad();
  const watched = new WeakMap<GenServerProc, Watched>();
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const period = now - last;
    last = now;
    for (const proc of living) {
      if (!(proc instanceof GenServerProc) || proc.load === undefined) continue;
      const before = watched.get(proc) ?? fresh();
      watched.set(proc, before);
      look(proc, proc.load, before, now, period);
    }
  }, PERIOD_MS);
  timer.unref();
  return {
    read: () => readClasses(watched),
    close: () => {
      clearInterval(timer);
      stop();
    },
  };
}

function fresh(): Watched {
  return { arrived: 0, handled: 0, sampled: 0, service: 0, held: 0, history: [], silentUntil: 0 };
}

function look(proc: GenServerProc, load: Load, before: Watched, now: number, period: number): void {
  const handled = load.arrived - proc.queued;
  if (load.arrived === before.arrived && handled === before.handled && load.began === 0) {
    if (before.history.length > 0) before.history = [];
    return;
  }
  const sample = sampleOf(load, before, handled, now, period);
  load.review(((load.arrived - before.arrived) * 1000) / period);
  Object.assign(before, {
    arrived: load.arrived,
    handled,
    sampled: load.sampled,
    service: load.service,
    held: load.held,
  });
  before.history = [...before.history.slice(1 - SECONDS), sample];
  const verdict = judgeLoad(before.history);
  if (!verdict || now < before.silentUntil) return;
  before.silentUntil = now + AGAIN * 1000;
  busy.publish({
    pid: String(proc.pid),
    behaviour: proc.behaviour,
    names: namesOf(proc),
    label: proc.label,
    ...verdict,
    service: sample.service ?? 0,
    depth: proc.queued,
    waits: sample.held > 0.5,
  } satisfies BusyReport);
}

function sampleOf(load: Load, before: Watched, handled: number, now: number, period: number): LoadSample {
  const sampled = load.sampled - before.sampled;
  const previous = before.history.at(-1);
  const service = sampled > 0 ? (load.service - before.service) / sampled : previous?.service;
  const held =
    sampled > 0 ? (load.held - before.held) / Math.max(load.service - before.service, 1e-9) : (previous?.held ?? 0);
  // A message that takes longer than the period has not been counted yet.
  const inHand = load.began === 0 ? 0 : Math.min(now - load.began, period);
  const worked = (handled - before.handled) * (service ?? 0);
  return {
    utilisation: Math.min(1, Math.max(worked, inHand) / period),
    offered: ((load.arrived - before.arrived) * (service ?? 0)) / period,
    held,
    service,
  };
}

function readClasses(watched: WeakMap<GenServerProc, Watched>): ClassLoad[] {
  const now = new Map<string, { processes: number; utilisation: number; depth: number; deepest: number }>();
  for (const proc of living) {
    if (!(proc instanceof GenServerProc) || proc.load === undefined) continue;
    const sum = now.get(proc.behaviour) ?? { processes: 0, utilisation: 0, depth: 0, deepest: 0 };
    now.set(proc.behaviour, sum);
    sum.processes++;
    sum.depth += proc.queued;
    sum.deepest = Math.max(sum.deepest, proc.queued);
    sum.utilisation = Math.max(sum.utilisation, watched.get(proc)?.history.at(-1)?.utilisation ?? 0);
  }
  const none = { processes: 0, utilisation: 0, depth: 0, deepest: 0 };
  return [...loadClasses.values()].map((sums) => ({ ...sums, ...(now.get(sums.behaviour) ?? none) }));
}
