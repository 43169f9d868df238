/** What a server's handlers are given of their own process. */
import type { Self } from './gen-server.ts';
import type { Pid } from './pid.ts';
import type { Proc } from './proc.ts';

/** What handlers know of their process: its address and its end, not the process. */
export class ServerSelf implements Self {
  readonly pid: Pid;
  readonly #proc: Proc;

  constructor(proc: Proc) {
    this.pid = proc.pid;
    this.#proc = proc;
  }

  get signal(): AbortSignal {
    return this.#proc.signal;
  }
}
