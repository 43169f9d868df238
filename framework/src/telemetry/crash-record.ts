/**
 * The crash record: one entry about one crash, which begins with what its reader looks for: where in their own code.
 *
 * Invariant: the stack's frames of the user's files come before those of libraries, Node and genroom, each group in its
 * order.
 *
 *     formatEntry(crashEntry(record), 'text')
 *     // crash at rooms/chat.ts:42:11 Error: boom · room chat Xk2p · call post of s1 · restart 2 of 3
 */
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LogEntry } from './log.ts';

export interface CrashRecord {
  /** What ended, for people: `room chat Xk2p`, `player in room chat Xk2p`, `genServer account <main.7>`. */
  readonly what: string;
  /** What was being handled, for people: `call post of s1`. */
  readonly work?: string;
  readonly error: { readonly name: string; readonly message: string; readonly stack?: string | undefined };
  /** This crash's number within the period, and how many are followed by a restart. */
  readonly restart?: { readonly n: number; readonly of: number };
  /** For programs: room, roomId, session, type … */
  readonly fields: Readonly<Record<string, unknown>>;
}

export function crashEntry({ what, work, error: { name, message, stack }, restart, fields }: CrashRecord): LogEntry {
  const at = userFrame(stack);
  const parts = [
    `crash${at ? ` at ${at}` : ''} ${name}: ${message}`,
    what,
    work,
    restart &&
      (restart.n > restart.of
        ? `no restart: ${restart.n - 1} of ${restart.of} used`
        : `restart ${restart.n} of ${restart.of}`),
  ];
  return {
    level: 'error',
    event: 'crash',
    text: parts.filter(Boolean).join(' · '),
    fields: {
      ...(at && { at }),
      error: { name, message, frames: sortedFrames(stack) },
      ...fields,
      ...(restart && { restart }),
    },
  };
}

/** `file:line:column` of the first frame in the user's code, relative to the working directory. */
export function userFrame(stack: string | undefined): string | undefined {
  return frames(stack).find(isUsers)?.at;
}

/** The stack's frames, those of the user's files first. */
export function sortedFrames(stack: string | undefined): string[] {
  const all = frames(stack);
  const sorted = [...all.filter(isUsers), ...all.filter((frame) => !isUsers(frame))];
  return sorted.map(({ at, name }) => (name ? `${name} (${at})` : at));
}

interface Frame {
  readonly file: string;
  readonly at: string;
  readonly name: string | undefined;
}

/** genroom's own sources. */
const OWN = fileURLToPath(new URL('..', import.meta.url));

function isUsers({ file }: Frame): boolean {
  const foreign = file.startsWith('node:') || file.includes(`${sep}node_modules${sep}`) || file.startsWith(OWN);
  return !foreign && file !== '<anonymous>' && file !== 'native';
}

const FRAME = /^\s+at (?:(?<name>.*?) \()?(?:async )?(?<url>[^()]+?):(?<line>\d+):(?<column>\d+)\)?$/;

const LONGEST_LINE = 4096;

function frames(stack: string | undefined): Frame[] {
  if (typeof stack !== 'string') return [];
  return stack.split('\n').flatMap((line) => {
    // A message may hold lines of any length; a frame's is short.
    const found = line.length <= LONGEST_LINE ? FRAME.exec(line)?.groups : undefined;
    if (!found) return [];
    const file = pathOf(found.url!);
    const shown = file.startsWith(sep) ? relative(process.cwd(), file) : file;
    return [{ file, at: `${shown}:${found.line}:${found.column}`, name: found.name }];
  });
}

function pathOf(url: string): string {
  if (!url.startsWith('file:')) return url;
  try {
    return fileURLToPath(url.replace(/[?#].*$/, ''));
  } catch {
    return url;
  }
}
