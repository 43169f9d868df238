/** The bank without processes: the same rules, and the same outcome as the one with processes for the same orders. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openBank } from '../branch.ts';
import { BankError } from '../errors.ts';
import { formatCents, parseAmount } from '../money.ts';
import { PlainBank } from '../plain-account.ts';
import { balance, deposit, open, transfer, withdraw } from '../teller.ts';

function codeOf(order: () => unknown): string {
  try {
    order();
    return 'done';
  } catch (error) {
    if (error instanceof BankError) return error.code;
    throw error;
  }
}

describe('the plain bank', () => {
  test('orders, refusals and repeats', () => {
    const bank = new PlainBank();
    const seven = bank.open('7');
    bank.open('8', 'opening');
    expect(bank.open('8', 'opening')).toBe(bank.account('8'));
    expect(seven.deposit(10_000).balance).toBe(10_000);
    const first = bank.transfer('7', '8', 2_500, 'a');
    expect(seven.withdraw(500).balance).toBe(7_000);
    expect(bank.transfer('7', '8', 2_500, 'a')).toEqual(first);
    expect([seven.balance, bank.account('8').balance, bank.total]).toEqual([7_000, 2_500, 9_500]);
    expect(codeOf(() => seven.withdraw(7_001))).toBe('overdraft');
    expect(codeOf(() => seven.deposit(2 ** 53))).toBe('amount_unsafe');
    expect(codeOf(() => seven.deposit(Number.MAX_SAFE_INTEGER))).toBe('bank_full');
    expect(codeOf(() => bank.transfer('7', '7', 1))).toBe('same_account');
    expect(codeOf(() => bank.transfer('7', '404', 1))).toBe('unknown_account');
    expect(codeOf(() => bank.transfer('8', '7', 2_500, 'a'))).toBe('request_reused');
    expect(codeOf(() => bank.open('7'))).toBe('account_exists');
    expect(codeOf(() => bank.open('7', 'opening'))).toBe('request_reused');
    expect(seven.statement.map(({ cents }) => cents)).toEqual([0, 10_000, -2_500, -500]);
    expect(bank.total).toBe(9_500);
  });

  test('orders given one after the other end alike in both banks', async () => {
    const number = fc.constantFrom('a', 'b', 'nobody');
    const order = fc.record({
      kind: fc.constantFrom('open' as const, 'deposit' as const, 'withdraw' as const, 'transfer' as const),
      number,
      to: number,
      cents: fc.oneof(fc.integer({ min: -1, max: 50 }), fc.constantFrom(0.5, NaN, 2 ** 53, Number.MAX_SAFE_INTEGER)),
      request: fc.integer({ min: 0, max: 12 }).map(String),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(order, { maxLength: 30 }), async (orders) => {
        const plain = new PlainBank();
        plain.open('a');
        plain.open('b');
        const bank = await openBank();
        try {
          await open('a');
          await open('b');
          for (const { kind, number, to, cents, request } of orders) {
            const expected = outcome(() => {
              if (kind === 'open') return void plain.open(number, request);
              if (kind === 'transfer') return plain.transfer(number, to, cents, request);
              return plain.account(number)[kind](cents, request);
            });
            const options = { request };
            const actual =
              kind === 'open'
                ? await outcomeOf(open(number, options).then(() => undefined))
                : await outcomeOf(
                    kind === 'transfer'
                      ? transfer(number, to, cents, options)
                      : { deposit, withdraw }[kind](number, cents, options),
                  );
            expect(actual).toEqual(expected);
          }
          for (const number of ['a', 'b']) expect(await balance(number)).toBe(plain.account(number).balance);
        } finally {
          await bank.close();
        }
      }),
      { numRuns: 200 },
    );
  });
});

function outcome(order: () => unknown): unknown {
  try {
    return { done: order() };
  } catch (error) {
    return refusal(error);
  }
}

/** An order may be wrong in two ways at once; which of them is named first is not compared. */
function refusal(error: unknown): { refused: true } {
  if (!(error instanceof BankError)) throw error;
  return { refused: true };
}

function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then((done) => ({ done }), refusal);
}

describe('money', () => {
  test('what people type', () => {
    expect(['12', '12.5', '12.50', '0.07', '-3', '-0.01'].map(parseAmount)).toEqual([1200, 1250, 1250, 7, -300, -1]);
    const codes = ['', '1e3', '1,5', '0x10', 'abc', '.5', '1.234', '90071992547409.92'].map((text) =>
      codeOf(() => parseAmount(text)),
    );
    expect(codes).toEqual([...Array<string>(6).fill('amount_not_a_number'), 'amount_fractional', 'amount_unsafe']);
  });

  test('what is written can be read', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (cents) => parseAmount(formatCents(cents)) === (cents === 0 ? 0 : cents)),
    );
    expect([1250, 7, -1, 0].map(formatCents)).toEqual(['12.50', '0.07', '-0.01', '0.00']);
  });
});
