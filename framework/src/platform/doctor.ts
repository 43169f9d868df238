/**
 * What a machine has of what genroom runs on, what is missing, and the cure of each: the findings of `genroom doctor`.
 *
 * Invariants: looking changes nothing; only `fix` writes, and only the cured copy of uWebSockets.js into its cache
 * (see glibc-cure.ts). A finding is plain data. `missing` means that genroom does not run as it should.
 *
 *     const findings = await examine({ port: 2567, fix: false })
 *     findings.filter(({ state }) => state === 'missing') // what the exit code 1 of `genroom doctor` is for
 */
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { cureMode } from './glibc-cure.ts';
import { type Machine, machine } from './machine.ts';
import { type LoadedUws, loadUwsAs } from './uws.ts';

/** `note`: works, but there is something to know. */
export type FindingState = 'ok' | 'note' | 'missing';

export interface Finding {
  /** Stable name: `node`, `libc`, `uwebsockets`, `ws`, `msgpackr-extract`, `port`. */
  readonly name: string;
  readonly state: FindingState;
  /** What was found, a sentence. */
  readonly found: string;
  /** What to do about it, a sentence; absent where nothing is to be done. */
  readonly cure?: string;
}

/** `port` in 1–65535: the one that the server is to listen on. `fix`: apply the cures that this program can. */
export interface Examination {
  readonly port: number;
  readonly fix: boolean;
}

/** The oldest Node that runs TypeScript without a flag. */
const OLDEST_NODE = [22, 18] as const;

/** Examines this machine, in the order in which a reader mends things. */
export async function examine({ port, fix }: Examination): Promise<Finding[]> {
  const on = machine();
  const mode = cureMode();
  const uws = loadUwsAs(fix && mode !== 'off' ? 'on' : mode);
  const ws = canResolve('ws');
  return [
    node(on),
    libc(on),
    uwebsockets(uws),
    fallback(uws, ws),
    msgpackrExtract(canResolve('msgpackr-extract')),
    await portFinding(port),
  ];
}

function node(on: Machine): Finding {
  const [major = 0, minor = 0] = on.node.split('.').map(Number);
  const found = `Node ${on.node} (module version ${on.modules}) on ${on.platform} ${on.arch}.`;
  const old = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return old
    ? { name: 'node', state: 'missing', found, cure: 'Use Node 24: `npm install --save-dev node@24` suffices.' }
    : { name: 'node', state: 'ok', found };
}

function libc(on: Machine): Finding {
  if (on.libc.name === 'none') return { name: 'libc', state: 'ok', found: `${on.platform} needs no glibc.` };
  if (on.libc.name === 'musl') return { name: 'libc', state: 'note', found: 'The C library is musl, not glibc.' };
  return { name: 'libc', state: 'ok', found: `glibc ${on.libc.version}.` };
}

function uwebsockets(uws: LoadedUws): Finding {
  const name = 'uwebsockets';
  if (uws.ok) return { name, state: 'ok', found: uws.what };
  return { name, state: 'missing', found: uws.cause, cure: uws.remedy };
}

function fallback(uws: LoadedUws, ws: boolean): Finding {
  if (!ws) {
    return { name: 'ws', state: 'missing', found: 'The package ws is not installed.', cure: 'Run `npm install`.' };
  }
  return uws.ok
    ? { name: 'ws', state: 'ok', found: 'The fallback transport on ws is there, and not in use.' }
    : { name: 'ws', state: 'note', found: 'Servers use the fallback transport on ws, which carries less.' };
}

function msgpackrExtract(present: boolean): Finding {
  const name = 'msgpackr-extract';
  return present
    ? { name, state: 'ok', found: 'The optional msgpackr-extract is installed.' }
    : { name, state: 'note', found: 'The optional msgpackr-extract is absent; strings decode in JavaScript.' };
}

function canResolve(name: string): boolean {
  const require = createRequire(import.meta.url);
  // msgpackr-extract is a dependency of msgpackr, which need not be hoisted.
  const folders = [import.meta.dirname, resolved(require, 'msgpackr')].filter((folder) => folder !== undefined);
  return folders.some((folder) => resolved(require, name, folder) !== undefined);
}

function resolved(require: NodeJS.Require, name: string, from?: string): string | undefined {
  try {
    return require.resolve(name, from === undefined ? undefined : { paths: [from] });
  } catch {
    return undefined;
  }
}

function portFinding(port: number): Promise<Finding> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${error.code})`;
      const cure = 'End that program, or set PORT to a free one.';
      resolve({ name: 'port', state: 'note', found: `Port ${port} ${why}.`, cure });
    });
    probe.listen({ port, exclusive: true }, () => {
      probe.close(() => resolve({ name: 'port', state: 'ok', found: `Port ${port} is free.` }));
    });
  });
}
