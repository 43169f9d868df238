/** The bank of processes: its orders, what it refuses, and what crashes leave of them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, count, exit, isAlive, type Pid, whereis } from 'genroom/otp';
import { type OpenBank, openBank } from '../branch.ts';
import { BankError } from '../errors.ts';
import type { Entry } from '../entry.ts';
import { MemoryStore, type Store } from '../journal.ts';
import { accountName, accounts, accountsSupervisorName, deskName, journalName, keeperName } from '../names.ts';
import { balance, crash, deposit, numbers, open, processOf, statement, total, transfer, withdraw } from '../teller.ts';

/** A store that lets a test act around the next entry. */
class WatchedStore implements Store {
  readonly kept = new MemoryStore();
  before: (entry: Entry) => void = () => {};
  after: (entry: Entry) => void = () => {};

  append(entry: Entry): void {
    const { before, after } = this;
    this.before = this.after = () => {};
    before(entry);
    this.kept.append(entry);
    after(entry);
  }

  entries(): Iterable<Entry> {
    return this.kept.entries();
  }
}

let bank: OpenBank;
let store: WatchedStore;

beforeEach(async () => {
  store = new WatchedStore();
  bank = await openBank(store);
  await open('7');
  await open('8');
  await deposit('7', 10_000);
});
afterEach(() => bank.close());

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof BankError ? error.code : String(error)),
  );
const entries = (): Entry[] => [...store.entries()];
const pidOf = (number: string): Pid => whereis(accountName(number))!;
async function waitFor(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 2_000) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('orders', () => {
  test('deposit, withdraw, balance and transfer', async () => {
    expect(await withdraw('7', 500)).toMatchObject({ account: '7', balance: 9_500 });
    expect(await transfer('7', '8', 2_500)).toMatchObject({ account: '7', balance: 7_000 });
    expect(await balance('7')).toBe(7_000);
    expect(await balance('8')).toBe(2_500);
    expect(await total()).toBe(9_500);
    expect(await numbers()).toEqual(['7', '8']);
  });

  test('a statement is read in pages, oldest line first, each with the balance after it', async () => {
    await transfer('7', '8', 100, { request: 'rent' });
    for (let i = 1; i <= 3; i++) await withdraw('7', i);
    const last = await statement('7', { limit: 2 });
    expect(last.map(({ cents, balance }) => [cents, balance])).toEqual([
      [-2, 9_897],
      [-3, 9_894],
    ]);
    const before = await statement('7', { limit: 3, before: last[0]!.id });
    expect(before.map(({ kind, cents }) => [kind, cents])).toEqual([
      ['deposit', 10_000],
      ['transfer', -100],
      ['withdraw', -1],
    ]);
    expect(await statement('8')).toMatchObject([
      { kind: 'open', cents: 0, balance: 0 },
      { kind: 'transfer', cents: 100, balance: 100, other: '7', request: 'rent' },
    ]);
    expect(await statement('7', { before: 1 })).toEqual([]);
  });

  test('who is credited sees it as soon as the transfer is acknowledged', async () => {
    for (let i = 0; i < 50; i++) {
      await transfer('7', '8', 1);
      expect(await balance('8')).toBe(i + 1);
      await transfer('8', '7', i + 1);
      await transfer('7', '8', i + 1);
    }
  });

  test('a request id is done once; its repeat gets the first receipt, whatever happened since', async () => {
    const first = await transfer('7', '8', 9_000, { request: 'a' });
    await withdraw('7', 1_000);
    expect(await transfer('7', '8', 9_000, { request: 'a' })).toEqual(first);
    await crash('7');
    expect(await transfer('7', '8', 9_000, { request: 'a' })).toEqual(first);
    expect(await balance('8')).toBe(9_000);
    expect(await open('9', { request: 'o' })).toEqual(await open('9', { request: 'o' }));
    const together = await Promise.all([1, 2, 3].map(() => deposit('9', 5, { request: 'd' })));
    expect(new Set(together.map((receipt) => receipt.entry)).size).toBe(1);
    expect(await balance('9')).toBe(5);
  });
});

