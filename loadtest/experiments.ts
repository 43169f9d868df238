/**
 * The experiments: which rates are offered to what, one after the other, against a server of our own on a core of its
 * own.
 *
 * Invariants: the server ends with the run; rates are shares of what one process can do, by its service time as the
 * server measured it just before.
 *
 *     const summary = await runExperiments({ quick: false, progress: console.error });
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findK6, type LoadResult, type LoadStep, runLoad } from 'genroom/loadtest';
import { type Point, summarise, type Summary, type Sweep } from './summary.ts';

interface Stint {
  /** Share of what the shards can do together. */
  readonly rho: number;
  readonly seconds: number;
}

interface Plan {
  readonly ceiling: readonly LoadStep[];
  readonly calibrate: number;
  readonly bank: readonly { readonly shards: number; readonly stints: readonly Stint[] }[];
  readonly chat: { readonly shards: readonly number[]; readonly calibrate: number; readonly seconds: number };
  readonly warmup: number;
}

const stints = (...pairs: readonly (readonly [rho: number, seconds: number])[]): Stint[] =>
  pairs.map(([rho, seconds]) => ({ rho, seconds }));

/** About seven minutes; most of it where the queue is long, since what waits is correlated over many messages. */
const FULL: Plan = {
  ceiling: [100, 500, 1000, 1500, 2000, 3000].map((rate) => ({ rate, seconds: rate === 100 ? 6 : 3 })),
  calibrate: 5,
  bank: [
    {
      shards: 1,
      stints: stints([0.1, 6], [0.3, 8], [0.5, 22], [0.7, 22], [0.8, 16], [0.85, 32], [0.9, 20], [0.95, 16], [1.2, 8]),
    },
    { shards: 2, stints: stints([0.5, 5], [0.8, 10], [0.85, 12], [0.9, 12]) },
    { shards: 4, stints: stints([0.5, 6], [0.7, 6], [0.8, 12], [0.85, 16], [0.9, 14], [0.95, 12]) },
    { shards: 8, stints: stints([0.5, 5], [0.8, 8], [0.85, 8], [0.9, 8]) },
  ],
  chat: { shards: [1, 4], calibrate: 3, seconds: 8 },
  warmup: 1.5,
};

/** Below a minute: whether all of it works. */
const QUICK: Plan = {
  ceiling: [100, 300].map((rate) => ({ rate, seconds: 2 })),
  calibrate: 3,
  bank: [
    { shards: 1, stints: stints([0.3, 3], [1.2, 3]) },
    { shards: 4, stints: stints([0.5, 3]) },
  ],
  chat: { shards: [1, 2], calibrate: 2, seconds: 3 },
  warmup: 1,
};

/** Beyond saturation, so that what is answered is all that can be; not far, so that nobody's queue overflows. */
const CHAT_RHO = 1.2;

interface Options {
  readonly quick: boolean;
  readonly progress: (line: string) => void;
}

