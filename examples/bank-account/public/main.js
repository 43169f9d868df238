/** The page: accounts at the left, the chosen one at the right. What it shows of money it has asked the bank for. */
import { formatCents, parseAmount } from './money.js';
import { openTeller } from './teller.js';

const $ = (id) => document.getElementById(id);
const PAGE = 20;
/** The bank gives no more at once. */
const LONGEST_PAGE = 100;

/** What is known of each account: `{ process, restarts, balance }`, by its number. */
const accounts = new Map();
let chosen;
let lines = [];

const teller = await openTeller({
  status: (text) => ($('status').textContent = text),
  state(state) {
    for (const [number, { process, restarts }] of state.accounts.entries()) {
      const known = accounts.get(number);
      accounts.set(number, { ...known, process, restarts });
      if (known?.process !== process) void refresh([number]);
    }
    show();
  },
  moved: (numbers) => void refresh(numbers),
});

/** Accounts whose money may have moved since it was asked for. */
const stale = new Set();
let refreshing = false;

/** Asks anew for the balances of `numbers`, the total, and the chosen account's statement; one round at a time. */
async function refresh(numbers) {
  for (const number of numbers) stale.add(number);
  if (refreshing) return;
  refreshing = true;
  try {
    while (stale.size > 0) {
      const round = [...stale];
      stale.clear();
      for (const number of round) {
        const balance = await teller.ask('balance', { account: number });
        accounts.set(number, { ...accounts.get(number), balance });
      }
      $('total').textContent = formatCents(await teller.ask('total'));
      if (round.includes(chosen)) await loadStatement();
      show();
    }
  } catch (error) {
    say(error.reason?.message ?? error.message, true);
  } finally {
    refreshing = false;
  }
}

/** The newest lines, as many as are shown; or a page of those from before the entry `before`. */
async function loadStatement(before) {
  const number = chosen;
  const limit = before ? PAGE : Math.min(Math.max(PAGE, lines.length), LONGEST_PAGE);
  const page = await teller.ask('statement', { account: number, limit, ...(before && { before }) });
  if (number !== chosen) return;
  lines = before ? [...page, ...lines] : page;
  $('earlier').hidden = page.length < limit;
  $('lines').replaceChildren(...lines.toReversed().map(row));
}

function show() {
  const list = $('accounts');
  const items = [...accounts].map(([number, { balance }]) => {
    const item = list.querySelector(`[data-number="${CSS.escape(number)}"]`)?.parentElement ?? accountItem(number);
    item.firstChild.setAttribute('aria-pressed', String(number === chosen));
    item.querySelector('output').textContent = balance === undefined ? '' : formatCents(balance);
    return item;
  });
  // Only what is new is put in, so that the focus stays where it is.
  for (const item of items) if (!item.isConnected) list.append(item);
  $('numbers').replaceChildren(
    ...[...accounts.keys()].filter((number) => number !== chosen).map((number) => new Option(number)),
  );
  const account = accounts.get(chosen);
  $('account').hidden = account === undefined;
  if (account === undefined) return;
  $('number').textContent = chosen;
  $('balance').textContent = account.balance === undefined ? '' : formatCents(account.balance);
  $('process').textContent = account.process;
  $('restarts').textContent = account.restarts;
}

function accountItem(number) {
  const button = element('button', element('bdi', number), document.createElement('output'));
  button.type = 'button';
  button.dataset.number = number;
  button.addEventListener('click', () => choose(number));
  return element('li', button);
}

function row({ at, kind, cents, other, balance }) {
  const what = other === undefined ? kind : `${kind} ${cents < 0 ? 'to' : 'from'} ${other}`;
  const cells = [new Date(at).toLocaleTimeString(), what, formatCents(cents), formatCents(balance)].map((text) =>
    element('td', text),
  );
  cells[2].className = cells[3].className = 'money';
  return element('tr', ...cells);
}

function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

function choose(number) {
  chosen = number;
  lines = [];
  $('lines').replaceChildren();
  say('');
  show();
  void refresh([number]);
}

function say(text, refused = false, where = $('outcome')) {
  where.textContent = text;
  where.classList.toggle('refused', refused);
}

/** Gives an order while its button rests, and says what came of it. Returns whether it was done. */
async function order(button, type, payload, done, where = $('outcome')) {
  button.disabled = true;
  say('', false, where);
  try {
    const { balance } = await teller.order(type, payload);
    say(`${done} The account now holds ${formatCents(balance)}.`, false, where);
    return true;
  } catch (error) {
    const doubt = `No answer: ${error.message}. It is not known whether this was done; see the statement.`;
    say(error.reason?.message ?? doubt, true, where);
    return false;
  } finally {
    button.disabled = false;
  }
}

/** The cents of an amount field, or undefined after saying what is wrong. */
function amountOf(field) {
  const cents = parseAmount(field.value);
  if (cents === undefined) say(`"${field.value}" is no amount of money. Write 12 or 12.50.`, true);
  return cents;
}

$('open').addEventListener('submit', async (event) => {
  event.preventDefault();
  const number = $('open-number').value.trim();
  if (await order(event.submitter, 'open', { account: number }, `Opened ${number}.`, $('opening'))) {
    $('open-number').value = '';
    choose(number);
  }
});

$('transfer').addEventListener('submit', async (event) => {
  event.preventDefault();
  const cents = amountOf($('transfer-amount'));
  const to = $('transfer-to').value.trim();
  if (cents === undefined) return;
  if (await order(event.submitter, 'transfer', { from: chosen, to, cents }, `Transferred to ${to}.`))
    $('transfer-amount').value = '';
});

$('cash').addEventListener('submit', async (event) => {
  event.preventDefault();
  const cents = amountOf($('cash-amount'));
  const type = event.submitter.value;
  if (cents === undefined) return;
  const done = type === 'deposit' ? 'Paid in.' : 'Taken out.';
  if (await order(event.submitter, type, { account: chosen, cents }, done)) $('cash-amount').value = '';
});

$('crash').addEventListener('click', async () => {
  try {
    await teller.ask('crash', { account: chosen, how: $('how').value });
    say('The account was crashed.');
  } catch (error) {
    say(error.reason?.message ?? error.message, true);
  }
});

$('earlier').addEventListener('click', () => void loadStatement(lines[0]?.id));
