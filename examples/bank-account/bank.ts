/**
 * The bank's command line. Commands go to a running server; `repl` and `demo` run a bank in this process.
 *
 *     node bank.ts open 7
 *     node bank.ts deposit 7 100
 *     node bank.ts transfer 7 8 12.50 --request invoice-17
 *     node bank.ts repl
 *     node bank.ts demo
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { GenroomError } from 'genroom/otp';
import { openBank } from './branch.ts';
import { type Bank, runCommand, usage } from './commands.ts';
import { demo } from './demo.ts';
import { connect } from './remote-teller.ts';
import * as teller from './teller.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // An amount may begin with a dash, and is then refused by name.
  args: process.argv.slice(2).map((word) => (/^-\d/.test(word) ? ` ${word}` : word)),
  options: {
    url: { type: 'string', default: process.env['BANK_URL'] ?? 'http://127.0.0.1:2568' },
    request: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const words = positionals.map((word) => word.trim());

const HELP = `node bank.ts <command> [--url ${values.url}] [--request <id>]

${usage()}
  repl                           a bank in this process; one command a line
  demo                           shows what crashes leave of a bank: nothing is lost, nothing is done twice`;

/** One command a line, from a person or a pipe. */
async function repl(bank: Bank): Promise<void> {
  const person = Boolean(process.stdin.isTTY);
  const lines = createInterface({ input: process.stdin, output: person ? process.stdout : undefined, prompt: '> ' });
  if (person) console.log(`${usage()}\n  exit`);
  if (person) lines.prompt();
  for await (const line of lines) {
    const words = line.trim().split(/\s+/);
    if (words[0] === 'exit') break;
    if (words[0] !== '') await printed(() => runCommand(bank, words));
    if (person) lines.prompt();
  }
  lines.close();
}

/** Prints what `work` gives; a refusal goes to stderr. Returns whether it was none. */
async function printed(work: () => Promise<string>): Promise<boolean> {
  try {
    console.log(await work());
    return true;
  } catch (error) {
    if (!(error instanceof GenroomError)) throw error;
    console.error(`${error.code}: ${error.message}`);
    return false;
  }
}

async function withServer(): Promise<void> {
  let bank;
  try {
    bank = await connect(values.url);
  } catch (error) {
    console.error(`There is no bank at ${values.url} (${error instanceof Error ? error.message : String(error)}).`);
    console.error('Start one with `npm start -w examples/bank-account`, or name another one with --url.');
    process.exitCode = 1;
    return;
  }
  const done = await printed(() => runCommand(bank, words, { request: values.request }));
  await bank.close();
  if (!done) process.exitCode = 1;
}

if (values.help || words.length === 0) {
  console.log(HELP);
} else if (words[0] === 'repl' || words[0] === 'demo') {
  const bank = await openBank();
  await (words[0] === 'repl' ? repl(teller) : demo(teller, console.log));
  await bank.close();
} else {
  await withServer();
}
