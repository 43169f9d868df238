/**
 * Member: a player as its room has it, and the handle that user code gets.
 *
 *     member.send('welcome', { topic });
 */
import { dataFrame } from './frames.ts';
import type { PlayerHandle } from './handles.ts';
import type { Turn } from './turn.ts';

/** What a Player tells of its session when it joins. */
export interface Arrived {
  readonly sessionId: string;
  readonly auth: unknown;
  readonly options: unknown;
  readonly connected: boolean;
}

export class Member implements PlayerHandle {
  readonly sessionId: string;
  readonly auth: unknown;
  readonly options: unknown;
  readonly #turn: (effect: string) => Turn;
  #connected: boolean;

  /** @param turn the running turn of the member's room, or a throw */
  constructor({ sessionId, auth, options, connected }: Arrived, turn: (effect: string) => Turn) {
    this.sessionId = sessionId;
    this.auth = auth;
    this.options = options;
    this.#connected = connected;
    this.#turn = turn;
  }

  get connected(): boolean {
    return this.#connected;
  }

  setConnected(connected: boolean): void {
    this.#connected = connected;
  }

  send(type: string | number, message?: unknown): void {
    this.#turn('player.send').frames.push({ to: 'one', sessionId: this.sessionId, bytes: dataFrame(type, message) });
  }
}
