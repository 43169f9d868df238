/**
 * Inside: the panel that shows the server's supervision tree as it is, the open connections, and what happened.
 *
 * It asks `GET /genroom/tree` once a second while it is seen, and more often just after a crash was ordered. A process
 * that has another pid than before was restarted.
 */
import { element } from './line-list.js';

const PERIOD = 1000;
const TRACE = 60_000;
const EVENTS_MOST = 50;
/** Milliseconds for which a process that was just restarted stands out. */
const FRESH = 2500;

export class Inside {
  #parts;
  #roomId = () => undefined;
  #nameOf = () => undefined;
  #timer;
  #seen = false;
  /** What each place of the tree held at the last look: a room, or a process's pid. */
  #places = new Map();
  /** How often a place was seen to hold another process than before, and when that was last. */
  #restarts = new Map();
  #rooms = new Map();
  /** @type {{ at: number, connections: number }[]} */
  #samples = [];
  /** Times of crashes of this room. */
  #crashes = [];
  #eventCount = 0;
  #shownTree = '';

  /** @param {{ connections: HTMLElement, crashes: HTMLElement, trace: SVGElement, tree: HTMLElement, events: HTMLElement, problem: HTMLElement }} parts */
  constructor(parts) {
    this.#parts = parts;
    document.addEventListener('visibilitychange', () => this.#plan(0));
  }

  /**
   * Watches while the panel is seen.
   *
   * @param {{ roomId: () => string | undefined, nameOf: (sessionId: string) => string | undefined }} of the room of this page
   */
  watch({ roomId, nameOf }) {
    this.#roomId = roomId;
    this.#nameOf = nameOf;
  }

  show(seen) {
    this.#seen = seen;
    this.#plan(0);
  }

  /** Something was ordered: look more closely for a moment. */
  expect() {
    for (const ms of [60, 180, 400, 800]) setTimeout(() => void this.#look(), ms);
  }

  say(text, kind = '') {
    const item = element('li', kind);
    const time = element(
      'time',
      'at',
      new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    );
    item.append(time, ' ', text);
    if (this.#eventCount++ === 0) this.#parts.events.replaceChildren();
    this.#parts.events.prepend(item);
    while (this.#parts.events.childElementCount > EVENTS_MOST) this.#parts.events.lastElementChild.remove();
  }

  #plan(ms) {
    clearTimeout(this.#timer);
    if (!this.#seen || document.hidden) return;
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#plan(PERIOD)), ms);
  }

  async #look() {
    let view;
    try {
      const response = await fetch('/genroom/tree', { cache: 'no-store' });
      if (!response.ok)
        throw new Error(
          response.status === 403
            ? "The tree is shown on the server's own machine only."
            : `The server answered ${response.status}.`,
        );
      view = await response.json();
      this.#parts.problem.textContent = '';
    } catch (error) {
      this.#parts.problem.textContent = error instanceof TypeError ? 'The server does not answer.' : error.message;
      return;
    }
    this.#take(view);
  }

  #take(view) {
    const before = this.#samples.at(-1)?.connections;
    const now = Date.now();
    this.#samples.push({ at: now, connections: view.connections });
    this.#samples = this.#samples.filter(({ at }) => at > now - TRACE);
    this.#parts.connections.textContent = String(view.connections);
    for (const room of view.rooms) this.#compare(room, view.connections, before);
    const mine = view.rooms.find(({ roomId }) => roomId === this.#roomId());
    this.#parts.crashes.textContent = String(mine?.restarts ?? 0);
    this.#drawTrace(now);
    this.#drawTree(view);
  }

  /** Tells of a Room process that is another one than before. */
  #compare(room, connections, before) {
    const { roomId, pid } = room;
    if (pid === undefined) return;
    const place = `room ${roomId}`;
    const known = this.#places.get(place);
    this.#places.set(place, room);
    if (known === undefined || known.pid === pid) return;
    const times = room.restarts - known.restarts;
    const mine = roomId === this.#roomId();
    if (mine) this.#crashes.push(Date.now());
    const kept =
      before === connections
        ? `${connections} connections before, ${connections} after`
        : `connections ${before} → ${connections}`;
    const often = times > 1 ? ` ${times} times` : '';
    this.say(
      `${mine ? 'This room' : `Room ${roomId}`} crashed${often}. ${known.pid} ended, ${pid} took over. ${kept}.`,
      'crashed',
    );
  }

  /** Connections of the last minute as a line, each crash as a mark. */
  #drawTrace(now) {
    const [width, height, pad] = [240, 44, 6];
    const most = Math.max(1, ...this.#samples.map(({ connections }) => connections));
    const x = (at) => (width * (at - (now - TRACE))) / TRACE;
    const y = (connections) => height - pad - ((height - 2 * pad) * connections) / most;
    const steps = this.#samples.flatMap(({ at, connections }, i) => {
      const before = this.#samples[i - 1]?.connections ?? connections;
      return [`${x(at).toFixed(1)},${y(before).toFixed(1)}`, `${x(at).toFixed(1)},${y(connections).toFixed(1)}`];
    });
    const points = steps.join(' ');
    this.#crashes = this.#crashes.filter((at) => at > now - TRACE);
    this.#parts.trace.replaceChildren(
      ...this.#crashes.map((at) => svg('line', { class: 'mark', x1: x(at), x2: x(at), y1: 2, y2: height - 2 })),
      svg('polyline', { class: 'connections', points }),
    );
  }

