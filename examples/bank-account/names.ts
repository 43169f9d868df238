/**
 * Names of the bank's processes. Accounts are found by their number, anew at each use, so nobody keeps the pid of an
 * account that has crashed meanwhile. A name ends with its process: numbers that people type leave nothing behind.
 */
import { registry, via, type ViaName } from 'genroom/otp';
import type { account } from './account.ts';
import type { desk } from './desk.ts';
import type { journal } from './journal.ts';

/** Accounts by number. */
export const accounts = registry<typeof account>({ name: 'accounts' });
/** Everything else. */
export const services = registry({ name: 'services' });

export const accountName = (number: string): ViaName<typeof account> => via(accounts, number);
/** The supervisor that keeps one account running. */
export const keeperName = (number: string): ViaName => via(services, ['keeper', number]);
export const journalName: ViaName<typeof journal> = via(services, 'journal') as ViaName<typeof journal>;
export const deskName: ViaName<typeof desk> = via(services, 'desk') as ViaName<typeof desk>;
export const accountsSupervisorName: ViaName = via(services, 'accounts');
