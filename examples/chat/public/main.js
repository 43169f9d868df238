/** The page: wires the form, the room and the panel together. */
import { Inside } from './inside.js';
import { element, lineItem, LineList } from './line-list.js';
import { Outbox } from './outbox.js';
import { People } from './people.js';
import { openSession } from './session.js';

const $ = (id) => document.getElementById(id);
const WIDE = matchMedia('(min-width: 60rem)');
/** Milliseconds between two `typing` casts. */
const TYPING = 1500;
/** Pixels from the top at which earlier lines are asked for. */
const EARLIER = 120;

let session;
let outbox;
let opened = 0;
let loading = false;
let lastTyped = 0;

const lines = new LineList({ scroller: $('scroller'), list: $('lines'), newest: $('newest') });
const people = new People({ list: $('people-list'), count: $('people-count'), typing: $('typing') });
const inside = new Inside({
  connections: $('connections'),
  crashes: $('crashes'),
  trace: $('trace'),
  tree: $('tree'),
  events: $('events'),
  problem: $('order-problem'),
});

// ---- coming in ----

const asked = new URLSearchParams(location.search);
$('name').value = asked.get('name') ?? localStorage.getItem('name') ?? '';
$('room').value = asked.get('room') ?? localStorage.getItem('room') ?? 'lobby';
($('name').value === '' ? $('name') : $('room')).focus();
if (asked.has('name') && asked.has('room')) void comeIn();

$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  void comeIn();
});

async function comeIn() {
  const name = tidy($('name').value);
  const room = tidy($('room').value).toLowerCase();
  const missing = name === '' ? 'name' : room === '' ? 'room' : undefined;
  $('entry-problem').textContent = missing ? `Please give ${missing === 'name' ? 'a name' : 'a room'}.` : '';
  for (const id of ['name', 'room']) $(id).setAttribute('aria-invalid', String(id === missing));
  if (missing) return $(missing).focus();
  const button = $('join').querySelector('button');
  if (button.disabled) return;
  button.disabled = true;
  try {
    await enter({ name, room });
  } catch (error) {
    $('entry-problem').textContent = `That did not work: ${error.message || 'the server does not answer.'}`;
  } finally {
    button.disabled = false;
  }
}

async function enter(who) {
  opened = 0;
  lines.clear();
  $('title').querySelector('bdi').textContent = who.room;
  document.title = `#${who.room} · genroom chat`;
  outbox = new Outbox({
    storage: sessionStorage,
    key: who.room,
    post: (line) => session.call('post', line),
    changed: showUnsent,
  });
  const early = [];
  const later =
    (tell) =>
    (...told) =>
      session ? tell(...told) : early.push(() => tell(...told));
  session = undefined;
  const opening = openSession(who, {
    state: later(takeState),
    typing: later((id) => people.heard(id)),
    status: later(showStatus),
    problem: later(showProblem),
    over: later(showOver),
  });
  session = await opening;
  localStorage.setItem('name', who.name);
  localStorage.setItem('room', who.room);
  history.replaceState(null, '', `?${new URLSearchParams(who)}`);
  $('entry').hidden = true;
  $('app').hidden = false;
  inside.watch({ roomId: () => session?.roomId, nameOf: (id) => people.nameOf(id) });
  for (const id of ['people', 'inside']) open(id, WIDE.matches);
  for (const tell of early) tell();
  showUnsent();
  lines.toEnd();
  $('text').focus();
}

function showOver(reason) {
  session = undefined;
  outbox?.pause();
  status = '';
  $('app').hidden = true;
  $('entry').hidden = false;
  inside.show(false);
  $('entry-problem').textContent = reason;
  $('name').focus();
}

// ---- the room ----

function takeState(state) {
  if (!state?.opened) return;
  if (opened !== 0 && opened !== state.opened) {
    lines.clear();
    inside.say('The room has begun anew.');
  }
  opened = state.opened;
  const fresh = lines.takeNewest([...state.lines].map(({ n, id, by, at, text }) => ({ n, id, by, at, text })));
  for (const { id, by } of fresh) {
    outbox.settle(id);
    people.posted(by);
  }
  people.take(state.guests, session.sessionId);
  showBeginning();
}

function showBeginning() {
  $('older').hidden = lines.first <= 1;
  $('beginning').hidden = lines.first > 1;
}

