/**
 * A walk through what crashes leave of a bank: nothing is lost and nothing is done twice. The bank must be empty.
 *
 *     await demo(teller, console.log);
 */
import { type Bank, runCommand } from './commands.ts';
import { BankError } from './errors.ts';

const TRANSFERS = 200;
const CRASHES = 20;

/** @param print is given each line */
export async function demo(bank: Bank, print: (line: string) => void): Promise<void> {
  const type = async (line: string, request?: string): Promise<void> => {
    print(`> ${line}${request === undefined ? '' : ` --request ${request}`}`);
    try {
      print(await runCommand(bank, line.split(' '), { request }));
    } catch (error) {
      if (!(error instanceof BankError)) throw error;
      print(`${error.code}: ${error.message}`);
    }
  };

  await type('open ada');
  await type('open bob');
  await type('deposit ada 1000.00');
  await type('transfer ada bob 12.50', 'invoice-17');
  await type('withdraw bob 99999');
  await type('crash ada kill');
  await type('transfer ada bob 12.50', 'invoice-17');
  await type('accounts');

  print(`# ${TRANSFERS} transfers of 1.00, each ordered twice, while both accounts are crashed ${CRASHES} times`);
  const receipts = await Promise.all(
    Array.from({ length: TRANSFERS * 2 }, async (_, index) => {
      await pause(index / 2);
      if (index % ((2 * TRANSFERS) / CRASHES) === 0) {
        await bank.crash('ada', 'kill');
        await bank.crash('bob', 'throw');
      }
      return bank.transfer('ada', 'bob', 100, { request: `demo-${index % TRANSFERS}` });
    }),
  );
  print(`${receipts.length} receipts for ${new Set(receipts.map((receipt) => receipt.entry)).size} transfers`);
  await type('accounts');
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
