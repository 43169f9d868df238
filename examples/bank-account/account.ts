/**
 * Account: a bank account as a GenServer, the one that decides whether it can pay.
 *
 * Where is the money while this process restarts? Not here. The state below is what the account's entries in the journal
 * add up to, and `restore` adds them up again before the first message is handled. So an account may crash anywhere:
 * - before its entry is posted: nothing was done;
 * - after it: the successor finds the entry, and whoever repeats the order by its request id gets the first receipt.
 * In between there is nothing, since the journal takes an entry whole or not at all. That is why a transfer needs no
 * holds and no second phase: one account decides (only this process debits this account, one order at a time), one entry
 * says it all, and a credit cannot be refused, so the other account need not be asked, nor even be alive.
 *
 * Invariants
 * - `lines` is a prefix of the account's entries in the journal, in its order.
 * - What is missing from that prefix are credits on their way, so the true balance is never below `cents`.
 * - A successor reads after all that its predecessor posted: both went into the same mailbox, in that order.
 *
 *     await call(accountName('7'), 'withdraw', { cents: 500, request: crypto.randomUUID() });
 *     await withdraw('7', 500); // the same by way of teller.ts, which callers use
 */
import { call, genServer, GenroomError, initOk, noreply, reply } from 'genroom/otp';
import {
  type Entry,
  isSameOrder,
  type Line,
  lineOf,
  type Order,
  orderFault,
  type Receipt,
  receiptOf,
  reusedFault,
} from './entry.ts';
import { isRefused, type Refused } from './errors.ts';
import { journalName } from './names.ts';

/** Grows in place: it is thrown away at a crash, so no half of a change can outlive one. */
export interface AccountState {
  readonly number: string;
  cents: number;
  readonly lines: Line[];
  /** What each order came to, by its request id. */
  readonly done: Map<string, { readonly entry: Entry; readonly receipt: Receipt }>;
}

export interface Amount {
  readonly cents: number;
  readonly request: string;
}

/** Which lines of a statement: at most `limit` of them, from before the entry `before`; the newest when it is left out. */
export interface Page {
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
}

const PAGE = 20;
const LONGEST_PAGE = 100;

export const account = genServer({
  name: 'account',
  // Reading the journal may take time, and a supervisor waits for init: so it is done in `continue`.
  init: (number: string) =>
    initOk<AccountState>({ number, cents: 0, lines: [], done: new Map() }, { continue: 'restore' }),
  async continue(state) {
    const entries = await call(journalName, 'read', state.number);
    for (const entry of entries ?? []) apply(state, entry);
    return noreply(state);
  },
  calls: {
    balance: (state) => reply(state.cents, state),
    statement: (state, { before = Infinity, limit = PAGE }: Page) => {
      const until = state.lines.findLastIndex((line) => line.id < before) + 1;
      return reply(state.lines.slice(Math.max(0, until - Math.min(limit, LONGEST_PAGE)), until), state);
    },
    deposit: async (state, { cents, request }: Amount) =>
      reply(await carryOut(state, { kind: 'deposit', to: state.number, cents, request }), state),
    withdraw: async (state, { cents, request }: Amount) =>
      reply(await carryOut(state, { kind: 'withdraw', from: state.number, cents, request }), state),
    transfer: async (state, { to, cents, request }: Amount & { to: string }) =>
      reply(await carryOut(state, { kind: 'transfer', from: state.number, to, cents, request }), state),
  },
  casts: {
    /** The journal says that another account's order credited this one. */
    posted(state, { entry, at }: { entry: Entry; at: number }) {
      if (at > state.lines.length) throw new MissingEntry(state, at);
      // What was read at the restart, or came with an answer, is known already.
      if (at === state.lines.length) apply(state, entry);
      return noreply(state);
    },
    /** For demonstrations: what a mistake in a handler does. */
    fail(state) {
      throw new Error(`account ${state.number} was asked to crash`);
    },
  },
  formatStatus: ({ state: { number, cents, lines } }) => ({ state: { number, cents, lines: lines.length } }),
});

async function carryOut(state: AccountState, order: Order): Promise<Receipt | Refused> {
  const before = state.done.get(order.request);
  if (before) return isSameOrder(before.entry, order) ? before.receipt : reusedFault(order.request);
  const fault = orderFault(order, state.cents);
  if (fault) return fault;
  // Holds this account's mailbox, and no other's: until the answer is there nobody else may spend these cents.
  const answer = await call(journalName, 'post', { order, seen: state.lines.length });
  if (isRefused(answer)) return answer;
  for (const entry of answer.news) apply(state, entry);
  return state.done.get(order.request)!.receipt;
}

function apply(state: AccountState, entry: Entry): void {
  const line = lineOf(entry, state.number, state.cents);
  state.lines.push(line);
  state.cents = line.balance;
  state.done.set(entry.request, { entry, receipt: receiptOf(line, state.number) });
}

/** An entry was left out. The account crashes, and its successor reads them all. */
class MissingEntry extends GenroomError {
  constructor(state: AccountState, at: number) {
    super(
      'missing_entry',
      `account ${state.number} knows ${state.lines.length} entries and was told of number ${at + 1}`,
      {
        remedy: 'Its restart reads the journal; if this comes again, the journal casts out of order.',
      },
    );
  }
}
