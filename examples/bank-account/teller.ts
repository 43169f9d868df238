/**
 * Teller: the bank as its callers see it. Typed functions; which processes answer, and that one may be restarting, is
 * none of their business.
 *
 * An order is named by a request id. When an account crashes before it answered, the order is repeated with that id, so
 * that a crash shows as a few milliseconds of waiting and the order is done once. A refusal is thrown as a `BankError`.
 *
 *     await open('7');
 *     const { balance } = await deposit('7', 10_000);
 *     await transfer('7', '8', 2_500, { request: 'invoice-2026-17' });
 */
import { call, CallError, cast, currentClock, exit, sleep, whereis } from 'genroom/otp';
import { numberFault, type Line, type Receipt } from './entry.ts';
import type { Page } from './account.ts';
import { BankError, isRefused, type Refused } from './errors.ts';
import { accountNumbers } from './journal.ts';
import { accountName, deskName, journalName } from './names.ts';

export interface OrderOptions {
  /** Names the order; a repeat gets the first receipt. Default: a new one. */
  readonly request?: string | undefined;
  /** Milliseconds to go on trying while an account restarts. Default 5,000. */
  readonly patience?: number | undefined;
}

const PATIENCE = 5_000;
const LONGEST_PAUSE = 100;

/** Opens an account. @throws BankError account_exists, bad_account_number, bad_request_id, request_reused, in_doubt, unavailable */
export async function open(
  number: string,
  { request = crypto.randomUUID(), patience }: OrderOptions = {},
): Promise<Receipt> {
  return granted(await persist(patience, (timeout) => call(deskName, 'open', { number, request }, { timeout })));
}

/** Pays `cents` in. @throws BankError unknown_account, bank_full, request_reused, in_doubt, unavailable, amount_… */
export async function deposit(
  number: string,
  cents: number,
  { request = crypto.randomUUID(), patience }: OrderOptions = {},
): Promise<Receipt> {
  const order = { cents, request };
  return granted(await ask(number, patience, (timeout) => call(accountName(number), 'deposit', order, { timeout })));
}

/** Takes `cents` out. @throws BankError overdraft, unknown_account, request_reused, in_doubt, unavailable, amount_… */
export async function withdraw(
  number: string,
  cents: number,
  { request = crypto.randomUUID(), patience }: OrderOptions = {},
): Promise<Receipt> {
  const order = { cents, request };
  return granted(await ask(number, patience, (timeout) => call(accountName(number), 'withdraw', order, { timeout })));
}

/**
 * Moves `cents`: both accounts change, or neither. The receipt is the debited account's.
 * @throws BankError overdraft, unknown_account, same_account, request_reused, in_doubt, unavailable, amount_…
 */
export async function transfer(
  from: string,
  to: string,
  cents: number,
  { request = crypto.randomUUID(), patience }: OrderOptions = {},
): Promise<Receipt> {
  const order = { to, cents, request };
  return granted(await ask(from, patience, (timeout) => call(accountName(from), 'transfer', order, { timeout })));
}

/** Cents in the account. @throws BankError unknown_account, unavailable */
export function balance(number: string): Promise<number> {
  return ask(number, PATIENCE, (timeout) => call(accountName(number), 'balance', undefined, { timeout }), false);
}

/** Lines of the account, oldest first; by default the last 20. @throws BankError unknown_account, unavailable */
export function statement(number: string, page: Page = {}): Promise<Line[]> {
  return ask(number, PATIENCE, (timeout) => call(accountName(number), 'statement', page, { timeout }), false);
}

/** The numbers of all accounts, in the order in which they were opened. @throws BankError unavailable */
export function numbers(): Promise<string[]> {
  return persist(PATIENCE, accountNumbers, false);
}

/** Cents in the bank, by the journal. @throws BankError unavailable */
export function total(): Promise<number> {
  return persist(PATIENCE, (timeout) => call(journalName, 'total', undefined, { timeout }), false);
}

/** The process that is the account now, as text; undefined while it restarts and where there is no such account. */
export function processOf(number: string): string | undefined {
  return whereis(accountName(number))?.toString();
}

/**
 * Crashes the account's process: `throw` by a mistake in a handler, after what is queued before it; `kill` at once.
 * @throws BankError unknown_account
 */
export async function crash(number: string, how: 'throw' | 'kill' = 'throw'): Promise<void> {
  const pid = whereis(accountName(number));
  if (!pid && !(await isOpen(number))) throw unknown(number);
  if (how === 'throw') cast(accountName(number), 'fail');
  else if (pid) exit(pid, 'kill');
}

function granted<T>(answer: T | Refused): T {
  if (isRefused(answer)) throw new BankError(answer.refused, answer.why);
  return answer;
}

const unknown = (number: string): BankError => new BankError('unknown_account', `there is no account ${number}`);

function isOpen(number: string, timeout = PATIENCE): Promise<boolean> {
  return call(journalName, 'isOpen', number, { timeout });
}

/** Asks an account; tells one that restarts from one that is not there. */
function ask<T>(
  number: string,
  patience: number | undefined,
  attempt: (timeout: number) => Promise<T>,
  isOrder?: boolean,
): Promise<T> {
  const fault = numberFault(number);
  if (fault) return Promise.reject(new BankError(fault.refused, fault.why));
  return persist(
    patience,
    async (timeout) => {
      if (!whereis(accountName(number)) && !(await isOpen(number, timeout))) throw unknown(number);
      return attempt(timeout);
    },
    isOrder,
  );
}

/**
 * Tries until there is an answer, a refusal, or no time left. Only an attempt that reached a process leaves a doubt: one
 * that found nobody has done nothing.
 */
async function persist<T>(patience = PATIENCE, attempt: (timeout: number) => Promise<T>, isOrder = true): Promise<T> {
  const until = currentClock().now() + patience;
  let reached = false;
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await attempt(Math.max(1, until - currentClock().now()));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      reached ||= error.code !== 'call_noproc';
      if (currentClock().now() + pause > until) {
        throw new BankError(isOrder && reached ? 'in_doubt' : 'unavailable', `no answer within ${patience} ms`, error);
      }
    }
    await sleep(pause);
  }
}
