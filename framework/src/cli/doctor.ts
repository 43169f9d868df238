/**
 * `genroom doctor`: says what the machine has of what genroom runs on.
 *
 *     npx genroom doctor          // findings, each with its cure
 *     npx genroom doctor --fix    // applies the cures that it can: the copy of uWebSockets.js for old glibc
 *     npx genroom doctor --json   // the findings as JSON
 *
 * Exit codes: 0 all is there, 1 something needed is missing, 2 the command line was not understood.
 */
import { parseArgs } from 'node:util';
import { examine, type Finding } from '../platform/doctor.ts';

export const DOCTOR_USAGE = `genroom doctor [--fix] [--json] [--port <number>]

  --fix    apply the cures that this command can
  --json   print the findings as JSON
  --port   the port to look at (default: PORT, or 2567)`;

/** Runs the command. @returns the exit code @throws Error for a command line that is not understood */
export async function doctor(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { fix: { type: 'boolean' }, json: { type: 'boolean' }, port: { type: 'string' } },
  });
  const port = Number(values.port ?? (process.env.PORT || 2567));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('--port (or PORT) takes 1 to 65535.');
  const findings = await examine({ fix: values.fix === true, port });
  console.log(values.json ? JSON.stringify(findings, null, 2) : findings.map(render).join('\n'));
  return findings.some(({ state }) => state === 'missing') ? 1 : 0;
}

function render({ name, state, found, cure }: Finding): string {
  const line = `${state.padEnd(8)}${name.padEnd(18)}${found}`;
  return cure === undefined ? line : `${line}\n${' '.repeat(26)}${cure}`;
}
