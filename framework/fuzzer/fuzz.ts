/**
 * `npm run fuzz`: small random programs on Elixir and on genroom; what their processes observe must be the same.
 *
 * What is compared, and up to which orders, is said in trace.ts; what programs are made of, in program.ts and
 * generate.ts. Needs `elixir` (`npm run provision` brings it where it may).
 *
 *     npm run fuzz -- --programs 1000 --seed 2
 *     npm run fuzz -- --only 42    // program 42: the program, both traces
 *     npm run fuzz -- --faults     // puts each fault of faults.ts into genroom: each must be found
 *     npm run fuzz -- --json       // one JSON object: {"pass":true,"oracle":"Elixir 1.18.3 / OTP 27","rows":[…],…}
 */
import { parseArgs } from 'node:util';
import { faulty } from './apply-fault.ts';
import { CONSTRUCTS, count, endings } from './constructs.ts';
import { elixirTraces, type Expected, onElixir } from './elixir.ts';
import { FAULTS } from './faults.ts';
import { generate } from './generate.ts';
import { type Divergence, runOnGenroom } from './run.ts';

interface Row {
  readonly name: string;
  readonly ours: number | string;
  readonly goal: number | string;
  readonly unit: string;
  readonly pass: boolean;
}

/** Programs whose outcome on Elixir hangs on the machine are no more than one in this many. */
const UNSTABLE_OF = 500;
/** Divergences that are shown in full. */
const SHOWN = 10;

const { values: options } = parseArgs({
  options: {
    programs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    faults: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(options.seed);
const programs = Number(options.programs);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function show({ program, otp, genroom }: Divergence): void {
  say(`program ${program} (npm run fuzz -- --seed ${seed} --only ${program})`);
  for (const line of otp) say(`  otp      ${line}`);
  for (const line of genroom) say(`  genroom  ${line}`);
}

async function only(number: number): Promise<void> {
  const { runProgram } = await import('./interpreter.ts');
  const { canonical, difference } = await import('./trace.ts');
  const program = generate(seed, number);
  say(JSON.stringify(program.roots));
  program.steps.forEach((step, index) => say(`${index + 1} ${JSON.stringify(step)}`));
  const otp = (await onElixir(seed, [number], 0)).get(number)!;
  const genroom = canonical(await runProgram(program));
  say(otp);
  const pass = otp === genroom;
  say(pass ? 'The same on both.' : '');
  if (!pass) show({ program: number, ...difference(otp, genroom) });
  process.exitCode = pass ? 0 : 1;
}

async function divergenceRows({ unstable, file }: Expected): Promise<Row[]> {
  const divergences = await runOnGenroom({ seed, programs, file, unstable });
  divergences.slice(0, SHOWN).forEach(show);
  const bound = Math.max(1, Math.floor(programs / UNSTABLE_OF));
  return [
    {
      name: 'programs that diverge',
      ours: divergences.length,
      goal: 0,
      unit: 'programs',
      pass: divergences.length === 0,
    },
    {
      name: 'programs whose outcome on Elixir is not stable',
      ours: unstable.length,
      goal: `<= ${bound}`,
      unit: 'programs',
      pass: unstable.length <= bound,
    },
  ];
}

async function faultRows({ unstable, file }: Expected): Promise<Row[]> {
  // One that cannot be applied would look like one that is found.
  FAULTS.forEach(faulty);
  const rows: Row[] = [];
  for (const fault of FAULTS) {
    const [found] = await runOnGenroom({ seed, programs, file, unstable, fault, first: true });
    say(`${fault.name}: ${found ? `found at program ${found.program}` : 'NOT FOUND'}`);
    rows.push({
      name: `fault found: ${fault.name}`,
      ours: found?.program ?? 'not found',
      goal: `< ${programs}`,
      unit: 'program',
      pass: found !== undefined,
    });
  }
  return rows;
}

async function all(): Promise<void> {
  say(`${programs} programs of seed ${seed} on Elixir`);
  const expected = await elixirTraces(seed, programs);
  say(`${expected.oracle} has shown them; ${programs} programs of seed ${seed} on genroom`);
  const rows = await divergenceRows(expected);
  if (options.faults) rows.push(...(await faultRows(expected)));
  const constructs = count(Array.from({ length: programs }, (_, number) => generate(seed, number)));
  const missing = CONSTRUCTS.filter((name) => constructs.get(name) === 0);
  rows.push({
    name: 'constructs that never occur',
    ours: missing.length === 0 ? 0 : missing.join(', '),
    goal: 0,
    unit: 'constructs',
    pass: missing.length === 0,
  });
  const ends = endings(expected.traces);
  const pass = rows.every((row) => row.pass);
  if (options.json) {
    const report = {
      pass,
      oracle: expected.oracle,
      seed,
      programs,
      rows,
      constructs: Object.fromEntries(constructs),
      endings: Object.fromEntries(ends),
    };
    console.log(JSON.stringify(report));
  } else {
    for (const [name, times] of constructs) console.log(`${String(times).padStart(8)}  ${name}`);
    console.log('\nHow processes ended:');
    for (const [name, times] of ends) console.log(`${String(times).padStart(8)}  ${name}`);
    console.log('');
    for (const { name, ours, goal, pass } of rows)
      console.log(`${pass ? 'pass' : 'FAIL'}  ${name}: ${ours} (goal ${goal})`);
  }
  process.exitCode = pass ? 0 : 1;
}

try {
  await (options.only === undefined ? all() : only(Number(options.only)));
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  if (options.json) console.log(JSON.stringify({ pass: false, why, rows: [] }));
  else say(why);
  process.exitCode = 1;
}
