/**
 * The same bank as plain objects, without a process: by the same rules, with the same receipts.
 *
 * A synchronous function of JavaScript is never interrupted, so a transfer that changes two fields is whole already: no
 * mailbox is needed to serialise it, and no journal to repair it. When this is enough, and when not: README.md.
 *
 *     const bank = new PlainBank();
 *     bank.open('7').deposit(10_000);
 *     bank.transfer('7', '8', 2_500);
 */
import {
  type Entry,
  fromOf,
  isSameOrder,
  type Line,
  lineOf,
  numberFault,
  type Opening,
  type Order,
  orderFault,
  type Receipt,
  receiptOf,
  requestFault,
  reusedFault,
  toOf,
} from './entry.ts';
import { BankError, type Refused, refused } from './errors.ts';

export class PlainAccount {
  readonly number: string;
  readonly #bank: PlainBank;
  readonly #lines: Line[] = [];

  constructor(bank: PlainBank, number: string) {
    this.#bank = bank;
    this.number = number;
  }

  /** Cents. */
  get balance(): number {
    return this.#lines.at(-1)?.balance ?? 0;
  }

  /** All lines, oldest first. */
  get statement(): readonly Line[] {
    return this.#lines;
  }

  /** @throws BankError */
  deposit(cents: number, request: string = crypto.randomUUID()): Receipt {
    return this.#bank.carryOut({ kind: 'deposit', to: this.number, cents, request }, this);
  }

  /** @throws BankError */
  withdraw(cents: number, request: string = crypto.randomUUID()): Receipt {
    return this.#bank.carryOut({ kind: 'withdraw', from: this.number, cents, request }, this);
  }

  /** Called by the bank for each entry that is this account's. */
  enter(entry: Entry): void {
    this.#lines.push(lineOf(entry, this.number, this.balance));
  }

  receipt(request: string): Receipt {
    return receiptOf(
      this.#lines.find((line) => line.request === request)!,
      this.number,
    );
  }
}

export class PlainBank {
  readonly #accounts = new Map<string, PlainAccount>();
  readonly #done = new Map<string, Entry>();
  #total = 0;

  /** Cents in the bank. */
  get total(): number {
    return this.#total;
  }

  /** @throws BankError */
  open(number: string, request: string = crypto.randomUUID()): PlainAccount {
    const opening: Opening = { kind: 'open', to: number, cents: 0, request };
    const first = this.#done.get(request);
    refuse(
      first ? (isSameOrder(first, opening) ? undefined : reusedFault(request)) : this.#openingFault(number, request),
    );
    if (!first) {
      this.#accounts.set(number, new PlainAccount(this, number));
      this.#enter(opening);
    }
    return this.account(number);
  }

  /** @throws BankError unknown_account */
  account(number: string): PlainAccount {
    const account = this.#accounts.get(number);
    if (!account) throw new BankError('unknown_account', `there is no account ${number}`);
    return account;
  }

  /** @throws BankError */
  transfer(from: string, to: string, cents: number, request: string = crypto.randomUUID()): Receipt {
    return this.carryOut({ kind: 'transfer', from, to, cents, request }, this.account(from));
  }

  /** Decides first, then changes: a refusal leaves everything as it was. */
  carryOut(order: Order, actor: PlainAccount): Receipt {
    const first = this.#done.get(order.request);
    if (first) {
      refuse(isSameOrder(first, order) ? undefined : reusedFault(order.request));
      return actor.receipt(order.request);
    }
    refuse(orderFault(order, actor.balance));
    if (order.kind === 'transfer') this.account(order.to);
    if (order.kind === 'deposit' && this.#total + order.cents > Number.MAX_SAFE_INTEGER) {
      throw new BankError('bank_full', `the bank holds ${this.#total} cents already`);
    }
    this.#enter(order);
    return actor.receipt(order.request);
  }

  #openingFault(number: string, request: string): Refused | undefined {
    const exists = this.#accounts.has(number)
      ? refused('account_exists', `account ${number} is open already`)
      : undefined;
    return numberFault(number) ?? requestFault(request) ?? exists;
  }

  #enter(order: Order | Opening): void {
    const entry: Entry = { ...order, id: this.#done.size + 1, at: Date.now() };
    this.#done.set(order.request, entry);
    for (const number of [fromOf(order), toOf(order)]) if (number !== undefined) this.account(number).enter(entry);
    if (order.kind === 'deposit') this.#total += order.cents;
    if (order.kind === 'withdraw') this.#total -= order.cents;
  }
}

function refuse(fault: Refused | undefined): void {
  if (fault) throw new BankError(fault.refused, fault.why);
}
