/** The server as a user has it: its page in a real browser, its command line, its calls over real sockets. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GenroomServer, serve } from 'genroom';
import { type OpenBank, openBank } from '../branch.ts';
import { bankRoom } from '../rooms.ts';
import { sdkRoute } from '../sdk-route.ts';
import { connect } from '../remote-teller.ts';
import { balance, processOf, statement, total } from '../teller.ts';

const CHROMIUM = '/usr/bin/chromium';
/** How long a machine with other work may take to show something. */
const SOON = { timeout: 15_000 };
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let bank: OpenBank;
let server: GenroomServer;

beforeAll(async () => {
  bank = await openBank();
  server = await serve({
    rooms: [bankRoom],
    port: 0,
    static: here('../public'),
    routes: [sdkRoute],
    log: false,
    signals: false,
  });
});
afterAll(async () => {
  await server.close(1_000);
  await bank.close();
});

describe('over the wire', () => {
  test('ten clients transfer at once while the accounts crash; the calls are authoritative', async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect(server.url)));
    const [first] = clients;
    try {
      await first!.open('wire-a');
      await first!.open('wire-b');
      await first!.deposit('wire-a', 10_000);
      const receipts = await Promise.all(
        clients.flatMap((client, i) =>
          Array.from({ length: 20 }, async (_, j) => {
            if (i === 0 && j % 5 === 0) await client.crash(j % 2 ? 'wire-a' : 'wire-b', 'kill');
            return client.transfer('wire-a', 'wire-b', 10, { request: `wire ${j * 10 + i - (j % 2) * 10}` });
          }),
        ),
      );
      expect(receipts).toHaveLength(200);
      expect(new Set(receipts.map((receipt) => receipt.entry)).size).toBe(100);
      expect(await first!.balance('wire-a')).toBe(9_000);
      expect(await balance('wire-b')).toBe(1_000);
      await expect(first!.transfer('wire-a', 'wire-a', 1)).rejects.toMatchObject({
        code: 'same_account',
        why: expect.any(String),
      });
      expect(await first!.total()).toBe(await total());
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
  });

  test('the command line: orders, a repeat, a refusal, no server', async () => {
    const run = async (...words: string[]): Promise<{ code: number; out: string; err: string }> => {
      try {
        const { stdout, stderr } = await promisify(execFile)(process.execPath, [here('../bank.ts'), ...words], {
          env: { ...process.env, BANK_URL: server.url },
          timeout: 30_000,
        });
        return { code: 0, out: stdout.trim(), err: stderr.trim() };
      } catch (error) {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
        return { code, out: stdout.trim(), err: stderr.trim() };
      }
    };
    expect(await run('open', 'cli')).toMatchObject({ code: 0, out: 'account cli now holds 0.00' });
    expect((await run('deposit', 'cli', '12.50', '--request', 'one')).out).toBe('account cli now holds 12.50');
    expect((await run('deposit', 'cli', '12.50', '--request', 'one')).out).toBe('account cli now holds 12.50');
    expect(await run('withdraw', 'cli', '12.51')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^overdraft: .* less than 1251/),
    });
    expect(await run('deposit', 'cli', '-1')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^amount_negative/),
    });
    expect((await run('statement', 'cli')).out).toMatch(/deposit +12\.50 +12\.50$/);
    expect(await run('deposit', 'cli')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Usage: deposit account amount'),
    });
    expect(await run('balance', 'cli', '--url', 'http://127.0.0.1:9')).toMatchObject({
      code: 1,
      err: expect.stringContaining('npm start'),
    });
    expect(await statement('cli')).toHaveLength(2);
  });

  test('the demonstration runs by itself and loses nothing', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [here('../bank.ts'), 'demo'], { timeout: 30_000 });
    expect(stdout).toContain('400 receipts for 200 transfers');
    expect(stdout).toMatch(/ada +787\.50\nbob +212\.50\nall +1000\.00\n$/);
  });
});

describe.skipIf(!existsSync(CHROMIUM))(`the page (needs ${CHROMIUM})`, () => {
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  });
  afterAll(() => browser.close());

  const text = (id: string): Promise<string | null> => page.locator(`#${id}`).textContent();
  async function outcome(pattern: RegExp): Promise<void> {
    await expect.poll(() => text('outcome'), SOON).toMatch(pattern);
  }
  async function openAccount(number: string): Promise<void> {
    await page.fill('#open-number', number);
    await page.press('#open-number', 'Enter');
    await expect.poll(() => text('number'), SOON).toBe(number);
  }

  test('opens accounts, moves money, crashes an account and goes on', async () => {
    await page.goto(server.url);
    await expect.poll(() => text('status'), SOON).toBe('connected');
    await openAccount('ada');
    await openAccount('bob');
    await page.locator('[data-number="ada"]').click();
    await page.fill('#cash-amount', '100');
    await page.getByRole('button', { name: 'Deposit' }).click();
    await outcome(/Paid in\. The account now holds 100\.00\./);

    const before = await text('process');
    for (const how of ['throw', 'kill']) {
      await page.selectOption('#how', how);
      await page.click('#crash');
      await outcome(/crashed/);
      await page.fill('#transfer-amount', '12.50');
      await page.fill('#transfer-to', 'bob');
      await page.press('#transfer-to', 'Enter');
      await outcome(/Transferred to bob/);
    }
    await expect.poll(() => text('restarts'), SOON).toBe('2');
    expect(await text('process')).not.toBe(before);
    expect(await text('process')).toBe(processOf('ada'));
    await expect.poll(() => text('balance'), SOON).toBe('75.00');
    await expect.poll(() => page.locator('#lines tr').count(), SOON).toBe(4);
    await expect.poll(() => page.locator('[data-number="bob"] output').textContent(), SOON).toBe('25.00');
    expect(await balance('ada')).toBe(7_500);
  });

  test('says what it refuses, and shows the statement page by page', async () => {
    await page.fill('#transfer-amount', '75.01');
    await page.fill('#transfer-to', 'bob');
    await page.press('#transfer-to', 'Enter');
    await outcome(/holds 7500 cents, less than 7501/);
    await page.fill('#transfer-amount', 'much');
    await page.press('#transfer-amount', 'Enter');
    await outcome(/"much" is no amount of money/);
    await page.fill('#open-number', '<b>');
    await page.press('#open-number', 'Enter');
    await expect.poll(() => text('opening'), SOON).toMatch(/no account number/);

    const teller = await connect(server.url);
    for (let i = 0; i < 25; i++) await teller.withdraw('ada', 1);
    await teller.close();
    await expect.poll(() => text('balance'), SOON).toBe('74.75');
    await page.locator('[data-number="ada"]').click();
    await expect.poll(() => page.locator('#lines tr').count(), SOON).toBe(20);
    await page.click('#earlier');
    await expect.poll(() => page.locator('#lines tr').count(), SOON).toBe(29);
  });

  test('fits a phone, and ran without an error', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(faults).toEqual([]);
  });
});
