/**
 * The bank's supervision tree.
 *
 *     bank              restForOne: what depends on a part that crashed starts again after it
 *     ├─ services       registry: the names of what follows
 *     ├─ accounts       registry: accounts by number
 *     ├─ journal        keeps the entries
 *     ├─ accounts       dynamicSupervisor
 *     │   └─ keeper     supervisor, one for each account: an account that cannot run is given up alone
 *     │       └─ account
 *     └─ desk           opens accounts and brings them back
 *
 *     const bank = await openBank();
 *     await bank.close();
 */
import { childSpec, dynamicSupervisor, type Pid, start, stopServer, supervisor } from 'genroom/otp';
import { account } from './account.ts';
import { desk } from './desk.ts';
import { journal, MemoryStore, type Store } from './journal.ts';
import { accountName, accounts, accountsSupervisorName, deskName, journalName, services } from './names.ts';

export const keeper = supervisor<string>({
  name: 'keeper',
  strategy: 'oneForOne',
  intensity: { max: 10, period: 1_000 },
  children: (number) => [childSpec(account, number, { name: accountName(number) })],
});

export const accountsSupervisor = dynamicSupervisor({ name: 'accounts' });

export const bank = supervisor<Store>({
  name: 'bank',
  strategy: 'restForOne',
  intensity: { max: 5, period: 10_000 },
  children: (store) => [
    childSpec(services),
    childSpec(accounts),
    childSpec(journal, store, { name: journalName }),
    childSpec(accountsSupervisor, undefined, { id: 'accountsSupervisor', name: accountsSupervisorName }),
    childSpec(desk, undefined, { name: deskName }),
  ],
});

export interface OpenBank {
  readonly pid: Pid;
  close(): Promise<void>;
}

/** Starts the bank of this thread; there is one at a time. `store` is what it restores itself from. */
export async function openBank(store: Store = new MemoryStore()): Promise<OpenBank> {
  const pid = await start(bank, store);
  return { pid, close: () => stopServer(pid, 'shutdown') };
}
