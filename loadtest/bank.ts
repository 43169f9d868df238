/**
 * The bank under load: a teller process waits 5 ms for its books on each order, and serves one order at a time. The room
 * gives the orders on and stands still for none.
 *
 * Invariants: an account belongs to one teller (its number modulo the shards), so its orders keep their order; a shard is
 * a process of its own with the same code.
 *
 *     bank room {shards: 4} ── withdraw account 7 ──> teller 7 % 4 ── awaits its books ──> answer
 */
import { schema, t } from '@colyseus/schema';
import { room } from 'genroom';
import { call, childSpec, genServer, registry, reply, supervisor, via, type ViaName } from 'genroom/otp';
import * as z from 'zod';

/** Milliseconds that the books take, as timers know them. */
export const BOOKS_MS = 5;
export const SHARDS = [1, 2, 4, 8] as const;

/** One behaviour a bank, so that each bank is seen by itself at /metrics. */
function tellerOf(shards: number) {
  return genServer({
    name: `teller-of-${shards}`,
    init: () => new Map<number, number>(),
    calls: {
      async deposit(balances: Map<number, number>, { account, cents }: { account: number; cents: number }) {
        const balance = (balances.get(account) ?? 0) + cents;
        await books();
        balances.set(account, balance);
        return reply(balance, balances);
      },
    },
  });
}

type Teller = ReturnType<typeof tellerOf>;

const tellers = registry<Teller>({ name: 'tellers' });

/** Tells the shards of one bank from those of another. */
function tellerName(shards: number, shard: number): ViaName<Teller> {
  return via(tellers, `${shards}/${shard}`);
}

/** The books: somebody else's database, which answers in 5 ms and needs none of our time. */
function books(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, BOOKS_MS));
}

export const branch = supervisor({
  name: 'branch',
  strategy: 'oneForOne',
  children: () => [
    childSpec(tellers),
    ...SHARDS.flatMap((shards) => {
      const definition = tellerOf(shards);
      return Array.from({ length: shards }, (_, shard) =>
        childSpec(definition, undefined, { id: `${shards}/${shard}`, name: tellerName(shards, shard) }),
      );
    }),
  ],
});

const BankState = schema({ shards: t.number() }, 'BankState');

export const bank = room({
  name: 'bank',
  filterBy: ['shards'],
  state: ({ shards }: { shards: number }) => new BankState().assign({ shards }),
  messages: { deposit: z.object({ account: z.int().nonnegative(), cents: z.int().positive() }) },
  calls: {
    deposit(room, _player, order) {
      const { shards } = room.state;
      const name = tellerName(shards, order.account % shards);
      return room.task(call(name, 'deposit', order, { timeout: 60_000 }), (_room, balance) => balance);
    },
  },
});
