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
import { type Clock, exit, installStrayHandlers, type Pid, processTree, useClock, type ProcessNode } from '../../src/otp/index.ts';
import { living } from '../../src/otp/proc.ts';
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
  /** Everything the node said, in order. */
  readonly said: FromNode[];
  client(sessionId: string): StageClient<S>;
  /** Joins and settles. */
  join(sessionId: string, options?: unknown, token?: string): Promise<StageClient<S>>;
  /** Ends the process whose label this is, as `exit(pid, reason)` does. */
  kill(label: string, reason?: string): void;
  pidOf(label: string): string | undefined;
  tree(): ProcessNode[];
  close(): Promise<void>;
}

export async function openStage<S extends Schema>(
  definition: RoomDefinition<S, never, never, never, never, never> | RoomDefinition,
  options: unknown = {},
  clock: VirtualClock & Clock = new VirtualClock(),
): Promise<Stage<S>> {
  const before = useClock(clock);
  const uninstall = installStrayHandlers();
  const [shellEnd, nodeEnd] = localLink<ToNode, FromNode>({ clone: true });
  const said: FromNode[] = [];
  const host = await createHost([definition as RoomDefinition], {
    receive: (handler) => nodeEnd.receive(handler),
    send: (message, transfer) => {
      said.push(message);
      nodeEnd.send(message, transfer);
    },
  });
  const clients = new Map<string, StageClient<S>>();
  const disposed: { code: number; reason: string }[] = [];
  const shell = new RoomShell({
    roomId: 'r1',
    name: definition.name,
    options,
    node: new RoomNode(localNode(shellEnd)),
    room: {
      publish: (bytes, except) => {
        for (const client of clients.values()) if (!client.closed && !except?.includes(client.sessionId)) client.send(bytes);
      },
      lock: () => undefined,
      setMetadata: () => undefined,
      dispose: (code, reason) => disposed.push({ code, reason }),
    },
    clock,
  });
  await clock.settled();
  const find = (label: string): Pid | undefined => [...living].find((proc) => proc.label?.startsWith(label))?.pid;
  const stage: Stage<S> = {
    clock,
    shell,
    clients,
    disposed,
    said,
    client(sessionId) {
      const client = new StageClient<S>(sessionId, shell);
      clients.set(sessionId, client);
      return client;
    },
    async join(sessionId, joinOptions = {}, token) {
      const client = stage.client(sessionId);
      const joined = shell.join(client, joinOptions, { ip: '::1', headers: {}, ...(token !== undefined && { token }) });
      joined.catch(() => clients.delete(sessionId));
      await clock.settled();
      await joined;
      return client;
    },
    kill(label, reason = 'kill') {
      exit(find(label)!, reason);
    },
    pidOf: (label) => find(label)?.toString(),
    tree: () => processTree(host.pid),
    async close() {
      await host.stop();
      uninstall();
      useClock(before);
    },
  };
  return stage;
}

/** Collects what is published on a diagnostics channel until the returned function is called. */
export function listen<T>(name: string): { readonly reports: T[]; stop(): void } {
  const reports: T[] = [];
  const take = (message: unknown): void => void reports.push(message as T);
  subscribe(name, take);
  return { reports, stop: () => void unsubscribe(name, take) };
}
