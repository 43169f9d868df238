/** Client frames: what the SDK's codec writes is read; rubbish is named as such and never throws. */
import { encode } from '@colyseus/schema';
import fc from 'fast-check';
import { pack, unpack } from 'msgpackr';
import { expect, test, vi } from 'vitest';
import { readClientFrame } from '../../src/gateway/protocol.ts';

/** As the SDK writes them: schema's codec for the header, msgpack behind it. */
function frame(code: number, header: readonly (string | number)[], payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2048);
  bytes[0] = code;
  const it = { offset: 1 };
  for (const part of header) {
    if (typeof part === 'string') encode.string(bytes, part, it);
    else encode.number(bytes, part, it);
  }
  return Buffer.concat([bytes.subarray(0, it.offset), payload ?? new Uint8Array()]);
}

/** Types that survive the trip: the schema's codec has no name for an empty string, and bounds them to 255 bytes. */
const type = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => Buffer.byteLength(text) <= 255),
  fc.integer({ min: -(2 ** 31), max: 2 ** 32 }),
  fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, -1, -32, -33, -128, -129, 0.5),
);
const payload = fc.option(
  fc.jsonValue().map((value) => new Uint8Array(pack(value))),
  { nil: undefined },
);

test('ROOM_DATA of any type and payload', () => {
  fc.assert(
    fc.property(type, payload, (name, body) => {
      const read = readClientFrame(frame(13, [name], body));
      expect(read).toMatchObject({ kind: 'cast', type: name });
      expect(read.kind === 'cast' && read.payload && Buffer.from(read.payload)).toEqual(body && Buffer.from(body));
    }),
  );
});

test('ROOM_REQUEST of any id, type and payload', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), type, payload, (requestId, name, body) => {
      expect(readClientFrame(frame(21, [requestId, name], body))).toMatchObject({
        kind: 'call',
        requestId,
        type: name,
      });
    }),
  );
});

test('ROOM_DATA_BYTES becomes a payload that unpacks to the same bytes, at every width', () => {
  for (const length of [0, 1, 255, 256, 65_535, 65_536]) {
    const raw = new Uint8Array(length).map((_, index) => index);
    const read = readClientFrame(frame(17, ['b'], raw));
    expect(read.kind).toBe('cast');
    expect(new Uint8Array(unpack((read as { payload: Uint8Array }).payload) as Uint8Array)).toEqual(raw);
  }
});

test('what is no message says why', () => {
  const reason = (...bytes: number[]): string => {
    const read = readClientFrame(Uint8Array.from(bytes));
    return read.kind === 'malformed' ? read.reason : read.kind;
  };
  expect(reason()).toBe('an empty message');
  expect(reason(13)).toBe('a message without a type');
  expect(reason(13, 0xa5, 0x68)).toBe('a message without a type'); // five bytes promised, one there
  expect(reason(13, 0xdb, 0xff, 0xff, 0xff, 0xff)).toBe('a message without a type'); // four gigabytes promised
  expect(reason(13, 0xa1, 0xff)).toBe('a message without a type'); // no UTF-8
  expect(reason(21, 0xcb, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0xa1, 0x68)).toBe('a request without an id'); // NaN
  expect(reason(21, 0xff, 0xa1, 0x68)).toBe('a request without an id'); // -1
  expect(reason(19, 1)).toContain('protocol code 19');
  expect([reason(10), reason(12), reason(18)]).toEqual(['joined', 'leave', 'ping']);
});

test('no bytes throw, read past their end, or print', () => {
  const quiet = vi.spyOn(console, 'error');
  fc.assert(
    fc.property(fc.constantFrom(13, 17, 21, 0x8d, 10, 99), fc.uint8Array({ maxLength: 20 }), (code, rest) => {
      const message = Uint8Array.of(code, ...rest);
      // A view into a larger buffer, as transports give it: what is around it must not show.
      const padded = Uint8Array.of(0xa1, 0x78, ...message, 0xa1, 0x78);
      expect(readClientFrame(padded.subarray(2, 2 + message.length))).toEqual(readClientFrame(message));
    }),
    { numRuns: 2000 },
  );
  expect(quiet).not.toHaveBeenCalled();
});
