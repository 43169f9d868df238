/**
 * The cure of uWebSockets.js for glibc 2.36 and 2.37: keeps a rewritten copy of its binary in a cache folder.
 *
 * Invariants: the binary in node_modules is read and never written. Only binaries whose SHA-256 is listed (cured-hashes.ts)
 * are rewritten, and a copy is handed out only if its own SHA-256 is the one listed for it: a damaged or foreign file in
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
import { CURED_HASHES } from './cured-hashes.ts';
import { rewriteIsoC23 } from './glibc-rewrite.ts';
import { type Machine, olderGlibc } from './machine.ts';

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

/** Whether a machine is one that the cure is for: glibc 2.36 or 2.37 on x86-64 or arm64. */
export function curable(on: Machine): boolean {
  return (
    on.platform === 'linux' &&
    (on.arch === 'x64' || on.arch === 'arm64') &&
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
  const after = CURED_HASHES.get(before);
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
