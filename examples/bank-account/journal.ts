/**
 * Journal: the process that keeps the money. Every entry of the bank stands in it once, in one order, and an account is
 * what its entries add up to.
 *
 * It decides as little as possible, so that little in it can fail: that an account exists, that a request id is new, and
 * that the bank as a whole stays countable. Whether an account can pay is the account's own decision.
 *
 * Invariants
 * - An entry is in the store before anybody hears of it. The store outlives this process: it is handed to each
 *   successor, as a file would be.
 * - An account that is credited by another's order is told, in the order of the journal, before the giver of that order
 *   gets an answer.
 *
 *     const answer = await call(journalName, 'post', { order, seen: state.lines.length });
 */
import { call, cast, currentClock, genServer, reply } from 'genroom/otp';
import {
  actorOf,
  type Entry,
  fromOf,
  isSameOrder,
  numberFault,
  type Opening,
  type Order,
  requestFault,
  reusedFault,
  toOf,
} from './entry.ts';
import { type Refused, refused } from './errors.ts';
import { accountName, journalName } from './names.ts';

/** Where entries are kept. In memory here; one on disk would have the same two operations. */
export interface Store {
  /** Keeps an entry. Returns when it is kept; a throw leaves it open whether it is. */
  append(entry: Entry): void;
  /** All entries, in the order in which they were kept. */
  entries(): Iterable<Entry>;
}

export class MemoryStore implements Store {
  readonly #entries: Entry[] = [];

  append(entry: Entry): void {
    this.#entries.push(entry);
  }

  entries(): Iterable<Entry> {
    return this.#entries;
  }
}

/** The store, and what is looked up in it. Grows in place: a throw ends this process and all of it is read anew. */
interface Book {
  readonly store: Store;
  readonly requests: Map<string, Entry>;
  readonly accounts: Map<string, Entry[]>;
  /** Cents in the bank. No account holds more than that, so bounding it bounds every balance. */
  total: number;
}

/** What an account wants posted, and how many of its entries it knows. */
export interface Posting {
  readonly order: Order;
  readonly seen: number;
}

/** The entries that the account did not know, the one it asked for among them. */
export interface Posted {
  readonly news: readonly Entry[];
}

export const journal = genServer({
  name: 'journal',
  init: (store: Store): Book => {
    const book: Book = { store, requests: new Map(), accounts: new Map(), total: 0 };
    for (const entry of store.entries()) enter(book, entry);
    return book;
  },
  calls: {
    open: (book, { number, request }: { number: string; request: string }) => {
      const opening: Opening = { kind: 'open', to: number, cents: 0, request };
      const first = book.requests.get(request);
      if (first) return reply(isSameOrder(first, opening) ? first : reusedFault(request), book);
      const fault = numberFault(number) ?? requestFault(request);
      if (fault) return reply(fault, book);
      if (book.accounts.has(number)) return reply(refused('account_exists', `account ${number} is open already`), book);
      return reply(record(book, opening), book);
    },
    post: (book, { order, seen }: Posting) => {
      const first = book.requests.get(order.request);
      if (first && !isSameOrder(first, order)) return reply(reusedFault(order.request), book);
      if (!first) {
        const fault = bookFault(book, order);
        if (fault) return reply(fault, book);
        record(book, order);
      }
      const posted: Posted = { news: book.accounts.get(actorOf(order))!.slice(seen) };
      return reply(posted, book);
    },
    /** All entries of an account; undefined when it was never opened. */
    read: (book, number: string) => reply(book.accounts.get(number)?.slice(), book),
    isOpen: (book, number: string) => reply(book.accounts.has(number), book),
    accounts: (book) => reply([...book.accounts.keys()], book),
    total: (book) => reply(book.total, book),
  },
  formatStatus: ({ state: book }) => ({
    state: { accounts: book.accounts.size, entries: book.requests.size, total: book.total },
  }),
});

function bookFault(book: Book, order: Order): Refused | undefined {
  const to = toOf(order);
  if (to !== undefined && !book.accounts.has(to)) return refused('unknown_account', `there is no account ${to}`);
  if (order.kind === 'deposit' && book.total + order.cents > Number.MAX_SAFE_INTEGER) {
    return refused('bank_full', `the bank holds ${book.total} cents already`);
  }
  return undefined;
}

function record(book: Book, order: Order | Opening): Entry {
  const entry: Entry = Object.freeze({ ...order, id: book.requests.size + 1, at: currentClock().wall() });
  book.store.append(entry);
  enter(book, entry);
  const to = toOf(entry);
  // The one who asked learns of it from its answer. The other is told from here, since the asker may be dead by then.
  if (entry.kind === 'transfer')
    cast(accountName(entry.to), 'posted', { entry, at: book.accounts.get(to!)!.length - 1 });
  return entry;
}

function enter(book: Book, entry: Entry): void {
  book.requests.set(entry.request, entry);
  const from = fromOf(entry);
  const to = toOf(entry);
  if (entry.kind === 'open') book.accounts.set(entry.to, []);
  if (from !== undefined) book.accounts.get(from)!.push(entry);
  if (to !== undefined) book.accounts.get(to)!.push(entry);
  if (entry.kind === 'deposit') book.total += entry.cents;
  if (entry.kind === 'withdraw') book.total -= entry.cents;
}

/** The numbers of all accounts, in the order in which they were opened. */
export function accountNumbers(timeout?: number): Promise<string[]> {
  return call(journalName, 'accounts', undefined, timeout === undefined ? {} : { timeout });
}
