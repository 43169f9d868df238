/** What a process's code is given of its own process, and what stands for the process in its async context. */
import type { Self } from './gen-server.ts';
import type { Pid } from './pid.ts';
import type { Proc } from './proc.ts';

/** What handlers know of their process: its address and its end, not the process. */
export class ServerSelf implements Self {
  #proc: Proc | undefined = undefined;

  get pid(): Pid {
    return this.#proc!.pid;
  }

  get signal(): AbortSignal {
    return this.#proc!.signal;
  }

  /** Internal to the layer: whose it is. */
  static belong(self: ServerSelf, proc: Proc): void {
    self.#proc = proc;
  }

  /** Internal to the layer. */
  static processOf(self: ServerSelf | undefined): Proc | undefined {
    return self === undefined ? undefined : self.#proc;
  }
}
