/**
 * Key: by what a registry knows a process. A plain value, so that user input is a safe key.
 *
 * @example
 *   comparable(['room', 7]) === comparable(['room', 7]);
 */

export type Key = string | number | bigint | boolean | readonly Key[];

const BRACKET = 0x5b;

/** Keys in the form in which Map compares them: arrays become text that shows each part's type. */
export function comparable(key: Key): unknown {
  if (typeof key === 'string') return key.charCodeAt(0) === BRACKET ? `[s${key}` : key;
  return Array.isArray(key) ? `[${key.map(partText).join(',')}` : key;
}

function partText(part: Key): string {
  if (Array.isArray(part)) return `[${part.map(partText).join(',')}]`;
  return typeof part === 'string' ? JSON.stringify(part) : typeof part === 'bigint' ? `${part}n` : String(part);
}
