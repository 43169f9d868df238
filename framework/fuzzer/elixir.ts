/**
 * The Elixir side: runs programs on the BEAM and keeps what it saw.
 *
 * Each program runs twice, the second time with processes that yield at random: where the two differ the outcome hangs
 * on the machine, and nothing is compared. The traces are kept in the system's folder for temporary files, under a hash
 * of all that they follow from, the version of Elixir too, so that they are made once for the source and all its faults.
 *
 *     const { traces, unstable } = await elixirTraces(1, 1000);
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { elixirVersion } from '../../tools/provision/elixir-version.ts';
import { generate } from './generate.ts';
import { erlangTerm } from './program.ts';
import { canonical, type Trace } from './trace.ts';

/** What the traces follow from, beside the seed and the version of Elixir. */
const SOURCES = [
  'deeds.ts',
  'scripts.ts',
  'generate.ts',
  'interpreter.exs',
  'model.ts',
  'pieces.ts',
  'program.ts',
  'random.ts',
  'trace.ts',
];
const FOLDER = join(tmpdir(), 'genroom-fuzzer');
/** The seed of the second run's yields. */
const SHAKEN = 7;

export interface Expected {
  /** The versions of Elixir and OTP that gave the traces. */
  readonly oracle: string;
  /** The canonical trace of each program. */
  readonly traces: readonly string[];
  /** Programs whose two runs differ. */
  readonly unstable: readonly number[];
  /** Where it is kept, for other threads. */
  readonly file: string;
}

/** The traces of the Elixir that the PATH has. @throws Error when it is missing or fails */
export async function elixirTraces(seed: number, programs: number): Promise<Expected> {
  const oracle = elixirVersion();
  const hash = createHash('sha256').update(oracle);
  for (const name of SOURCES) hash.update(readFileSync(join(import.meta.dirname, name)));
  const file = join(FOLDER, `${hash.digest('hex').slice(0, 16)}-${seed}.json`);
  if (existsSync(file)) {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Omit<Expected, 'oracle' | 'file'>;
    if (kept.traces.length >= programs)
      return {
        oracle,
        traces: kept.traces.slice(0, programs),
        unstable: kept.unstable.filter((number) => number < programs),
        file,
      };
  }
  const numbers = Array.from({ length: programs }, (_, number) => number);
  const [first, second] = await Promise.all([onElixir(seed, numbers, 0), onElixir(seed, numbers, SHAKEN)]);
  const traces = numbers.map((number) => first.get(number)!);
  const unstable = numbers.filter((number) => first.get(number) !== second.get(number));
  mkdirSync(FOLDER, { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ traces, unstable }));
  renameSync(draft, file);
  return { oracle, traces, unstable, file };
}

/** Runs some programs on Elixir; gives the canonical trace of each. @throws Error when elixir is missing or fails */
export async function onElixir(seed: number, numbers: readonly number[], yields: number): Promise<Map<number, string>> {
  // One scheduler: a driver that yields has then seen everybody run.
  const args = ['--erl', '+S 1:1', join(import.meta.dirname, 'interpreter.exs'), String(yields)];
  const child = spawn('elixir', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(numbers.map((number) => `${number} ${erlangTerm(generate(seed, number))}.\n`).join(''));
  // A driver that fails ends the run, which then reads no further.
  child.stdin.on('error', () => {});
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const traces = new Map<number, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const space = line.indexOf(' ');
    traces.set(Number(line.slice(0, space)), canonical(JSON.parse(line.slice(space + 1)) as Trace));
  }
  const code = await ended;
  if (code !== 0 || traces.size < numbers.length)
    throw new Error(`elixir ended with ${code} after ${traces.size} of ${numbers.length} programs`);
  return traces;
}
