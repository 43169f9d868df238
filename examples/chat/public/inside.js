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

export class Inside {
  #parts;
  #roomId = () => undefined;
  #timer;
  #seen = false;
  /** Pid of each place in the tree, and how often it has changed. */
  #places = new Map();
  #restarts = new Map();
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

  /** Watches, for the room that `roomId()` names, while the panel is seen. */
  watch(roomId) {
    this.#roomId = roomId;
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
    const time = element('time', 'at', new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' }));
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
      if (!response.ok) throw new Error(response.status === 403 ? "The tree is shown on the server's own machine only." : `The server answered ${response.status}.`);
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
    this.#parts.crashes.textContent = String(mine ? this.#crashesOf(mine) : 0);
    this.#drawTrace(now);
    this.#drawTree(view);
  }

  /** Tells of a Room process that is another one than before. */
  #compare(room, connections, before) {
    const { roomId, pid } = room;
    if (pid === undefined) return;
    const place = `room ${roomId}`;
    const known = this.#places.get(place);
    this.#places.set(place, pid);
    if (known === undefined || known === pid) return;
    this.#restarts.set(place, (this.#restarts.get(place) ?? 0) + 1);
    const mine = roomId === this.#roomId();
    if (mine) this.#crashes.push(Date.now());
    const kept = before === connections ? `${connections} connections before, ${connections} after` : `connections ${before} → ${connections}`;
    this.say(`${mine ? 'This room' : `Room ${roomId}`} crashed. ${known} ended, ${pid} took over. ${kept}.`, 'crashed');
  }

  #crashesOf({ roomId, restarts }) {
    return restarts ?? this.#restarts.get(`room ${roomId}`) ?? 0;
  }

  /** Connections of the last minute as a line, each crash as a mark. */
  #drawTrace(now) {
    const [width, height, pad] = [240, 44, 6];
    const most = Math.max(1, ...this.#samples.map(({ connections }) => connections));
    const x = (at) => (width * (at - (now - TRACE))) / TRACE;
    const y = (connections) => height - pad - ((height - 2 * pad) * connections) / most;
    const points = this.#samples.map(({ at, connections }) => `${x(at).toFixed(1)},${y(connections).toFixed(1)}`).join(' ');
    this.#crashes = this.#crashes.filter((at) => at > now - TRACE);
    this.#parts.trace.replaceChildren(
      ...this.#crashes.map((at) => svg('line', { class: 'mark', x1: x(at), x2: x(at), y1: 2, y2: height - 2 })),
      svg('polyline', { class: 'connections', points }),
    );
  }

  #drawTree(view) {
    const shown = JSON.stringify([view.rooms, view.nodes, [...this.#restarts]]);
    if (shown === this.#shownTree) return;
    this.#shownTree = shown;
    const list = element('ul', '');
    list.append(this.#gatewayItem(view), ...view.nodes.map((node) => this.#nodeItem(node, view)));
    this.#parts.tree.replaceChildren(list);
  }

  #gatewayItem(view) {
    const item = processItem({ label: 'gateway', note: `${view.transport}, no user code` });
    const shells = element('ul', '');
    for (const room of view.rooms) {
      const seats = `${room.sessions} ${room.sessions === 1 ? 'seat' : 'seats'}`;
      shells.append(processItem({ label: `shell ${room.roomId}`, note: `${seats}, ${room.phase}`, mine: room.roomId === this.#roomId() }));
    }
    item.append(shells);
    return item;
  }

  #nodeItem({ name, tree, error }) {
    const item = processItem({ label: `node ${name}`, note: error ?? '' });
    const list = element('ul', '');
    for (const process of tree ?? []) list.append(this.#treeItem(process, `${name}`));
    item.append(list);
    return item;
  }

  #treeItem(process, path) {
    const place = `${path}/${process.label ?? process.behaviour}`;
    const known = this.#places.get(place);
    const changed = known !== undefined && known !== process.pid;
    if (changed) this.#restarts.set(place, (this.#restarts.get(place) ?? 0) + 1);
    this.#places.set(place, process.pid);
    const item = processItem({
      label: process.label ?? process.behaviour,
      note: `${process.pid}${process.queue > 0 ? `, ${process.queue} waiting` : ''}`,
      restarts: this.#restarts.get(place),
      changed,
      mine: process.label?.includes(this.#roomId()),
    });
    if (process.children.length > 0) {
      const list = element('ul', '');
      list.append(...process.children.map((child) => this.#treeItem(child, place)));
      item.append(list);
    }
    return item;
  }
}

function processItem({ label, note, restarts = 0, changed = false, mine = false }) {
  const item = element('li', '');
  const row = element('span', ['process', mine && 'mine', changed && 'changed'].filter(Boolean).join(' '));
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
