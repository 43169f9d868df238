/**
 * The cure of uWebSockets.js for glibc 2.36 and 2.37: keeps a rewritten copy of its binary in a cache folder.
 *
 * Invariants: the binary in node_modules is read and never written. Only binaries whose SHA-256 is listed here are
 * rewritten, and a copy is handed out only if its own SHA-256 is the one listed for it: a damaged or foreign file in
 * the cache is not loaded. The copy is put in place by a rename, so that processes that start at once see no half of it.
 *
 *     const cure = cureUws(binary, 'on')   // the environment variable GENROOM_GLIBC_CURE: on, off or unset
 *     if (cure.state === 'cured') load(cure.path)
 *
 * Systems older than glibc 2.36 (Ubuntu 22.04, RHEL 9, Amazon Linux 2023) lack more than the rewrite gives: arc4random.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { rewriteIsoC23 } from './glibc-rewrite.ts';
import { type Machine, olderGlibc } from './machine.ts';

/** SHA-256 of the original → of its rewritten copy. uWebSockets.js 20.57.0 for x86-64, by Node's module version. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  // 115 (Node 20)
  [
    '5b126ee00bf754b02e97e4c27090365a8562c5820c93f93918ac2212d4503e91',
    'd1156432c696075e653325e7d7a784796db200923221e1e4a36293d15d724e32',
  ],
  // 127 (Node 22)
  [
    '4b55b1f2cb7a7913febbb65a89496412b96af77e838552980092ba6b33723aac',
    'f1608f301188933e79a50cf7d219a30ee83814aaba5e400e37c10eb9be7958db',
  ],
  // 137 (Node 24)
  [
    '98128405dba2fb608448e921a979530f70c946a2cc9889c15f2fa70c2d00ab05',
    '337e7312c83b0df8accbe2446055c1e663ef14824712a055dfb8c34852cd8d69',
  ],
  // 141 (Node 25)
  [
    '813d788b347c6fd76b779d8932311ec05a044e612b4b83af220f16e6ea789683',
    '66513ca63ef5fe6c0534f58cee955fcb272d49194dda12a806c2c1ccfb9b636d',
  ],
]);

/** The variables that are read; process.env is one. */
type Environment = Readonly<Record<string, string | undefined>>;

/** `on`: make the copy where it is needed; `found`: use one that was made before, make none; `off`: neither. */
export type CureMode = 'on' | 'found' | 'off';

/** What became of the cure; `what` is a sentence for people. */
export type Cure =
  | { readonly state: 'cured'; readonly path: string; readonly made: boolean; readonly what: string }
  | { readonly state: 'possible' | 'impossible' | 'off'; readonly what: string };

/** Reads GENROOM_GLIBC_CURE: `on`, `off`, or nothing, which is `found`. Any other value counts as `off`. */
export function cureMode(environment: Environment = process.env): CureMode {
  const value = environment.GENROOM_GLIBC_CURE;
  if (value === undefined || value === '') return 'found';
  return value === 'on' ? 'on' : 'off';
}

/** Whether a machine is one that the cure is for: glibc 2.36 or 2.37 on x86-64. */
export function curable(on: Machine): boolean {
  return (
    on.platform === 'linux' &&
    on.arch === 'x64' &&
    on.libc.name === 'glibc' &&
    !olderGlibc(on.libc.version, '2.36') &&
    olderGlibc(on.libc.version, '2.38')
  );
}

/** Where copies are looked for and, in this order, written: beside the package (it travels with it), then the user's cache. */
export function cacheFolders(binary: string, environment: Environment = process.env): string[] {
  const nodeModules = dirname(dirname(binary));
  const user = environment.XDG_CACHE_HOME || join(homedir(), '.cache');
  return [
    ...(basename(nodeModules) === 'node_modules' ? [join(nodeModules, '.cache', 'genroom')] : []),
    join(user, 'genroom'),
  ];
}

/**
 * Finds the rewritten copy of a binary, or makes it.
 *
 * @param binary path of the original `.node` file
 * @param mode see {@link CureMode}
 * @param folders where to look and write; the first that can be written is used
 */
export function cureUws(binary: string, mode: CureMode, folders = cacheFolders(binary)): Cure {
  if (mode === 'off') return { state: 'off', what: 'The cure for old glibc is turned off (GENROOM_GLIBC_CURE).' };
  const original = readFileSync(binary);
  const before = sha256(original);
  const after = KNOWN.get(before);
  if (after === undefined) {
    return { state: 'impossible', what: `${binary} has the unknown SHA-256 ${before}; it is left alone.` };
  }
  const name = `${basename(binary, '.node')}-${after.slice(0, 16)}.node`;
  for (const folder of folders) {
    const path = join(folder, name);
    if (hashOfFile(path) === after) {
      return { state: 'cured', path, made: false, what: `Uses the copy rewritten for old glibc, ${path}.` };
    }
  }
  if (mode === 'found') return { state: 'possible', what: 'No copy rewritten for old glibc was made yet.' };

  const { bytes, renamed } = rewriteIsoC23(original);
  if (sha256(bytes) !== after) {
    return { state: 'impossible', what: `The rewritten copy of ${binary} has another SHA-256 than expected.` };
  }
  const failures: string[] = [];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      writeWhole(path, bytes);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
      continue;
    }
    const what = `Wrote ${path}, a copy of ${basename(binary)} whose imports ${renamed.join(', ')} name the plain functions; the original is untouched.`;
    return { state: 'cured', path, made: true, what };
  }
  return { state: 'impossible', what: `No cache folder can be written: ${failures.join('; ')}.` };
}

function writeWhole(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  try {
    writeFileSync(draft, bytes, { mode: 0o755, flag: 'wx' });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function hashOfFile(path: string): string | undefined {
  try {
    return sha256(readFileSync(path));
  } catch {
    return undefined;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
