/**
 * The otp bench: genroom's processes beside the BEAM's, row by row, in pairs.
 *
 * For each row three programs stay up, warm: genroom, Elixir with one scheduler, Elixir with all. A pair is one
 * measurement of each, one after the other; the better one of Elixir's counts.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { elixirVersion } from '../../../tools/provision/elixir-version.ts';
import type { Measured, Pair } from '../judge.ts';
import { Side, type SideCommand } from '../side.ts';
import { type Row, ROWS } from './rows.ts';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What Node is started with. `--expose-gc` is for the bench's own pauses between measurements. */
export const NODE_FLAGS: readonly string[] = ['--expose-gc'];

export const CURE =
  'Install it with `npm run provision` (Debian as root), or see https://elixir-lang.org/install.html.';

/** A size is a multiple of this: of what rows repeat, such as 10,000 names or 1,000 listeners. */
const ROUND = 10_000;

export interface OtpBenchOptions {
  /** Measurements of each side. */
  readonly pairs: number;
  /** The names of the rows to run; all where it is left out. */
  readonly only?: readonly string[] | undefined;
  /** A share of each row's size, for tries. Default 1 */
  readonly scale?: number;
  readonly tell: (line: string) => void;
}

/** @throws SideFailed when a side does not run; RangeError for an unknown row */
export async function runOtpBench({ pairs, only, scale = 1, tell }: OtpBenchOptions): Promise<Measured[]> {
  for (const name of only ?? []) {
    if (!ROWS.some((row) => row.name === name))
      throw new RangeError(`there is no row '${name}'; there are ${ROWS.map((row) => row.name).join(', ')}`);
  }
  const rows = ROWS.filter((row) => only === undefined || only.includes(row.name));
  const measured: Measured[] = [];
  for (const row of rows) measured.push({ ...row, pairs: await runRow(row, pairs, scale, tell) });
  return measured;
}

async function runRow(row: Row, count: number, scale: number, tell: (line: string) => void): Promise<Pair[]> {
  const size = Math.max(ROUND, Math.round((row.size * scale) / ROUND) * ROUND);
  const ours = genroomSide(row.name, size);
  const peers = new Map(schedulers().map((online) => [schedulerName(online), elixirSide(row.name, size, online)]));
  const sides = [ours, ...peers.values()];
  try {
    // One after the other: a side that warms up measures as well.
    for (const side of sides) await side.ready();
    const pairs: Pair[] = [];
    for (let i = 0; i < count; i++) {
      const figure = await ours.measure();
      const peer: Record<string, number> = {};
      for (const [name, side] of peers) peer[name] = await side.measure();
      pairs.push({ ours: figure, peer });
      tell(
        `${row.title}, pair ${i + 1} of ${count}: ${shown(figure)} to ${Object.values(peer).map(shown).join(' | ')}`,
      );
    }
    return pairs;
  } finally {
    for (const side of sides) side.close();
  }
}

function genroomSide(row: string, size: number): Side {
  return new Side({
    name: 'genroom',
    program: process.execPath,
    args: [...NODE_FLAGS, file('genroom-side.ts'), row, String(size)],
    cure: '',
  });
}

/** One scheduler, and all where there are more. */
function schedulers(): readonly number[] {
  const all = availableParallelism();
  return all > 1 ? [1, all] : [1];
}

function schedulerName(online: number): string {
  return online === 1 ? '1 scheduler' : `${online} schedulers`;
}

function elixirSide(row: string, size: number, online: number): Side {
  const command: SideCommand = {
    name: `Elixir with ${schedulerName(online)}`,
    program: 'elixir',
    args: ['--erl', `+S ${online}:${online}`, file('elixir-side.exs'), row, String(size)],
    cure: CURE,
  };
  return new Side(command);
}

function shown(figure: number): string {
  return figure >= 10_000 ? `${(figure / 1e6).toFixed(2)} M` : figure.toFixed(2);
}

/** The versions of both sides. @throws Error that names the cure where Elixir is missing */
export function versions(): { readonly node: string; readonly elixir: string } {
  return { node: process.version, elixir: elixirVersion() };
}
