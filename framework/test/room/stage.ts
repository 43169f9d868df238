/**
 * A stage for rooms: the real host, core, codec and shell, joined by a link that clones every message as a thread
 * boundary does, on a virtual clock. Its clients decode with the decoder of the unmodified SDK.
 *
 *     const stage = await openStage(chat);
 *     const ann = await stage.join('ann');
 *     await ann.call('post', { text: 'hi' });
 */
import { decode, Decoder, type Iterator, Reflection, type Schema } from '@colyseus/schema';
import { Unpackr } from 'msgpackr';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { localLink, localNode } from '../../src/cluster/index.ts';
import { RoomNode, RoomShell } from '../../src/gateway/shell/index.ts';
import { freshAttempts } from '../../src/gateway/shell/recovery.ts';
import { exit, installStrayHandlers, type Pid, processTree, useClock, type ProcessNode } from '../../src/otp/index.ts';
import { living } from '../../src/otp/runtime/proc.ts';
import { packPayload, Protocol } from '../../src/room/frames.ts';
import { createHost, type FromNode, type RoomDefinition, type ToNode } from '../../src/room/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

const unpackr = new Unpackr({ useRecords: false });

export class StageClient<S extends Schema = Schema> {
  readonly sessionId: string;
  /** Every whole message, in order. */
  readonly frames: Uint8Array[] = [];
  readonly messages: { type: string | number; message: unknown }[] = [];
  readonly errors: { code: number; message: string }[] = [];
  closed: { code: number; reason: string } | undefined;
  fullStates = 0;
  patches = 0;
  state: S | undefined;
  readonly #shell: RoomShell;
  readonly #replies = new Map<number, PromiseWithResolvers<unknown>>();
  #decoder: Decoder | undefined;
  #requests = 0;

  constructor(sessionId: string, shell: RoomShell) {
    this.sessionId = sessionId;
    this.#shell = shell;
  }

