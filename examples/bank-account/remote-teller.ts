/**
 * The bank of a running server, by the same functions as in `teller.ts`: over the wire, with the unmodified SDK.
 *
 *     const bank = await connect('http://127.0.0.1:2568');
 *     await bank.deposit('7', 10_000);
 *     await bank.close();
 */
import { Client } from '@colyseus/sdk';
import type { Bank } from './commands.ts';
import type { Receipt } from './entry.ts';
import { BankError, isBankErrorCode } from './errors.ts';

export interface RemoteBank extends Bank {
  close(): Promise<unknown>;
}

const ATTEMPTS = 8;
const PAUSE = 400;

export async function connect(url: string): Promise<RemoteBank> {
  const room = await new Client(url).joinOrCreate('bank');
  // The SDK warns of messages that nobody listens to.
  room.onMessage('moved', () => {});

  /** Asks until there is an answer or a refusal. That is safe for orders too, since each keeps its request id. */
  async function ask<T>(type: string, payload?: unknown, code: 'in_doubt' | 'unavailable' = 'unavailable'): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await room.request(type, payload)) as T;
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal) throw refusal;
        if (attempt === ATTEMPTS) throw new BankError(code, `no answer to ${ATTEMPTS} requests`, error);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
  const order = (type: string, payload: object, options?: { request?: string | undefined }): Promise<Receipt> =>
    ask(type, { ...payload, request: options?.request ?? crypto.randomUUID() }, 'in_doubt');

  return {
    open: (account, options) => order('open', { account }, options),
    deposit: (account, cents, options) => order('deposit', { account, cents }, options),
    withdraw: (account, cents, options) => order('withdraw', { account, cents }, options),
    transfer: (from, to, cents, options) => order('transfer', { from, to, cents }, options),
    balance: (account) => ask('balance', { account }),
    statement: (account, page) => ask('statement', { account, ...page }),
    numbers: () => ask('accounts'),
    total: () => ask('total'),
    crash: (account, how) => ask('crash', { account, how: how ?? 'throw' }),
    close: () => room.leave(),
  };
}

/** The bank's own error, where the server refused by one. */
function refusalOf(error: unknown): BankError | undefined {
  const { code, details } = (error as { reason?: { code?: unknown; details?: { why?: unknown } } }).reason ?? {};
  return isBankErrorCode(code) ? new BankError(code, String(details?.why)) : undefined;
}
