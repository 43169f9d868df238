/**
 * Decoding: a message that has come from another node gets back what crossed as a tagged record (see wire.ts), in place:
 * it is a copy that nobody else has.
 */
import type { From } from '../otp/runtime/from.ts';
import { nameOf } from '../otp/registry/registry.ts';
import type { Key } from '../otp/runtime/key.ts';
import { home, type Pid } from '../otp/runtime/pid.ts';
import { codeNamed } from './code.ts';
import {
  aliasOf,
  fromOf,
  type HomeNode,
  isHere,
  localPid,
  localThing,
  monitorOf,
  type Named,
  type Reference,
  remotePid,
  remoteThing,
} from './references.ts';
import { RemoteName } from './remote-name.ts';
import { type ErrorRecord, TAG, type TaggedRecord } from './wire.ts';

/** What decoding needs of the nodes known here. */
export interface Homes {
  /** The node in that life of it. */
  at(node: string, incarnation: number): HomeNode;
  /** The node as it is connected now. */
  named(node: string): HomeNode;
}

/** What a message of another node says, with everything in it that has to be an object of this one. */
export function decode(body: unknown, homes: Homes): unknown {
  return new Decoder(homes).value(body);
}

const ERRORS: Readonly<Record<string, ErrorConstructor>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

class Decoder {
  readonly #homes: Homes;
  readonly #done = new Map<object, unknown>();

  constructor(homes: Homes) {
    this.#homes = homes;
  }

  value(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (this.#done.has(value)) return this.#done.get(value);
    if (TAG in value) return this.#tagged(value as TaggedRecord);
    this.#done.set(value, value);
    if (value instanceof Map) {
      const entries = [...(value as Map<unknown, unknown>)];
      value.clear();
      for (const [key, one] of entries) value.set(this.value(key), this.value(one));
    } else if (value instanceof Set) {
      const all = [...(value as Set<unknown>)];
      value.clear();
      for (const one of all) value.add(this.value(one));
    } else if (!ArrayBuffer.isView(value)) {
      this.#fields(value);
    }
    return value;
  }

  #fields(record: object): void {
    const fields = record as Record<string, unknown>;
    for (const key of Object.keys(fields)) {
      const field = fields[key];
      // Never by assignment where that would set a prototype.
      if (typeof field === 'object' && field !== null && key !== '__proto__') fields[key] = this.value(field);
    }
  }

  #tagged(record: TaggedRecord): unknown {
    if (record[TAG] === 'error') return this.#error(record);
    if (record[TAG] === 'own') {
      this.#done.set(record, record.value);
      this.#fields(record.value as object);
      return record.value;
    }
    const made = this.#named(record);
    this.#done.set(record, made);
    return made;
  }

  #named(record: Exclude<TaggedRecord, ErrorRecord | { readonly [TAG]: 'own' }>): unknown {
    switch (record[TAG]) {
      case 'pid':
        return this.#pid(record);
      case 'monitor': {
        const pid = this.#pid(record.pid);
        return this.#thing(record, (node) => monitorOf(node, record.id, pid));
      }
      case 'alias':
        return this.#thing(record, (node) => aliasOf(node, record.id));
      case 'from':
        return this.#thing(record, (node): From => fromOf(node, record));
      case 'name':
        return record.node === home().name
          ? nameOf(record.registry, record.key as Key)
          : new RemoteName(record.node, { registry: record.registry, key: record.key as Key }, (node) =>
              this.#homes.named(node),
            );
      case 'code':
        return codeNamed(record.name) ?? { [TAG]: 'code', name: record.name };
    }
  }

  #pid(reference: Reference): Pid {
    if (isHere(reference)) return localPid(reference.id);
    return remotePid(this.#homes.at(reference.node, reference.incarnation), reference.id);
  }

  /** A thing that came home and is gone here is made anew: nothing waits for it any more. */
  #thing(reference: Reference, make: (node: HomeNode) => Named): Named {
    const { node, incarnation, id } = reference;
    const there = this.#homes.at(node, incarnation);
    if (isHere(reference)) return localThing(id) ?? make(there);
    return remoteThing(there, { node, incarnation, id }, () => make(there));
  }

  #error(record: ErrorRecord): Error {
    const { name, message, stack, fields } = record;
    const error = new (ERRORS[name] ?? Error)(message);
    if (error.name !== name) define(error, 'name', name);
    define(error, 'stack', stack ?? `${name}: ${message}`);
    this.#done.set(record, error);
    for (const key of Object.keys(fields)) {
      const value = this.value(fields[key]);
      if (key === 'cause') define(error, key, value);
      else Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true });
    }
    return error;
  }
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, enumerable: false, configurable: true, writable: true });
}
