/**
 * Replacement: carries out what restart-limit.ts decides for one node: waits, starts another, says how that went.
 *
 * Invariants: a start that fails counts as a loss; after `gone` or `stop` nothing follows; at most one start waits.
 *
 *     const replacement = new Replacement({ start, up, gone, clock, limit });
 *     replacement.lost('its thread ended with code 1');
 */
import type { Clock, TimerHandle } from '../otp/runtime/clock.ts';
import { errorText } from '../platform/error-text.ts';
import { defaultRestartLimit, nextRestart, type RestartLimit } from './restart-limit.ts';

export interface ReplacementOptions {
  readonly clock: Clock;
  readonly limit?: Partial<RestartLimit> | undefined;
  /** Starts another node; rejects when it cannot be. */
  readonly start: () => Promise<void>;
  /** It was started. */
  readonly up: () => void;
  /** The limit is used up. */
  readonly gone: (reason: string) => void;
}

export class Replacement {
  readonly #options: ReplacementOptions;
  readonly #limit: RestartLimit;
  #losses: readonly number[] = [];
  #timer: TimerHandle | undefined;
  #over = false;

  constructor(options: ReplacementOptions) {
    this.#options = options;
    this.#limit = { ...defaultRestartLimit, ...options.limit };
  }

  /** Whether no other node will be started. */
  get over(): boolean {
    return this.#over;
  }

  /** @param counts false: it is replaced at once, and forgotten */
  lost(reason: string, counts = true): void {
    if (this.#over) return;
    if (!counts) return this.#start();
    const { clock, gone } = this.#options;
    const { restart, delay, losses } = nextRestart(this.#losses, this.#limit, clock.now());
    this.#losses = losses;
    if (!restart) {
      this.#over = true;
      gone(reason);
    } else if (delay === 0) this.#start();
    else this.#timer = clock.setTimer(delay, () => this.#start());
  }

  stop(): void {
    this.#over = true;
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    this.#timer = undefined;
    const { start, up } = this.#options;
    start().then(
      () => this.#over || up(),
      (error: unknown) => this.lost(errorText(error).message),
    );
  }
}