  #drawTree(view) {
    const shown = JSON.stringify([view.rooms, view.nodes]);
    if (shown === this.#shownTree) return;
    this.#shownTree = shown;
    this.#rooms = new Map(view.rooms.map((room) => [room.pid, room]));
    const list = element('ul', '');
    list.append(this.#gatewayItem(view), ...view.nodes.map((node) => this.#nodeItem(node)));
    this.#parts.tree.replaceChildren(list);
  }

  #gatewayItem(view) {
    const item = processItem({ label: 'gateway', note: `${view.transport}, no user code` });
    const shells = element('ul', '');
    for (const room of view.rooms) {
      const seats = `${room.sessions} ${room.sessions === 1 ? 'seat' : 'seats'}`;
      shells.append(
        processItem({
          label: `shell ${room.roomId}`,
          note: `${seats}, ${room.phase}`,
          mine: room.roomId === this.#roomId(),
        }),
      );
    }
    if (view.rooms.length > 0) item.append(shells);
    return item;
  }

  #nodeItem({ name, tree, error }) {
    const item = processItem({ label: `node ${name}`, note: error ?? '' });
    const list = element('ul', '');
    for (const process of tree ?? []) list.append(this.#treeItem(process, `${name}`));
    item.append(list);
    return item;
  }

  #treeItem({ pid, label, behaviour, queue, children }, path) {
    const name = label ?? behaviour;
    const place = `${path}/${name}`;
    const known = this.#places.get(place);
    const seen = this.#restarts.get(place) ?? { times: 0, at: -Infinity };
    const now = Date.now();
    const history = known !== undefined && known !== pid ? { times: seen.times + 1, at: now } : seen;
    this.#restarts.set(place, history);
    this.#places.set(place, pid);
    const room = this.#rooms.get(pid);
    const item = processItem({
      label: this.#readable(name),
      note: queue > 0 ? `${pid}, ${queue} waiting` : pid,
      restarts: room?.restarts ?? history.times,
      age: now - history.at,
      mine: room !== undefined && room.roomId === this.#roomId(),
    });
    if (children.length > 0) {
      const list = element('ul', '');
      list.append(...children.map((child) => this.#treeItem(child, place)));
      item.append(list);
    }
    return item;
  }

  /** "player s1 of room chat/x" → "player Ada": the place in the tree says the rest. */
  #readable(name) {
    const [, session] = /^player (\S+) of room/.exec(name) ?? [];
    if (session) return `player ${this.#nameOf(session) ?? session}`;
    return name
      .replace(/^dynamicSupervisor (.*)$/, '$1, a supervisor')
      .replace(/^supervisor room .*$/, 'supervisor')
      .replace(/^room (.*)\/.*$/, 'room $1');
  }
}

/** @param {{ label: string, note: string, restarts?: number, age?: number, mine?: boolean }} process age: since it was restarted */
function processItem({ label, note, restarts = 0, age = Infinity, mine = false }) {
  const item = element('li', '');
  const row = element('span', ['process', mine && 'mine', age < FRESH && 'changed'].filter(Boolean).join(' '));
  if (age < FRESH) row.style.animationDelay = `-${age}ms`; // a tree drawn anew goes on where the old one was
  row.append(element('span', 'label', label), ' ', element('span', 'note', note));
  if (restarts > 0) row.append(' ', element('span', 'restarts', `restarted ${restarts}×`));
  item.append(row);
  return item;
}

function svg(tag, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
