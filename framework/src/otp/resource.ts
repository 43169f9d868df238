/**
 * resource: something shared that has to be opened, such as a connection pool, as a process of its own.
 *
 * Node names as owner of a failing socket whoever opened it. A pool that the first room to need it opens would be that
 * room's: a reset, hours later, would end an innocent room. `use` opens it in the resource's own process, so that the
 * reset ends that one; the next `use` opens it anew.
 *
 * Invariants
 * - At most one is open on a node. It is opened at the first `use`, and again at the first one after it failed.
 * - Its process belongs to nobody who uses it: it outlives them, and its end reaches none of them.
 *
 * @example
 *   const db = resource({ name: 'db', open: () => connect(url), close: (connection) => connection.end() });
 *   calls: { top: (room) => room.task(db.use().then((connection) => connection.query(sql)), (room, rows) => rows) }
 */
import { call } from './gen-server/call.ts';
import { genServer } from './gen-server/gen-server.ts';
import { initOk, noreply, reply } from './gen-server/step.ts';
import { stopServer } from './gen-server/stop-server.ts';
import { isAlive } from './process/process.ts';
import { start } from './process/start.ts';
import type { Ref } from './process/target.ts';
import { CallError } from './runtime/errors.ts';
import type { Pid } from './runtime/pid.ts';
import { runAsNobody } from './runtime/scheduler.ts';
import type { Self } from './runtime/self.ts';

export interface ResourceDefinition<T> {
  /** Names it in reports. */
  readonly name: string;
  /** Opens it. Everything it starts belongs to the resource; its rejection fails the uses that wait for it. */
  readonly open: (self: Self) => T | Promise<T>;
  /** Closes it when the resource is stopped or has failed after it was open. */
  readonly close?: (value: T) => unknown;
}

export interface Resource<T> {
  readonly name: string;
  /**
   * The opened value. @throws CallError `call_down` when opening failed, `call_timeout` when it takes too long
   * @param options.timeout milliseconds, default 5,000
   */
  use(options?: { timeout?: number }): Promise<T>;
  /** The process that has it open, if any. */
  readonly pid: Pid | undefined;
  /** Closes it; the next `use` would open it again. */
  stop(): Promise<void>;
}

/** Defines a shared resource. Nothing is opened yet. */
export function resource<T>(definition: ResourceDefinition<T>): Resource<T> {
  const { name, open, close } = definition;
  const server = genServer({
    name: `resource ${name}`,
    init: () => initOk<{ readonly open?: { readonly value: T } }>({}, { continue: 'open' }),
    continue: async (_state, _continuation, self) => noreply({ open: { value: await open(self) } }),
    calls: { use: (state) => reply(state.open!.value, state) },
    terminate: (_reason, state) => state.open && close?.(state.open.value),
  });
  let running: Promise<Ref<typeof server>> | undefined;
  let pid: Ref<typeof server> | undefined;

  const process = (): Promise<Ref<typeof server>> => {
    if (pid && !isAlive(pid)) {
      pid = undefined;
      running = undefined;
    }
    running ??= runAsNobody(() => start(server)).then((started) => (pid = started));
    return running;
  };

  return {
    name,
    get pid() {
      return pid && isAlive(pid) ? pid : undefined;
    },
    async use(options = {}) {
      const opened = await call(await process(), 'use', undefined, options);
      return opened;
    },
    async stop() {
      if (!pid || !isAlive(pid)) return;
      try {
        await stopServer(pid);
      } catch (error) {
        // Gone meanwhile is as good.
        if (!(error instanceof CallError)) throw error;
      }
    },
  };
}
