/**
 * Recovery: what becomes of a room that crashed past its supervisor's intensity. A pure decision; the shell acts on it.
 *
 * The room keeps its id, its seats and its sockets. It cools down (each wait twice the one before, from `firstDelay` to
 * `maxDelay`), then starts from its shadow; after `shadowAttempts` such starts it starts fresh, where the definition
 * allows that; when those are used up too, it is closed. A room that stayed up for `calmAfter` begins anew.
 *
 *     nextStep(noProgress, policy, now)
 *     // { step: { kind: 'start', from: 'shadow', delay: 250, attempt: 1, of: 7 }, progress: { attempts: 1 } }
 */
export interface RecoveryPolicy {
  /** Milliseconds before the first new start. Default 250. */
  readonly firstDelay: number;
  /** Longest wait in milliseconds. Default 30,000. */
  readonly maxDelay: number;
  /** Starts from the shadow before something else is tried. Default 7 (the last after 16 s; 32 s in all). */
  readonly shadowAttempts: number;
  /** Fresh starts after those; 0 where the definition does not allow a room to lose its state. Default 0. */
  readonly freshAttempts: number;
  /** Milliseconds of uptime after which earlier failures are forgotten. Default 60,000. */
  readonly calmAfter: number;
}

export const defaultRecovery: RecoveryPolicy = {
  firstDelay: 250,
  maxDelay: 30_000,
  shadowAttempts: 7,
  freshAttempts: 0,
  calmAfter: 60_000,
};

export interface RecoveryProgress {
  /** Starts made since the room was last calm. */
  readonly attempts: number;
  /** When (clock.now) the last incarnation booted; undefined when the last start did not get that far. */
  readonly bootedAt?: number;
}

export const noProgress: RecoveryProgress = { attempts: 0 };

export type RecoveryStep =
  | {
      readonly kind: 'start';
      readonly from: 'shadow' | 'fresh';
      readonly delay: number;
      readonly attempt: number;
      readonly of: number;
    }
  | { readonly kind: 'giveUp'; readonly attempts: number };

/** The step after one more failure at `now`, and the progress to keep. */
export function nextStep(
  progress: RecoveryProgress,
  policy: RecoveryPolicy,
  now: number,
): { readonly step: RecoveryStep; readonly progress: RecoveryProgress } {
  const calm = progress.bootedAt !== undefined && now - progress.bootedAt >= policy.calmAfter;
  const made = calm ? 0 : progress.attempts;
  const of = policy.shadowAttempts + policy.freshAttempts;
  if (made >= of) return { step: { kind: 'giveUp', attempts: made }, progress: { attempts: made } };
  const delay = Math.min(policy.firstDelay * 2 ** made, policy.maxDelay);
  const from = made < policy.shadowAttempts ? 'shadow' : 'fresh';
  return { step: { kind: 'start', from, delay, attempt: made + 1, of }, progress: { attempts: made + 1 } };
}

/** An incarnation has booted at `now`. */
export function booted(progress: RecoveryProgress, now: number): RecoveryProgress {
  return { ...progress, bootedAt: now };
}

/** Fresh starts for a definition's `fresh`, which is true where it says nothing. */
export function freshAttempts(fresh: boolean | undefined): number {
  return fresh === false ? 0 : 2;
}
