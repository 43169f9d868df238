/**
 * Thousands of random interleavings of orders, repeated orders and crashes, in virtual time: accounts are killed or throw
 * between any two steps of anybody's work, and at the two moments that matter most, just before and just after the
 * journal keeps an entry; the journal, registries, supervisors and the desk are killed as well.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Clock, exit, type Pid, useClock, whereis, whichChildren } from 'genroom/otp';
import { VirtualClock } from 'genroom/testing';
import { type OpenBank, openBank } from '../branch.ts';
import { type Entry, fromOf, type Line, lineOf, type Receipt, toOf } from '../entry.ts';
import { BankError } from '../errors.ts';
import { MemoryStore, type Store } from '../journal.ts';
import { accountName, keeperName } from '../names.ts';
import { balance, crash, deposit, open, statement, total, transfer, withdraw } from '../teller.ts';

const ACCOUNTS = ['a', 'b', 'c'];
const DEPOSIT = 100;
const RUNS = 5_000;
/** The root allows five restarts in ten seconds. */
const MOST_PARTS = 4;

const account = fc.constantFrom(...ACCOUNTS);
const cents = fc.integer({ min: 1, max: 80 });
const order = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('transfer' as const), from: account, to: account, cents }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deposit' as const), to: account, cents }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), from: account, cents }) },
);
/** By the ids in the bank's supervisor; and a keeper. */
const part = fc.constantFrom('services', 'accounts', 'journal', 'accountsSupervisor', 'desk', 'keeper');
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('order' as const), order }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      who: account,
      how: fc.constantFrom('kill' as const, 'throw' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('trap' as const),
      when: fc.constantFrom('before' as const, 'after' as const),
      who: fc.constantFrom('from' as const, 'to' as const, 'both' as const, 'journal' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('killPart' as const), part, who: account }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
);
/** A step, and how many turns of the microtask queue the others get before it. */
const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), step), { minLength: 5, maxLength: 30 });

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Part = typeof part extends fc.Arbitrary<infer T> ? T : never;
type Order = typeof order extends fc.Arbitrary<infer T> ? T : never;

/** Springs one trap at the next entry. */
class TrappedStore implements Store {
  readonly #kept = new MemoryStore();
  before: ((entry: Entry) => void) | undefined;
  after: ((entry: Entry) => void) | undefined;

  append(entry: Entry): void {
    const { before, after } = this;
    this.before = undefined;
    this.after = undefined;
    before?.(entry);
    this.#kept.append(entry);
    after?.(entry);
  }

  entries(): Entry[] {
    return [...this.#kept.entries()];
  }
}

/** What happened over all runs, so that the test shows that it tried what it says. */
const tried = { orders: 0, done: 0, repeats: 0, crashes: 0, traps: 0, parts: 0 };

class Run {
  readonly store = new TrappedStore();
  readonly orders: { readonly request: string; readonly give: () => Promise<Receipt> }[] = [];
  readonly answers: Promise<{ request: string; receipt?: Receipt; code?: string }>[] = [];
  bank: OpenBank | undefined;
  parts = 0;

  order(order: Order): void {
    const options = { request: `r${this.orders.length}` };
    const give = (): Promise<Receipt> =>
      order.kind === 'transfer'
        ? transfer(order.from, order.to, order.cents, options)
        : order.kind === 'deposit'
          ? deposit(order.to, order.cents, options)
          : withdraw(order.from, order.cents, options);
    this.orders.push({ request: options.request, give });
    tried.orders++;
    this.give(this.orders.length - 1);
  }

  give(index: number): void {
    const { request, give } = this.orders[index]!;
    this.answers.push(
      give().then(
        (receipt) => ({ request, receipt }),
        (error: unknown) => ({ request, code: error instanceof BankError ? error.code : String(error) }),
      ),
    );
  }

  trap(when: 'before' | 'after', who: 'from' | 'to' | 'both' | 'journal'): void {
    if (who === 'journal' && ++this.parts > MOST_PARTS) return;
    this.store[when] = (entry) => {
      tried.traps++;
      if (who === 'journal') throw new Error('the journal fails');
      if (who !== 'to') kill(whereis(accountName(fromOf(entry) ?? '')));
      if (who !== 'from') kill(whereis(accountName(toOf(entry) ?? '')));
    };
  }

