/**
 * TurnTaker: what a Room and a Player process have in common: at most one running turn, to which effects belong, and
 * nothing after their end.
 *
 *     this.running('room.broadcast').frames.push(frame);
 */
import { isAlive, type Pid } from '../otp/index.ts';
import { IncarnationEnded, OutsideTurn } from './errors.ts';
import type { Turn } from './turn.ts';

export abstract class TurnTaker {
  readonly pid: Pid;
  turn: Turn | undefined;

  constructor(pid: Pid) {
    this.pid = pid;
  }

  /** For people. */
  abstract get what(): string;

  get alive(): boolean {
    return isAlive(this.pid);
  }

  /** @throws IncarnationEnded */
  check(): void {
    if (!this.alive) throw new IncarnationEnded(this.what);
  }

  /** The running turn, for an effect. @throws IncarnationEnded, OutsideTurn */
  readonly running = (effect: string): Turn => {
    this.check();
    if (!this.turn) throw new OutsideTurn(this.what, effect);
    return this.turn;
  };
}
