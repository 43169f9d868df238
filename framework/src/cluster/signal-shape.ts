/**
 * The shape of signals: what comes on a port is looked at once, before anything is done for it.
 *
 *     if (!isSignal(one)) throw new BadSignal(`${shown(one)} is none`);
 */
import { GenroomError } from '../platform/errors.ts';
import * as signal from './signals.ts';
import type { Signal } from './signals.ts';

/** What the other end of a port sent is no signal, or what it contains is no message. */
export class BadSignal extends GenroomError {
  /** @param node whose port it came on; @param what what came; @param cause the error behind it, if there is one */
  constructor(node: string, what: string, cause?: unknown) {
    super('bad_signal', `${what} came from the node ${node} and was dropped`, {
      remedy: 'Post nothing of your own on a port given to connect, and run the same version of genroom on all nodes.',
      cause,
    });
  }
}

/** One letter a field behind the kind: Address, number, text, truth value, Reference, or anything. */
const SHAPES: Readonly<Record<Signal[0], string>> = {
  [signal.MESSAGE]: 'a?b',
  [signal.CAST]: 'at?b',
  [signal.CALL]: 'atnn?b',
  [signal.REPLY]: 'n?b',
  [signal.FAILURE]: 'nt?b',
  [signal.FORGET]: 'n',
  [signal.ANSWER]: 'r?b',
  [signal.SYSTEM]: 'atnn?b',
  [signal.STOP]: 'an?b',
  [signal.EXIT]: 'ar?b',
  [signal.LINK]: 'ann',
  [signal.UNLINK]: 'ann',
  [signal.LINK_ENDED]: 'ann?b',
  [signal.MONITOR]: 'an',
  [signal.DEMONITOR]: 'n',
  [signal.DOWN]: 'n?b',
};
const BY_KIND: readonly (string | undefined)[] = Object.assign([], SHAPES);

export function isSignal(value: unknown): value is Signal {
  if (!Array.isArray(value)) return false;
  const fields = value as readonly unknown[];
  const shape = typeof fields[0] === 'number' ? BY_KIND[fields[0]] : undefined;
  if (shape === undefined || fields.length !== shape.length + 1) return false;
  for (let i = 0; i < shape.length; i++) if (!fits(shape[i]!, fields[i + 1])) return false;
  return true;
}

function fits(letter: string, field: unknown): boolean {
  switch (letter) {
    case 'n':
      return typeof field === 'number';
    case 't':
      return typeof field === 'string';
    case 'b':
      return typeof field === 'boolean';
    case 'a':
      return typeof field === 'number' || isNameOrAlias(field);
    case 'r':
      return isReference(field);
    default:
      return true;
  }
}

function isNameOrAlias(field: unknown): boolean {
  if (typeof field !== 'object' || field === null) return false;
  if ('alias' in field) return typeof field.alias === 'number';
  return 'registry' in field && typeof field.registry === 'string' && 'key' in field;
}

function isReference(field: unknown): boolean {
  if (typeof field !== 'object' || field === null) return false;
  const { node, incarnation, id } = field as { node?: unknown; incarnation?: unknown; id?: unknown };
  return typeof node === 'string' && typeof incarnation === 'number' && typeof id === 'number';
}
