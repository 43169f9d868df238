/**
 * Debug: what `sys` has switched on at one server: statistics, an event log, a trace, a log file, installed functions.
 * A server without any has no such object, and pays one check a message.
 *
 * @example
 *   server.debug?.event({ kind: 'in', message: { kind: 'cast', name: 'add', payload: 1 } }, server);
 */
import { appendFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { shown } from '../../platform/error-text.ts';
import { currentClock } from '../runtime/clock.ts';
import type { From } from '../runtime/from.ts';
import { INFO } from '../runtime/mailbox.ts';
import type { SysEvent } from '../runtime/status.ts';

/**
 * A function installed at a server: gets its own value, the event and the server's state; returns its next value, or
 * 'done' to be taken out.
 */
export type DebugFunction<V = unknown> = (value: V, event: SysEvent, state: unknown) => V | 'done';

export interface Statistics {
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly currentTime: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

export interface Installed {
  readonly id: unknown;
  readonly run: DebugFunction;
  value: unknown;
}

/** Events that the log keeps unless it is told a number. */
export const LOG_LENGTH = 10;

export class Debug {
  counts: { since: number; in: number; out: number } | undefined = undefined;
  log: SysEvent[] | undefined = undefined;
  logLength = LOG_LENGTH;
  trace = false;
  file: string | undefined = undefined;
  installed: Installed[] = [];

  /** Nothing is switched on any more. */
  get idle(): boolean {
    return !this.counts && !this.log && !this.trace && this.file === undefined && this.installed.length === 0;
  }

  get statistics(): Statistics | undefined {
    const { counts } = this;
    return (
      counts && {
        startTime: counts.since,
        currentTime: currentClock().wall(),
        messagesIn: counts.in,
        messagesOut: counts.out,
      }
    );
  }

  event(event: SysEvent, who: string, state: unknown): void {
    if (this.counts) this.counts[event.kind]++;
    if (this.log) {
      this.log.push(event);
      if (this.log.length > this.logLength) this.log.shift();
    }
    if (this.trace) process.stdout.write(`${eventLine(who, event)}\n`);
    if (this.file !== undefined) this.append(this.file, `${eventLine(who, event)}\n`);
    for (const hook of this.installed) this.run(hook, event, state);
  }

  /** Writes the log, one event a line. */
  printLog(who: string): void {
    for (const event of this.log ?? []) process.stdout.write(`${eventLine(who, event)}\n`);
  }

  /** A file that can be written to no more is given up; the server goes on. */
  private append(file: string, line: string): void {
    try {
      appendFileSync(file, line);
    } catch {
      this.file = undefined;
    }
  }

  private run(hook: Installed, event: SysEvent, state: unknown): void {
    let next: unknown = 'done';
    try {
      next = hook.run(hook.value, event, state);
    } catch {
      // As in OTP, a debug function that fails is taken out; the server goes on.
    }
    if (next === 'done') this.installed = this.installed.filter((other) => other !== hook);
    else hook.value = next;
  }
}

/** An event on one line: `*DBG* genServer account <main.7> got call balance from <main.9>`. */
export function eventLine(who: string, event: SysEvent): string {
  if (event.kind === 'out') return `*DBG* ${who} sent ${brief(event.value)} to ${String(event.to ?? 'outside')}`;
  const { kind, name, payload } = event.message;
  const what = [kind, name, payload === undefined ? '' : brief(payload)].filter(Boolean).join(' ');
  return `*DBG* ${who} got ${what}${kind === 'call' ? ` from ${String(event.from ?? 'outside')}` : ''}`;
}

/** Never throws: what a message is made of is not the affair of who traces it. */
function brief(value: unknown): string {
  try {
    return inspect(value, { depth: 2, breakLength: Infinity, maxStringLength: 200, maxArrayLength: 20 });
  } catch {
    return shown(value);
  }
}

/** What is told of a message that a server takes, from the two slots it was kept in. */
export function receivedEvent(first: unknown, second: unknown): SysEvent {
  if (first === INFO) return { kind: 'in', message: { kind: 'info', payload: second }, from: undefined };
  if (typeof first === 'string')
    return { kind: 'in', message: { kind: 'cast', name: first, payload: second }, from: undefined };
  const { name, client } = first as From;
  return { kind: 'in', message: { kind: 'call', name, payload: second }, from: client };
}
