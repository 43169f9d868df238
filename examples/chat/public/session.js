/**
 * Session: this page's place in a room. It comes back by itself: the SDK reconnects to the kept seat; where that is gone
 * (the server was restarted, the seat expired), the page joins anew under the same name.
 *
 *     const session = await openSession({ name, room }, { state, typing, status, over, problem });
 */

/** Close codes after which joining again is no use or not wanted; the reason is shown. */
const FINAL = new Set([4000, 4400, 4408, 4429, 4500, 4501]);
const REJOIN_MOST = 10_000;

/**
 * @param {{ name: string, room: string }} who
 * @param {object} on what to tell: `state(state)`, `typing(sessionId)`, `status('connected' | 'reconnecting')`,
 *   `over(reason)`, `problem(message)`
 */
export async function openSession(who, on) {
  const session = new Session(who, on);
  await session.open();
  return session;
}

class Session {
  #client = new globalThis.Colyseus.Client(location.origin);
  #who;
  #on;
  #room;
  #left = false;

  constructor(who, on) {
    this.#who = who;
    this.#on = on;
  }

  get roomId() {
    return this.#room.roomId;
  }

  get sessionId() {
    return this.#room.sessionId;
  }

  /** @returns {Promise<unknown>} resolves with the answer */
  call(type, payload) {
    return this.#room.request(type, payload, { timeout: 12_000 });
  }

  cast(type, payload) {
    if (this.#room.connection.isOpen) this.#room.send(type, payload);
  }

  /** Ends the connection as a lost line does; the session then comes back by itself. */
  hangUp() {
    this.#room.connection.close(4010, 'hung up');
  }

  leave() {
    this.#left = true;
    forget();
    return this.#room.leave(true);
  }

  async open() {
    this.#take((await this.#returnToSeat()) ?? (await this.#client.joinOrCreate('chat', this.#who)));
  }

  /** After a reload the seat is still there: take it, and appear as nobody new. */
  async #returnToSeat() {
    const kept = recall();
    if (!kept || kept.name !== this.#who.name || kept.room !== this.#who.room) return undefined;
    forget();
    try {
      return await this.#client.reconnect(kept.token);
    } catch {
      return undefined;
    }
  }

  #take(room) {
    this.#room = room;
    Object.assign(room.reconnection, { minUptime: 0, maxRetries: 8, maxDelay: 3000 });
    const connected = () => {
      remember({ ...this.#who, token: room.reconnectionToken });
      this.#on.status('connected');
    };
    room.onStateChange((state) => this.#on.state(state));
    room.onMessage('typing', (sessionId) => this.#on.typing(sessionId));
    room.onError((_code, message) => this.#on.problem(message?.replace(/^\w+: /, '') ?? 'The server refused this.'));
    room.onDrop(() => this.#on.status('reconnecting'));
    room.onReconnect(connected);
    room.onLeave((code, reason) => this.#ended(code, reason));
    if (room.state) this.#on.state(room.state);
    connected();
  }

  #ended(code, reason) {
    if (this.#left) return;
    forget();
    if (FINAL.has(code)) this.#on.over(reason || `The server ended this connection (${code}).`);
    else void this.#rejoin(code === 4001 ? 1000 : 0);
  }

  async #rejoin(firstWait) {
    this.#on.status('reconnecting');
    for (let wait = firstWait; !this.#left; wait = Math.min(REJOIN_MOST, Math.max(500, wait * 2))) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (this.#left) return;
      try {
        this.#take(await this.#client.joinOrCreate('chat', this.#who));
        return;
      } catch {
        // the server is not back yet
      }
    }
  }
}

const SEAT = 'seat';

/** The seat of this tab, for a reload. */
function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(SEAT) ?? 'null');
  } catch {
    return null;
  }
}

function remember(seat) {
  try {
    sessionStorage.setItem(SEAT, JSON.stringify(seat));
  } catch {
    // then a reload joins anew
  }
}

function forget() {
  try {
    sessionStorage.removeItem(SEAT);
  } catch {
    // nothing was kept
  }
}
