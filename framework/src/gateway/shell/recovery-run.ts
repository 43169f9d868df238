/**
 * RecoveryRun: carries out what recovery.ts decides for one room: waits, starts, reports.
 *
 * Invariant: at most one start is waiting; `cancel` ends it.
 *
 *     const recovery = new RecoveryRun({ clock, policy, about, start });
 *     if (!recovery.failed('shutdown')) …    // nothing is left to try
 */
import type { Clock, TimerHandle } from '../../otp/runtime/clock.ts';
import { booted, nextStep, noProgress, type RecoveryPolicy, type RecoveryStep } from './recovery.ts';
import { type RecoveryReport, reportRecovery } from './reports.ts';

export interface RecoveryRunOptions {
  readonly clock: Clock;
  readonly policy: RecoveryPolicy;
  /** The room that reports are about. */
  readonly about: { readonly roomId: string; readonly name: string };
  readonly start: (from: 'shadow' | 'fresh') => void;
}

export class RecoveryRun {
  readonly #options: RecoveryRunOptions;
  #progress = noProgress;
  /** The start that has been made or waits, until it has booted. */
  #step: (RecoveryStep & { kind: 'start' }) | undefined;
  #timer: TimerHandle | undefined;

  constructor(options: RecoveryRunOptions) {
    this.#options = options;
  }

  /** The room passed its intensity. False: nothing is left to try. */
  failed(reason: string): boolean {
    const { clock, policy, start } = this.#options;
    const { step, progress } = nextStep(this.#progress, policy, clock.now());
    this.#progress = progress;
    if (step.kind === 'giveUp') return false;
    this.#step = step;
    this.#report('cooling', reason, { delay: step.delay });
    const go = (): void => {
      this.#timer = undefined;
      this.#report('starting', reason);
      start(step.from);
    };
    this.#timer = clock.setTimer(step.delay, go, false);
    return true;
  }

  /** An incarnation has booted, after a recovery or not. */
  booted(): void {
    this.#progress = booted(this.#progress, this.#options.clock.now());
    if (this.#step) this.#report('recovered', 'booted');
    this.#step = undefined;
  }

  givenUp(reason: string): void {
    const { attempts } = this.#progress;
    reportRecovery({ ...this.#options.about, step: 'givenUp', attempt: attempts, of: attempts, reason });
  }

  cancel(): void {
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #report(step: RecoveryReport['step'], reason: string, more: { delay?: number } = {}): void {
    if (!this.#step) return;
    const { from, attempt, of } = this.#step;
    reportRecovery({ ...this.#options.about, step, from, attempt, of, ...more, reason });
  }
}
