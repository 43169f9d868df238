/**
 * `testRoom`: a room under test, without sockets and without waiting. The room, its players and its supervisor are the
 * real ones, so is the shell that holds seats and past; every message between them goes through `structuredClone`, as to
 * another thread. Time stands still until the test moves it.
 *
 *     const room = await testRoom(chat, { options: { topic: 'tea' } });
 *     const ada = await room.join({ name: 'Ada' });
 *     await ada.call('post', { text: 'hi', id: '1' });
 *     await room.crash();
 *     expect(ada.state.lines).toHaveLength(1);
 *     expect(ada.closed).toBeUndefined();
 *     await room.stop();
 *
 * With `nodes: 1` the room runs on a worker thread, and time is real. That is also the place to try failures outside
 * every handler (a promise nobody awaited, a throw in a bare setTimeout): on this thread the test runner sees them too,
 * and fails the run.
 */
import { type Clock, systemClock, useClock } from '../otp/runtime/clock.ts';
import { installStrayHandlers } from '../otp/process/stray.ts';
import { RoomShell } from '../gateway/shell/shell.ts';
import { startRoomNode } from '../gateway/shell/start-node.ts';
import type { RoomNode } from '../gateway/shell/room-node.ts';
import type { RoomPort } from '../gateway/shell/ports.ts';
import type { QueueBounds } from '../gateway/shell/pending-queue.ts';
import { freshAttempts, type RecoveryPolicy } from '../gateway/shell/recovery.ts';
import type { DataOf, RoomDefinition, StateOf } from '../room/definition.ts';
import { restoreState } from '../room/state/index.ts';
import { TestClient } from './test-client.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface TestRoomOptions {
  /** What the room is created with. */
  readonly options?: unknown;
  /** The clock to run on. Default: that of the rooms which are under test already, else a new one. */
  readonly clock?: VirtualClock;
  /** 1: on a worker thread, in real time; the definition needs `module`. Default 0. */
  readonly nodes?: 0 | 1;
  /** Milliseconds a call may take. Default 10,000. */
  readonly callTimeout?: number | false;
  readonly recovery?: Partial<RecoveryPolicy>;
  readonly bounds?: Partial<QueueBounds>;
}

/** Real milliseconds after which `until` gives up. */
const PATIENCE = 10_000;

export class TestRoom<R extends RoomDefinition> {
  readonly definition: R;
  readonly clients: TestClient<R>[] = [];
  readonly #shell: RoomShell;
  readonly #node: RoomNode;
  readonly #clock: VirtualClock | undefined;
  readonly #restore: () => void;
  readonly #like: () => StateOf<R>;
  #sessions = 0;
  #locked = false;
  #metadata: unknown;
  #ended: { readonly code: number; readonly reason: string } | undefined;

