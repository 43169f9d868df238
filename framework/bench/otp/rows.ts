/**
 * The rows of `npm run bench -- otp`: what is measured, how much of it, and what it is held to.
 *
 * Each row is written twice, in genroom-side.ts and elixir-side.exs, under the same name and for the same size. The size
 * is the number of operations (or processes) of one measurement; the figure is operations a second, or what `unit` says.
 */
import type { Goal } from '../judge.ts';

export interface Row {
  readonly name: string;
  readonly title: string;
  /** Operations of one measurement, about half a second of the slower side. */
  readonly size: number;
  readonly unit: string;
  /** Which figure is the better one. */
  readonly better: 'more' | 'less';
  readonly goal: Goal;
  /** What the mailbox and the server went through before a measurement. */
  readonly warm: string;
}

/** At least five times the BEAM. */
const FIVE: Goal = { what: 'ratio', least: 5 };

const rate = (name: string, size: number, title: string, warm: string): Row => ({
  name,
  title,
  size,
  unit: 'operations/s',
  better: 'more',
  goal: FIVE,
  warm,
});

const WARM = 'warm: the same servers in every measurement';
const FRESH = 'the processes are new in every measurement';

export const ROWS: readonly Row[] = [
  rate('sequentialCall', 200_000, 'sequential call', WARM),
  rate('castAndDrain', 200_000, 'cast and drain', 'warm: the mailbox has held as many messages before'),
  rate('castAndDrainCold', 200_000, 'cast and drain, cold', 'cold: a new server and mailbox in every measurement'),
  rate('callersToOne', 300_000, '100 callers to one server', `${WARM}; the callers are new`),
  rate('callersToMany', 300_000, '100 callers to 100 servers', `${WARM}; the callers are new`),
  rate('fanOut', 500_000, 'fan-out 1 to 1,000, one message a slice', WARM),
  rate('start', 50_000, 'start', FRESH),
  rate('startChild', 20_000, 'start under a DynamicSupervisor', FRESH),
  rate('stop', 50_000, 'stop', `${FRESH}: started before the clock runs`),
  rate('registryCall', 100_000, 'call through a registry of 10,000 names', WARM),
  rate('restart', 10_000, 'restart of a child that throws', 'the supervisor is new every 100 restarts'),
  rate(
    'restartByExit',
    10_000,
    'restart of a child that exits with a reason',
    'the supervisor is new every 100 restarts',
  ),
  {
    name: 'idleMemory',
    title: 'memory per idle process at 100,000',
    size: 100_000,
    unit: 'bytes/process',
    better: 'less',
    goal: { what: 'ours', most: 1024 },
    warm: FRESH,
  },
  {
    name: 'callWithQueue',
    title: 'call with 500,000 messages queued at the caller',
    size: 200_000,
    unit: 'µs/call',
    better: 'less',
    goal: FIVE,
    warm: 'the caller and its queue are new in every measurement, the server is warm',
  },
  rate('sequentialCallMeasured', 200_000, 'sequential call, load measured', WARM),
  rate('castAndDrainMeasured', 200_000, 'cast and drain, load measured', 'warm, as without'),
];

/** Messages that wait at the caller in `callWithQueue`. */
export const QUEUED = 500_000;
