/**
 * One run of k6: writes its entry, starts it, reads what the driver says, and puts beside each rate how busy the
 * generator was and what the server said of itself.
 *
 * Invariants: k6 ends with the run, also when that fails or is aborted; nothing is left of the entry.
 *
 *     const { steps } = await runLoad({ url: 'http://127.0.0.1:2567', room: 'chat', script: '/my/script.ts' });
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { GenroomError } from '../../platform/errors.ts';
import { watchCpu } from './cpu.ts';
import type { DriverLine, Held, StepLine } from './driver.ts';
import { faultsOf, type Health, healthOf } from './health.ts';
import { findK6, K6_ENVIRONMENT } from './k6-binary.ts';
import type { LoadStep } from './script.ts';
import { type ServerLoad, watchServer } from './server-load.ts';

export interface LoadRun {
  /** Of the server, `http://host:port`. */
  readonly url: string;
  readonly room: string;
  /** File of a LoadScript as its default export. */
  readonly script: string;
  /** Instead of the script's rates. */
  readonly steps?: readonly LoadStep[];
  /** Seconds before each rate counts. */
  readonly warmup?: number;
  readonly seed?: number;
  readonly pacing?: 'poisson' | 'even';
  /** The server's process, where it runs on this machine. */
  readonly serverPid?: number;
  /** The core that k6 is bound to. Default: none, all are used. */
  readonly core?: number;
  /** Values that the script reads by `__ENV`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told where the server let clients in more slowly than they came. */
  readonly joined?: (clients: number, held: Held) => void;
  /** Told of each rate as it ends. */
  readonly progress?: (step: LoadResult) => void;
  readonly signal?: AbortSignal;
}

/** What one rate came to. */
export interface LoadResult {
  readonly step: StepLine;
  readonly health: Health;
  /** Why the figures cannot be used; empty where they can. */
  readonly faults: readonly string[];
  /** Share of a core that the server used; undefined where it could not be seen. */
  readonly serverCpu: number | undefined;
  /** By behaviour, as the server said. */
  readonly server: readonly ServerLoad[];
}

export interface LoadRunResult {
  readonly steps: readonly LoadResult[];
  /** Why the server's own word is missing, where it is. */
  readonly serverMissing: string | undefined;
}

/** Longest time that k6 may run, whatever the script says. */
const LIMIT_MS = 30 * 60_000;

/** @throws K6Missing, LoadFailed */
export async function runLoad(run: LoadRun): Promise<LoadRunResult> {
  const k6 = findK6();
  const folder = await mkdtemp(join(tmpdir(), 'genroom-load-'));
  const server = watchServer(run.url);
  try {
    const entry = join(folder, 'entry.js');
    await writeFile(entry, entryText(run));
    const steps = await runK6(k6, entry, run, (step, cpu, serverCpu) => {
      const health = healthOf(step, cpu);
      const result: LoadResult = {
        step,
        health,
        faults: faultsOf(step, health, run.pacing),
        serverCpu,
        server: server.between(step.from, step.until),
      };
      run.progress?.(result);
      return result;
    });
    return { steps, serverMissing: server.missing };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Has a signal end this process by way of its `exit`, so that nothing that it started is left behind. */
export function exitOnSignals(): void {
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.once(signal, () => process.exit(128 + number));
  }
}

export class LoadFailed extends GenroomError {
  constructor(why: string, remedy: string) {
    super('load_failed', `The load test could not be run: ${why}`, { remedy });
  }
}

/** k6 resolves no packages: all is named by its file. */
function entryText({ url, room, script, steps, warmup, seed }: LoadRun): string {
  const own = (name: string): string => {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    return JSON.stringify(new URL(`./${name}.${extension}`, import.meta.url).href);
  };
  // The sources beside the build for Node; index.js has syntax that k6 does not know.
  const packr = join(createRequire(import.meta.url).resolve('msgpackr'), '../../pack.js');
  return `import { Packr } from ${JSON.stringify(pathToFileURL(packr).href)};
import { drive } from ${own('driver')};
import script from ${JSON.stringify(pathToFileURL(script).href)};
export const options = {
  scenarios: { load: { executor: 'per-vu-iterations', vus: 1, iterations: 1, maxDuration: '${LIMIT_MS / 1000}s' } },
};
export default () => drive({
  ...${JSON.stringify({ url: url.replace(/\/$/, ''), room, steps, warmup, seed })},
  script,
  packr: new Packr({ useRecords: false }),
});
`;
}

async function runK6(
  k6: string,
  entry: string,
  { core, env, serverPid, signal, joined }: LoadRun,
  finish: (step: StepLine, cpu: number | undefined, serverCpu: number | undefined) => LoadResult,
): Promise<LoadResult[]> {
  const args = ['run', '--quiet', '--summary-mode=disabled', '--log-format=raw', '--address', '', entry];
  const pinned = core === undefined ? [k6, ...args] : ['taskset', '-c', String(core), k6, ...args];
  const child = spawn(pinned[0]!, pinned.slice(1), {
    env: { ...process.env, ...env, ...K6_ENVIRONMENT, ...(core !== undefined && { GOMAXPROCS: '1', GOGC: '400' }) },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LIMIT_MS,
    ...(signal && { signal }),
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve(null));
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const cpu = watchCpu(child.pid ?? 0);
  const serverCpu = serverPid === undefined ? undefined : watchCpu(serverPid);
  const results: LoadResult[] = [];
  const said: string[] = [];
  let failed: string | undefined;
  try {
    for await (const text of createInterface({ input: child.stderr })) {
      const line = parseLine(text);
      if (line?.kind === 'step') {
        results.push(finish(line, cpu.busy(line.from, line.until), serverCpu?.busy(line.from, line.until)));
      } else if (line?.kind === 'joined') {
        if (line.held.times > 0) joined?.(line.clients, line.held);
      } else if (line?.kind === 'failed') failed = line.why;
      else if (!line && text.trim() !== '') said.push(text);
    }
    const code = await ended;
    signal?.throwIfAborted();
    if (failed !== undefined)
      throw new LoadFailed(failed, 'See the log of the server; is the room there, and the URL right?');
    if (code !== 0)
      throw new LoadFailed(`k6 ended with ${code}: ${said.slice(-5).join(' ')}`, 'See what k6 says of the script.');
    return results;
  } finally {
    cpu.close();
    serverCpu?.close();
    process.off('exit', end);
    if (child.exitCode === null) end();
  }
}

function parseLine(text: string): DriverLine | undefined {
  if (!text.startsWith('{"kind":')) return undefined;
  try {
    return JSON.parse(text) as DriverLine;
  } catch {
    return undefined;
  }
}
