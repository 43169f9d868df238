/** What every error of genroom has: a code, a message that ends in the remedy, a cause where there is one. */
import { expect, test } from 'vitest';
import { GenroomError } from '../../src/platform/errors.ts';

class Overdraft extends GenroomError {
  constructor(cause?: unknown) {
    super('overdraft', 'the account has 3 cents', { remedy: 'Pay in first.', cause });
  }
}

test('an error says what happened and what to do', () => {
  const error = new Overdraft();
  expect(error).toMatchObject({ code: 'overdraft', remedy: 'Pay in first.', name: 'Overdraft' });
  expect(error.message).toBe('the account has 3 cents. Pay in first.');
  expect(error).toBeInstanceOf(GenroomError);
  expect('cause' in error).toBe(false);
});

test('the cause is kept', () => {
  const cause = new Error('disk full');
  expect(new Overdraft(cause).cause).toBe(cause);
});

test('a sentence that has its full stop gets no second one', () => {
  expect(new GenroomError('x', 'It broke.', { remedy: 'Mend it.' }).message).toBe('It broke. Mend it.');
});
