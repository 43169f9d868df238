/**
 * `npm run bench -- otp`: how fast genroom is, beside what else does the same, in one command.
 *
 *     npm run bench -- otp                            // a table, and whether every row reaches its goal
 *     npm run bench -- otp --json                     // one JSON object on stdout: {pass, rows: [{name, ours, peer, ratio, …}]}
 *     npm run bench -- otp --pairs 9 --only stop      // one row, longer; --only again, or a comma, for more
 *
 * Progress goes to stderr. The exit code is 1 if a row misses its goal.
 */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { type BenchVerdict, judge } from './judge.ts';
import { NODE_FLAGS, runOtpBench, versions } from './otp/otp.ts';
import { table } from './table.ts';

const USAGE = 'usage: npm run bench -- otp [--json] [--pairs N] [--only row[,row] …] [--scale share]';
const PAIRS = 5;

export interface BenchReport extends BenchVerdict {
  readonly bench: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number };
  readonly nodeFlags: readonly string[];
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      pairs: { type: 'string', default: String(PAIRS) },
      only: { type: 'string', multiple: true },
      scale: { type: 'string', default: '1' },
    },
  });
  const pairs = Number(values.pairs);
  const scale = Number(values.scale);
  if (positionals.join(' ') !== 'otp' || !Number.isInteger(pairs) || pairs < 1 || !(scale > 0)) throw new Error(USAGE);
  const found = versions();
  const rows = await runOtpBench({
    pairs,
    scale,
    only: values.only?.flatMap((names) => names.split(',')),
    tell: (line) => console.error(line),
  });
  const report: BenchReport = {
    bench: 'otp',
    ...judge(rows),
    versions: found,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    nodeFlags: NODE_FLAGS,
  };
  console.log(values.json ? JSON.stringify(report) : table(report));
  return report.pass ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
