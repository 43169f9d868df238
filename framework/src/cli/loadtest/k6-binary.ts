/**
 * Where k6 is: named by GENROOM_K6, on the PATH, or built from this repository's pinned go.mod into the user's cache.
 *
 * Invariant: what is found has been asked for its version; one of another major version is not used.
 *
 *     const k6 = await findK6(); // '/usr/bin/k6'
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { GenroomError } from '../../platform/errors.ts';

/** The driver uses modules of this major version. */
const MAJOR = 2;
const MINOR = 2;

/** Folders `k6-<hash of go.sum>` in it each hold one build. */
export function k6Cache(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'genroom');
}

/** What k6 is set to: it reports to nobody and loads nothing. */
export const K6_ENVIRONMENT = { K6_NO_USAGE_REPORT: 'true', K6_AUTO_EXTENSION_RESOLUTION: 'false' } as const;

/** The path of a k6 that will do, or why there is none. */
export function lookForK6(): { readonly path: string; readonly version: string } | { readonly why: string } {
  const named = process.env['GENROOM_K6'];
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, 'k6'));
  const built = builds().map((folder) => join(folder, 'k6'));
  let why = named ? `GENROOM_K6 names ${named}, which is not there` : 'no k6 is on the PATH';
  for (const path of named ? [named] : [...onPath, ...built]) {
    if (!isProgram(path)) continue;
    const version = versionOf(path);
    if (version && isUsable(version)) return { path, version };
    why = `${path} is version ${version ?? 'unknown'}, and ${MAJOR}.${MINOR} or later of ${MAJOR} is needed`;
  }
  return { why };
}

/** @throws K6Missing */
export function findK6(): string {
  const found = lookForK6();
  if ('path' in found) return found.path;
  throw new K6Missing(found.why);
}

export class K6Missing extends GenroomError {
  constructor(why: string) {
    super('k6_missing', `A load test needs k6, and ${why}`, {
      remedy:
        `Install k6 ${MAJOR}.${MINOR} or later (https://grafana.com/docs/k6/latest/set-up/install-k6), put it on the PATH ` +
        'or name it by GENROOM_K6; in the repository of genroom, `npm run provision` builds it where Go is.',
    });
  }
}

/** `k6 v2.2.0 (go1.26.8, linux/amd64)` → 2.2.0 */
export function parseVersion(line: string): string | undefined {
  return /^k6\S* v(\d+\.\d+\.\d+)/.exec(line)?.[1];
}

export function isUsable(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === MAJOR && minor >= MINOR;
}

function versionOf(path: string): string | undefined {
  const ran = spawnSync(path, ['version'], {
    encoding: 'utf8',
    timeout: 10_000,
    env: { ...process.env, ...K6_ENVIRONMENT },
  });
  return parseVersion(ran.stdout ?? '');
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function builds(): string[] {
  try {
    return readdirSync(k6Cache())
      .filter((name) => name.startsWith('k6-'))
      .map((name) => join(k6Cache(), name));
  } catch {
    return [];
  }
}
