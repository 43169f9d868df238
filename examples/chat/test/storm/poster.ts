/**
 * Poster: one SDK client of a storm. It posts lines, tries again with the same operation id what was not answered, and
 * notes what became of each.
 *
 *     const poster = await Poster.join(url, 7);
 *     poster.start(500);
 *     await poster.finish();
 */
import { randomUUID } from 'node:crypto';
import { Client, getStateCallbacks, type Room } from '@colyseus/sdk';
import type { ChatState } from '../../state.ts';

export type Fate = 'acknowledged' | 'rejected' | 'inDoubt';

/** Tries of one line. */
const TRIES = 4;
const PAUSE = 300;

export class Poster {
  readonly room: Room<unknown, ChatState>;
  readonly fates = new Map<string, Fate>();
  readonly seen = new Set<string>();
  readonly latencies: number[] = [];
  triedAgain = 0;
  closed = 0;
  readonly #open = new Set<Promise<void>>();
  readonly #name: string;
  /** Half of the posters never try again, so that lines stay rejected or in doubt. */
  readonly #tries: number;
  #posted = 0;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(room: Room<unknown, ChatState>, number: number) {
    this.room = room;
    this.#name = `poster ${number}`;
    this.#tries = number % 2 === 0 ? TRIES : 1;
    room.reconnection.minUptime = 0;
    const onclose = room.connection.events.onclose!;
    room.connection.events.onclose = (event) => {
      if (!this.#over) this.closed++;
      onclose(event);
    };
    room.onMessage('typing', () => {});
    room.onError(() => {});
    const $ = getStateCallbacks(room as never) as never as LinesOf;
    $(room.state).lines.onAdd((line) => void this.seen.add(line.id));
  }

  static async join(url: string, number: number): Promise<Poster> {
    const room = await new Client(url).joinOrCreate<ChatState>('chat', { name: `poster ${number}`, room: 'storm' });
    if (!room.state?.lines) await new Promise((resolve) => void room.onStateChange.once(resolve));
    return new Poster(room, number);
  }

  /** Posts a line every `interval` milliseconds from a random moment on. */
  start(interval: number): void {
    const next = (): void => {
      this.#begin();
      this.#timer = setTimeout(next, interval * (0.5 + Math.random()));
    };
    this.#timer = setTimeout(next, interval * Math.random());
  }

  /** Posts and breaks the connection before the answer can come, as a lost line does; the SDK comes back to the seat. */
  hangUp(): void {
    this.closed--;
    this.#begin();
    this.room.connection.close(4010);
  }

  /** Posts no more, and waits for what is under way. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#open);
  }

  leave(): Promise<number> {
    this.#over = true;
    return this.room.leave();
  }

  #begin(): void {
    const work: Promise<void> = this.#post().finally(() => this.#open.delete(work));
    this.#open.add(work);
  }

  async #post(): Promise<void> {
    const id = randomUUID();
    const text = `${this.#name}, line ${++this.#posted}`;
    this.fates.set(id, 'inDoubt');
    const begun = performance.now();
    let doubt = false;
    for (let tries = 1; tries <= this.#tries; tries++) {
      if (tries === 2) this.triedAgain++;
      try {
        await this.room.request('post', { id, text }, { timeout: 15_000 });
        this.fates.set(id, 'acknowledged');
        this.latencies.push(performance.now() - begun);
        return;
      } catch (error) {
        // What refuses the repeat (a rate, a queue) says nothing of the try before it, whose answer was lost.
        doubt ||= !wasNotApplied(error);
        this.fates.set(id, doubt ? 'inDoubt' : 'rejected');
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }
}

type LinesOf = (state: ChatState) => { lines: { onAdd(callback: (line: { id: string }) => void): void } };

/** Errors after which a call is known to be without effect; see docs/errors.md. */
const NOT_APPLIED = new Set(['room_crashed', 'player_crashed', 'room_recovering', 'overloaded', 'room_closed']);

function wasNotApplied(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: unknown };
  return name === 'rejected' || (typeof code === 'string' && NOT_APPLIED.has(code));
}
