/**
 * The crash report as text, in the order in which Elixir's reads: who, why and where, the last message, the state, the
 * client, and who else is concerned.
 *
 * Invariants
 * - What came in as data (a payload, a name, a string in a state) is shown escaped, a message of several lines indented:
 *   nothing can forge a line. With `singleLine` the whole report is one line whatever it holds.
 * - It never throws.
 *
 * @example
 *   const silent = logCrashes();
 *   // genServer account <main.12> terminating
 *   // ** RangeError: an account of 5 cents cannot give 7
 *   //     at withdraw (file:///app/account.ts:12:11)
 *   // Last message (from <main.10>): call withdraw 7
 *   // State: { number: '7', cents: 5 }
 *   // Client <main.10>: process, alive
 *   // Ancestors: supervisor bank <main.3>
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { errorText } from '../../platform/error-text.ts';
import { type BadReturn, type CallFailed, type ExitReason, isCrash, kindOf } from '../runtime/exit-reason.ts';
import type { LastMessage } from '../runtime/last-message.ts';
import type { UnexpectedReport } from './channels.ts';
import type { Client, CrashReport } from './crash-report.ts';
import { eventLine } from './sys-debug.ts';

/** How a report reads, of a crash or of a supervisor. */
export interface CrashTextOptions {
  /** How deep values are shown; what lies deeper is `[Object]`. Default 4. */
  readonly depth?: number;
  /** Characters of the whole text; what is over is cut off and said so. Default unbounded. */
  readonly charsLimit?: number;
  /** The report on one line. Default false. */
  readonly singleLine?: boolean;
}

/** Errors behind errors that are shown. */
const MOST_CAUSES = 5;

export function formatCrash(report: CrashReport, options: CrashTextOptions = {}): string {
  const { depth = 4, charsLimit = Infinity, singleLine = false } = options;
  const show = (value: unknown): string => shown(value, depth, singleLine);
  const lines = linesOf(report, show);
  return cut(singleLine ? lines.map(onOneLine).join('; ') : lines.join('\n'), charsLimit);
}

/**
 * Writes every crash on this thread as text, and every message that no server expected. Returns what ends that.
 *
 * @param write default to standard error
 */
export function logCrashes(
  options: CrashTextOptions = {},
  write: (text: string) => void = (text) => process.stderr.write(`${text}\n`),
): () => void {
  const crashed = (report: unknown): void => write(formatCrash(report as CrashReport, options));
  const came = (report: unknown): void => write(formatUnexpected(report as UnexpectedReport, options));
  subscribe('genroom:process:crash', crashed);
  subscribe('genroom:process:unexpected', came);
  return () => {
    unsubscribe('genroom:process:crash', crashed);
    unsubscribe('genroom:process:unexpected', came);
  };
}

/** A message that a server has no `info` for, in one line. */
export function formatUnexpected(
  { pid, behaviour, message }: UnexpectedReport,
  options: CrashTextOptions = {},
): string {
  const { depth = 4, charsLimit = Infinity } = options;
  const text = `${escaped(behaviour)} ${pid} received an unexpected message: ${shown(message, depth, true)}`;
  return cut(onOneLine(text), charsLimit);
}

type Show = (value: unknown) => string;

function linesOf(report: CrashReport, show: Show): string[] {
  const { pid, label, behaviour, names, lastMessage, client, state, log, ancestors, links, monitoredBy } = report;
  return [
    `${escaped(behaviour)} ${pid} terminating`,
    ...whyLines(report.reason, show),
    ...(lastMessage ? [`Last message${client ? ` (from ${client.pid})` : ''}: ${messageText(lastMessage, show)}`] : []),
    ...(state === undefined ? [] : [`State: ${show(state)}`]),
    ...(client ? [`Client ${client.pid}: ${clientText(client)}`] : []),
    ...(label === undefined ? [] : [`Label: ${escaped(label)}`]),
    ...(names.length > 0 ? [`Names: ${names.map(escaped).join(', ')}`] : []),
    ...(ancestors.length > 0 ? [`Ancestors: ${ancestors.map(escaped).join(', ')}`] : []),
    ...(links.length > 0 ? [`Links: ${links.join(', ')}`] : []),
    ...(monitoredBy.length > 0 ? [`Monitored by: ${monitoredBy.join(', ')}`] : []),
    ...(report.queued > 0 ? [`Messages lost: ${report.queued}`] : []),
    ...(report.trapExit ? ['Trapping exits: true'] : []),
    ...log.map((event) => eventLine(behaviour, event)),
  ];
}

/** Why, on one line or, for an error, with its frames and causes. */
export function whyLines(reason: ExitReason, show: Show): string[] {
  if (isCrash(reason)) return errorLines(reason.error);
  switch (kindOf(reason)) {
    case 'badReturn':
      return [`** (stop) bad return value: ${show((reason as BadReturn).value)}`];
    case 'callFailed': {
      const { call, reason: why } = reason as CallFailed;
      const [first, ...rest] = whyLines(why, show);
      return [
        `** (stop) exited in: ${escaped(call)}`,
        `    ** (EXIT) ${first!.replace(/^\*\* (?:\(stop\) )?/, '')}`,
        ...rest,
      ];
    }
    default:
      return [`** (stop) ${typeof reason === 'string' ? escaped(reason) : show(reason)}`];
  }
}

/** An error, its frames, and the errors behind it. */
function errorLines(error: unknown): string[] {
  const lines: string[] = [];
  for (let current = error, n = 0; current !== undefined && n < MOST_CAUSES; n++) {
    const { name, message, stack } = errorText(current);
    const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
    lines.push(`${n === 0 ? '**' : 'Caused by:'} ${escaped(name)}: ${message.replaceAll('\n', '\n    ')}`, ...frames);
    current = causeOf(current);
  }
  return lines;
}

function causeOf(error: unknown): unknown {
  try {
    return (error as { cause?: unknown }).cause;
  } catch {
    return undefined;
  }
}

function clientText({ behaviour, alive }: Client): string {
  return alive === false ? 'has ended' : `${escaped(behaviour ?? '')}${alive ? ', alive' : ''}`;
}

function messageText({ kind, name, payload, queued }: LastMessage, show: Show): string {
  if (kind === 'overloaded') return `none; ${queued} messages were queued, more than maxQueue`;
  return [kind, name && escaped(name), payload === undefined ? '' : show(payload)].filter(Boolean).join(' ');
}

export function shown(value: unknown, depth: number, singleLine: boolean): string {
  try {
    return inspect(value, {
      depth,
      breakLength: singleLine ? Infinity : 120,
      maxStringLength: 1000,
      maxArrayLength: 50,
    });
  } catch {
    return `a value that cannot be shown (${typeof value})`;
  }
}

/** Text of unknown origin without line breaks. */
export function escaped(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function onOneLine(text: string): string {
  return text.trim().replace(/\s*[\p{Cc}\u2028\u2029]+\s*/gu, ' ');
}

export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit)}… (${text.length - limit} characters more)`;
}
