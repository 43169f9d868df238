/**
 * Outbox: lines that were written and are not yet known to be in the room. They survive a reload, and each keeps its
 * operation id for ever, so that trying again can never post a line twice.
 *
 * Invariant: one line is on its way at a time, so that lines arrive in the order they were written.
 *
 *     const outbox = new Outbox({ storage: sessionStorage, key: 'lobby', post, changed });
 *     outbox.add('hello');
 *     outbox.resume();   // the connection is back
 */

/** Milliseconds after which a line is tried again when nothing was heard of it. */
const RETRY = 2000;

export class Outbox {
  /** @type {{ id: string, text: string, state: 'waiting' | 'sending' | 'refused', reason?: string, crashes?: number }[]} */
  lines = [];
  #storage;
  #key;
  #post;
  #changed;
  #online = false;
  #busy = false;
  #timer;

  /**
   * @param {{ storage: Storage, key: string, post: (line: { id: string, text: string }) => Promise<unknown>, changed: () => void }} options
   *   `post` resolves when the line was acknowledged
   */
  constructor({ storage, key, post, changed }) {
    this.#storage = storage;
    this.#key = `outbox ${key}`;
    this.#post = post;
    this.#changed = changed;
    this.lines = read(storage, this.#key);
  }

  add(text) {
    this.lines.push({ id: newId(), text, state: 'waiting' });
    this.#save();
    void this.#sendNext();
  }

  /** The line is in the room: seen there, or acknowledged. */
  settle(id) {
    const before = this.lines.length;
    this.lines = this.lines.filter((line) => line.id !== id);
    if (this.lines.length !== before) this.#save();
  }

  /** Tries a refused line once more, with the same id. */
  retry(id) {
    const line = this.lines.find((other) => other.id === id);
    if (!line) return;
    line.state = 'waiting';
    line.crashes = 0;
    this.#save();
    void this.#sendNext();
  }

  resume() {
    this.#online = true;
    void this.#sendNext();
  }

  pause() {
    this.#online = false;
    clearTimeout(this.#timer);
  }

  async #sendNext() {
    const line = this.lines.find(({ state }) => state !== 'refused');
    if (!line || !this.#online || this.#busy) return;
    clearTimeout(this.#timer);
    this.#busy = true;
    line.state = 'sending';
    this.#changed();
    let wait = 0;
    try {
      await this.#post({ id: line.id, text: line.text });
      this.settle(line.id);
    } catch (error) {
      wait = this.#failed(line, error);
    } finally {
      this.#busy = false;
    }
    this.#timer = setTimeout(() => void this.#sendNext(), wait);
  }

  /** What to do after a failure; returns the milliseconds until the next try. */
  #failed(line, error) {
    const reason = error?.name === 'rejected' ? error.reason : error;
    if (CRASHED.has(reason?.code)) line.crashes = (line.crashes ?? 0) + 1;
    const wait = reason?.code === 'too_fast' ? (reason.details?.wait ?? RETRY) : RETRY;
    const hopeless = error?.name === 'rejected' && !PASSING.has(reason?.code);
    line.state = hopeless || line.crashes >= CRASHES_MOST ? 'refused' : 'waiting';
    line.reason = reason?.message ?? 'Nothing was heard of it.';
    this.#save();
    return wait;
  }

  #save() {
    try {
      this.#storage.setItem(this.#key, JSON.stringify(this.lines.map(({ id, text }) => ({ id, text }))));
    } catch {
      // Without storage a reload loses what is unsent; nothing else depends on it.
    }
    this.#changed();
  }
}

/** The room or the player crashed while it had this line in hand. It may be the line's fault, so not for ever. */
const CRASHED = new Set(['room_crashed', 'player_crashed']);
const CRASHES_MOST = 5;
/** Refusals that say something about the room's moment and not about the line. */
const PASSING = new Set([
  ...CRASHED,
  'too_fast',
  'room_recovering',
  'overloaded',
  'call_timeout',
  'call_in_doubt',
  'not_joined',
]);

function read(storage, key) {
  try {
    const lines = JSON.parse(storage.getItem(key) ?? '[]');
    return lines.map(({ id, text }) => ({ id: String(id), text: String(text), state: 'waiting' }));
  } catch {
    return [];
  }
}

/** An operation id. (crypto.randomUUID is missing on pages that came over plain HTTP from another machine.) */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
