/**
 * Wire: a message on its way to another node.
 *
 * `encode` copies what a program sends, at the moment it is sent: later changes by the sender do not reach the receiver,
 * and what cannot be sent fails there and then. What structured clone would lose (pids, references, names, errors with
 * their codes) becomes a tagged record; `decode` puts it back, in place, and only in messages that have any.
 *
 * Invariants
 * - What `encode` returns can be posted to any thread: it fails for nothing. So nesting has a limit: V8's own is that of
 *   its stack, and what exceeds it would take all along that is posted with it.
 * - Cycles and shared parts stay as they are. Instances of other classes arrive as plain objects, as by structuredClone.
 * - No content of a user's object is taken for a tag.
 */
import { types } from 'node:util';
import { Alias } from '../otp/process/alias.ts';
import { type Behaviour, isBehaviour } from '../otp/process/behaviour.ts';
import { From } from '../otp/runtime/from.ts';
import { Monitor } from '../otp/runtime/monitor.ts';
import { home, Pid } from '../otp/runtime/pid.ts';
import { ViaName } from '../otp/process/target.ts';
import { errorText, isError, shown } from '../platform/error-text.ts';
import { nameOfCode } from './code.ts';
import { NotData } from './not-data.ts';
import { referenceOf, referenceOfPid, type Reference } from './references.ts';
import { RemoteName } from './remote-name.ts';

/** The key that only records of this module have. */
export const TAG = '\u0000genroom';

export interface ErrorRecord {
  readonly [TAG]: 'error';
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own fields, `code` and `cause` among them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export type TaggedRecord =
  | (Reference & { readonly [TAG]: 'pid' | 'from' })
  | (Reference & { readonly [TAG]: 'monitor' | 'alias'; readonly pid: Reference })
  | { readonly [TAG]: 'name'; readonly node: string; readonly registry: string; readonly key: unknown }
  | { readonly [TAG]: 'code'; readonly name: string }
  | { readonly [TAG]: 'own'; readonly value: unknown }
  | ErrorRecord;

export interface Encoded {
  readonly body: unknown;
  /** Whether `body` has records to decode. */
  readonly tagged: boolean;
  /** Buffers of the copy, to be moved. */
  readonly transfer: readonly ArrayBuffer[] | undefined;
}

/** Objects of a message copied without keeping count of which; larger messages are begun anew with a table of them. */
const UNRECORDED = 64;
const TOO_MANY = Symbol('too many');
/** Objects within objects, as they are posted; V8 takes about 1,700. */
const DEEPEST = 1000;

const PLAIN: Encoded = { body: undefined, tagged: false, transfer: undefined };

/** @throws NotData */
export function encode(value: unknown, what: string): Encoded {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') {
    return value === undefined ? PLAIN : { body: value, tagged: false, transfer: undefined };
  }
  let encoder = new Encoder(undefined);
  try {
    try {
      const body = encoder.copy(value);
      return { body, tagged: encoder.tagged, transfer: encoder.transfer };
    } catch (error) {
      if (error !== TOO_MANY) throw error;
    }
    encoder = new Encoder(new Map());
    const body = encoder.copy(value);
    return { body, tagged: encoder.tagged, transfer: encoder.transfer };
  } catch (error) {
    if (error instanceof NotSendable) throw new NotData(`${what}: ${error.what}`);
    throw new NotData(what, error);
  }
}

class NotSendable {
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }
}

class Encoder {
  tagged = false;
  transfer: ArrayBuffer[] | undefined = undefined;
  readonly #copies: Map<object, unknown> | undefined;
  #left = UNRECORDED;
  #depth = 0;
  /** The field that is looked at, for the error. */
  #key: string | number = '';

  constructor(copies: Map<object, unknown> | undefined) {
    this.#copies = copies;
  }

  copy(value: unknown): unknown {
    if (typeof value === 'object') {
      if (value === null) return null;
      if (++this.#depth > DEEPEST) throw new NotSendable(`it is nested more than ${DEEPEST} deep`);
      const copy = this.#object(value);
      this.#depth--;
      return copy;
    }
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new NotSendable(`${this.#key === '' ? 'it' : `its '${this.#key}'`} is a ${typeof value}`);
    }
    return value;
  }

