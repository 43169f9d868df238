/** What a process's code is given of its own process, and what stands for the process in its async context. */
import type { Pid } from './pid.ts';
import type { Proc } from './proc.ts';

/** What every handler knows of its own process. */
export interface Self {
  readonly pid: Pid;
  /** Fires when the process ends. Hand it to `fetch` and the like. */
  readonly signal: AbortSignal;
}

/** Its address and its end, not the process. */
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
