/**
 * The bank over the wire: a room whose calls are the authoritative queries. The room owns no money: each call is handed
 * to the bank as a task, so the room stands still for nobody, and the state that it synchronises only shows which
 * accounts there are and which process each one is.
 *
 * `moved` is broadcast after an order: a hint to ask again, not the answer. What an order's id is worth is the bank's to
 * say (it outlives this room), so the room has no `once` of its own: a client that got no answer asks with the same id.
 *
 *     const { balance } = await room.request('transfer', { from: '7', to: '8', cents: 2_500, request: crypto.randomUUID() });
 */
import { schema, t } from '@colyseus/schema';
import { type RoomHandle, type RoomTask, refuse, room } from 'genroom';
import * as z from 'zod';
import type { Receipt } from './entry.ts';
import { BankError } from './errors.ts';
import { balance, crash, deposit, numbers, open, processOf, statement, total, transfer, withdraw } from './teller.ts';

export const AccountView = schema({ process: t.string(), restarts: t.uint32() }, 'AccountView');
export const BankView = schema({ accounts: t.map(AccountView) }, 'BankView');
type BankRoom = RoomHandle<InstanceType<typeof BankView>>;

/** The bank itself says what is wrong with an amount, so that every way to it hears the same. */
const account = z.string().max(100);
const order = { cents: z.number(), request: z.string().max(200) };

export const bankRoom = room({
  name: 'bank',
  state: () => new BankView(),
  messages: {
    open: z.object({ account, request: order.request }),
    deposit: z.object({ account, ...order }),
    withdraw: z.object({ account, ...order }),
    transfer: z.object({ from: account, to: account, ...order }),
    balance: z.object({ account }),
    statement: z.object({ account, before: z.int().optional(), limit: z.int().min(1).optional() }),
    accounts: z.undefined(),
    total: z.undefined(),
    crash: z.object({ account, how: z.enum(['throw', 'kill']) }),
  },
  calls: {
    open: (room: BankRoom, _player, { account, request }) => ordered(room, open(account, { request }), account),
    deposit: (room: BankRoom, _player, { account, cents, request }) =>
      ordered(room, deposit(account, cents, { request }), account),
    withdraw: (room: BankRoom, _player, { account, cents, request }) =>
      ordered(room, withdraw(account, cents, { request }), account),
    transfer: (room: BankRoom, _player, { from, to, cents, request }) =>
      ordered(room, transfer(from, to, cents, { request }), from, to),
    balance: (room: BankRoom, _player, { account }) => answered(room, balance(account)),
    statement: (room: BankRoom, _player, { account, before, limit }) =>
      answered(room, statement(account, { before, limit })),
    accounts: (room: BankRoom) => answered(room, numbers()),
    total: (room: BankRoom) => answered(room, total()),
    crash: (room: BankRoom, _player, { account, how }) => answered(room, crash(account, how)),
  },
  tick: { hz: 4, step: (room: BankRoom) => void room.task(numbers(), show, unavailable) },
});

/** Answers with what the bank said. */
function answered<T>(room: BankRoom, asked: Promise<T>): RoomTask<T> {
  return room.task(asked, (_room, answer) => answer, refusal) as RoomTask<T>;
}

/** Answers with a receipt and tells everybody whose money has moved. */
function ordered(room: BankRoom, given: Promise<Receipt>, ...accounts: string[]): RoomTask<Receipt> {
  const done = (room: BankRoom, receipt: Receipt): Receipt => {
    show(room, accounts);
    room.broadcast('moved', { accounts });
    return receipt;
  };
  return room.task(given, done, refusal);
}

/** What the bank refuses is the client's affair; anything else is a mistake, and ends the room. */
function refusal(_room: BankRoom, error: unknown): never {
  if (error instanceof BankError) throw refuse(error.code, error.message, { why: error.why });
  throw error;
}

/** The next tick asks again. */
function unavailable(_room: BankRoom, error: unknown): void {
  if (!(error instanceof BankError)) throw error;
}

function show(room: BankRoom, accounts: readonly string[]): void {
  for (const number of accounts) {
    const process = processOf(number);
    let view = room.state.accounts.get(number);
    if (!view) {
      view = new AccountView();
      view.process = process ?? '';
      view.restarts = 0;
      room.state.accounts.set(number, view);
    } else if (process !== undefined && view.process !== process) {
      view.process = process;
      view.restarts++;
    }
  }
}
