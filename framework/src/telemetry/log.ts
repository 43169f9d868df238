/**
 * The log: entries of plain data, written one a line as text or as JSON.
 *
 * Invariant: an entry is one line whatever its text holds, so that nothing a client sent can forge another.
 *
 *     const log = lineLog('json', (line) => process.stderr.write(line))
 *     log({ level: 'warn', event: 'held', text: 'room chat Xk2p stands still', fields: { room: 'chat' } })
 */
import { errorLine } from '../platform/error-text.ts';

export interface LogEntry {
  readonly level: 'error' | 'warn' | 'info';
  /** What kind of thing happened, stable: crash, held, recovery, unowned … */
  readonly event: string;
  /** For people. */
  readonly text: string;
  /** For programs. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export type Log = (entry: LogEntry) => void;

export type LogFormat = 'text' | 'json';

export function lineLog(format: LogFormat, write: (line: string) => void = (line) => process.stderr.write(line)): Log {
  return (entry) => write(`${formatEntry(entry, format)}\n`);
}

/** A log that never throws, whatever `log` does: what it throws or rejects with is one line on stderr, with the entry. */
export function guardedLog(log: Log): Log {
  return (entry) => {
    try {
      const done: unknown = log(entry);
      if (done instanceof Promise) done.catch((error: unknown) => sayLost(error, entry));
    } catch (error) {
      sayLost(error, entry);
    }
  };
}

/** An entry did not reach the log. */
export function sayLost(error: unknown, entry?: LogEntry): void {
  const lost = entry ? `; not logged: ${entry.text}` : '';
  process.stderr.write(`${oneLine(`genroom: the log failed: ${errorLine(error)}${lost}`)}\n`);
}

/** One entry as one line, without the line's end. */
export function formatEntry({ level, event, text, fields }: LogEntry, format: LogFormat): string {
  return format === 'json' ? JSON.stringify({ level, event, ...fields, text }) : oneLine(text);
}

/** Line breaks and control characters are shown, not written. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}|[\u2028\u2029]/gu, (char) =>
    char === '\n' ? '\\n' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
