/**
 * What tests need beside npm, and whether it is here.
 *
 * Invariants: looking changes nothing; the answer for a missing thing is a sentence that names it, how to get it and,
 * where provision.ts tried to install it, why that failed. Where CI runs, a missing thing is an error, not a reason.
 *
 *     const chromium = requirement('chromium');
 *     test('two pages chat', async ({ skip }) => {
 *       skip(!chromium.present, chromium.reason);
 *       await launch({ executablePath: chromium.path });
 *     });
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { lookForK6 } from '../../framework/src/cli/loadtest/k6-binary.ts';
import { buildK6 } from './k6.ts';

interface Program {
  /** Names under which the program may stand on the PATH. */
  readonly programs: readonly string[];
  /** Other places of it, absolute. */
  readonly places: readonly string[];
}

/** A program of the system. */
interface Packaged extends Program {
  /** The Debian package that brings it. */
  readonly debian: string;
  /** How people get it elsewhere. */
  readonly elsewhere: string;
}

/** A program that has to work, not only to be here. It is the machine's: no test command installs or starts it. */
interface Answering extends Program {
  /** Arguments with which it ends with 0 where it can be used. */
  readonly answers: readonly string[];
  /** What is wrong and how people get it. */
  readonly elsewhere: string;
}

/** A program that is built here, where it is not on the PATH already. */
interface Built {
  /** Its path, where one that will do is here. */
  look(): string | undefined;
  /** Builds it; returns why that failed, or ''. */
  build(): string;
  /** How people get it. */
  readonly elsewhere: string;
}

export type Wanted = Packaged | Answering | Built;

/** Every requirement that a test may name. */
export const REQUIREMENTS = {
  chromium: {
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    places: [
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ],
    debian: 'chromium',
    elsewhere: 'install Chromium or Chrome',
  },
  elixir: {
    programs: ['elixir'],
    places: [],
    debian: 'elixir',
    elsewhere: 'install Elixir 1.14 or later, best 1.18 on OTP 27 (https://elixir-lang.org/install.html)',
  },
  k6: {
    look: () => {
      const found = lookForK6();
      return 'path' in found ? found.path : undefined;
    },
    build: buildK6,
    elsewhere:
      'install k6 2.2 or later and put it on the PATH, or install Go, with which `npm run provision` builds it',
  },
  docker: {
    programs: ['docker'],
    places: [],
    answers: ['info'],
    elsewhere: 'no container engine answers `docker info`: install one, start it, and be allowed to use it',
  },
  'docker-compose': {
    programs: ['docker-compose'],
    // The plugin of `docker compose` runs by itself too.
    places: [join(homedir(), '.docker'), '/usr/local/lib/docker', '/usr/lib/docker', '/usr/libexec/docker'].map(
      (folder) => join(folder, 'cli-plugins/docker-compose'),
    ),
    answers: ['version'],
    elsewhere: 'install Docker Compose',
  },
} as const satisfies Record<string, Wanted>;

const ANSWER_MS = 15_000;

export type RequirementName = keyof typeof REQUIREMENTS;

/** `path` is that of the program, '' where it is missing; `reason` says why it is missing, '' where it is present. */
export interface Requirement {
  readonly present: boolean;
  readonly path: string;
  readonly reason: string;
}

/** Where provision.ts writes what it could not install: name → why. */
export const RECORD = join(import.meta.dirname, '../../node_modules/.cache/genroom-workspace/provision.json');

/**
 * Looks for a requirement.
 *
 * @throws Error where CI is set and it is missing: nothing is left out there
 */
export function requirement(name: RequirementName): Requirement {
  const path = find(name);
  if (path !== undefined) return { present: true, path, reason: '' };
  const wanted: Wanted = REQUIREMENTS[name];
  const tried = readRecord()[name];
  const reason =
    ('debian' in wanted
      ? `${name} is missing: on Debian as root, \`apt-get install ${wanted.debian}\`; else ${wanted.elsewhere}.`
      : `${name} is missing: ${wanted.elsewhere}.`) + (tried ? ` ${tried}` : '');
  if (inCi()) throw new Error(`${reason} Nothing is left out where CI runs.`);
  return { present: false, path: '', reason };
}

/** The path of a program that fulfils the requirement. */
export function find(name: RequirementName): string | undefined {
  const wanted: Wanted = REQUIREMENTS[name];
  if ('look' in wanted) return wanted.look();
  const { programs, places } = wanted;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = programs.flatMap((program) => folders.map((folder) => join(folder, program)));
  return [...candidates, ...places].find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return !('answers' in wanted) || answers(candidate, wanted.answers);
    } catch {
      return false;
    }
  });
}

function answers(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: ANSWER_MS }).status === 0;
}

/** Whether this is a CI run (the variable that every CI service sets). */
export function inCi(): boolean {
  const value = process.env.CI;
  return value !== undefined && value !== '' && value !== 'false' && value !== '0';
}

function readRecord(): Partial<Record<string, string>> {
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8')) as Partial<Record<string, string>>;
  } catch {
    return {};
  }
}
