/**
 * Runs programs on genroom, as interpreter.exs does on Elixir: gives each step, waits until everything has settled, and
 * hands back what every process observed.
 *
 *     const trace = await runProgram(program);
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  exit,
  type ExitReason,
  isAlive,
  type Pid,
  processes,
  processInfo,
  registry,
  send,
  start,
  useClock,
} from '../src/otp/index.ts';
import { spawnBare } from './actors.ts';
import type { Program, Step } from './program.ts';
import { SteppedClock } from './stepped-clock.ts';
import type { Trace } from './trace.ts';
import { Told, World } from './world.ts';

/** Rounds in which the processes that a program leaves are ended. */
const SWEEPS = 20;

export async function runProgram({ registries, roots, steps }: Program): Promise<Trace> {
  const world = new World();
  const clock = new SteppedClock();
  const before = useClock(clock);
  const ended = (report: unknown): void => {
    const { pid, reason } = report as { pid: Pid; reason: ExitReason };
    if (world.labels.has(pid)) world.log(world.labelOf(pid), 'ended', ['ended', world.reason(reason)]);
  };
  subscribe('genroom:process:exit', ended);
  try {
    for (const [label, keys] of registries) {
      const names = registry({ name: label, keys });
      const pid = await start(names);
      world.registries.set(label, names);
      world.pids.set(label, pid);
      world.labels.set(pid, label);
    }
    for (const [label, trap] of roots) void spawnBare(world, label, 'plain', trap, []);
    await clock.settle();
    for (const [index, step] of steps.entries()) {
      world.step = index + 1;
      carryOut(world, clock, step);
      await clock.settle();
      snapshot(world);
    }
    // What happens when the rest is swept away is no part of it.
    return [[...world.events], world.snapshots];
  } finally {
    unsubscribe('genroom:process:exit', ended);
    for (let i = 0; i < SWEEPS && processes().length > 0; i++) {
      for (const pid of processes()) exit(pid, 'kill');
      await clock.settle();
    }
    useClock(before);
  }
}

function carryOut(world: World, clock: SteppedClock, step: Step): void {
  if ('wait' in step) return clock.pass(step.wait);
  if ('release' in step) return world.release(step.release);
  for (const [label, what] of step.do) {
    const pid = world.pids.get(label);
    if (pid) send(pid, new Told(what));
  }
}

function snapshot(world: World): void {
  const live = [...world.labels].filter(([pid]) => isAlive(pid));
  world.snapshots.push([
    world.step,
    live.map(([pid, label]) => [label, processInfo(pid)!.links.map((other) => world.labelOf(other))]),
  ]);
}
