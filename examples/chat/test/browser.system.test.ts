/** The page in real browsers: two people chat, the room is crashed, and nobody notices but by the panel. */
import { Client } from '@colyseus/sdk';
import { type Browser, type BrowserContextOptions, chromium as launcher, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requirement } from '../../../tools/provision/requirements.ts';
import { BadLine } from './bad-line.ts';
import { BURST } from '../rate.ts';
import { aFreePort, type RunningServer, startServer } from './storm/running-server.ts';

const chromium = requirement('chromium');
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const PHONE = { viewport: { width: 360, height: 640 } };

let browser: Browser;

beforeAll(async () => {
  if (chromium.present) browser = await launcher.launch({ executablePath: chromium.path, args: ARGS });
});
afterAll(async () => {
  await browser?.close();
});

/** A person's page, of a profile of its own, with what went wrong on it. */
interface Person {
  readonly page: Page;
  readonly problems: string[];
  /** Sockets of this page that were closed. */
  readonly closed: () => number;
}

async function visit(url: string, options: BrowserContextOptions = {}): Promise<Person> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const problems: string[] = [];
  let closed = 0;
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('websocket', (socket) => socket.on('close', () => closed++));
  await page.goto(url);
  return { page, problems, closed: () => closed };
}

async function enter({ page }: Person, name: string, room: string): Promise<void> {
  await page.fill('#name', name);
  await page.fill('#room', room);
  await page.click('#join button');
  await page.waitForSelector('#app:not([hidden])');
}