describe('refusals', () => {
  test.each([
    ['a negative amount', () => deposit('7', -1), 'amount_negative'],
    ['nothing', () => withdraw('7', 0), 'amount_zero'],
    ['a fraction', () => transfer('7', '8', 0.5), 'amount_fractional'],
    ['NaN', () => deposit('7', NaN), 'amount_not_a_number'],
    ['a text', () => deposit('7', '5' as unknown as number), 'amount_not_a_number'],
    ['an unsafe amount', () => deposit('7', 2 ** 53), 'amount_unsafe'],
    ['more than the bank can count', () => deposit('7', Number.MAX_SAFE_INTEGER), 'bank_full'],
    ['an overdraft', () => withdraw('7', 10_001), 'overdraft'],
    ['an overdraft by transfer', () => transfer('7', '8', 10_001), 'overdraft'],
    ['a transfer to itself', () => transfer('7', '7', 1), 'same_account'],
    ['a transfer to nobody', () => transfer('7', '404', 1), 'unknown_account'],
    ['a transfer from nobody', () => transfer('404', '7', 1), 'unknown_account'],
    ['the balance of nobody', () => balance('404'), 'unknown_account'],
    ['the crash of nobody', () => crash('404'), 'unknown_account'],
    ['a strange number', () => balance('../7'), 'bad_account_number'],
    ['opening a strange number', () => open('__proto__'), 'bad_account_number'],
    ['opening twice', () => open('7'), 'account_exists'],
    ['no request id', () => deposit('7', 1, { request: '' }), 'bad_request_id'],
  ])('%s', async (_what, order, code) => {
    const before = entries().length;
    expect(await codeOf(order())).toBe(code);
    expect(entries().length).toBe(before);
    expect(await balance('7')).toBe(10_000);
  });

  test('an id that was used for another order, by this account or another one', async () => {
    await deposit('7', 5, { request: 'a' });
    expect(await codeOf(deposit('7', 6, { request: 'a' }))).toBe('request_reused');
    expect(await codeOf(withdraw('7', 5, { request: 'a' }))).toBe('request_reused');
    expect(await codeOf(deposit('8', 5, { request: 'a' }))).toBe('request_reused');
    expect(await codeOf(open('9', { request: 'a' }))).toBe('request_reused');
    expect(await codeOf(transfer('7', '8', 5, { request: 'a' }))).toBe('request_reused');
  });

  test('an error says what to do, and numbers are plain keys', async () => {
    const error: unknown = await withdraw('7', 20_000).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'overdraft', remedy: expect.stringContaining('Withdraw at most') });
    expect(String(error)).toContain('account 7 holds 10000 cents, less than 20000');
    await open('constructor');
    expect(await balance('constructor')).toBe(0);
    expect(await codeOf(balance('toString'))).toBe('unknown_account');
    const before = count(accounts);
    for (let i = 0; i < 200; i++) await codeOf(deposit(`nobody-${i}`, 1));
    expect(count(accounts)).toBe(before);
  });
});

