/**
 * Two nodes in one thread: every module of genroom loaded twice, the two joined by the ports of a MessageChannel. What
 * crosses is serialised, posted and read as between threads, and counted.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { vi } from 'vitest';

async function load() {
  vi.resetModules();
  return {
    otp: await import('../../src/otp/index.ts'),
    pid: await import('../../src/otp/runtime/pid.ts'),
    scheduler: await import('../../src/otp/runtime/scheduler.ts'),
    spawning: await import('../../src/otp/process/spawn.ts'),
    target: await import('../../src/otp/process/target.ts'),
    from: await import('../../src/otp/runtime/from.ts'),
    monitor: await import('../../src/otp/runtime/monitor.ts'),
    alias: await import('../../src/otp/process/alias.ts'),
    references: await import('../../src/cluster/references.ts'),
    wire: await import('../../src/cluster/wire.ts'),
    unwire: await import('../../src/cluster/unwire.ts'),
    distribution: await import('../../src/cluster/distribution.ts'),
    nodes: await import('../../src/cluster/nodes.ts'),
  };
}

type Modules = Awaited<ReturnType<typeof load>>;

/** One of the two nodes. */
export interface Side extends Modules {
  readonly name: string;
  readonly port: ReadablePort;
}

/** A port that can be read at once, too: what has been posted to it is taken in before the event loop comes round. */
class ReadablePort {
  readonly #port: MessagePort;
  readonly #listeners: ((value: unknown) => void)[] = [];
  /** Signals posted from here. */
  posted = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  postMessage(value: unknown, transfer?: readonly ArrayBuffer[]): void {
    if (Array.isArray(value)) this.posted += value.length;
    this.#port.postMessage(value, transfer);
  }

  on(event: string, listener: (value: unknown) => void): void {
    if (event === 'message') this.#listeners.push(listener);
    this.#port.on(event as 'message', listener);
  }

  close(): void {
    this.#port.close();
  }

  read(): void {
    for (let got = receiveMessageOnPort(this.#port); got; got = receiveMessageOnPort(this.#port))
      for (const listener of this.#listeners) listener(got.message as unknown);
  }
}

export class Sides {
  readonly a: Side;
  readonly b: Side;
  /** Whether everything runs on one node, in a test that has nothing to show on two. */
  local = false;

  constructor(a: Side, b: Side) {
    this.a = a;
    this.b = b;
  }

  /** The node whose process runs; outside of every process the first. */
  running(): Side {
    return this.b.scheduler.ownerOfContext() ? this.b : this.a;
  }

  /** Where whatever `side` starts is placed. */
  calleeOf(side: Side): Side {
    return this.local ? side : this.otherOf(side);
  }

  otherOf(side: Side): Side {
    return side === this.a ? this.b : this.a;
  }

  /** Takes in what each has posted to the other. */
  settle(): void {
    for (const [from, to] of [
      [this.a, this.b],
      [this.b, this.a],
    ] as const) {
      from.distribution.flush(to.name);
      to.port.read();
    }
  }

  /** Signals that have crossed, both ways. */
  get crossed(): number {
    return this.a.port.posted + this.b.port.posted;
  }
}

export async function makeSides(): Promise<Sides> {
  const { port1, port2 } = new MessageChannel();
  // The one loaded last shares its modules with what the tests import besides.
  const b: Side = { name: 'b', port: new ReadablePort(port2), ...(await load()) };
  const a: Side = { name: 'a', port: new ReadablePort(port1), ...(await load()) };
  for (const side of [a, b]) side.pid.nameNode(side.name);
  await Promise.all([a, b].map((side) => side.nodes.connect(side.port as unknown as MessagePort)));
  port1.unref();
  port2.unref();
  return new Sides(a, b);
}
