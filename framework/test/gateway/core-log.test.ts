/** What core logs reaches the gateway's own log, whatever it is. */
import { expect, test } from 'vitest';
import { coreLog } from '../../src/gateway/core-log.ts';

const hostile = {
  toString(): string {
    throw new Error('not to be asked');
  },
};
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

test('a warning is one text, also of values that cannot be asked for theirs', () => {
  const texts: string[] = [];
  const log = coreLog(
    (text) => void texts.push(text),
    () => expect.unreachable(),
  );
  log.warn('seat', 7, new TypeError('taken'));
  log.warn(hostile, Object.create(null), revoked(), Symbol('s'));
  expect(texts).toEqual(['seat 7 TypeError: taken', expect.stringContaining('Symbol(s)')]);
});

test('a failure is reported as the error it is, or as one with its text', () => {
  const errors: unknown[] = [];
  const log = coreLog(
    () => expect.unreachable(),
    (error) => void errors.push(error),
  );
  const thrown = new RangeError('too far');
  log.error('while joining', revoked(), thrown);
  log.error('no error', hostile);
  expect(errors[0]).toBe(thrown);
  expect(errors[1]).toMatchObject({ message: expect.stringMatching(/^no error /) as string });
});