async function post(page: Page, text: string): Promise<void> {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

/** Waits until the page shows exactly these lines as the newest, and none as unsent. */
async function shows(page: Page, texts: string[]): Promise<void> {
  await expect
    .poll(
      () =>
        page
          .locator('#lines .text')
          .allTextContents()
          .then((all) => all.slice(-texts.length)),
      { timeout: 8000 },
    )
    .toEqual(texts);
  await expect.poll(() => page.locator('#unsent li').count(), { timeout: 8000 }).toBe(0);
}

/** Fills a room with lines "line 1" to "line <count>", through as many SDK clients as the rate asks for. */
async function fill(url: string, room: string, count: number): Promise<void> {
  let n = 0;
  const guests = [];
  while (n < count) {
    const guest = await new Client(url).joinOrCreate('chat', { name: 'filler', room });
    guest.onMessage('typing', () => {});
    for (let i = 0; i < BURST && n < count; i++)
      await guest.request('post', { id: `filler-of-the-test-${++n}`, text: `line ${n}` });
    guests.push(guest);
  }
  await Promise.all(guests.slice(1).map((guest) => guest.leave()));
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describe.each([0, 1])('two people, rooms on %i worker threads', (nodes) => {
  it('join, post, read the history, crash the room and go on, connected all the while', async ({ skip }) => {
    skip(!chromium.present, chromium.reason);
    await using server = await startServer({ nodes });
    const count = 140;
    await fill(server.url, 'tea', count);
    const ada = await visit(server.url);
    const bo = await visit(server.url);
    await enter(ada, 'Ada', 'tea');
    await enter(bo, 'Bo', 'tea');
    await post(ada.page, 'Hello, Bo');
    await post(bo.page, 'Hello, Ada');
    for (const { page } of [ada, bo]) await shows(page, [`line ${count}`, 'Hello, Bo', 'Hello, Ada']);

    await bo.page.locator('#text').pressSequentially('I am');
    await expect.poll(() => ada.page.textContent('#typing')).toBe('Bo is writing …');
    await bo.page.fill('#text', '');

    // The history, by scrolling up.
    const lines = ada.page.locator('#lines .text');
    for (let tries = 0; tries < 20 && (await lines.first().textContent()) !== 'line 1'; tries++) {
      await ada.page.evaluate("document.getElementById('scroller').scrollTop = 0");
      await ada.page.waitForTimeout(200);
    }
    const all = [...Array.from({ length: count }, (_, i) => `line ${i + 1}`), 'Hello, Bo', 'Hello, Ada'];
    expect(await lines.allTextContents()).toEqual(all);
    expect(await ada.page.isVisible('#beginning')).toBe(true);

    // Crashes, by the panel.
    await expect.poll(() => ada.page.textContent('#connections')).toBe('3');
    for (const [i, how] of ['handler', 'promise', 'timer', 'order'].entries()) {
      const before = (await server.tree()).rooms[0]!.pid;
      await ada.page.selectOption('#how', how);
      await ada.page.click('#crash');
      await expect.poll(() => ada.page.textContent('#crashes'), { timeout: 5000 }).toBe(String(i + 1));
      await post(bo.page, `After crash ${i + 1}`);
      all.push(`After crash ${i + 1}`);
      for (const { page } of [ada, bo]) await shows(page, all.slice(-5));
      const tree = await server.tree();
      expect(tree.rooms[0]!.pid).not.toBe(before);
      expect(tree.connections).toBe(3);
      expect(await ada.page.textContent('#connections')).toBe('3');
    }
    expect(await lines.allTextContents()).toEqual(all);
    expect(await ada.page.locator('#events .crashed').count()).toBe(4);
    expect(await ada.page.locator('#events .crashed').first().textContent()).toContain('3 connections before, 3 after');
    expect(await ada.page.locator('#tree .restarts').first().textContent()).toMatch(/restarted \d×/);
    for (const person of [ada, bo]) {
      expect(person.closed()).toBe(0);
      expect(person.problems).toEqual([]);
      expect(await person.page.textContent('#status')).toBe('Connected');
    }
    expect(server.log()).toMatch(/examples\/chat\/crash-on-purpose\.ts:\d+/);
  });
});

describe('the page', () => {
  let server: RunningServer;
  let rooms = 0;
  const newRoom = (): string => `room ${++rooms}`;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server?.stop());

  it('shows text and names as text, whatever is in them', async ({ skip }) => {
    skip(!chromium.present, chromium.reason);
    const room = newRoom();
    const ada = await visit(server.url);
    const evil = await visit(server.url);
    await enter(ada, 'Ada', room);
    await enter(evil, '<b onclick=hit>x</b>', room);
    const text = '<img src=x onerror="window.hit = 1"><script>window.hit = 2</script> &amp; {{1}}';
    await post(evil.page, text);
    await shows(ada.page, [text]);
    await shows(evil.page, [text]);
    for (const { page, problems } of [ada, evil]) {
      expect(await page.locator('#app img, #app b, #lines script').count()).toBe(0);
      expect(await page.evaluate('window.hit')).toBeUndefined();
      expect(await page.locator('#people-list bdi').allTextContents()).toContain('<b onclick=hit>x</b>');
      expect(problems).toEqual([]);
    }
  });

  it('fits a phone: nothing is wider than 360 pixels, in light and in dark', async ({ skip }) => {
    skip(!chromium.present, chromium.reason);
    const room = newRoom();
    for (const colorScheme of ['light', 'dark'] as const) {
      const person = await visit(server.url, { ...PHONE, colorScheme });
      const { page } = person;
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      await enter(person, 'W'.repeat(24), room);
      await post(page, `long ${'w'.repeat(300)} https://example.org/${'path/'.repeat(40)}`);
      await expect.poll(() => page.locator('#lines li').count()).toBeGreaterThan(0);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      for (const panel of ['people', 'inside']) {
        await page.click(`#${panel}-toggle`);
        expect(await page.isVisible(`#${panel}`)).toBe(true);
        await page.waitForTimeout(300);
        expect(await overflow(page)).toBeLessThanOrEqual(0);
        expect(
          await page
            .locator(`#${panel}`)
            .evaluate((panel: { scrollWidth: number; clientWidth: number }) => panel.scrollWidth - panel.clientWidth),
        ).toBe(0);
      }
      for (const button of await page.locator('button:visible').all()) {
        const box = (await button.boundingBox())!;
        expect(box.x).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width).toBeLessThanOrEqual(360);
      }
      await page.context().close();
    }
  });

  it('works by keyboard alone, and shows where the focus is', async ({ skip }) => {
    skip(!chromium.present, chromium.reason);
    const person = await visit(server.url);
    const { page } = person;
    const focused = (): Promise<{ id: string; outline: string }> =>
      page.evaluate(
        '({ id: document.activeElement.id, outline: getComputedStyle(document.activeElement).outlineStyle })',
      );
    expect(await focused()).toEqual({ id: 'name', outline: 'solid' });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.textContent('#entry-problem')).toBe('Please give a name.');
    expect(await focused()).toEqual({ id: 'name', outline: 'solid' });
    await page.keyboard.type('Ada');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(newRoom());
    await page.keyboard.press('Enter');
    await page.waitForSelector('#app:not([hidden])');
    expect(await focused()).toEqual({ id: 'text', outline: 'solid' });
    await page.keyboard.type('first line');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('second line');
    await page.keyboard.press('Enter');
    await shows(page, ['first line\nsecond line']);
    const order: string[] = [];
    while (order.at(-1) !== 'crash' && order.length < 12) {
      await page.keyboard.press('Tab');
      const { id, outline } = await focused();
      expect(outline).toBe('solid');
      order.push(id);
    }
    expect(order.at(-1)).toBe('crash');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.textContent('#crashes')).toBe('1');
    await shows(page, ['first line\nsecond line']);
    expect(await page.evaluate(NAMES)).toContain('Message');
    expect(await page.evaluate(NAMES)).not.toContain('');
  });

  it('shows a line as unsent while its acknowledgement is lost, tries again after the reconnect, and it is there once', async ({
    skip,
  }) => {
    skip(!chromium.present, chromium.reason);
    await using line = await BadLine.to(server.url);
    const room = newRoom();
    const bo = await visit(server.url);
    const ada = await visit(line.url);
    await enter(bo, 'Bo', room);
    await enter(ada, 'Ada', room);
    await expect.poll(() => bo.page.locator('#people-list li').count()).toBe(2);
    line.deaf = true; // what Ada sends arrives; what is sent to her does not
    await post(ada.page, 'Did this arrive?');
    await shows(bo.page, ['Did this arrive?']);
    expect(await ada.page.locator('#unsent .fate').allTextContents()).toEqual(['Sending …']);
    line.break();
    await expect.poll(() => ada.page.textContent('#status')).toBe('Reconnecting …');
    await post(ada.page, 'Written without a line.');
    expect(await ada.page.locator('#unsent .text').allTextContents()).toContain('Written without a line.');
    line.deaf = false;
    await expect.poll(() => ada.page.textContent('#status'), { timeout: 15_000 }).toBe('Connected');
    for (const { page } of [ada, bo]) {
      await shows(page, ['Did this arrive?', 'Written without a line.']);
      expect(await page.locator('#lines .text').count()).toBe(2);
      expect(await page.locator('#people-list li').count()).toBe(2);
    }
  });

  it('comes back after "Hang up my connection" and after a reload, on the same seat', async ({ skip }) => {
    skip(!chromium.present, chromium.reason);
    const room = newRoom();
    const ada = await visit(server.url);
    await enter(ada, 'Ada', room);
    const { page } = ada;
    await post(page, 'Still me');
    await shows(page, ['Still me']);
    await page.click('#hang-up');
    await expect.poll(() => page.textContent('#status')).toBe('Reconnecting …');
    await expect.poll(() => page.textContent('#status'), { timeout: 8000 }).toBe('Connected');
    expect(ada.closed()).toBe(1);
    await page.reload();
    await page.waitForSelector('#app:not([hidden])');
    await shows(page, ['Still me']);
    expect(await page.locator('#people-list bdi').allTextContents()).toEqual(['Ada']);
    expect(await page.textContent('#status')).toBe('Connected');
    await post(page, 'And me');
    await shows(page, ['Still me', 'And me']);
  });

  it('comes back by itself when the server was restarted, and posts what was written meanwhile', async ({ skip }) => {
    skip(!chromium.present, chromium.reason);
    const port = await aFreePort();
    const before = await startServer({ port });
    const ada = await visit(before.url);
    await enter(ada, 'Ada', newRoom());
    await post(ada.page, 'On the old server');
    await shows(ada.page, ['On the old server']);
    await before.stop();
    await expect.poll(() => ada.page.textContent('#status')).toBe('Reconnecting …');
    await post(ada.page, 'Written meanwhile');
    await using after = await startServer({ port });
    await expect.poll(() => ada.page.textContent('#status'), { timeout: 20_000 }).toBe('Connected');
    await shows(ada.page, ['Written meanwhile']);
    expect(await ada.page.locator('#lines .text').count()).toBe(1); // rooms are in memory only, and the page says so
    expect(await ada.page.textContent('#events')).toContain('The room has begun anew.');
    expect((await after.tree()).connections).toBe(1);
  });

  it('keeps still for those who asked for less motion', async ({ skip }) => {
    skip(!chromium.present, chromium.reason);
    const ada = await visit(server.url, { reducedMotion: 'reduce' });
    await enter(ada, 'Ada', newRoom());
    await ada.page.waitForSelector('#tree .mine');
    await ada.page.click('#crash');
    await ada.page.waitForSelector('#tree .changed');
    expect(await ada.page.evaluate("getComputedStyle(document.querySelector('#tree .changed')).animationName")).toBe(
      'none',
    );
  });

  it('only who sits at the server may crash its rooms', async () => {
    const elsewhere = { headers: { 'x-forwarded-for': '203.0.113.9' } };
    const guest = await new Client(server.url, elsewhere).joinOrCreate('chat', { name: 'Eve', room: newRoom() });
    guest.onMessage('typing', () => {});
    const told = new Promise((resolve) => void guest.onError((_code, message) => resolve(message)));
    guest.send('crash', { how: 'handler' });
    expect(await told).toContain('Only who sits at the server');
    expect(await guest.request('post', { id: 'line-of-an-outsider', text: 'still running' })).toEqual({ n: 1 });
    const order = await fetch(`${server.url}/genroom/crash/${guest.roomId}`, { method: 'POST', ...elsewhere });
    expect(order.status).toBe(403);
    const tree = await server.tree();
    expect(tree.rooms.find(({ roomId }) => roomId === guest.roomId)?.restarts).toBe(0);
    await guest.leave();
  });
});

/** Evaluated on the page: what a screen reader calls each control. */
const NAMES = `Array.from(document.querySelectorAll('input, textarea, select, button, [role=region]'), (control) =>
  (control.getAttribute('aria-label') ?? control.labels?.[0]?.textContent ?? control.textContent).trim())`;
