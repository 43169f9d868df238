/**
 * The Colyseus 0.18 protocol as far as a load generator speaks it: seats by HTTP, the JOIN acknowledgement, casts, calls
 * and their answers. State is not decoded: that would measure the generator.
 *
 * Invariant: frames go in and come out as bytes; nothing here does any input or output. It runs inside k6: no Node.
 *
 *     requestFrame(7, 'sum', packr.pack({ a: 1 })) // 15 07 a3 73 75 6d …
 */
export const Code = { JOIN: 10, ERROR: 11, LEAVE: 12, DATA: 13, REQUEST: 21, RESPONSE: 22 } as const;

export const joinAck: ArrayBuffer = new Uint8Array([Code.JOIN]).buffer;
export const leaveFrame: ArrayBuffer = new Uint8Array([Code.LEAVE]).buffer;

/** A frame of a cast. */
export function castFrame(type: string, payload: Uint8Array | undefined): ArrayBuffer {
  return frame([Code.DATA, ...text(type)], payload);
}

/** A frame of a call. */
export function requestFrame(id: number, type: string, payload: Uint8Array | undefined): ArrayBuffer {
  return frame([Code.REQUEST, ...number(id), ...text(type)], payload);
}

export interface Answer {
  readonly id: number;
  /** 0 answered, 1 rejected, 2 failed. */
  readonly status: number;
  readonly payload: Uint8Array | undefined;
}

/** Reads a response's frame, which begins with its code. */
export function readAnswer(bytes: Uint8Array): Answer {
  const [id, next] = readNumber(bytes, 1);
  const payload = next + 1 < bytes.length ? bytes.subarray(next + 1) : undefined;
  return { id, status: bytes[next]!, payload };
}

/** Reads an ERROR frame's number. */
export function readErrorCode(bytes: Uint8Array): number {
  return readNumber(bytes, 1)[0];
}

/** Where the socket of a reserved seat is. */
export function seatUrl(
  url: string,
  seat: { roomId: string; processId: string; sessionId: string; publicAddress?: string },
): string {
  const base = seat.publicAddress === undefined ? url.replace(/^http/, 'ws') : `ws://${seat.publicAddress}`;
  return `${base.replace(/\/$/, '')}/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`;
}

function frame(head: readonly number[], payload: Uint8Array | undefined): ArrayBuffer {
  const bytes = new Uint8Array(head.length + (payload?.length ?? 0));
  bytes.set(head);
  if (payload) bytes.set(payload, head.length);
  return bytes.buffer;
}

/** Schema's numbers: like msgpack's, but little-endian. */
function number(value: number): number[] {
  if (value < 0x80) return [value];
  if (value < 0x100) return [0xcc, value];
  if (value < 0x1_0000) return [0xcd, value & 255, value >> 8];
  return [0xce, value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
}

function readNumber(bytes: Uint8Array, at: number): [value: number, next: number] {
  const tag = bytes[at]!;
  const byte = (offset: number): number => bytes[at + offset]!;
  if (tag < 0x80) return [tag, at + 1];
  if (tag === 0xcc) return [byte(1), at + 2];
  if (tag === 0xcd) return [byte(1) | (byte(2) << 8), at + 3];
  if (tag === 0xce) return [(byte(1) | (byte(2) << 8) | (byte(3) << 16) | (byte(4) << 24)) >>> 0, at + 5];
  throw new Error(`a number of tag ${tag} is not of this protocol`);
}

function text(value: string): number[] {
  const utf8 = [...new TextEncoder().encode(value)];
  return utf8.length < 0x20 ? [0xa0 | utf8.length, ...utf8] : [0xd9, utf8.length, ...utf8];
}
