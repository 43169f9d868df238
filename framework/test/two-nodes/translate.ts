/**
 * Translation: a test's functions hold things of both nodes in their closures, which programs on two nodes cannot. What a
 * function of one node is given is made that node's own first: a pid, a reference, a name by way of the wire's encoding; a
 * definition by what the facade made of it on each node.
 */
import type { Side, Sides } from './sides.ts';

/** A definition as it is on each node. */
export interface Dual {
  readonly a: unknown;
  readonly b: unknown;
}

/** A name in a registry, which runs on both nodes: looked up where somebody has it. */
export class DualName {
  readonly registry: object;
  readonly key: unknown;
  readonly value: unknown;

  constructor(registry: object, key: unknown, value: unknown) {
    this.registry = registry;
    this.key = key;
    this.value = value;
  }

  toString(): string {
    return `${(this.registry as { name: string }).name}/${String(this.key)}`;
  }
}

const DEEPEST = 6;
const LONGEST = 1000;

export class Translation {
  readonly #sides: Sides;
  readonly #duals = new WeakMap<object, Dual>();

  constructor(sides: Sides) {
    this.#sides = sides;
  }

  dual(shown: object, of: Dual): object {
    this.#duals.set(shown, of);
    return shown;
  }

  isDual(value: object): boolean {
    return this.#duals.has(value);
  }

  /** The name as it is registered on `side`, or looked up there. */
  nameAt(side: Side, { registry, key, value }: DualName): unknown {
    return side.otp.via(this.to(side, registry) as never, key as never, value);
  }

  #found(side: Side, name: DualName): unknown {
    const here = this.nameAt(side, name) as { resolve(): unknown };
    const other = this.#sides.otherOf(side);
    const there = this.nameAt(other, name) as { resolve(): unknown };
    let found: unknown;
    try {
      found = here.resolve() ? undefined : there.resolve();
    } catch {
      // A registry that is no name space says so where it is used.
    }
    return found ? side.nodes.nameOn(other.name, here as never) : here;
  }

  /** `value` as `side` can use it; the same object where nothing in it is foreign. */
  to(side: Side, value: unknown, depth = 0): unknown {
    if (typeof value !== 'object' || value === null || depth > DEEPEST) return value;
    const dual = this.#duals.get(value);
    if (dual) return side === this.#sides.a ? dual.a : dual.b;
    if (value instanceof DualName) return this.#found(side, value);
    const other = this.#sides.otherOf(side);
    if (isReference(other, value)) return this.across(other, side, value);
    if (Array.isArray(value)) {
      if (value.length > LONGEST) return value;
      const mapped = value.map((one) => this.to(side, one, depth + 1));
      return mapped.some((one, i) => one !== value[i]) ? mapped : value;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    const entries = fieldsOf(value);
    const mapped = entries.map(([key, one]) => [key, this.to(side, one, depth + 1)] as const);
    return mapped.some(([, one], i) => one !== entries[i]![1]) ? Object.fromEntries(mapped) : value;
  }

  /** A thing of one node as it arrives at the other. */
  across(from: Side, to: Side, value: unknown): unknown {
    return to.unwire.decode(structuredClone(from.wire.encode(value, 'a value').body), to.distribution.homes);
  }

  /** Whether a value could be sent. */
  isData(side: Side, value: unknown): boolean {
    try {
      side.wire.encode(this.to(side, value), 'a value');
      return true;
    } catch {
      return false;
    }
  }
}

/** What a hostile object does not show has nothing to translate. */
function fieldsOf(value: object): [string, unknown][] {
  try {
    return Object.entries(value);
  } catch {
    return [];
  }
}

function isReference(side: Side, value: object): boolean {
  return (
    value instanceof side.pid.Pid ||
    value instanceof side.monitor.Monitor ||
    value instanceof side.from.From ||
    value instanceof side.alias.Alias ||
    value instanceof side.target.ViaName
  );
}
