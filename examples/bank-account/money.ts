/**
 * Money: whole cents, never a fraction, never more than can be counted exactly. Pure.
 *
 *     formatCents(parseAmount('12.50')); // '12.50', by way of 1250
 */
import { BankError, refused, type Refused } from './errors.ts';

/** What is wrong with an amount that is to be moved; undefined when nothing is. */
export function amountFault(cents: unknown): Refused | undefined {
  if (typeof cents !== 'number' || !Number.isFinite(cents))
    return refused('amount_not_a_number', `${String(cents)} is no amount`);
  if (cents < 0) return refused('amount_negative', `${cents} cents is negative`);
  if (cents === 0) return refused('amount_zero', 'zero cents is no amount to move');
  if (cents > Number.MAX_SAFE_INTEGER)
    return refused('amount_unsafe', `${cents} cents is more than can be counted exactly`);
  if (!Number.isInteger(cents)) return refused('amount_fractional', `${cents} cents is not a whole number`);
  return undefined;
}

/** Cents from what a person types: `12`, `12.5` and `12.50`. @throws BankError for anything else */
export function parseAmount(text: string): number {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (!match) throw new BankError('amount_not_a_number', `'${text}' is no amount`);
  const [, sign = '', whole = '', fraction = ''] = match;
  if (fraction.length > 2) throw new BankError('amount_fractional', `'${text}' has fractions of a cent`);
  const cents = Number(`${sign}${whole}${fraction.padEnd(2, '0')}`);
  if (!Number.isSafeInteger(cents))
    throw new BankError('amount_unsafe', `'${text}' is more than can be counted exactly`);
  return cents;
}

export function formatCents(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
