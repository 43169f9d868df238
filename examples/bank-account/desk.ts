/**
 * Desk: opens accounts, and brings every account of the journal back when the bank starts or this process does.
 *
 * A dynamic supervisor that crashed comes back without children, and an account that crashes too often is given up by
 * its keeper. The desk watches the keepers: what ended comes back, at once where something above it ended, and after
 * `COOLING` where it was given up.
 *
 *     await call(deskName, 'open', { number: '7', request: crypto.randomUUID() });
 */
import {
  call,
  childSpec,
  ChildError,
  genServer,
  initOk,
  isDown,
  isOrderly,
  monitor,
  noreply,
  type Pid,
  reply,
  sendAfter,
  startChild,
  whereis,
} from 'genroom/otp';
import { keeper } from './branch.ts';
import type { Receipt } from './entry.ts';
import { isRefused, type Refused } from './errors.ts';
import { accountNumbers } from './journal.ts';
import { accountsSupervisorName, deskName, journalName, keeperName } from './names.ts';

/** Milliseconds before an account that was given up is tried again. */
export const COOLING = 1_000;

interface State {
  /** The accounts by the pid of their keeper. */
  readonly keepers: Map<Pid, string>;
}

class Reopen {
  readonly number: string;

  constructor(number: string) {
    this.number = number;
  }
}

export const desk = genServer({
  name: 'desk',
  init: () => initOk<State>({ keepers: new Map() }, { continue: 'reopen' }),
  async continue(state) {
    for (const number of await accountNumbers()) await keep(state, number);
    return noreply(state);
  },
  calls: {
    open: async (state, order: { number: string; request: string }) => {
      const entry = await call(journalName, 'open', order);
      if (isRefused(entry)) return reply<State, Receipt | Refused>(entry, state);
      await keep(state, order.number);
      const receipt = { request: entry.request, entry: entry.id, account: order.number, balance: 0 };
      return reply<State, Receipt | Refused>(receipt, state);
    },
  },
  async info(state, message) {
    if (message instanceof Reopen) await keep(state, message.number);
    if (!isDown(message)) return noreply(state);
    const number = state.keepers.get(message.pid);
    state.keepers.delete(message.pid);
    if (number === undefined) return noreply(state);
    // A supervisor that gives up ends in good order.
    if (isOrderly(message.reason)) reopenLater(number);
    else await keep(state, number);
    return noreply(state);
  },
});

/** Sees to it that an account's keeper runs, and watches it. */
async function keep(state: State, number: string): Promise<void> {
  try {
    const name = keeperName(number);
    const pid =
      whereis(name) ??
      (await startChild(accountsSupervisorName, childSpec(keeper, number, { restart: 'temporary', name })));
    if (state.keepers.has(pid)) return;
    state.keepers.set(pid, number);
    monitor(pid);
  } catch (error) {
    if (!(error instanceof ChildError)) throw error;
    reopenLater(number);
  }
}

function reopenLater(number: string): void {
  sendAfter(deskName, new Reopen(number), COOLING);
}
