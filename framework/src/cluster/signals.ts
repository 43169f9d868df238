/**
 * Signals: what one node says to another. Small arrays, since many are posted at once.
 *
 * A signal to a process names it by its Address, one that comes from a process by that process's number on the node that
 * sends. `Body` is an encoded value and whether it has records to decode (see wire.ts).
 */
import type { CallErrorCode } from '../otp/runtime/errors.ts';
import type { Address } from '../otp/runtime/remote.ts';
import type { Reference } from './references.ts';

export const MESSAGE = 0;
export const CAST = 1;
export const CALL = 2;
export const REPLY = 3;
export const FAILURE = 4;
export const FORGET = 5;
export const ANSWER = 6;
export const SYSTEM = 7;
export const STOP = 8;
export const EXIT = 9;
export const LINK = 10;
export const UNLINK = 11;
export const LINK_ENDED = 12;
export const MONITOR = 13;
export const DEMONITOR = 14;
export const DOWN = 15;

type Body = readonly [body: unknown, tagged: boolean];
/** A process's number on the node that sends; 0 for none. */
type Sender = number;

export type Signal =
  | readonly [typeof MESSAGE, to: Address, ...Body]
  | readonly [typeof CAST, to: Address, name: string, ...Body]
  | readonly [typeof CALL, to: Address, name: string, call: number, from: Sender, ...Body]
  | readonly [typeof REPLY, call: number, ...Body]
  /** The body is the exit reason; of a refused one the error. */
  | readonly [typeof FAILURE, call: number, code: CallErrorCode | 'refused', ...Body]
  | readonly [typeof FORGET, call: number]
  /** An answer to a call of the receiving node that another node was given to answer. */
  | readonly [typeof ANSWER, from: Reference, ...Body]
  /** The body is the parameters. */
  | readonly [typeof SYSTEM, to: Address, operation: string, call: number, from: Sender, ...Body]
  | readonly [typeof STOP, to: Address, from: Sender, ...Body]
  | readonly [typeof EXIT, to: Address, from: Reference, ...Body]
  | readonly [typeof LINK, to: Address, from: Sender, link: number]
  /** The number is that of the last LINK that came for the link from the other side; see link-table.ts. */
  | readonly [typeof UNLINK, to: Address, from: Sender, seen: number]
  | readonly [typeof LINK_ENDED, to: Address, from: Sender, seen: number, ...Body]
  | readonly [typeof MONITOR, to: Address, monitor: number]
  | readonly [typeof DEMONITOR, monitor: number]
  | readonly [typeof DOWN, monitor: number, ...Body];

/** What both ends of a new connection say first. */
export interface Hello {
  readonly genroom: 'hello';
  readonly name: string;
  readonly incarnation: number;
}

export function isHello(value: unknown): value is Hello {
  if (typeof value !== 'object' || value === null) return false;
  const { genroom, name, incarnation } = value as { genroom?: unknown; name?: unknown; incarnation?: unknown };
  return genroom === 'hello' && typeof name === 'string' && typeof incarnation === 'number';
}
