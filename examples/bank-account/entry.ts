/**
 * Orders, entries and what they come to. An order is what somebody wants done, an entry is what was done. Pure: the
 * bank of processes and the plain class decide by the same rules.
 *
 * Invariant: a transfer is one entry, never a debit here and a credit there, so it is done whole or not at all.
 */
import { refused, type Refused } from './errors.ts';
import { amountFault } from './money.ts';

/** What somebody wants done. `request` names it: an order with an id that was used before is not done again. */
export type Order =
  | { readonly kind: 'deposit'; readonly to: string; readonly cents: number; readonly request: string }
  | { readonly kind: 'withdraw'; readonly from: string; readonly cents: number; readonly request: string }
  | {
      readonly kind: 'transfer';
      readonly from: string;
      readonly to: string;
      readonly cents: number;
      readonly request: string;
    };

export interface Opening {
  readonly kind: 'open';
  readonly to: string;
  readonly cents: 0;
  readonly request: string;
}

/** What was done: the `id`-th entry of the bank, at a time in milliseconds since 1970. */
export type Entry = (Order | Opening) & { readonly id: number; readonly at: number };

/** One entry as one account sees it. */
export interface Line {
  readonly id: number;
  readonly at: number;
  readonly kind: Entry['kind'];
  /** Above zero what came in, below zero what went out. */
  readonly cents: number;
  /** The account at the other end of a transfer. */
  readonly other?: string;
  /** What the account held afterwards, in cents. */
  readonly balance: number;
  readonly request: string;
}

/** What whoever gave an order gets for it: the same one each time the order is repeated. */
export interface Receipt {
  readonly request: string;
  /** The entry's place in the journal. */
  readonly entry: number;
  readonly account: string;
  /** What the account held afterwards, in cents. */
  readonly balance: number;
}

export function fromOf(entry: Order | Opening): string | undefined {
  return 'from' in entry ? entry.from : undefined;
}

export function toOf(entry: Order | Opening): string | undefined {
  return 'to' in entry ? entry.to : undefined;
}

/** The account that carries an order out: the one that is debited, or the one paid into. */
export function actorOf(entry: Order | Opening): string {
  return 'from' in entry ? entry.from : entry.to;
}

/** The line that `entry` makes in `account`'s statement, where `before` cents were. */
export function lineOf(entry: Entry, account: string, before: number): Line {
  const { id, at, kind, request } = entry;
  const cents = fromOf(entry) === account ? -entry.cents : entry.cents;
  const line = { id, at, kind, cents, balance: before + cents, request };
  return kind === 'transfer' ? { ...line, other: fromOf(entry) === account ? entry.to : entry.from } : line;
}

export function receiptOf(line: Line, account: string): Receipt {
  return { request: line.request, entry: line.id, account, balance: line.balance };
}

/** Whether an entry or a line is this very order's, and not another one's that used its id. */
export function isSameOrder(entry: Order | Opening, order: Order | Opening): boolean {
  return (
    entry.kind === order.kind &&
    entry.cents === order.cents &&
    fromOf(entry) === fromOf(order) &&
    toOf(entry) === toOf(order)
  );
}

/** Why an account that holds `balance` cents cannot carry out `order`; undefined when it can. */
export function orderFault(order: Order, balance: number): Refused | undefined {
  const { kind, cents, request } = order;
  const fault = requestFault(request) ?? amountFault(cents);
  if (fault) return fault;
  if (kind === 'transfer' && order.from === order.to)
    return refused('same_account', `account ${order.from} cannot transfer to itself`);
  if (kind !== 'deposit' && cents > balance)
    return refused('overdraft', `account ${order.from} holds ${balance} cents, less than ${cents}`);
  return undefined;
}

export function requestFault(request: unknown): Refused | undefined {
  if (typeof request === 'string' && request.length >= 1 && request.length <= 100) return undefined;
  return refused('bad_request_id', 'the request id is no text of 1 to 100 characters');
}

export function numberFault(number: unknown): Refused | undefined {
  if (typeof number === 'string' && /^[A-Za-z0-9-]{1,34}$/.test(number)) return undefined;
  return refused('bad_account_number', `${JSON.stringify(number)?.slice(0, 40)} is no account number`);
}

export function reusedFault(request: string): Refused {
  return refused('request_reused', `the request id ${request} was used for another order`);
}
