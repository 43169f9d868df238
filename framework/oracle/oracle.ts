/**
 * `npm run oracle`: the rules of part R on Elixir and on genroom, compared line by line.
 *
 * Both programs print, for each rule, its id and what they saw, in one notation. Needs `elixir` (`npm run provision`
 * brings it where it may). Prints each rule on which they differ; the exit code is 1 unless each rule agrees, or differs
 * as written down in `MEANT`, or in `OLDER` where that Elixir is older than the reference, 1.18 on OTP 27. `-- --json`
 * prints one JSON object instead.
 *
 * Invariant: a rule that differs is run again by itself, at most twice: what differs on a busy machine only is timing.
 *
 *     npm run oracle -- --json // {"pass":true,"oracle":"Elixir 1.18.3 / OTP 27","rows":[{"name":"R-01",…,"pass":true},…]}
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { elixirVersion } from '../../tools/provision/elixir-version.ts';
import inventory from '../conformance/inventory.json' with { type: 'json' };

/** What a program prints, by rule; the real one also names itself, under `oracle`. */
export type Seen = ReadonlyMap<string, string>;

export interface OracleRow {
  /** The rule's id. */
  readonly name: string;
  readonly behaviour: string;
  readonly otp: string | undefined;
  readonly genroom: string | undefined;
  /** Why they are meant to differ, where they are. */
  readonly differs?: string;
  readonly pass: boolean;
}

/** Where genroom is meant to differ: what each side shows, and why. */
const MEANT: Readonly<Record<string, { readonly otp: string; readonly genroom: string; readonly why: string }>> = {
  'R-09': { otp: '["thrown",true]', genroom: '["crash",false]', why: 'a throw is a crash, never a return value' },
};

/** Where an Elixir older than the reference shows something else, and genroom what the reference shows. */
const OLDER: typeof MEANT = {
  'R-31': {
    otp: '["bad","alive","bad",["bad"],["bad_return_value",["error","no"]]]',
    genroom: '["bad","alive","bad",[],"no"]',
    why: 'until OTP 25 a starter that traps exits gets an EXIT of a failed start, and init may not return an error',
  },
  'R-33': {
    otp: '["timeout",false]',
    genroom: '["timeout",true]',
    why: 'on OTP 25 the name of a start that took too long is free a moment later',
  },
  'R-47': {
    otp: '["running","already_present","ok",1,false]',
    genroom: '["running","already_present","ok",1,true]',
    why: 'until OTP 25 a taken name is told within the reason of a failed start',
  },
  'R-49': {
    otp: '["shutdown","shutdown","alive","alive","shutdown","alive","ok"]',
    genroom: '["shutdown","shutdown","alive","alive","shutdown","alive","error"]',
    why: 'in Elixir 1.14 a dynamic supervisor takes a significant child',
  },
};

const isOlder = (oracle: string): boolean => {
  const [, minor, otp] = /^Elixir 1\.(\d+).* \/ OTP (\d+)/.exec(oracle) ?? [];
  return Number(minor) < 18 || Number(otp) < 27;
};

const rules = inventory.filter(({ id }) => id.startsWith('R-'));

/** A row for each rule of the inventory. */
export function compare(otp: Seen, genroom: Seen): OracleRow[] {
  const older = isOlder(otp.get('oracle') ?? '');
  return rules.map(({ id, behaviour }) => {
    const seen = { name: id, behaviour, otp: otp.get(id), genroom: genroom.get(id) };
    const meant = MEANT[id] ?? (older && seen.otp !== seen.genroom ? OLDER[id] : undefined);
    if (meant === undefined) return { ...seen, pass: seen.otp !== undefined && seen.otp === seen.genroom };
    return { ...seen, differs: meant.why, pass: seen.otp === meant.otp && seen.genroom === meant.genroom };
  });
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const AGAIN = 2;

function run(command: string, args: readonly string[]): Promise<Map<string, string>> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 120_000 });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.once('error', (error) =>
      reject(
        new Error(`${command} does not run: ${error.message}. \`npm run provision\` installs it on Debian as root.`),
      ),
    );
    child.once('close', (code) => {
      if (code !== 0) return reject(new Error(`${command} ended with code ${code} before all rules had been shown`));
      const lines = output.split('\n').filter(Boolean);
      resolve(new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])));
    });
  });
}

const onElixir = (ids: readonly string[]): Promise<Map<string, string>> =>
  run('elixir', ['-r', file('modules.exs'), file('rules.exs'), ...ids]);
const onGenroom = (ids: readonly string[]): Promise<Map<string, string>> =>
  run(process.execPath, [file('rules.ts'), ...ids]);

async function runBoth(): Promise<{ oracle: string; rows: OracleRow[]; why?: string }> {
  elixirVersion();
  const [otp, genroom] = await Promise.all([onElixir([]), onGenroom([])]);
  for (let i = 0; i < AGAIN; i++) {
    const ids = compare(otp, genroom)
      .filter(({ pass }) => !pass)
      .map(({ name }) => name);
    if (ids.length === 0) break;
    // One after the other, so that neither takes the other's time.
    for (const [id, seen] of await onElixir(ids)) otp.set(id, seen);
    for (const [id, seen] of await onGenroom(ids)) genroom.set(id, seen);
  }
  return { oracle: otp.get('oracle') ?? 'unknown', rows: compare(otp, genroom) };
}

if (import.meta.main) {
  const json = process.argv.includes('--json');
  const { oracle, rows, why } = await runBoth().catch((error: unknown) => ({
    oracle: 'unknown',
    rows: compare(new Map(), new Map()),
    why: error instanceof Error ? error.message : String(error),
  }));
  const different = rows.filter(({ pass }) => !pass);
  const pass = different.length === 0;
  if (json) console.log(JSON.stringify({ pass, oracle, why, rows }));
  else if (why !== undefined) console.log(why);
  else {
    for (const row of different)
      console.log(`${row.name}\n  otp      ${row.otp ?? 'nothing'}\n  genroom  ${row.genroom ?? 'nothing'}`);
    for (const { name, differs } of rows)
      if (differs !== undefined) console.log(`${name} differs as meant: ${differs}`);
    console.log(`${rows.length - different.length} of ${rows.length} rules as ${oracle} shows them`);
  }
  process.exitCode = pass ? 0 : 1;
}
