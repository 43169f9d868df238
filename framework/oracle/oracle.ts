/**
 * `npm run oracle`: the rules of part R on Elixir and on genroom, compared line by line.
 *
 * Both programs print, for each rule, its id and what they saw, in one notation. Needs `elixir` (Debian: the package
 * elixir). Prints each line on which they differ; the exit code is 1 unless all agree.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What a program prints, by rule. */
function run(command: string, args: readonly string[]): Promise<Map<string, string>> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 120_000 });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.once('error', (error) =>
      reject(new Error(`${command} does not run: ${error.message}. Install it and try again.`)),
    );
    child.once('close', () => {
      const lines = output.split('\n').filter(Boolean);
      resolve(new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])));
    });
  });
}

const [otp, genroom] = await Promise.all([
  run('elixir', ['-r', file('modules.exs'), file('rules.exs')]),
  run(process.execPath, [file('rules.ts')]),
]);
const rules = [...new Set([...otp.keys(), ...genroom.keys()])];
const different = rules.filter((rule) => otp.get(rule) !== genroom.get(rule));
for (const rule of different)
  console.log(`${rule}\n  otp      ${otp.get(rule) ?? 'nothing'}\n  genroom  ${genroom.get(rule) ?? 'nothing'}`);
console.log(`${rules.length - different.length} of ${rules.length} rules agree`);
process.exitCode = rules.length > 0 && different.length === 0 ? 0 : 1;
