/**
 * What a bank says no to, by name. Between processes a refusal is data, since a throw in a handler is a crash; the
 * client API turns it into a `BankError`.
 *
 *     if (error instanceof BankError && error.code === 'overdraft') …
 */
import { GenroomError } from 'genroom/otp';

const REMEDIES = {
  overdraft: 'Withdraw at most the balance, or pay in first.',
  amount_not_a_number: 'Give a whole number of cents.',
  amount_fractional: 'Money is counted in whole cents: give 1250 for 12.50.',
  amount_unsafe: 'Give a number of cents up to Number.MAX_SAFE_INTEGER; above it JavaScript cannot count single cents.',
  amount_negative: 'Give an amount above zero; to take money out, withdraw.',
  amount_zero: 'Give an amount of at least one cent.',
  unknown_account: 'Open the account first, or check its number.',
  same_account: 'Give two different accounts.',
  account_exists: 'Choose another number.',
  bad_account_number: 'Use 1 to 34 letters, digits and dashes.',
  bad_request_id: 'Give a text of 1 to 100 characters that is new for each order, for instance crypto.randomUUID().',
  request_reused: 'Give each order an id of its own; use an id again only to repeat the very same order.',
  bank_full: 'The bank cannot hold more than Number.MAX_SAFE_INTEGER cents in all.',
  in_doubt: 'The order may have been done: repeat it with the same request id, and it is done at most once.',
  unavailable: 'Nothing was done: ask again in a moment.',
} as const;

export type BankErrorCode = keyof typeof REMEDIES;

export function isBankErrorCode(code: unknown): code is BankErrorCode {
  return typeof code === 'string' && Object.hasOwn(REMEDIES, code);
}

/** The bank refused an order, or could not answer. */
export class BankError extends GenroomError {
  declare readonly code: BankErrorCode;
  /** What happened, without the remedy. */
  readonly why: string;

  constructor(code: BankErrorCode, why: string, cause?: unknown) {
    super(code, why, { remedy: REMEDIES[code], cause });
    this.why = why;
  }
}

/** A refusal as a message: plain data. */
export interface Refused {
  readonly refused: BankErrorCode;
  readonly why: string;
}

export function refused(code: BankErrorCode, why: string): Refused {
  return { refused: code, why };
}

export function isRefused(value: unknown): value is Refused {
  return typeof value === 'object' && value !== null && 'refused' in value;
}