  /** Use `testRoom`. */
  constructor(
    definition: R,
    node: RoomNode,
    options: TestRoomOptions,
    clock: VirtualClock | undefined,
    restore: () => void,
  ) {
    this.definition = definition;
    this.#node = node;
    this.#clock = clock;
    this.#restore = restore;
    this.#like = () => definition.parts.state(options.options ?? {}) as StateOf<R>;
    this.#shell = new RoomShell({
      roomId: 'test',
      name: definition.name,
      options: plain(options.options ?? {}),
      node,
      room: this.#port(),
      clock: clock ?? systemClock,
      ...(options.callTimeout !== undefined && { callTimeout: options.callTimeout }),
      ...(options.bounds && { bounds: options.bounds }),
      recovery: { freshAttempts: freshAttempts(definition.parts.fresh), ...options.recovery },
    });
  }

  /** Resolves when the room has booted. */
  get ready(): Promise<void> {
    return this.#shell.ready;
  }

  /** The state on the server, as the turns that have ended left it: a copy. */
  get state(): StateOf<R> {
    const shadow = this.#shell.past.snapshot();
    if (!shadow) throw new Error('The room has not booted.');
    return restoreState(this.#like() as never, shadow.state).state as StateOf<R>;
  }

  /** The private data, as the turns that have ended left it. */
  get data(): DataOf<R> {
    return this.#shell.past.data as DataOf<R>;
  }

  /** Named timers by name: when they are due, on the room's wall clock. */
  get timers(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#shell.past.timers.map((timer) => [timer.name, timer.due]));
  }

  /** The Room process that runs, or ran last. */
  get pid(): string | undefined {
    return this.#shell.pid;
  }

  /** What the shell is at: `running`, `cooling`, `closed` … */
  get phase(): RoomShell['phase'] {
    return this.#shell.phase;
  }

  get locked(): boolean {
    return this.#locked;
  }

  get metadata(): unknown {
    return this.#metadata;
  }

  /** Why the room is over; undefined while it is not. */
  get ended(): { readonly code: number; readonly reason: string } | undefined {
    return this.#ended;
  }

  /**
   * A client joins. Where the join takes (virtual) time, move the clock before awaiting it.
   *
   * @param options what the client joins with; plain JSON
   * @throws JoinRefused
   */
  async join(options: unknown = {}, { token }: { readonly token?: string } = {}): Promise<TestClient<R>> {
    const client = new TestClient<R>(this.#shell, `client-${++this.#sessions}`);
    this.clients.push(client);
    await client.enter(plain(options), token);
    return client;
  }

  /** The Room process throws, as by the button "crash this room"; resolves when its successor has settled. */
  async crash(error = 'a crash ordered by the test'): Promise<void> {
    const before = this.#shell.pid;
    this.#shell.crash(error);
    if (!this.#clock) await this.until(() => this.#shell.pid !== before && this.#shell.phase === 'running');
    await this.settled();
  }

  /** The Player of a client throws. */
  async crashPlayer(client: TestClient<R>, error = 'a crash ordered by the test'): Promise<void> {
    this.#shell.crash(error, client.sessionId);
    await this.settled();
  }

  /** Moves time on by `ms` milliseconds and settles; on a worker it waits that long. */
  async advance(ms: number): Promise<void> {
    if (this.#clock) await this.#clock.advance(ms);
    else await new Promise((resolve) => setTimeout(resolve, ms));
    await this.settled();
  }

  /**
   * Resolves when nothing moves any more without time passing. On a worker: when all that was sent so far has arrived
   * there; await an answer, or `until`, for what comes of it.
   */
  async settled(): Promise<void> {
    if (this.#clock) await this.#clock.settled();
    else if (this.#node.up) await this.#node.inspect(systemClock);
  }

  /** Resolves when `holds` does; rejects when it does not within 10 real seconds. Moves no virtual time. */
  async until(holds: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`This never came to hold: ${String(holds)}`);
      await this.settled();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** The supervision tree below this room's node. */
  tree(): Promise<unknown> {
    return this.#node.inspect(this.#clock ?? systemClock);
  }

  /** Closes the room and its node; every test must. */
  async stop(): Promise<void> {
    const closing = this.#shell.close('the test is over');
    await this.#clock?.settled();
    if (this.#shell.phase !== 'closed') await this.#clock?.advance(10_000);
    await closing;
    await this.#node.stop();
    this.#restore();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #port(): RoomPort {
    const open = (): TestClient<R>[] => this.clients.filter((client) => client.connected);
    return {
      publish: (bytes, except) => {
        for (const client of open()) if (!except?.includes(client.sessionId)) client.receive(bytes);
      },
      lock: (locked) => (this.#locked = locked),
      setMetadata: (value) => (this.#metadata = value),
      dispose: (code, reason) => {
        this.#ended = { code, reason };
        for (const client of open()) client.end(code, reason);
      },
    };
  }
}

/**
 * Starts a room of this definition and resolves when it has booted.
 *
 * @throws GenroomError `room_not_started`
 */
export async function testRoom<R extends RoomDefinition>(
  definition: R,
  options: TestRoomOptions = {},
): Promise<TestRoom<R>> {
  const nodes = options.nodes ?? 0;
  const taken = nodes === 0 ? takeClock(options.clock) : undefined;
  const forgetStrays = installStrayHandlers();
  const restore = (): void => {
    forgetStrays();
    taken?.giveBack();
  };
  try {
    const node = await startRoomNode([definition], { nodes, clone: true });
    try {
      const room = new TestRoom(definition, node, options, taken?.clock, restore);
      await room.ready;
      return room;
    } catch (error) {
      await node.stop();
      throw error;
    }
  } catch (error) {
    restore();
    throw error;
  }
}

/** The virtual clock that rooms of this thread run on, and how many do. */
let shared: { readonly clock: VirtualClock; readonly before: Clock; rooms: number } | undefined;

/** The thread has one clock: rooms that are under test at the same time share it, and the last gives it back. */
function takeClock(wanted: VirtualClock | undefined): { readonly clock: VirtualClock; readonly giveBack: () => void } {
  if (shared && wanted && shared.clock !== wanted) {
    throw new Error('Another room is under test on a clock of its own: pass that clock, or stop that room first.');
  }
  const clock = shared?.clock ?? wanted ?? new VirtualClock();
  const held = (shared ??= { clock, before: useClock(clock), rooms: 0 });
  held.rooms++;
  const giveBack = (): void => {
    if (--held.rooms > 0) return;
    shared = undefined;
    useClock(held.before);
  };
  return { clock, giveBack };
}

/** As JSON carries it in a matchmaking request. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
