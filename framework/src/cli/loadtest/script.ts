/**
 * LoadScript: what a user writes to have their room loaded. It runs inside k6, whose JavaScript has no Node and resolves
 * no npm package: import types, and files of your own by relative path.
 *
 *     import type { LoadScript } from 'genroom/loadtest';
 *     export default {
 *       clients: 20,
 *       rates: [20, 50, 100, 200],
 *       join: (client) => ({ name: `guest${client}` }),
 *       message: (client, n) => ({ call: 'post', payload: { id: `${client}-${n}`, text: 'hello' } }),
 *       good: (answer) => typeof answer === 'number',
 *     } satisfies LoadScript;
 */

/** One message to the room: a call is timed until its answer, a cast is only sent. */
export type LoadMessage =
  | { readonly call: string; readonly payload?: unknown }
  | { readonly cast: string; readonly payload?: unknown };

export interface LoadStep {
  /** Messages a second, of all clients together. */
  readonly rate: number;
  /** Seconds that count. */
  readonly seconds: number;
}

export interface LoadScript {
  /** Connections that are opened and share the load in turn. Default 10. */
  readonly clients?: number;
  /** Messages a second to try one after the other. Default 10, 20, 50, 100, 200. */
  readonly rates?: readonly number[];
  /** Seconds of each rate that count. Default 10. */
  readonly seconds?: number;
  /** Seconds before those, which do not count. Default 2. */
  readonly warmup?: number;
  /** `poisson` (as independent people come, the default) or `even` gaps. */
  readonly pacing?: 'poisson' | 'even';
  /** Seconds after a rate in which answers may still come. Default 5. */
  readonly patience?: number;
  /** The room's name, where the client's is to differ from `--room`. */
  readonly room?: (client: number) => string;
  /** Options to join with. Default none. */
  readonly join?: (client: number) => unknown;
  /** The `n`-th message; `client` sends it. */
  readonly message: (client: number, n: number) => LoadMessage;
  /** Whether an answer is right. Default: any that is not a rejection. */
  readonly good?: (answer: unknown, message: LoadMessage) => boolean;
}