/** @throws K6Missing, LoadFailed */
export async function runExperiments({ quick, progress }: Options): Promise<Summary> {
  const began = Date.now();
  const k6 = findK6();
  const plan = quick ? QUICK : FULL;
  const pinned = canPin();
  if (!pinned)
    progress('taskset or a second core is missing: server and generator share their cores, and figures suffer');
  const server = await startServer(pinned);
  const run = async (
    title: string,
    room: string,
    steps: readonly LoadStep[],
    behaviour: string,
    shards: number,
  ): Promise<Sweep> => {
    progress(
      `${title}: ${steps.length} rates, ${steps.reduce((sum, { seconds }) => sum + seconds + plan.warmup, 0).toFixed(0)} s`,
    );
    const points: Point[] = [];
    await runLoad({
      url: server.url,
      room,
      script: join(import.meta.dirname, `scripts/${room}.ts`),
      steps,
      warmup: plan.warmup,
      serverPid: server.pid,
      ...(pinned && { core: 1 }),
      env: { SHARDS: String(shards) },
      seed: shards,
      progress: (result: LoadResult) => {
        const point = summarise(result, behaviour, shards);
        points.push(point);
        progress(`  ${pointLine(point)}`);
      },
    });
    return { shards, behaviour, points };
  };
  try {
    const ceiling = await run('E0 the generator, against an echo', 'echo', plan.ceiling, 'genServer room', 1);
    const pilot = await run(
      'E1 pilot: the service time',
      'bank',
      [{ rate: 100, seconds: plan.calibrate }],
      'genServer teller-of-1',
      1,
    );
    const service = pilot.points[0]!.service || 5;
    const bank: Sweep[] = [];
    for (const { shards, stints: wanted } of plan.bank) {
      const title = shards === 1 ? 'E1 one bank process' : `E2 ${shards} shards`;
      const steps = wanted.map(({ rho, seconds }) => ({ rate: (rho * shards * 1000) / service, seconds }));
      bank.push(await run(title, 'bank', steps, `genServer teller-of-${shards}`, shards));
    }
    const chat: Sweep[] = [];
    const posts = await chatRate(run, plan.chat);
    for (const shards of plan.chat.shards) {
      const title = `E3 a chat that computes, ${shards} room${shards > 1 ? 's' : ''}`;
      chat.push(await run(title, 'chat', [{ rate: posts, seconds: plan.chat.seconds }], 'genServer room', shards));
    }
    const version = spawnSync(k6, ['version'], { encoding: 'utf8' }).stdout.trim();
    return {
      version: 1,
      quick,
      startedAt: new Date(began).toISOString(),
      seconds: Math.round((Date.now() - began) / 1000),
      machine: {
        cpus: cpus().length,
        model: cpus()[0]?.model ?? 'unknown',
        node: process.version,
        k6: version,
        pinned,
      },
      ceiling,
      bank,
      chat,
    };
  } finally {
    await server.stop();
  }
}

type Run = (
  title: string,
  room: string,
  steps: readonly LoadStep[],
  behaviour: string,
  shards: number,
) => Promise<Sweep>;

/** A rate that the chat cannot carry: what it answers at the most the room's own cost allows, and a part more. */
async function chatRate(run: Run, { calibrate }: Plan['chat']): Promise<number> {
  const alone = await run(
    'E3 pilot: the cost of a post',
    'chat',
    [{ rate: 40, seconds: calibrate }],
    'genServer room',
    1,
  );
  const most = 1000 / (alone.points[0]!.service || 3);
  const full = await run('E3 pilot: what one room carries', 'chat', [{ rate: most, seconds: 2 }], 'genServer room', 1);
  return CHAT_RHO * full.points[0]!.answeredRate;
}

function pointLine({ rate, answeredRate, p50, p99, mean, theory, serverCpu, faults }: Point): string {
  const said = theory === null ? '' : `, theory ${theory.toFixed(1)}`;
  const core = serverCpu === null ? '' : `, server core ${Math.round(serverCpu * 100)} %`;
  const wrong = faults.length > 0 ? `  NOT USED: ${faults.join('; ')}` : '';
  return `${rate.toFixed(0)}/s offered, ${answeredRate.toFixed(0)}/s answered, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, mean ${mean.toFixed(1)}${said}${core}${wrong}`;
}

function canPin(): boolean {
  return cpus().length > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;
}

async function startServer(pinned: boolean): Promise<{ url: string; pid: number; stop: () => Promise<void> }> {
  const tools = join(import.meta.dirname, '../tools');
  const command = [process.execPath, '--import', join(tools, 'workspace.ts'), join(import.meta.dirname, 'server.ts')];
  const [program, ...args] = pinned ? ['taskset', '-c', '0', ...command] : command;
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const stop = async (): Promise<void> => {
    process.off('exit', end);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const hard = setTimeout(end, 15_000);
    child.kill('SIGTERM');
    await once(child, 'exit');
    clearTimeout(hard);
  };
  const lines = createInterface({ input: child.stdout });
  const url = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server under load ended with ${String(code)}`))),
  ]);
  return { url, pid: child.pid!, stop };
}