  #object(value: object): unknown {
    if (this.#copies) {
      const copy = this.#copies.get(value);
      if (copy !== undefined) return copy;
    } else if (--this.#left < 0) {
      // oxlint-disable-next-line typescript/only-throw-error -- no error: it begins anew
      throw TOO_MANY;
    }
    if (Array.isArray(value)) return this.#array(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (isBehaviour(value)) return this.#code(value);
    if (prototype === Object.prototype || prototype === null) return this.#record(value);
    return this.#reference(value) ?? this.#builtIn(value) ?? this.#record(value);
  }

  #array(value: readonly unknown[]): unknown[] {
    const copy: unknown[] = new Array(value.length);
    this.#copies?.set(value, copy);
    for (let i = 0; i < value.length; i++) {
      this.#key = i;
      if (i in value) copy[i] = this.copy(value[i]);
    }
    return copy;
  }

  #record(value: object): unknown {
    const copy: Record<string, unknown> = {};
    const own = Object.hasOwn(value, TAG);
    const result = own ? ({ [TAG]: 'own', value: copy } satisfies TaggedRecord) : copy;
    if (own) this.tagged = true;
    this.#copies?.set(value, result);
    if (own) this.#depth++;
    this.#fields(value, copy);
    if (own) this.#depth--;
    return result;
  }

  #fields(value: object, copy: Record<string, unknown>): void {
    for (const key of Object.keys(value)) {
      this.#key = key;
      const field = this.copy((value as Record<string, unknown>)[key]);
      if (key !== '__proto__') copy[key] = field;
      else Object.defineProperty(copy, key, { value: field, enumerable: true, configurable: true, writable: true });
    }
  }

  #reference(value: object): TaggedRecord | undefined {
    if (value instanceof Pid) return this.#tag({ [TAG]: 'pid', ...referenceOfPid(value) });
    if (value instanceof Monitor)
      return this.#tag({ [TAG]: 'monitor', ...referenceOf(value), pid: referenceOfPid(value.pid) });
    if (value instanceof From) return this.#tag({ [TAG]: 'from', ...referenceOf(value) });
    if (value instanceof Alias)
      return this.#tag({ [TAG]: 'alias', ...referenceOf(value), pid: referenceOfPid(value.pid) });
    if (value instanceof ViaName) {
      const { address } = value;
      const node = value instanceof RemoteName ? value.node : home().name;
      if (address) return this.#tag({ [TAG]: 'name', node, registry: address.registry, key: address.key });
      throw new NotSendable(`${String(value)} is a name that other nodes do not know`);
    }
    return undefined;
  }

  #code(behaviour: Behaviour): TaggedRecord {
    const name = nameOfCode(behaviour);
    if (name !== undefined) return this.#tag({ [TAG]: 'code', name });
    throw new NotSendable(`the behaviour ${behaviour.name} is not offered to other nodes (see offer)`);
  }

  #tag(record: TaggedRecord): TaggedRecord {
    this.tagged = true;
    return record;
  }

  /** What structured clone knows beside plain objects, copied where it could change; undefined for anything else. */
  #builtIn(value: object): unknown {
    if (isError(value)) return this.#error(value);
    let copy: unknown;
    if (value instanceof Map) {
      copy = new Map();
      this.#copies?.set(value, copy);
      for (const [key, one] of value) (copy as Map<unknown, unknown>).set(this.copy(key), this.copy(one));
      return copy;
    }
    if (value instanceof Set) {
      copy = new Set();
      this.#copies?.set(value, copy);
      for (const one of value) (copy as Set<unknown>).add(this.copy(one));
      return copy;
    }
    if (value instanceof ArrayBuffer) copy = this.#move(value.slice(0));
    else if (ArrayBuffer.isView(value)) copy = this.#view(value);
    else if (value instanceof Date || value instanceof RegExp || types.isBoxedPrimitive(value))
      copy = structuredClone(value);
    else if (isOpaque(value)) throw new NotSendable(`${shown(value)} is no data`);
    else return undefined;
    this.#copies?.set(value, copy);
    return copy;
  }

  #view(value: ArrayBufferView): unknown {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
    this.#move(bytes.buffer);
    if (value instanceof Uint8Array) return bytes;
    const View = value.constructor as new (buffer: ArrayBuffer) => unknown;
    return new View(bytes.buffer);
  }

  #move(buffer: ArrayBuffer): ArrayBuffer {
    (this.transfer ??= []).push(buffer);
    return buffer;
  }

  /** An error with its own fields, as far as they are data: an error must never fail for what it carries. */
  #error(error: Error): ErrorRecord {
    const fields: Record<string, unknown> = {};
    const record: ErrorRecord = { [TAG]: 'error', ...errorText(error), fields };
    this.#copies?.set(error, record);
    const depth = ++this.#depth;
    for (const key of Object.getOwnPropertyNames(error)) {
      if (key === 'name' || key === 'message' || key === 'stack' || key === '__proto__') continue;
      try {
        fields[key] = this.copy((error as unknown as Record<string, unknown>)[key]);
      } catch (thrown) {
        if (thrown === TOO_MANY) throw thrown;
        this.#depth = depth;
      }
    }
    this.#depth--;
    return this.#tag(record) as ErrorRecord;
  }
}

/** Objects whose content is not in their fields: copied field by field they would arrive empty. */
function isOpaque(value: object): boolean {
  return (
    types.isPromise(value) ||
    types.isProxy(value) ||
    types.isGeneratorObject(value) ||
    types.isSharedArrayBuffer(value) ||
    types.isExternal(value) ||
    value instanceof WeakMap ||
    value instanceof WeakSet ||
    value instanceof WeakRef
  );
}