async function loadEarlier() {
  if (loading || lines.first <= 1 || !session) return;
  loading = true;
  $('older').textContent = 'Loading …';
  try {
    const before = lines.first;
    const earlier = await session.call('history', { before });
    if (earlier.length === 0) $('older').hidden = true;
    else if (lines.first === before) lines.takeOlder(earlier);
    if (earlier.length > 0) showBeginning();
  } catch {
    // The button stays: it can be asked for again.
  } finally {
    $('older').textContent = 'Show earlier messages';
    loading = false;
  }
}

$('older').addEventListener('click', () => void loadEarlier());
$('scroller').addEventListener('scroll', () => {
  if ($('scroller').scrollTop < EARLIER) void loadEarlier();
});

function showUnsent() {
  const follow = lines.atEnd;
  const items = outbox.lines.map((line) => {
    const item = lineItem({ by: $('name').value, at: Date.now(), text: line.text, id: line.id });
    item.classList.add(line.state);
    const note = element('p', 'fate', fateOf(line));
    if (line.state === 'refused') {
      const again = element('button', 'link', 'Try again');
      again.type = 'button';
      again.addEventListener('click', () => outbox.retry(line.id));
      const drop = element('button', 'link', 'Discard');
      drop.type = 'button';
      drop.addEventListener('click', () => outbox.settle(line.id));
      note.append(' ', again, ' ', drop);
    }
    item.querySelector('.body').append(note);
    return item;
  });
  $('unsent').replaceChildren(...items);
  if (follow) lines.toEnd();
}

function fateOf({ state, reason }) {
  if (state === 'refused') return `Not sent: ${reason}`;
  if (state === 'sending') return 'Sending …';
  return reason ? `Waiting: ${reason}` : 'Waiting to be sent';
}

// ---- writing ----

const text = $('text');

$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const written = text.value.trim();
  if (written === '') return;
  text.value = '';
  lastTyped = 0;
  fit();
  outbox.add(written);
  lines.toEnd();
  text.focus();
});

text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
});

text.addEventListener('input', () => {
  fit();
  const now = Date.now();
  if (text.value !== '' && now - lastTyped > TYPING) {
    lastTyped = now;
    session?.cast('typing');
  }
});

/** The field grows with what is in it, to a limit that the style sheet sets; near the end it says what is left. */
function fit() {
  text.style.height = 'auto';
  text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
  const left = text.maxLength - text.value.length;
  note(left <= 100 ? `${left} characters left` : '');
}

let noteTimer;
function note(message, ms) {
  clearTimeout(noteTimer);
  $('composer-note').textContent = message;
  if (ms) noteTimer = setTimeout(() => note(''), ms);
}

function showProblem(message) {
  note(message, 6000);
}

// ---- connection and panel ----

let status = '';
function showStatus(now) {
  const connected = now === 'connected';
  if (connected) outbox.resume();
  else outbox.pause();
  if (now === status) return;
  if (status === 'reconnecting' && connected) inside.say('This page is connected again.');
  if (!connected) inside.say("This page's connection is gone. Its seat is kept.", 'gone');
  status = now;
  $('status').textContent = connected ? 'Connected' : 'Reconnecting …';
  $('status').dataset.state = now;
  showUnsent();
}

$('leave').addEventListener('click', async () => {
  const leaving = session;
  status = '';
  showOver('');
  history.replaceState(null, '', location.pathname);
  await leaving?.leave();
});

for (const id of ['people', 'inside']) {
  $(`${id}-toggle`).addEventListener('click', () => open(id, $(id).hidden));
  $(id).addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || WIDE.matches) return;
    open(id, false);
    $(`${id}-toggle`).focus();
  });
}

/** On a narrow page the two side panels lie over the talk, one at a time. */
function open(id, shown) {
  $(id).hidden = !shown;
  $(`${id}-toggle`).setAttribute('aria-expanded', String(shown));
  if (shown && !WIDE.matches) open(id === 'people' ? 'inside' : 'people', false);
  if (id === 'inside') inside.show(shown);
}

$('crash').addEventListener('click', async () => {
  const how = $('how').value;
  inside.expect();
  if (how !== 'order') return session?.cast('crash', { how });
  const response = await fetch(`/genroom/crash/${session.roomId}`, {
    method: 'POST',
    body: JSON.stringify({ error: 'Crashed by the button' }),
  });
  if (!response.ok) $('order-problem').textContent = await response.text();
});

$('hang-up').addEventListener('click', () => {
  session?.hangUp();
  inside.expect();
});

function tidy(value) {
  return value.replace(/\s+/g, ' ').trim();
}
