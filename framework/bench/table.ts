/** A bench's report as a Markdown table: for the terminal, and for docs/benchmarks.md as it is. Pure. */
import type { BenchReport } from './bench.ts';
import type { RowVerdict } from './judge.ts';

export function table({ rows, pass, versions, machine, nodeFlags }: BenchReport): string {
  return [
    '| row | genroom | BEAM | ratio | goal | unit | BEAM’s better one |',
    '| --- | ---: | ---: | ---: | ---: | --- | --- |',
    ...rows.map(line),
    '',
    `${Object.values(versions).join('; ')}; Node flags: ${nodeFlags.join(' ') || 'none'}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB`,
    pass
      ? 'Every row reaches its goal.'
      : `Missed: ${rows
          .filter((row) => !row.pass)
          .map((row) => row.title)
          .join('; ')}`,
  ].join('\n');
}

function line({ title, ours, peer, ratio, goal, goalOf, unit, best, pass }: RowVerdict): string {
  const wanted = goalOf === 'ratio' ? `≥ ${goal} ×` : `≤ ${goal}`;
  const ways = Object.entries(best).map(([way, times]) => `${way} (${times})`);
  return `| ${title} | ${figure(ours)} | ${figure(peer)} | ${ratio.toFixed(1)}${pass ? '' : ' (missed)'} | ${wanted} | ${unit} | ${ways.join(', ')} |`;
}

function figure(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
