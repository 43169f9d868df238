/** A room that throws whatever JavaScript lets it throw, one that fails while it closes, and one that only counts. */
import { schema, t } from '@colyseus/schema';
import * as z from 'zod';
import { room } from '../../src/index.ts';

const CountState = schema({ count: t.number() }, 'CountState');
const state = () => new CountState().assign({ count: 0 });

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function refuses(field: string): never {
  throw new Error(`${field} must not be read`);
}

/** A Proxy of an Error that fails whatever it is asked. */
function hostile(): object {
  return new Proxy(new Error('hidden'), {
    get: () => refuses('a field'),
    getPrototypeOf: () => refuses('the prototype'),
    getOwnPropertyDescriptor: () => refuses('a descriptor'),
    ownKeys: () => refuses('the keys'),
  });
}

function accessors(): Error {
  const error = new Error('hidden');
  for (const field of ['name', 'message', 'stack'])
    Object.defineProperty(error, field, { get: () => refuses(field), configurable: true });
  return error;
}

/** Readable once, and then no more. */
function flips(): Error {
  const error = new Error('hidden');
  let reads = 0;
  Object.defineProperty(error, 'message', { get: () => (reads++ === 0 ? 'once' : refuses('message')) });
  return error;
}

export const nasty: Record<string, () => unknown> = {
  null: () => null,
  undefined: () => undefined,
  symbol: () => Symbol('x'),
  bigint: () => 5n,
  function: () => () => 1,
  'an object without a prototype': () => Object.create(null),
  'toString that throws': () => ({ toString: () => refuses('toString'), [Symbol.toPrimitive]: () => refuses('it') }),
  'custom inspection that throws': () => ({ [Symbol.for('nodejs.util.inspect.custom')]: () => refuses('inspect') }),
  'a revoked proxy': revoked,
  'a hostile proxy': hostile,
  'accessors that throw': accessors,
  'a message that flips': flips,
  'a stack that is an object': () => Object.assign(new Error('q'), { stack: { a: 1 } }),
  'fields of other types': () => Object.assign(new Error('q'), { message: 5, name: {}, stack: 7 }),
  'a cause that is revoked': () => new Error('q', { cause: revoked() }),
  'a frozen error': () => Object.freeze(new Error('frozen')),
  'a message of 5 MB': () => new Error('x'.repeat(5e6)),
};

const messages = { fail: z.object({ what: z.string() }), count: z.object({}) };

export const throwing = room({
  name: 'throwing',
  module: import.meta.url,
  intensity: { max: 1000, period: 1000 },
  state,
  messages: { ...messages, stray: messages.fail, late: messages.fail },
  casts: {
    stray: (_room, _player, { what }) => void Promise.reject(nasty[what]!()),
    late: (_room, _player, { what }) =>
      void setTimeout(() => {
        throw nasty[what]!();
      }, 1),
  },
  calls: {
    fail: (_room, _player, { what }) => {
      throw nasty[what]!();
    },
    count: (room) => ++room.state.count,
  },
});

export const leaving = room({
  name: 'leaving',
  module: import.meta.url,
  state,
  leave: () => {
    throw new Error('leave always fails');
  },
});

export const watching = room({
  name: 'watching',
  module: import.meta.url,
  state,
  messages: { count: messages.count },
  calls: { count: (room) => ++room.state.count },
});
