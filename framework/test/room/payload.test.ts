import * as fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { packPayload } from '../../src/room/frames.ts';
import { checkPayload, decodePayload } from '../../src/room/payload.ts';
import { Refusal } from '../../src/room/refusal.ts';

/** A value as it arrives: as JSON has it, but the packer's reader gives no key the name `__proto__`. */
function arrived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(arrived);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  const entries = Object.entries(value).map(([key, one]) => [key === '__proto__' ? '__proto_' : key, arrived(one)]);
  return Object.fromEntries(entries);
}

it('gives back what the SDK packs', () => {
  const sdk = new Packr();
  const plain = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(plain, (value) => {
      expect(decodePayload(new Uint8Array(sdk.pack(value)))).toEqual({
        value: arrived(value),
      });
    }),
  );
  const nasty = JSON.parse('{"__proto__":{"a":[{"__proto__":1}]}}') as unknown;
  expect(decodePayload(new Uint8Array(sdk.pack(nasty)))).toEqual({ value: { __proto_: { a: [{ __proto_: 1 }] } } });
  expect(decodePayload(undefined)).toEqual({ value: undefined });
});

it('refuses rubbish and never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const decoded = decodePayload(bytes);
      expect(decoded instanceof Refusal || 'value' in decoded).toBe(true);
    }),
    { numRuns: 2000 },
  );
  let deep: unknown = 1;
  for (let depth = 0; depth < 100; depth++) deep = [deep];
  const structured = new Packr({ moreTypes: true, structuredClone: true });
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const rubbish = [
    packPayload(deep)!,
    structured.pack(circle),
    structured.pack(/(a+)+$/),
    structured.pack(new Error('x')),
    Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
  ];
  for (const bytes of rubbish)
    expect(decodePayload(new Uint8Array(bytes))).toMatchObject({ code: 'bad_payload', status: 4217 });
});

it('names what a schema does not take, and waits for one that must', async () => {
  const schema = z.object({ text: z.string().max(3), seat: z.object({ n: z.int() }) });
  expect(checkPayload(schema, { text: 'abc', seat: { n: 1 }, more: 1 })).toEqual({
    value: { text: 'abc', seat: { n: 1 } },
  });
  const refusal = checkPayload(schema, { text: 'abcd', seat: { n: 0.5 } }) as Refusal;
  expect(refusal).toMatchObject({ code: 'invalid_payload', status: 4217 });
  expect(refusal.message).toMatch(/^text: .*; seat\.n: /);
  const slow = z.string().refine(async (text) => Promise.resolve(text === 'yes'));
  expect(await checkPayload(slow, 'yes')).toEqual({ value: 'yes' });
  expect(await checkPayload(slow, 'no')).toBeInstanceOf(Refusal);
});
