/**
 * The root of every error that genroom makes.
 *
 * Invariants: `code` is stable (snake case, listed in docs/errors.md) and is what programs compare; `message` is
 * "<what happened>. <remedy>" and is what people read; `cause` is the error behind this one, where there is one.
 *
 *     try { await call(account, 'withdraw', 500) } catch (error) {
 *       if (error instanceof GenroomError && error.code === 'call_timeout') …
 *     }
 */
export class GenroomError extends Error {
  /** What went wrong, stable over releases: `call_timeout`, `uws_unavailable`, … */
  readonly code: string;
  /** What the reader can do about it, as a sentence. */
  readonly remedy: string;

  /**
   * @param code stable name of the error
   * @param message what happened, without the remedy
   * @param details `remedy`: what to do about it; `cause`: the error behind it
   */
  constructor(code: string, message: string, details: { cause?: unknown; remedy: string }) {
    const what = message.endsWith('.') ? message : `${message}.`;
    super(`${what} ${details.remedy}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.remedy = details.remedy;
  }
}
