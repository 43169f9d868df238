/**
 * Faults: what the fuzzer must find. Each replaces one text of one file of framework/src/otp.
 *
 * A text stands in its file exactly once; where the file has changed so that it does not, the fault has to be written
 * anew, and says so when it is applied.
 */
export interface Fault {
  readonly name: string;
  /** In framework/src/otp. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'a DOWN is lost',
    file: 'exit-signals.ts',
    from: 'if (watchers) for (const monitor of watchers)',
    to: 'if (watchers) for (const monitor of [...watchers].slice(1))',
  },
  {
    name: 'kill can be trapped',
    file: 'exit-signals.ts',
    from: "if (reason === 'kill')",
    to: "if (reason === 'kill' && !target.trapExit)",
  },
  {
    name: 'one_for_all starts again in the wrong order',
    file: 'restart-strategy.ts',
    from: '(_, index) => index)',
    to: '(_, index) => count - 1 - index)',
  },
];
