#!/usr/bin/env node
/**
 * The `genroom` command. Today it has one: `genroom doctor`, which says what the machine has of what genroom runs on.
 *
 *     npx genroom doctor          // findings, each with its cure
 *     npx genroom doctor --fix    // applies the cures that it can: the copy of uWebSockets.js for old glibc
 *     npx genroom doctor --json   // the findings as JSON
 *
 * Exit codes: 0 all is there, 1 something needed is missing, 2 the command line was not understood.
 */
import { parseArgs } from 'node:util';
import { examine, type Finding } from '../platform/doctor.ts';

const USAGE = `Usage: genroom doctor [--fix] [--json] [--port <number>]

  --fix    apply the cures that this command can
  --json   print the findings as JSON
  --port   the port to look at (default: PORT, or 2567)`;

interface Command {
  readonly fix: boolean;
  readonly json: boolean;
  readonly port: number;
}

function parse(args: string[]): Command | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { fix: { type: 'boolean' }, json: { type: 'boolean' }, port: { type: 'string' } },
    });
    const port = Number(values.port ?? (process.env.PORT || 2567));
    if (positionals.join(' ') !== 'doctor') return USAGE;
    if (!Number.isInteger(port) || port < 1 || port > 65_535) return `--port (or PORT) takes 1 to 65535.\n\n${USAGE}`;
    return { fix: values.fix === true, json: values.json === true, port };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`;
  }
}

function render({ name, state, found, cure }: Finding): string {
  const line = `${state.padEnd(8)}${name.padEnd(18)}${found}`;
  return cure === undefined ? line : `${line}\n${' '.repeat(26)}${cure}`;
}

const command = parse(process.argv.slice(2));
if (typeof command === 'string') {
  console.error(command);
  process.exitCode = 2;
} else {
  const findings = await examine(command);
  console.log(command.json ? JSON.stringify(findings, null, 2) : findings.map(render).join('\n'));
  process.exitCode = findings.some(({ state }) => state === 'missing') ? 1 : 0;
}
