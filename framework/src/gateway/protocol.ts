/**
 * Reads what a client sends: one WebSocket message to one value. The other direction is in room/frames.ts.
 *
 * Invariants: never throws, never reads past the message, never logs, whatever the bytes are. A payload is a view of
 * the bytes given; its msgpack is not looked at here (the Player validates it). ROOM_DATA_BYTES becomes a cast whose
 * payload is the same bytes as msgpack `bin`, so that a handler sees a Uint8Array.
 *
 *     readClientFrame(Uint8Array.of(13, 0xa1, 0x68, 1))    // { kind: 'cast', type: 'h', payload: [1] }
 */
import { Protocol } from '../room/frames.ts';

export type ClientFrame =
  | { readonly kind: 'joined' | 'ping' | 'leave' }
  | { readonly kind: 'cast'; readonly type: string | number; readonly payload: Uint8Array | undefined }
  | {
      readonly kind: 'call';
      readonly requestId: number;
      readonly type: string | number;
      readonly payload: Uint8Array | undefined;
    }
  | { readonly kind: 'malformed'; readonly reason: string };

const joined: ClientFrame = { kind: 'joined' };
const ping: ClientFrame = { kind: 'ping' };
const leave: ClientFrame = { kind: 'leave' };

/** The low five bits are the code, the others decorate inputs, which rooms do not take. */
const CODE_MASK = 0x1f;
/** Longest type of a message, in bytes. */
const MAX_TYPE = 255;
const MAX_REQUEST_ID = 0xffff_ffff;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One message of a client. */
export function readClientFrame(bytes: Uint8Array): ClientFrame {
  const first = bytes[0];
  if (first === undefined) return malformed('an empty message');
  switch (first & CODE_MASK) {
    case Protocol.ROOM_DATA:
      return readCast(bytes);
    case Protocol.ROOM_REQUEST:
      return readCall(bytes);
    case Protocol.ROOM_DATA_BYTES:
      return readBytesCast(bytes);
    case Protocol.PING:
      return ping;
    case Protocol.JOIN_ROOM:
      return joined;
    case Protocol.LEAVE_ROOM:
      return leave;
    default:
      return malformed(`protocol code ${first & CODE_MASK}, which rooms do not take`);
  }
}

function readCast(bytes: Uint8Array): ClientFrame {
  const head: Head = { offset: 1 };
  const type = readType(bytes, head);
  if (type === undefined) return malformed('a message without a type');
  return { kind: 'cast', type, payload: rest(bytes, head.offset) };
}

function readCall(bytes: Uint8Array): ClientFrame {
  const head: Head = { offset: 1 };
  const requestId = readNumber(bytes, head);
  if (requestId === undefined || !Number.isInteger(requestId) || requestId < 0 || requestId > MAX_REQUEST_ID) {
    return malformed('a request without an id');
  }
  const type = readType(bytes, head);
  if (type === undefined) return malformed('a request without a type');
  return { kind: 'call', requestId, type, payload: rest(bytes, head.offset) };
}

function readBytesCast(bytes: Uint8Array): ClientFrame {
  const head: Head = { offset: 1 };
  const type = readType(bytes, head);
  if (type === undefined) return malformed('a message without a type');
  return { kind: 'cast', type, payload: asMsgpackBin(bytes.subarray(head.offset)) };
}

interface Head {
  offset: number;
}

function malformed(reason: string): ClientFrame {
  return { kind: 'malformed', reason };
}

function rest(bytes: Uint8Array, offset: number): Uint8Array | undefined {
  return offset < bytes.byteLength ? bytes.subarray(offset) : undefined;
}

function readType(bytes: Uint8Array, head: Head): string | number | undefined {
  const tag = bytes[head.offset];
  if (tag === undefined) return undefined;
  if (tag >= 0xa0 && tag <= 0xbf) return readText(bytes, head, head.offset + 1, tag & 0x1f);
  if (tag === 0xd9) return readText(bytes, head, head.offset + 2, bytes[head.offset + 1] ?? MAX_TYPE + 1);
  if (tag === 0xda || tag === 0xdb) return undefined;
  return readNumber(bytes, head);
}

function readText(bytes: Uint8Array, head: Head, start: number, length: number): string | undefined {
  const end = start + length;
  if (length === 0 || length > MAX_TYPE || end > bytes.byteLength) return undefined;
  head.offset = end;
  let text = '';
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    if (byte >= 0x80) return readUtf8(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

function readUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes behind the tag of a number, by tag 0xca … 0xd3 (float32 … int64). */
const WIDTHS = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

/** The schema's number codec: msgpack's tags, little-endian bodies. */
function readNumber(bytes: Uint8Array, head: Head): number | undefined {
  const tag = bytes[head.offset];
  if (tag === undefined) return undefined;
  if (tag < 0x80 || tag > 0xdf) {
    head.offset += 1;
    return tag < 0x80 ? tag : tag - 0x100;
  }
  const width = WIDTHS[tag - 0xca];
  if (width === undefined || head.offset + 1 + width > bytes.byteLength) return undefined;
  const value = readBody(tag, new DataView(bytes.buffer, bytes.byteOffset + head.offset + 1, width));
  head.offset += 1 + width;
  return Number.isFinite(value) ? value : undefined;
}

function readBody(tag: number, body: DataView): number {
  switch (tag) {
    case 0xca:
      return body.getFloat32(0, true);
    case 0xcb:
      return body.getFloat64(0, true);
    case 0xcc:
      return body.getUint8(0);
    case 0xcd:
      return body.getUint16(0, true);
    case 0xce:
      return body.getUint32(0, true);
    case 0xcf:
      return Number(body.getBigUint64(0, true));
    case 0xd0:
      return body.getInt8(0);
    case 0xd1:
      return body.getInt16(0, true);
    case 0xd2:
      return body.getInt32(0, true);
    default:
      return Number(body.getBigInt64(0, true));
  }
}

/** The same bytes as one msgpack value (big-endian lengths, as msgpack has them). */
function asMsgpackBin(raw: Uint8Array): Uint8Array {
  const length = raw.byteLength;
  const width = length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 4;
  const bin = new Uint8Array(1 + width + length);
  const view = new DataView(bin.buffer);
  bin[0] = width === 1 ? 0xc4 : width === 2 ? 0xc5 : 0xc6;
  if (width === 1) view.setUint8(1, length);
  else if (width === 2) view.setUint16(1, length);
  else view.setUint32(1, length);
  bin.set(raw, 1 + width);
  return bin;
}
