/**
 * Frames: the bytes of Colyseus's wire protocol (0.18), one function per kind of WebSocket message.
 *
 * Byte 0 is the protocol code. Numbers and strings of a header use the schema's codec (msgpack-like tags, but
 * little-endian); payloads are ordinary msgpack. Rooms and the gateway write here; what
 * clients send is read in gateway/protocol.ts.
 *
 * Invariant: a returned array owns its buffer, so that it can be transferred to another thread.
 *
 *     dataFrame('echo', { a: 1 })     // 0D A4 65 63 68 6F 81 A1 61 01
 */
import { encode, type Iterator } from '@colyseus/schema';
import { Packr } from 'msgpackr';

/** Protocol codes, as in shared-types Protocol.ts. */
export const Protocol = {
  JOIN_ROOM: 10,
  ERROR: 11,
  LEAVE_ROOM: 12,
  ROOM_DATA: 13,
  ROOM_STATE: 14,
  ROOM_STATE_PATCH: 15,
  ROOM_DATA_BYTES: 17,
  PING: 18,
  ROOM_REQUEST: 21,
  ROOM_RESPONSE: 22,
} as const;

/** Status byte of a ROOM_RESPONSE. */
export const ResponseStatus = { OK: 0, REJECTED: 1, ERROR: 2 } as const;

/** Codes of ERROR frames and of refused joins, as Colyseus's clients know them (shared-types Protocol.ts). */
export const ErrorCode = { AUTH_FAILED: 525, APPLICATION_ERROR: 526, INVALID_PAYLOAD: 4217 } as const;

const packr = new Packr({ useRecords: false });
const NUMBER_MAX = 9;

/** A value as msgpack, in a buffer of its own; undefined stays undefined. */
export function packPayload(value: unknown): Uint8Array | undefined {
  return value === undefined ? undefined : new Uint8Array(packr.pack(value));
}

/** ROOM_DATA: a named (or numbered) message with an optional payload. */
export function dataFrame(type: string | number, message?: unknown): Uint8Array {
  return headed(Protocol.ROOM_DATA, typeSize(type), (bytes, it) => writeType(bytes, type, it), packPayload(message));
}

/** ERROR: reaches the SDK's `room.onError(code, message)`; the socket stays open. */
export function errorFrame(code: number, message: string): Uint8Array {
  return headed(Protocol.ERROR, NUMBER_MAX + stringSize(message), (bytes, it) => {
    encode.number(bytes, code, it);
    encode.string(bytes, message, it);
  });
}

/** ROOM_RESPONSE: the answer to request `requestId`; `payload` is msgpack. */
export function responseFrame(requestId: number, status: number, payload?: Uint8Array): Uint8Array {
  return headed(
    Protocol.ROOM_RESPONSE,
    NUMBER_MAX + 1,
    (bytes, it) => {
      encode.number(bytes, requestId, it);
      bytes[it.offset++] = status;
    },
    payload,
  );
}

/** ROOM_STATE: a full state, as `Encoder.encodeAll` wrote it (without a protocol byte). */
export function stateFrame(encoded: Uint8Array): Uint8Array {
  return headed(Protocol.ROOM_STATE, 0, nothing, encoded);
}

/** ROOM_STATE_PATCH: changes, as `Encoder.encode` wrote them (without a protocol byte). */
export function patchFrame(encoded: Uint8Array): Uint8Array {
  return headed(Protocol.ROOM_STATE_PATCH, 0, nothing, encoded);
}

/** One allocation: protocol byte, header (at most `headerMax` bytes), payload. */
function headed(
  code: number,
  headerMax: number,
  write: (bytes: Uint8Array, it: Iterator) => void,
  payload?: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(1 + headerMax + (payload?.byteLength ?? 0));
  bytes[0] = code;
  const it: Iterator = { offset: 1 };
  write(bytes, it);
  if (payload) bytes.set(payload, it.offset);
  const end = it.offset + (payload?.byteLength ?? 0);
  return end === bytes.byteLength ? bytes : bytes.slice(0, end);
}

function nothing(): void {}

function typeSize(type: string | number): number {
  return typeof type === 'string' ? stringSize(type) : NUMBER_MAX;
}

function stringSize(text: string): number {
  return 5 + Buffer.byteLength(text);
}

function writeType(bytes: Uint8Array, type: string | number, it: Iterator): void {
  if (typeof type === 'string') encode.string(bytes, type, it);
  else encode.number(bytes, type, it);
}
