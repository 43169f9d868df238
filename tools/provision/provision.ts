/**
 * Brings what the tests need beside npm: installs it where that is allowed (root on Debian), else says what is missing
 * and how to get it. Idempotent: what is here stays untouched, and where all is here nothing is run.
 *
 *     npm run provision     // npm test runs it first
 *
 * Invariants: never asks (no stdin), ends by itself, and a failure to install is recorded, not thrown: the tests that
 * need the missing thing then say so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { find, RECORD, REQUIREMENTS, type RequirementName, type Wanted } from './requirements.ts';

const LIMIT_MS = 10 * 60_000;
const NOT_OURS = 'A test command does not install that.';

/** Installs or builds what is missing, where it may; returns what still is, each with the reason. */
export function provision(): Partial<Record<RequirementName, string>> {
  const names = Object.keys(REQUIREMENTS) as RequirementName[];
  const absent = names.filter((name) => find(name) === undefined);
  const packages = absent.flatMap((name) => {
    const wanted: Wanted = REQUIREMENTS[name];
    return 'debian' in wanted ? [wanted.debian] : [];
  });
  const installing = packages.length > 0 ? tryInstall(packages) : '';
  const left: Partial<Record<RequirementName, string>> = {};
  for (const name of absent) {
    const wanted: Wanted = REQUIREMENTS[name];
    const why = 'build' in wanted ? wanted.build() : 'debian' in wanted ? installing : NOT_OURS;
    if (find(name) === undefined) left[name] = why;
  }
  mkdirSync(dirname(RECORD), { recursive: true });
  writeFileSync(RECORD, `${JSON.stringify(left, null, 2)}\n`);
  return left;
}

function tryInstall(packages: string[]): string {
  return mayInstall() ? install(packages) : 'It was not installed for you: that takes root on Debian.';
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

/** Installs Debian packages, with fresh lists only where the present ones do not do; returns why it failed, or ''. */
function install(packages: string[]): string {
  console.log(`provision: installs ${packages.join(', ')} with apt-get`);
  const get = ['install', '--yes', '--no-install-recommends', ...packages];
  if (hasLists() && apt(get) === '') return '';
  const update = apt(['update']);
  return update === '' ? apt(get) : update;
}

function hasLists(): boolean {
  const lists = '/var/lib/apt/lists';
  return existsSync(lists) && readdirSync(lists).some((name) => name.includes('_Packages'));
}

function apt(args: string[]): string {
  const ran = spawnSync('/usr/bin/apt-get', args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (ran.status === 0) return '';
  const last = ran.error?.message ?? ran.stderr.trim().split('\n').at(-1) ?? '';
  return `\`apt-get ${args[0]}\` failed: ${last}`;
}

if (import.meta.main) {
  const left = Object.entries(provision());
  for (const [name, why] of left) console.log(`provision: ${name} is missing. ${why}`);
  if (left.length === 0) console.log('provision: all is here');
}
