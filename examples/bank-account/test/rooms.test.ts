/** The bank over the wire's protocol: authoritative calls, refusals, and crashes of the room and of accounts. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exit, sys, whereis } from 'genroom/otp';
import { CallRefused, type TestClient, testRoom, type TestRoom } from 'genroom/testing';
import { type OpenBank, openBank } from '../branch.ts';
import { accountName } from '../names.ts';
import { bankRoom } from '../rooms.ts';

let bank: OpenBank;
let room: TestRoom<typeof bankRoom>;
let client: TestClient<typeof bankRoom>;

beforeEach(async () => {
  room = await testRoom(bankRoom);
  bank = await openBank();
  client = await room.join();
  await client.call('open', { account: '7', request: 'open 7' });
  await client.call('open', { account: '8', request: 'open 8' });
  await client.call('deposit', { account: '7', cents: 10_000, request: 'first' });
});
afterEach(async () => {
  await bank.close();
  await room.stop();
});

const refusalOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof CallRefused ? error.code : error),
  );
/** Lets virtual time pass while a call waits. */
async function later<T>(call: Promise<T>, ms = 500): Promise<T> {
  call.catch(() => {});
  await room.advance(ms);
  return call;
}

describe('calls', () => {
  test('are answered by the accounts themselves, with types', async () => {
    const receipt = await client.call('transfer', { from: '7', to: '8', cents: 2_500, request: 'a' });
    const balance: number = receipt.balance;
    expect(balance).toBe(7_500);
    expect(await client.call('balance', { account: '8' })).toBe(2_500);
    expect(await client.call('total')).toBe(10_000);
    expect(await client.call('accounts')).toEqual(['7', '8']);
    const lines = await client.call('statement', { account: '8', limit: 1 });
    expect(lines).toMatchObject([{ kind: 'transfer', cents: 2_500, other: '7', balance: 2_500 }]);
    expect(await client.call('withdraw', { account: '8', cents: 500, request: 'b' })).toMatchObject({ balance: 2_000 });
  });

  test('are refused with the name of the fault and what to do', async () => {
    const order = { from: '7', to: '8', cents: 1, request: 'x' };
    expect(await refusalOf(client.call('transfer', { ...order, cents: 10_001 }))).toBe('overdraft');
    expect(await refusalOf(client.call('transfer', { ...order, cents: -1 }))).toBe('amount_negative');
    expect(await refusalOf(client.call('transfer', { ...order, cents: 0.5 }))).toBe('amount_fractional');
    expect(await refusalOf(client.call('transfer', { ...order, cents: 2 ** 53 }))).toBe('amount_unsafe');
    expect(await refusalOf(client.call('transfer', { ...order, to: '7' }))).toBe('same_account');
    expect(await refusalOf(client.call('transfer', { ...order, to: '404' }))).toBe('unknown_account');
    expect(await refusalOf(client.call('balance', { account: '404' }))).toBe('unknown_account');
    expect(await refusalOf(client.call('transfer', { ...order, request: 'first' }))).toBe('request_reused');
    expect(await refusalOf(client.call('transfer', { ...order, cents: '1' as unknown as number }))).toBe(
      'invalid_payload',
    );
    const error: unknown = await client
      .call('withdraw', { account: '7', cents: 99_999, request: 'y' })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({
      reason: { code: 'overdraft', message: expect.stringContaining('Withdraw at most') },
    });
    expect(await client.call('balance', { account: '7' })).toBe(10_000);
    expect(room.phase).toBe('running');
  });
});

describe('crashes', () => {
  test('a crash of an account costs its callers a moment, and everybody sees its new process', async () => {
    const other = await room.join();
    const before = other.state.accounts.get('7')!.process;
    await client.call('crash', { account: '7', how: 'kill' });
    expect(await later(client.call('transfer', { from: '7', to: '8', cents: 1, request: 'a' }))).toMatchObject({
      balance: 9_999,
    });
    expect(other.received('moved')).toContainEqual({ accounts: ['7', '8'] });
    expect(other.state.accounts.get('7')).toMatchObject({ restarts: 1 });
    expect(other.state.accounts.get('7')!.process).not.toBe(before);
    expect(other.closed).toBeUndefined();
  });

  test('the room crashes with a transfer in hand: the same request again is done once', async () => {
    const order = { from: '7', to: '8', cents: 2_500, request: 'a' };
    await sys.suspend(accountName('7'));
    const outcome = refusalOf(client.call('transfer', order));
    await room.settled();
    await room.crash();
    await sys.resume(accountName('7'));
    expect(await outcome).toBe('call_in_doubt');
    expect(await client.call('balance', { account: '8' })).toBe(2_500);
    const receipt = await later(client.call('transfer', order));
    expect(await later(client.call('transfer', order))).toEqual(receipt);
    expect(await client.call('balance', { account: '8' })).toBe(2_500);
    expect(await client.call('total')).toBe(10_000);
    expect(client.closed).toBeUndefined();
  });

  test('while the whole bank is away calls are refused as unavailable, and the room lives', async () => {
    await bank.close();
    const pid = room.pid;
    expect(await refusalOf(later(client.call('balance', { account: '7' }), 6_000))).toBe('unavailable');
    bank = await openBank();
    expect(await refusalOf(client.call('balance', { account: '7' }))).toBe('unknown_account');
    expect(room.pid).toBe(pid);
  });

  test('an account that is killed at every order of a burst loses none and doubles none', async () => {
    const orders = Array.from({ length: 50 }, (_, i) => ({
      from: '7',
      to: '8',
      cents: 10,
      request: `burst ${i % 25}`,
    }));
    const answers = orders.map((order, i) => {
      const answer = client.call('transfer', order);
      const victim = whereis(accountName(i % 2 ? '7' : '8'));
      if (victim && i % 5 === 0) exit(victim, 'kill');
      return answer;
    });
    const receipts = await later(Promise.all(answers), 5_000);
    expect(new Set(receipts.map((receipt) => receipt.entry)).size).toBe(25);
    expect(await client.call('balance', { account: '7' })).toBe(9_750);
    expect(await client.call('balance', { account: '8' })).toBe(250);
  });
});