describe('crashes', () => {
  test.each(['throw', 'kill'] as const)(
    'an account that crashed (%s) is another process with the same money',
    async (how) => {
      const before = processOf('7');
      await crash('7', how);
      expect(await balance('7')).toBe(10_000);
      expect(processOf('7')).not.toBe(before);
      expect(await statement('7')).toHaveLength(2);
    },
  );

  test.each([
    ['the debited account dies before the entry', 'before', '7'],
    ['the debited account dies after the entry', 'after', '7'],
    ['the credited account dies before the entry', 'before', '8'],
    ['the credited account dies after the entry', 'after', '8'],
  ] as const)('in the middle of a transfer, %s: both or neither, once', async (_what, when, who) => {
    let died: Pid | undefined;
    store[when] = () => {
      died = pidOf(who);
      exit(died, 'kill');
    };
    const receipt = await transfer('7', '8', 2_500, { request: 'a' });
    expect(died && isAlive(died)).toBe(false);
    expect(receipt).toMatchObject({ account: '7', balance: 7_500 });
    expect([await balance('7'), await balance('8')]).toEqual([7_500, 2_500]);
    expect(entries().filter((entry) => entry.kind === 'transfer')).toHaveLength(1);
  });

  test.each(['before', 'after'] as const)('the journal itself crashes %s it has kept a transfer', async (when) => {
    const old = whereis(journalName);
    store[when] = () => {
      throw new Error('the disk is gone');
    };
    expect(await transfer('7', '8', 2_500)).toMatchObject({ balance: 7_500 });
    expect(whereis(journalName)).not.toBe(old);
    expect([await balance('7'), await balance('8'), await total()]).toEqual([7_500, 2_500, 10_000]);
  });

  test.each(['before', 'after'] as const)('the desk dies %s the journal has kept an opening', async (when) => {
    store[when] = () => exit(whereis(deskName)!, 'kill');
    expect(await open('9', { request: 'o' })).toMatchObject({ account: '9', balance: 0 });
    expect(entries().filter((entry) => entry.kind === 'open')).toHaveLength(3);
    expect(await deposit('9', 5)).toMatchObject({ balance: 5 });
  });

  test('without patience an order in doubt says so, and its repeat clears the doubt', async () => {
    store.after = () => exit(pidOf('7'), 'kill');
    expect(await codeOf(transfer('7', '8', 1, { request: 'a', patience: 0 }))).toBe('in_doubt');
    expect(await transfer('7', '8', 1, { request: 'a' })).toMatchObject({ balance: 9_999 });
    expect(await balance('8')).toBe(1);
  });

  test.each([
    ['the journal', () => whereis(journalName)],
    ['the supervisor of accounts', () => whereis(accountsSupervisorName)],
    ['the desk', () => whereis(deskName)],
    ["an account's keeper", () => whereis(keeperName('7'))],
  ])('%s is killed', async (_what, find) => {
    exit(find()!, 'kill');
    expect(await transfer('7', '8', 1)).toMatchObject({ balance: 9_999 });
    await open('9');
    expect([await balance('7'), await balance('8'), await balance('9')]).toEqual([9_999, 1, 0]);
    expect(await numbers()).toEqual(['7', '8', '9']);
  });

  test('an account that crashes without end is given up alone, and comes back when it has cooled down', async () => {
    const keeper = whereis(keeperName('7'))!;
    while (isAlive(keeper)) {
      const pid = whereis(accountName('7'));
      if (pid) exit(pid, 'kill');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(processOf('7')).toBeUndefined();
    expect(await codeOf(withdraw('7', 1, { patience: 20 }))).toBe('unavailable');
    expect(await deposit('8', 5)).toMatchObject({ balance: 5 });
    expect(await codeOf(balance('404'))).toBe('unknown_account');
    await waitFor(() => processOf('7') !== undefined);
    expect(await balance('7')).toBe(10_000);
  });

  test('a bank that is opened on the store of another one has its money', async () => {
    await transfer('7', '8', 1);
    await bank.close();
    expect(await codeOf(deposit('7', 1, { patience: 0 }))).toBe('unavailable');
    bank = await openBank(store);
    expect([await balance('7'), await balance('8')]).toEqual([9_999, 1]);
  });

  test('closing leaves no process', async () => {
    const pids = [bank.pid, pidOf('7'), whereis(journalName)!, whereis(deskName)!, whereis(keeperName('7'))!];
    await bank.close();
    expect(pids.map(isAlive)).toEqual([false, false, false, false, false]);
    bank = await openBank();
    expect(await call(journalName, 'accounts')).toEqual([]);
  });
});
