/**
 * `genroom loadtest`: drives a room of yours as your script says, and reports latency against the offered rate, how busy
 * the server says its processes were, and whether the generator was well.
 *
 *     npx genroom loadtest --url http://127.0.0.1:2567 --room chat --script my-load.ts
 *
 * Exit codes: 0 all figures can be used, 1 some cannot (each says why), or it could not be run, 2 the command line was
 * not understood.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GenroomError } from '../../platform/errors.ts';
import { heldLine, loadReport, stepLine } from './load-report.ts';
import { exitOnSignals, type LoadRun, runLoad } from './run.ts';

export const LOADTEST_USAGE = `genroom loadtest --url <url> --room <name> --script <file> [--rates 10,50,100]
                        [--seconds <number>] [--out <file.html>] [--json]

  --url      of the server, e.g. http://127.0.0.1:2567
  --room     the room to join
  --script   a file whose default export is a LoadScript: options, messages, pacing, what a good answer is
  --rates    messages a second to try one after the other, instead of the script's
  --seconds  seconds that each of them counts, with --rates (default 10)
  --out      where the report goes (default: loadtest-report.html)
  --json     print the results as JSON`;

/** Runs the command. @returns the exit code @throws Error for a command line that is not understood */
export async function loadtest(args: string[]): Promise<number> {
  const { run, out, json } = parse(args);
  exitOnSignals();
  try {
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const result = await runLoad({
      ...run,
      joined: (clients, held) => say(heldLine(clients, held)),
      progress: (step) => say(stepLine(step)),
    });
    await writeFile(out, loadReport(run, result));
    if (json) console.log(JSON.stringify({ url: run.url, room: run.room, ...result }));
    process.stderr.write(`The report is in ${out}.\n`);
    return result.steps.length > 0 && result.steps.every(({ faults }) => faults.length === 0) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof GenroomError)) throw error;
    console.error(`${error.code}: ${error.message}`);
    return 1;
  }
}

function parse(args: string[]): { run: LoadRun; out: string; json: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      url: { type: 'string' },
      room: { type: 'string' },
      script: { type: 'string' },
      rates: { type: 'string' },
      seconds: { type: 'string', default: '10' },
      out: { type: 'string', default: 'loadtest-report.html' },
      json: { type: 'boolean', default: false },
    },
  });
  const { url, room, script } = values;
  if (!url || !room || !script) throw new Error('--url, --room and --script are needed.');
  if (!/^https?:\/\//.test(url)) throw new Error('--url takes an address such as http://127.0.0.1:2567.');
  if (!existsSync(script)) throw new Error(`--script names ${script}, which is not there.`);
  const seconds = positive('--seconds', values.seconds);
  const steps = values.rates?.split(',').map((rate) => ({ rate: positive('--rates', rate), seconds }));
  return {
    run: { url: url.replace(/\/$/, ''), room, script: resolve(script), ...(steps && { steps }) },
    out: resolve(values.out),
    json: values.json,
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new Error(`${option} takes numbers above 0, and got '${text}'.`);
  return value;
}
