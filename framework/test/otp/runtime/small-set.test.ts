/** SmallSet does as a Set does, whatever is added to it and deleted from it; HandlerTable gives what its map holds. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HandlerTable } from '../../../src/otp/gen-server/handler-table.ts';
import { SmallSet } from '../../../src/otp/runtime/small-set.ts';

const things = [{ n: 0 }, { n: 1 }, { n: 2 }];

test('a SmallSet holds what a Set holds after the same additions and deletions, in the same order', () => {
  const step = fc.record({ add: fc.boolean(), of: fc.constantFrom(...things) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const small = new SmallSet<object>();
      const set = new Set<object>();
      for (const { add, of } of steps) {
        if (add) {
          small.add(of);
          set.add(of);
        } else {
          expect(small.delete(of)).toBe(set.delete(of));
        }
        expect([...small]).toEqual([...set]);
        const visited: object[] = [];
        small.each((member, into) => into.push(member), visited, undefined);
        expect(visited).toEqual([...set]);
        expect(small.size).toBe(set.size);
        for (const thing of things) expect(small.has(thing)).toBe(set.has(thing));
      }
    }),
  );
});

test('one that is deleted on the way does not come', () => {
  const small = new SmallSet<object>();
  for (const thing of things) small.add(thing);
  const seen: object[] = [];
  for (const thing of small) {
    seen.push(thing);
    small.delete(things[1]!);
  }
  expect(seen).toEqual([things[0], things[2]]);
});

test("a handler table finds each handler whatever was asked before, and nothing of an object's prototype", () => {
  const table = new HandlerTable<() => number>({ one: () => 1, two: () => 2 });
  const asked = ['one', 'one', 'two', 'toString', 'toString', 'one', '__proto__', 'two'];
  expect(asked.map((name) => table.get(name)?.())).toEqual([1, 1, 2, undefined, undefined, 1, undefined, 2]);
});
