/**
 * A stage for the shell's own tests: a real RoomShell over a real link (that clones), with the node's side of the
 * protocol played by the test, and clients that keep what they get.
 */
import { decode, type Iterator } from '@colyseus/schema';
import { unpack } from 'msgpackr';
import { localLink, localNode } from '../../src/cluster/index.ts';
import type { NodeEvents } from '../../src/cluster/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { ClientPort, RoomPort } from '../../src/gateway/shell/ports.ts';
import { RoomNode, RoomShell, type ShellOptions } from '../../src/gateway/shell/index.ts';
import { HandLedger } from '../../src/room/hand-ledger.ts';
import { packPayload, Protocol } from '../../src/room/frames.ts';
import type { FromNode, ToNode } from '../../src/room/link.ts';
import type { Frame, RoomTurn } from '../../src/room/turn-record.ts';
import type { StateChange } from '../../src/room/state/state-change.ts';

/** What a client saw: `state`, `patch`, a message, an answer, an error, or its end. */
export type Seen = readonly [kind: string, ...rest: unknown[]];

export class StageClient implements ClientPort {
  readonly sessionId: string;
  readonly seen: Seen[] = [];

  constructor(sessionId: string) {
    this.sessionId = sessionId;
  }

  send(bytes: Uint8Array): void {
    this.seen.push(read(bytes));
  }

  close(code: number, reason: string): void {
    this.seen.push(['closed', code, reason]);
  }

  /** The answers to calls: request id, status, payload. */
  get answers(): Seen[] {
    return this.seen.filter(([kind]) => kind === 'answer');
  }
}

function read(bytes: Uint8Array): Seen {
  const it: Iterator = { offset: 1 };
  switch (bytes[0]) {
    case Protocol.ROOM_STATE:
      return ['state', String(bytes.subarray(1))];
    case Protocol.ROOM_STATE_PATCH:
      return ['patch', String(bytes.subarray(1))];
    case Protocol.ERROR:
      return ['error', decode.number(bytes, it), decode.string(bytes, it)];
    case Protocol.ROOM_DATA: {
      const type = decode.string(bytes, it);
      return [type, it.offset < bytes.byteLength ? unpack(bytes.subarray(it.offset)) : undefined];
    }
    case Protocol.ROOM_RESPONSE: {
      const id = decode.number(bytes, it);
      const status = bytes[it.offset++];
      return ['answer', id, status, it.offset < bytes.byteLength ? unpack(bytes.subarray(it.offset)) : undefined];
    }
    default:
      return ['unknown', bytes[0]];
  }
}

/** The fan-out: to the clients that the test has put into it. */
export class StageRoom implements RoomPort {
  readonly clients = new Map<string, StageClient>();
  readonly log: Seen[] = [];

  publish(bytes: Uint8Array, except: readonly string[] = []): void {
    for (const client of this.clients.values()) if (!except.includes(client.sessionId)) client.send(bytes);
  }

  lock(locked: boolean): void {
    this.log.push(['lock', locked]);
  }

  setMetadata(value: unknown): void {
    this.log.push(['metadata', value]);
  }

  dispose(code: number, reason: string): void {
    this.log.push(['dispose', code, reason]);
    for (const client of this.clients.values()) client.close(code, reason);
  }
}

/** An integer as the whole state: the smallest tree that a shadow takes. */
export function counterChange(value: number, whole = false): StateChange {
  if (!whole) return { nextRefId: 1, fields: [0, 0, value] };
  const types = [{ id: 0, name: 'Counter', fields: ['value'] }];
  return {
    nextRefId: 1,
    types,
    created: [{ kind: 'object', id: 0, type: 0, fields: [0, value], links: [], emptied: [], extras: [] }],
  };
}

export const STATE = Uint8Array.of(Protocol.ROOM_STATE, 7);
export const PATCH = Uint8Array.of(Protocol.ROOM_STATE_PATCH, 8);

