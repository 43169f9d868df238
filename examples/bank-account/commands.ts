/**
 * What can be typed to a bank, whichever bank that is: the one in this process, or a running server's.
 *
 *     await runCommand(bank, ['transfer', '7', '8', '12.50']); // 'account 7 now holds 87.50'
 */
import { GenroomError } from 'genroom/otp';
import type { Line, Receipt } from './entry.ts';
import { formatCents, parseAmount } from './money.ts';
import type * as teller from './teller.ts';

/** A bank to which orders can be given. */
export type Bank = Pick<
  typeof teller,
  'open' | 'deposit' | 'withdraw' | 'transfer' | 'balance' | 'statement' | 'numbers' | 'total' | 'crash'
>;

interface Options {
  readonly request?: string | undefined;
}

interface Command {
  /** The words after its name; one in brackets may be left out. */
  readonly words: readonly string[];
  readonly does: string;
  run(bank: Bank, words: readonly string[], options: Options): Promise<string>;
}

const held = ({ account, balance }: Receipt): string => `account ${account} now holds ${formatCents(balance)}`;

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    open: {
      words: ['account'],
      does: 'opens an account',
      run: async (bank, [account = ''], options) => held(await bank.open(account, options)),
    },
    deposit: {
      words: ['account', 'amount'],
      does: 'pays in',
      run: async (bank, [account = '', amount = ''], options) =>
        held(await bank.deposit(account, parseAmount(amount), options)),
    },
    withdraw: {
      words: ['account', 'amount'],
      does: 'takes out',
      run: async (bank, [account = '', amount = ''], options) =>
        held(await bank.withdraw(account, parseAmount(amount), options)),
    },
    transfer: {
      words: ['from', 'to', 'amount'],
      does: 'moves money between two accounts',
      run: async (bank, [from = '', to = '', amount = ''], options) =>
        held(await bank.transfer(from, to, parseAmount(amount), options)),
    },
    balance: {
      words: ['account'],
      does: 'says what an account holds',
      run: async (bank, [account = '']) => formatCents(await bank.balance(account)),
    },
    statement: {
      words: ['account'],
      does: 'lists the last orders of an account',
      run: async (bank, [account = '']) => (await bank.statement(account)).map(lineText).join('\n'),
    },
    accounts: {
      words: [],
      does: 'lists all accounts',
      run: async (bank) => {
        const numbers = await bank.numbers();
        const lines = numbers.map(
          async (number) => `${number.padEnd(12)} ${formatCents(await bank.balance(number)).padStart(14)}`,
        );
        return [
          ...(await Promise.all(lines)),
          `${'all'.padEnd(12)} ${formatCents(await bank.total()).padStart(14)}`,
        ].join('\n');
      },
    },
    crash: {
      words: ['account', '[throw|kill]'],
      does: "crashes an account's process",
      run: async (bank, [account = '', how = 'throw']) => {
        if (how !== 'throw' && how !== 'kill')
          throw new UsageError(`a process does not crash by '${how}'`, usageOf('crash'));
        await bank.crash(account, how);
        return `account ${account} was crashed`;
      },
    },
  } satisfies Record<string, Command>),
);

function lineText({ at, kind, cents, other, balance }: Line): string {
  const what = other === undefined ? kind : `${kind} ${cents < 0 ? 'to' : 'from'} ${other}`;
  const time = new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  return `${time}  ${what.padEnd(24)} ${formatCents(cents).padStart(12)} ${formatCents(balance).padStart(12)}`;
}

/** Something was typed that is no command. */
export class UsageError extends GenroomError {
  constructor(message: string, usage: string) {
    super('usage', message, { remedy: `Usage: ${usage}` });
  }
}

function usageOf(name: string): string {
  return [name, ...COMMANDS.get(name)!.words].join(' ');
}

/** All commands, a line each. */
export function usage(): string {
  return [...COMMANDS].map(([name, { does }]) => `  ${usageOf(name).padEnd(30)} ${does}`).join('\n');
}

/**
 * Carries out one command and gives what is to be printed.
 * @throws UsageError, and what the bank throws
 */
export async function runCommand(
  bank: Bank,
  [name = '', ...words]: readonly string[],
  options: Options = {},
): Promise<string> {
  const command = COMMANDS.get(name);
  if (!command) throw new UsageError(`there is no command '${name}'`, [...COMMANDS.keys()].join(', '));
  const least = command.words.filter((word) => !word.startsWith('[')).length;
  if (words.length < least || words.length > command.words.length)
    throw new UsageError(`'${name}' takes other words`, usageOf(name));
  return command.run(bank, words, options);
}