  killPart(which: Part, who: string): void {
    if (++this.parts > MOST_PARTS) return;
    tried.parts++;
    if (which === 'keeper') kill(whereis(keeperName(who)));
    else void whichChildren(this.bank!.pid).then((children) => kill(children.find(({ id }) => id === which)?.pid));
  }
}

function kill(pid: Pid | undefined): void {
  if (pid) exit(pid, 'kill');
}

let clock: VirtualClock;
let before: Clock;
beforeAll(() => {
  clock = new VirtualClock();
  before = useClock(clock);
});
afterAll(() => void useClock(before));

/** Lets time pass until `promise` has its value. */
async function until<T>(promise: Promise<T>): Promise<T> {
  const wait = { over: false };
  const settle = (): void => void (wait.over = true);
  promise.then(settle, settle);
  await clock.advance(0);
  for (let i = 0; !wait.over; i++) {
    if (i > 1_000) throw new Error('no answer ever came');
    await clock.advance(10);
  }
  return promise;
}

async function play(script: readonly (readonly [number, Step])[]): Promise<Run> {
  const run = new Run();
  const bank = await openBank(run.store);
  run.bank = bank;
  try {
    await until(Promise.all(ACCOUNTS.map((number) => open(number).then(() => deposit(number, DEPOSIT)))));
    for (const [microtasks, next] of script) {
      for (let i = 0; i < microtasks; i++) await Promise.resolve();
      if (next.do === 'order') run.order(next.order);
      if (next.do === 'repeat' && run.orders.length > 0) {
        tried.repeats++;
        run.give(next.which % run.orders.length);
      }
      if (next.do === 'crash') {
        tried.crashes++;
        if (next.how === 'kill') kill(whereis(accountName(next.who)));
        else void crash(next.who, 'throw').catch(() => {});
      }
      if (next.do === 'trap') run.trap(next.when, next.who);
      if (next.do === 'killPart') run.killPart(next.part, next.who);
      if (next.do === 'turn') await new Promise((resolve) => setImmediate(resolve));
    }
    await until(Promise.all(run.answers));
    run.store.before = run.store.after = undefined;
    await until(check(run));
  } finally {
    await until(bank.close());
  }
  return run;
}

async function check(run: Run): Promise<void> {
  const entries = run.store.entries();
  // No request is done twice, and an order is done exactly if somebody got a receipt for it.
  const requests = entries.map((entry) => entry.request);
  expect(new Set(requests).size).toBe(requests.length);
  const receipts = new Map<string, Receipt>();
  for (const { request, receipt, code } of await Promise.all(run.answers)) {
    if (receipt) {
      expect(receipts.get(request) ?? receipt).toEqual(receipt);
      receipts.set(request, receipt);
    } else {
      expect(['overdraft', 'same_account']).toContain(code);
    }
  }
  expect(requests.filter((request) => request.startsWith('r')).sort()).toEqual([...receipts.keys()].sort());
  tried.done += receipts.size;

  // Never below zero, at any entry; and what the processes say is what the entries come to.
  const lines = new Map<string, Line[]>(ACCOUNTS.map((number) => [number, []]));
  for (const entry of entries) {
    for (const number of [fromOf(entry), toOf(entry)]) {
      if (number === undefined) continue;
      const mine = lines.get(number)!;
      mine.push(lineOf(entry, number, mine.at(-1)?.balance ?? 0));
      expect(mine.at(-1)!.balance).toBeGreaterThanOrEqual(0);
    }
  }
  const sumOf = (kind: Entry['kind']): number =>
    entries.reduce((sum, entry) => (entry.kind === kind ? sum + entry.cents : sum), 0);
  const balances = await Promise.all(ACCOUNTS.map((number) => balance(number)));
  expect(balances.reduce((sum, cents) => sum + cents, 0)).toBe(sumOf('deposit') - sumOf('withdraw'));
  expect(await total()).toBe(sumOf('deposit') - sumOf('withdraw'));
  for (const [i, number] of ACCOUNTS.entries()) {
    expect(await statement(number, { limit: 100 })).toEqual(lines.get(number));
    expect(balances[i]).toBe(lines.get(number)!.at(-1)!.balance);
  }
}

test('the total is conserved, no request is done twice, no balance is below zero', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => void (await play(script))),
    { numRuns: RUNS, interruptAfterTimeLimit: 100_000, markInterruptAsFailure: true },
  );
  expect(tried.orders).toBeGreaterThan(3 * RUNS);
  expect(tried.done).toBeGreaterThan(2 * RUNS);
  for (const what of ['repeats', 'crashes', 'traps'] as const) expect(tried[what]).toBeGreaterThan(RUNS);
  expect(tried.parts).toBeGreaterThan(RUNS / 4);
});
