/**
 * `npm run loadtest`: runs the experiments, judges them, and writes what they came to.
 *
 *     npm run loadtest               // about seven minutes; results in loadtest/results, the pictures of the docs in docs/images
 *     npm run loadtest -- --quick    // below a minute: whether all of it works
 *     npm run loadtest -- --json     // one JSON object on stdout
 *
 * Progress goes to stderr. Exit codes: 0 passed, 1 refused, 2 could not be run.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GenroomError } from 'genroom';
import { exitOnSignals } from 'genroom/loadtest';
import { runExperiments } from './experiments.ts';
import { judge, THRESHOLDS } from './judge.ts';
import { capacity, hockeyStick, means, report } from './report.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
  },
});

exitOnSignals();
try {
  const summary = await runExperiments({ quick: values.quick, progress: (line) => process.stderr.write(`${line}\n`) });
  const judgement = judge(summary);
  const result = { ...judgement, thresholds: THRESHOLDS, ...summary };
  await mkdir(values.out, { recursive: true });
  await writeFile(join(values.out, 'results.json'), `${JSON.stringify(result, null, 1)}\n`);
  await writeFile(join(values.out, 'report.html'), report(summary, judgement));
  // Pictures of a refused run would be shown as if it were true.
  if (judgement.pass && !values.quick) {
    const images = join(import.meta.dirname, '../docs/images');
    await writeFile(join(images, 'hockey-stick.svg'), hockeyStick(summary));
    await writeFile(join(images, 'one-process.svg'), means(summary));
    await writeFile(join(images, 'no-gain.svg'), capacity(summary));
  }
  for (const { name, pass, found, wanted } of judgement.rows) {
    process.stderr.write(`${pass ? 'ok     ' : 'REFUSED'} ${name}: ${found} (wanted: ${wanted})\n`);
  }
  process.stderr.write(
    `${judgement.pass ? 'passed' : 'refused'} after ${summary.seconds} s; see ${join(values.out, 'report.html')}\n`,
  );
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = judgement.pass ? 0 : 1;
} catch (error) {
  if (!(error instanceof GenroomError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  if (values.json)
    process.stdout.write(`${JSON.stringify({ pass: false, error: { code: error.code, message: error.message } })}\n`);
  process.exitCode = 2;
}