export class Stage {
  readonly clock = new VirtualClock();
  readonly room = new StageRoom();
  /** What the node's processes have in hand; the room is number 1. */
  readonly ledger = new HandLedger(HandLedger.memory());
  readonly node: RoomNode;
  readonly shell: RoomShell;
  /** What the shell said to the node, in order. */
  readonly heard: ToNode[] = [];
  readonly #say: (message: FromNode) => void;
  #events: NodeEvents | undefined;
  #turn = 0;
  epoch = 0;

  constructor(options: Partial<ShellOptions> = {}) {
    const [near, far] = localLink<ToNode, FromNode>({ clone: true });
    this.#say = (message) => far.send(message);
    far.receive((message) => this.heard.push(message));
    this.node = new RoomNode(
      { ...localNode(near), observe: (events) => (this.#events = events) },
      { ledger: this.ledger },
    );
    const { node, room, clock } = this;
    this.shell = new RoomShell({ roomId: 'r1', name: 'counter', options: { o: 1 }, node, room, clock, ...options });
  }

  get events(): NodeEvents {
    return this.#events!;
  }

  async say(...messages: FromNode[]): Promise<void> {
    for (const message of messages) this.#say(message);
    await this.settled();
  }

  settled(): Promise<void> {
    return this.clock.settled();
  }

  /** Everything the shell said since the last time. */
  async take(): Promise<ToNode[]> {
    await this.settled();
    return this.heard.splice(0);
  }

  /** An incarnation comes up: hello, boot, first turn. Returns the boot message. */
  async boot(frames: readonly Frame[] = []): Promise<ToNode & { kind: 'boot' }> {
    this.#turn = 0;
    await this.say({ kind: 'hello', roomId: 'r1', epoch: ++this.epoch, pid: `<0.${this.epoch}>` });
    const boot = this.heard.findLast((message) => message.kind === 'boot');
    if (boot?.kind !== 'boot' || boot.epoch !== this.epoch) throw new Error('The shell sent no boot.');
    await this.turn({ frames, change: counterChange(0, !boot.shadow) });
    return boot;
  }

  /** The first turn of an incarnation that had no past. */
  freshTurn(): Promise<void> {
    this.#turn = 0;
    return this.turn({ change: counterChange(0, true) });
  }

  turn(record: Partial<RoomTurn>): Promise<void> {
    const turn = ++this.#turn;
    return this.say({
      kind: 'turn',
      roomId: 'r1',
      epoch: this.epoch,
      record: { turn, done: [], frames: [], ...record },
    });
  }

  down(failing?: number): Promise<void> {
    return this.say({ kind: 'down', roomId: 'r1', epoch: this.epoch, reason: 'boom', ...(failing && { failing }) });
  }

  closed(asked = false): Promise<void> {
    return this.say({ kind: 'closed', roomId: 'r1', reason: 'shutdown', asked });
  }

  /** A client asks to join; nothing has answered yet. */
  knock(sessionId: string): { client: StageClient; joined: Promise<void>; outcome: () => string } {
    const client = new StageClient(sessionId);
    this.room.clients.set(sessionId, client);
    let outcome = 'waiting';
    const joined = this.shell.join(client, { name: sessionId }, { ip: '::1', headers: {} });
    joined.then(
      () => (outcome = 'joined'),
      (error: Error & { code: string }) => (outcome = error.code),
    );
    return { client, joined, outcome: () => outcome };
  }

  /** A client joins in a turn of the running room, with a full state. */
  async join(sessionId: string): Promise<StageClient> {
    const { client, joined } = this.knock(sessionId);
    await this.settled();
    const seq = this.seqs('join').at(-1)!;
    await this.turn({ done: [seq], frames: [{ to: 'one', sessionId, bytes: STATE }] });
    await joined;
    return client;
  }

  /** Sequence numbers of what the shell handed over, by kind. */
  seqs(kind: ToNode['kind']): number[] {
    return this.heard.flatMap((message) => (message.kind === kind && 'seq' in message ? [message.seq] : []));
  }
}

/** The answer to a call. */
export function answer(seq: number, value: unknown, status: 0 | 1 | 2 = 0): Frame {
  const payload = packPayload(value);
  return { to: 'caller', seq, status, ...(payload && { payload }) };
}
