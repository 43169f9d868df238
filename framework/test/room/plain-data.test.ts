import { expect, it } from 'vitest';
import { keep } from '../../src/room/plain-data.ts';

it('keeps a copy that nobody can change', () => {
  const given = {
    list: [1, { deep: 2 }],
    map: new Map([['a', { b: 1 }]]),
    set: new Set([1]),
    when: new Date(0),
    self: undefined as unknown,
  };
  given.self = given;
  const kept = keep(given, 'it');
  given.list.push(3);
  expect(kept.list).toEqual([1, { deep: 2 }]);
  expect(kept.self).toBe(kept);
  expect(() => kept.list.push(4)).toThrow(TypeError);
  expect(() => ((kept.list[1] as { deep: number }).deep = 3)).toThrow(TypeError);
  expect(() => kept.map.set('c', { b: 2 })).toThrow(TypeError);
  expect(() => (kept.map.get('a')!.b = 2)).toThrow(TypeError);
  expect(() => kept.set.clear()).toThrow(TypeError);
  const sent = structuredClone(kept);
  expect(sent.map.set('c', { b: 2 }).size).toBe(2);
});

it('takes numbers and texts as they are, and refuses what is no data', () => {
  expect(keep(7, 'it')).toBe(7);
  expect(keep(undefined, 'it')).toBeUndefined();
  for (const value of [() => 1, Symbol('x'), { f: () => 1 }]) {
    expect(() => keep(value, 'it')).toThrow(expect.objectContaining({ code: 'not_cloneable' }));
  }
});
