/** People: who is in the room, and who is writing. */
import { avatar, element } from './line-list.js';

/** Milliseconds for which somebody who typed counts as writing. */
const WRITING = 3500;

export class People {
  #list;
  #count;
  #typing;
  /** @type {Map<string, { name: string, here: boolean }>} */
  #guests = new Map();
  /** When each was last heard typing, by session id. */
  #heard = new Map();
  #timer;
  #shown = '';

  constructor({ list, count, typing }) {
    this.#list = list;
    this.#count = count;
    this.#typing = typing;
  }

  /** Takes the guests of the room's state. */
  take(guests, own) {
    this.#guests = new Map([...guests.entries()].map(([id, { name, here }]) => [id, { name, here }]));
    const shown = JSON.stringify([...this.#guests, own]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#count.textContent = String(this.#guests.size);
    const sorted = [...this.#guests].sort(([, a], [, b]) => a.name.localeCompare(b.name));
    this.#list.replaceChildren(...sorted.map(([id, guest]) => person(guest, id === own)));
    this.#showTyping();
  }

  nameOf(sessionId) {
    return this.#guests.get(sessionId)?.name;
  }

  heard(sessionId) {
    this.#heard.set(sessionId, Date.now());
    this.#showTyping();
  }

  /** Who has posted has stopped writing. */
  posted(name) {
    for (const [id, guest] of this.#guests) if (guest.name === name) this.#heard.delete(id);
    this.#showTyping();
  }

  #showTyping() {
    clearTimeout(this.#timer);
    const names = [];
    for (const [id, at] of this.#heard) {
      const guest = this.#guests.get(id);
      if (!guest || Date.now() - at > WRITING) this.#heard.delete(id);
      else names.push(guest.name);
    }
    this.#typing.textContent = writing(names);
    if (names.length > 0) this.#timer = setTimeout(() => this.#showTyping(), 500);
  }
}

function writing(names) {
  if (names.length === 0) return '';
  if (names.length > 3) return 'Several people are writing …';
  return `${new Intl.ListFormat('en').format(names)} ${names.length > 1 ? 'are' : 'is'} writing …`;
}

function person({ name, here }, isMe) {
  const item = element('li', here ? 'person' : 'person away');
  const label = element('bdi', '', name);
  item.append(avatar(name), label);
  if (isMe) item.append(element('span', 'tag', 'you'));
  if (!here) item.append(element('span', 'tag', 'away'));
  return item;
}
