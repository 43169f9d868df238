/**
 * Payloads: from a client's bytes to a value that user code may trust: decoded, plain, and checked by its schema.
 *
 * Invariant: nothing that a client can send throws here; rubbish is a refusal with code 'bad_payload', a value that its
 * schema does not take one with 'invalid_payload'.
 *
 *     const checked = checkPayload(z.object({ text: z.string() }), decodePayload(bytes));
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { Unpackr } from 'msgpackr';
import { ErrorCode } from './frames.ts';
import { Refusal } from './refusal.ts';

/** References between values (msgpackr's structured clone) could make a payload a circle. */
const unpackr = new Unpackr({ useRecords: false, structuredClone: false });
const DEEPEST = 64;
const MOST_ISSUES = 5;

/** The value in a client's msgpack, or the refusal of it. */
export function decodePayload(bytes: Uint8Array | undefined): { readonly value: unknown } | Refusal {
  if (bytes === undefined) return { value: undefined };
  try {
    const value: unknown = unpackr.unpack(bytes);
    if (isPlain(value, 0)) return { value };
  } catch {
    // Falls through: what cannot be read and what is not plain is the same to its sender.
  }
  return new Refusal(
    'bad_payload',
    'The payload of this message is no plain msgpack value.',
    undefined,
    ErrorCode.INVALID_PAYLOAD,
  );
}

function isPlain(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  if (depth > DEEPEST) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1));
  if (value instanceof Date || ArrayBuffer.isView(value)) return true;
  if (value instanceof Set) return [...value].every((item) => isPlain(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === Object.prototype || prototype === null) &&
    Object.values(value).every((item) => isPlain(item, depth + 1))
  );
}

/** What a schema makes of a value; a promise where the schema is async. */
export function checkPayload(schema: StandardSchemaV1, value: unknown): Checked | Promise<Checked> {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then(checked) : checked(result);
}

export type Checked = { readonly value: unknown } | Refusal;

function checked(result: StandardSchemaV1.Result<unknown>): Checked {
  if (!result.issues) return { value: result.value };
  const issues = result.issues
    .slice(0, MOST_ISSUES)
    .map(({ message, path }) => ({ message, path: (path ?? []).map(keyText).join('.') }));
  const text = issues.map(({ message, path }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new Refusal('invalid_payload', text, issues, ErrorCode.INVALID_PAYLOAD);
}

function keyText(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof segment === 'object' ? segment.key : segment);
}
