/**
 * ErrorText: what was thrown, as plain strings. User code may throw anything: an Error whose accessors throw, a revoked
 * Proxy, an object without a prototype. Whoever reports it reads it here once, and reports the strings.
 *
 * Invariant: `errorText` never throws.
 *
 *     errorText(Object.create(null)).message // '[Object: null prototype] {}'
 */
import { inspect } from 'node:util';

export interface ErrorText {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Characters of a message that are shown. */
const LONGEST = 10_000;

export function errorText(thrown: unknown): ErrorText {
  if (!isError(thrown)) return { name: 'Thrown', message: shown(thrown), stack: undefined };
  const name = read(thrown, 'name', 'Error');
  const message = read(thrown, 'message', '');
  return { name, message, stack: stackOf(thrown, `${name}: ${message}`) };
}

/** What was thrown, in short: `TypeError: x is not a function`. */
export function errorLine(thrown: unknown): string {
  const { name, message } = errorText(thrown);
  return `${name}: ${message}`;
}

/** `instanceof Error`, also of a Proxy that forbids the question: it is none. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

/** The getter of every Error's own `stack`, and what Node has it write the stack with. */
const STACK = Object.getOwnPropertyDescriptor(new Error(), 'stack')?.get;
const PREPARE = Error.prepareStackTrace;

/**
 * Whether its name and message are strings, and its stack can be read. Reading a stack writes it, which takes longer than
 * all the rest of a crash: so it is left unread where nothing but V8 and Node make it.
 */
export function isReadable(error: Error): boolean {
  try {
    const own = Object.getOwnPropertyDescriptor(error, 'stack');
    const native = STACK !== undefined && own?.get === STACK && Error.prepareStackTrace === PREPARE;
    if (!native) void error.stack;
    return typeof error.name === 'string' && typeof error.message === 'string';
  } catch {
    return false;
  }
}

/** A value on one line. */
export function shown(value: unknown): string {
  try {
    return typeof value === 'string'
      ? value.slice(0, LONGEST)
      : inspect(value, { depth: 2, breakLength: Infinity, maxStringLength: LONGEST, maxArrayLength: 20 });
  } catch {
    return `a value that cannot be shown (${typeof value})`;
  }
}

function read(error: Error, field: 'name' | 'message', absent: string): string {
  try {
    const value: unknown = error[field];
    return value === undefined ? absent : shown(value);
  } catch {
    return field === 'name' ? absent : 'its message cannot be read';
  }
}

/** `Error.prepareStackTrace` may make it call sites, whose text is what a frame's line says. */
function stackOf(error: Error, head: string): string | undefined {
  try {
    const stack: unknown = error.stack;
    if (Array.isArray(stack)) return [head, ...stack.map((site) => `    at ${String(site)}`)].join('\n');
    return typeof stack === 'string' ? stack : undefined;
  } catch {
    return undefined;
  }
}
