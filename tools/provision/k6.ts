/**
 * Builds k6 from the go.mod and go.sum of loadtest/k6 into the user's cache, where `findK6` looks for it. Debian has no
 * package of it, and the npm package of its name is another thing.
 *
 * Invariants: what go.sum pins is what is built; a build is made beside its place and moved there whole, so that two at
 * a time do no harm; a failure is a sentence.
 *
 *     buildK6() // '' when it is there, else why not
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { k6Cache } from '../../framework/src/cli/loadtest/k6-binary.ts';

const MODULE = join(import.meta.dirname, '../../loadtest/k6');
const LIMIT_MS = 10 * 60_000;
/** Where Go stands when nobody has put it on the PATH. */
const GO_PLACES = ['go', '/usr/local/go/bin/go', '/usr/lib/go/bin/go'];

/** Builds it where Go is; returns why that failed, or ''. */
export function buildK6(): string {
  const go = GO_PLACES.find((place) => spawnSync(place, ['version']).status === 0);
  if (go === undefined) return 'It was not built for you: there is no Go.';
  const hash = createHash('sha256')
    .update(readFileSync(join(MODULE, 'go.sum')))
    .digest('hex')
    .slice(0, 16);
  const folder = join(k6Cache(), `k6-${hash}`);
  if (existsSync(join(folder, 'k6'))) return '';
  console.log('provision: builds k6 with Go (about a minute, once)');
  mkdirSync(k6Cache(), { recursive: true });
  const making = mkdtempSync(join(k6Cache(), 'building-'));
  try {
    const ran = spawnSync(go, ['build', '-trimpath', '-o', join(making, 'k6'), 'go.k6.io/k6/v2'], {
      cwd: MODULE,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: LIMIT_MS,
    });
    if (ran.status !== 0) {
      const last = ran.error?.message ?? ran.stderr.trim().split('\n').at(-1) ?? '';
      return `\`go build\` failed: ${last}`;
    }
    if (!existsSync(folder)) renameSync(making, folder);
    return '';
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
