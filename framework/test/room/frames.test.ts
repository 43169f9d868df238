import { getMessageBytes } from '@colyseus/core';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { dataFrame, errorFrame, packPayload, Protocol, responseFrame } from '../../src/room/frames.ts';

const type = fc.oneof(fc.string({ minLength: 1, maxLength: 40 }), fc.nat());
const bytesOf = (bytes: Uint8Array): number[] => [...bytes];

it("writes the bytes that Colyseus's core writes", () => {
  fc.assert(
    fc.property(type, fc.jsonValue({ maxDepth: 3 }), fc.nat(), (name, value, id) => {
      expect(bytesOf(dataFrame(name, value))).toEqual(bytesOf(getMessageBytes.raw(Protocol.ROOM_DATA, name, value)));
      expect(bytesOf(dataFrame(name))).toEqual(bytesOf(getMessageBytes.raw(Protocol.ROOM_DATA, name)));
      expect(bytesOf(responseFrame(id, 1, packPayload(value)))).toEqual(
        bytesOf(getMessageBytes[Protocol.ROOM_RESPONSE](id, 1, value)),
      );
      expect(bytesOf(errorFrame(id, String(name)))).toEqual(bytesOf(getMessageBytes[Protocol.ERROR](id, String(name))));
    }),
  );
});

it('owns the buffer it returns, so that it can be moved to another thread', () => {
  const frame = dataFrame('x', 'y'.repeat(100));
  expect(frame.byteLength).toBe(frame.buffer.byteLength);
});
