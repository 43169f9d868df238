#!/usr/bin/env node
/**
 * The `genroom` command.
 *
 *     npx genroom doctor                                                    // what the machine has of what genroom runs on
 *     npx genroom loadtest --url http://… --room chat --script my-load.ts   // how much a room carries
 *
 * Exit codes: 0 all is well, 1 it is not, 2 the command line was not understood.
 */
import { doctor, DOCTOR_USAGE } from './doctor.ts';
import { loadtest, LOADTEST_USAGE } from './loadtest/command.ts';

const USAGE = `Usage: ${DOCTOR_USAGE}\n\n       ${LOADTEST_USAGE}`;
const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number>>> = { doctor, loadtest };

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (!command) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await command(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = 2;
  }
}