  send(bytes: Uint8Array): void {
    this.frames.push(bytes);
    const it: Iterator = { offset: 1 };
    switch (bytes[0]! & 0x1f) {
      case Protocol.ROOM_STATE:
      case Protocol.ROOM_STATE_PATCH:
        return this.#decode(bytes, it);
      case Protocol.ROOM_DATA: {
        const type = decode.stringCheck(bytes, it) ? decode.string(bytes, it) : decode.number(bytes, it);
        this.messages.push({ type, message: rest(bytes, it) });
        return;
      }
      case Protocol.ERROR:
        this.errors.push({ code: decode.number(bytes, it), message: decode.string(bytes, it) });
        return;
      case Protocol.ROOM_RESPONSE: {
        const reply = this.#replies.get(decode.number(bytes, it))!;
        const status = bytes[it.offset++];
        if (status === 0) reply.resolve(rest(bytes, it));
        else reply.reject(Object.assign(new Error('no ok'), { status, reason: rest(bytes, it) }));
      }
    }
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  cast(type: string, payload?: unknown): void {
    this.#shell.cast(this.sessionId, type, packPayload(payload));
  }

  /** Casts what is no msgpack of ours. */
  castBytes(type: string, payload: Uint8Array): void {
    this.#shell.cast(this.sessionId, type, payload);
  }

  call(type: string, payload?: unknown): Promise<unknown> {
    const id = ++this.#requests;
    const reply = Promise.withResolvers<unknown>();
    reply.promise.catch(() => undefined);
    this.#replies.set(id, reply);
    this.#shell.call(this.sessionId, id, type, packPayload(payload));
    return reply.promise;
  }

  #decode(bytes: Uint8Array, it: Iterator): void {
    this.#decoder ??= Reflection.decode(this.#shell.handshake!);
    this.state = this.#decoder.state as S;
    if ((bytes[0]! & 0x1f) === Protocol.ROOM_STATE) {
      this.fullStates++;
      (this.#decoder as unknown as { decodeResync(bytes: Uint8Array, it: Iterator): void }).decodeResync(bytes, it);
    } else {
      this.patches++;
      this.#decoder.decode(bytes, it);
    }
  }
}

function rest(bytes: Uint8Array, it: Iterator): unknown {
  return bytes.byteLength > it.offset ? unpackr.unpack(bytes.subarray(it.offset)) : undefined;
}

export interface Stage<S extends Schema> {
  readonly clock: VirtualClock;
  readonly shell: RoomShell;
  readonly clients: ReadonlyMap<string, StageClient<S>>;
  readonly disposed: { code: number; reason: string }[];
  /** What the room's code asked of matchmaking, in order. */
  readonly orders: readonly unknown[];
  client(sessionId: string): StageClient<S>;
  /** Joins and settles. */
  join(sessionId: string, options?: unknown, token?: string): Promise<StageClient<S>>;
  /** Ends the process whose label begins so, as `exit(pid, reason)` does. */
  kill(label: string, reason?: string): void;
  pidOf(label: string): string | undefined;
  tree(): ProcessNode[];
  close(): Promise<void>;
}

/** A node with these kinds of rooms, and how to open some. */
export interface StageNode {
  readonly clock: VirtualClock;
  open<S extends Schema>(name: string, roomId?: string, options?: unknown): Promise<Stage<S>>;
  close(): Promise<void>;
}

/** @param clone whether the link copies what it carries, as one to another thread does; default true */
export async function openNode(definitions: readonly RoomDefinition[], clone = true): Promise<StageNode> {
  const clock = new VirtualClock();
  const before = useClock(clock);
  const uninstall = installStrayHandlers();
  const [shellEnd, nodeEnd] = localLink<ToNode, FromNode>({ clone });
  const host = await createHost(definitions, nodeEnd);
  const node = new RoomNode(localNode(shellEnd));
  const find = (label: string): Pid | undefined => [...living].find((proc) => proc.label?.startsWith(label))?.pid;
  const close = async (): Promise<void> => {
    await host.stop();
    uninstall();
    useClock(before);
  };

  async function open<S extends Schema>(name: string, roomId = 'r1', options: unknown = {}): Promise<Stage<S>> {
    const clients = new Map<string, StageClient<S>>();
    const disposed: { code: number; reason: string }[] = [];
    const orders: unknown[] = [];
    const definition = definitions.find((each) => each.name === name);
    const shell = new RoomShell({
      roomId,
      name,
      options,
      node,
      room: {
        publish: (bytes, except) => {
          for (const client of clients.values())
            if (!client.closed && !except?.includes(client.sessionId)) client.send(bytes);
        },
        lock: (locked) => orders.push(locked ? 'locked' : 'unlocked'),
        setMetadata: (value) => orders.push({ metadata: value }),
        dispose: (code, reason) => disposed.push({ code, reason }),
      },
      clock,
      recovery: { freshAttempts: freshAttempts(definition?.parts.fresh) },
    });
    await clock.settled();
    const client = (sessionId: string): StageClient<S> => {
      const made = new StageClient<S>(sessionId, shell);
      clients.set(sessionId, made);
      return made;
    };
    return {
      clock,
      shell,
      clients,
      disposed,
      orders,
      client,
      async join(sessionId, joinOptions = {}, token) {
        const made = client(sessionId);
        const joined = shell.join(made, joinOptions, { ip: '::1', headers: {}, ...(token !== undefined && { token }) });
        joined.catch(() => clients.delete(sessionId));
        await clock.settled();
        await joined;
        return made;
      },
      kill(label, reason = 'kill') {
        exit(find(label)!, reason);
      },
      pidOf: (label) => find(label)?.toString(),
      tree: () => processTree(host.pid),
      close,
    };
  }
  return { clock, open, close };
}

/** A node with one room. */
export async function openStage<S extends Schema>(
  definition: RoomDefinition,
  options: unknown = {},
  clone = true,
): Promise<Stage<S>> {
  const node = await openNode([definition], clone);
  return node.open<S>(definition.name, 'r1', options);
}

/** Collects what is published on a diagnostics channel until the returned function is called. */
export function listen<T>(name: string): { readonly reports: T[]; stop(): void } {
  const reports: T[] = [];
  const take = (message: unknown): void => void reports.push(message as T);
  subscribe(name, take);
  return { reports, stop: () => void unsubscribe(name, take) };
}
