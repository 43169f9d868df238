/**
 * What core writes to its log: to the console unless it is told otherwise, also for requests of clients.
 *
 * Invariants: warnings and failures go where the gateway's own go; hints for developers go nowhere, since any client's
 * request brings some about and the client is answered with the same.
 *
 *     new Server({ logger: coreLog(warn, report), … })
 */
import type { logger } from '@colyseus/core';
import { errorLine, isError, shown } from '../platform/error-text.ts';

/** A logger for core, which keeps it until the next gateway gives another. */
export function coreLog(warn: (text: string) => void, report: (error: unknown) => void): typeof logger {
  const nothing = (): void => {};
  return {
    trace: nothing,
    debug: nothing,
    info: nothing,
    warn: (...args: unknown[]) => warn(lineOf(args)),
    error: (...args: unknown[]) => report(args.find(isError) ?? new Error(lineOf(args))),
  };
}

/** What is logged may be what user code has thrown: nothing of it is asked for its text but by error-text.ts. */
function lineOf(args: readonly unknown[]): string {
  return args.map((arg) => (isError(arg) ? errorLine(arg) : shown(arg))).join(' ');
}
