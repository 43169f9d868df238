/**
 * Teller: the bank's room as this page uses it. An order keeps its request id while it is repeated, so an answer that was
 * lost (a crash, a lost line) costs a repeat and never a second transfer.
 */

const ATTEMPTS = 8;
const PAUSE = 400;

/** @param on what to tell: `state(state)`, `moved(accounts)`, `status(text)` */
export async function openTeller(on) {
  const teller = new Teller(on);
  await teller.join();
  return teller;
}

class Teller {
  #on;
  #room;

  constructor(on) {
    this.#on = on;
  }

  async join() {
    const room = await new globalThis.Colyseus.Client(location.origin).joinOrCreate('bank');
    this.#room = room;
    room.onStateChange((state) => this.#on.state(state));
    room.onMessage('moved', ({ accounts }) => this.#on.moved(accounts));
    room.onDrop(() => this.#on.status('reconnecting'));
    room.onReconnect(() => this.#on.status('connected'));
    room.onLeave(() => void this.#rejoin());
    this.#on.status('connected');
  }

  /** The seat is gone, as after a restart of the server. */
  async #rejoin() {
    for (;;) {
      this.#on.status('reconnecting');
      await pause(1_000);
      try {
        return await this.join();
      } catch {
        // Tried again until the server is back or the page is closed.
      }
    }
  }

  /** Asks until there is an answer. Rejects with a refusal of the bank, or when none came for long. */
  async ask(type, payload) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#room.request(type, payload);
      } catch (error) {
        if (isRefusal(error) || attempt === ATTEMPTS) throw error;
        await pause(PAUSE);
      }
    }
  }

  /** Gives an order. Where `ask` repeats it, it does so with the same request id. */
  order(type, payload) {
    return this.ask(type, { ...payload, request: crypto.randomUUID() });
  }
}

/** Whether the bank said no; anything else may pass. */
function isRefusal(error) {
  return (
    error.reason?.details?.why !== undefined && error.reason.code !== 'in_doubt' && error.reason.code !== 'unavailable'
  );
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
