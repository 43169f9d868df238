/**
 * LineList: the lines that this page knows, on the page. New ones come from the room's state, old ones from `history`.
 *
 * Invariants: each line is shown once, in the order of its number; text reaches the page as text only; the reader's
 * place stays where it is while lines come in above or below it.
 */

/** Lines of one person within this time stand together under one name. */
const TOGETHER = 5 * 60_000;
/** Pixels from the end within which the newest line is followed. */
const NEAR = 60;
/** Degrees; multiples of it lie far apart on the circle of colours. */
const GOLDEN_ANGLE = 137.508;

export class LineList {
  #scroller;
  #list;
  #newest;
  /** @type {Map<number, { line: object, item: HTMLElement }>} */
  #known = new Map();
  #first = 0;
  #last = 0;

  constructor({ scroller, list, newest }) {
    this.#scroller = scroller;
    this.#list = list;
    this.#newest = newest;
    newest.addEventListener('click', () => this.toEnd());
    scroller.addEventListener('scroll', () => {
      if (this.atEnd) newest.hidden = true;
    });
  }

  /** The number of the oldest line here; 0 when there is none. */
  get first() {
    return this.#first;
  }

  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  clear() {
    this.#known.clear();
    this.#list.replaceChildren();
    this.#first = this.#last = 0;
  }

  /** Takes the lines of the room's state: those that are new are added at the end. */
  takeNewest(lines) {
    const fresh = lines.filter(({ n }) => n > this.#last);
    if (fresh.length === 0) return [];
    // More came meanwhile than the state holds: what is missing between is loaded again from above.
    if (this.#last > 0 && fresh[0].n > this.#last + 1) this.clear();
    const follow = this.atEnd;
    for (const line of fresh) this.#insert(line, null);
    if (this.#first === 0) this.#first = fresh[0].n;
    this.#last = fresh.at(-1).n;
    if (follow) this.toEnd();
    else this.#newest.hidden = false;
    return fresh;
  }

  /** Takes a page of history: lines before the first one, oldest first. */
  takeOlder(lines) {
    const older = lines.filter(({ n }) => n < this.#first && !this.#known.has(n));
    if (older.length === 0) return;
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    const next = this.#list.firstElementChild;
    this.#list.setAttribute('aria-live', 'off');
    for (const line of older) this.#insert(line, next);
    this.#first = older[0].n;
    this.#group(this.#known.get(older.at(-1).n + 1));
    this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
    setTimeout(() => this.#list.setAttribute('aria-live', 'polite'), 500);
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#newest.hidden = true;
  }

  #insert(line, before) {
    const item = lineItem(line);
    this.#list.insertBefore(item, before);
    const entry = { line, item };
    this.#known.set(line.n, entry);
    this.#group(entry);
  }

  /** Whether a line stands under the name of the one before it. */
  #group(entry) {
    if (!entry) return;
    const above = this.#known.get(entry.line.n - 1)?.line;
    entry.item.classList.toggle(
      'follows',
      above !== undefined && above.by === entry.line.by && entry.line.at - above.at < TOGETHER,
    );
  }
}

/** One line as a list item. */
export function lineItem({ by, at, text, id }) {
  const item = document.createElement('li');
  item.className = 'line';
  item.dataset.id = id;
  const name = element('bdi', 'by', by);
  const time = element('time', 'at', clockTime(at));
  time.dateTime = new Date(at).toISOString();
  const meta = element('p', 'meta');
  meta.append(name, ' ', time);
  const said = element('p', 'text', text);
  said.dir = 'auto';
  const body = element('div', 'body');
  body.append(meta, said);
  item.append(avatar(by), body);
  return item;
}

/** The first letter of a name, on a colour of its own. */
export function avatar(name) {
  const mark = element('span', 'avatar', [...name][0]?.toUpperCase() ?? '?');
  mark.setAttribute('aria-hidden', 'true');
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 100_003;
  mark.style.setProperty('--hue', String(Math.round(hash * GOLDEN_ANGLE) % 360));
  return mark;
}

export function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function clockTime(at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  const time = { hour: '2-digit', minute: '2-digit' };
  return date.toLocaleString([], today ? time : { ...time, day: 'numeric', month: 'short' });
}
