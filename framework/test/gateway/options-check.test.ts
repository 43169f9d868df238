/** What `serve` refuses before anything is started, and in which words. */
import { expect, test } from 'vitest';
import { serve } from '../../src/gateway/index.ts';
import { checkOptions } from '../../src/gateway/options-check.ts';
import { chat } from './chat-room.ts';

/** The refusal of some options beside good rooms, or undefined. */
function refusal(options: Record<string, unknown>): { code: string; message: string } | undefined {
  try {
    checkOptions({ rooms: [chat], ...options });
    return undefined;
  } catch (error) {
    return error as { code: string; message: string };
  }
}

test.each([
  { nodes: -1 },
  { nodes: NaN },
  { nodes: 1.5 },
  { nodes: '1' },
  { port: 99_999 },
  { port: 'abc' },
  { port: -1 },
  { host: '' },
  { transport: 'foo' },
  { static: 7 },
  { routes: {} },
  { routes: ['x'] },
  { callTimeout: -1 },
  { hangTimeout: true },
  { hangTimeout: 0 },
  { exposeErrors: 'no' },
  { watchdog: true },
  { callTimeout: Infinity },
  { reconnection: NaN },
  { reconnection: '60' },
  { limits: 5 },
  { recovery: null },
  { trustProxy: 'yes' },
  { operator: 'any' },
  { log: 'xml' },
  { log: true },
  { unowned: 'ignore' },
  { signals: 1 },
])('%o', (options) => {
  const [[name, value]] = Object.entries(options) as [[string, unknown]];
  const { code, message } = refusal(options)!;
  expect(code).toBe('bad_options');
  expect(message).toContain(`The option \`${name}\` of serve is `);
  if (typeof value !== 'object')
    expect(message).toContain(typeof value === 'string' ? `'${value}'` : `${value as number | boolean}`);
  expect(message).toMatch(/Give .+, or leave it out\.$/);
});

test('members of options are checked like these', () => {
  expect(refusal({ recovery: { shadowAttempts: -1 } })?.message).toBe(
    'The option `recovery.shadowAttempts` of serve is -1. Give a whole number from 0 up, or Infinity, or leave it out.',
  );
  expect(refusal({ recovery: { delay: 1 } })?.message).toContain('no option `recovery.delay` (1)');
  expect(refusal({ operator: { allow: 'all' } })?.message).toContain("`operator.allow` of serve is 'all'");
  expect(refusal({ tree: { alow: 'any' } })?.message).toContain('is it `allow`?');
  expect(refusal({ limits: { maxRoom: 5 } })).toMatchObject({
    code: 'bad_limits',
    message: expect.stringContaining('no limits.maxRoom (5). Correct its name, or leave it out; is it `maxRooms`?'),
  });
  expect(refusal({ limits: { maxRooms: '5' } })).toMatchObject({ code: 'bad_limits' });
});

test('an option that does not exist is told with the nearest that does', () => {
  expect(refusal({ node: 1 })?.message).toBe(
    'serve has no option `node` (1). Correct its name, or leave it out; is it `nodes`?',
  );
  expect(refusal({ constructor: 1 })?.code).toBe('bad_options');
});

test.each([undefined, null, {}, [{ name: 'chat' }], ['chat'], [chat, chat], [undefined]])('rooms: %o', (rooms) => {
  expect(refusal({ rooms })).toMatchObject({ code: 'bad_options', message: expect.stringContaining('`rooms`') });
});

test('what is allowed passes, and undefined is what is left out', () => {
  const allowed = [
    { port: 0, host: '::', nodes: 2, static: './public', transport: 'ws', routes: [() => undefined] },
    { reconnection: 0, callTimeout: 0.5 + 1, trustProxy: true, tree: true, operator: { allow: () => true } },
    { limits: { maxRooms: 5, idleTimeout: undefined }, recovery: { shadowAttempts: Infinity, firstDelay: 0 } },
    { log: false, unowned: 'exit', signals: false, nodes: undefined },
  ];
  expect(allowed.map((options) => refusal(options))).toEqual(allowed.map(() => undefined));
});

test('serve refuses before it starts anything', async () => {
  const call = (options: unknown): Promise<unknown> => serve(options as Parameters<typeof serve>[0]);
  for (const options of [undefined, {}, { rooms: [chat], nodes: NaN }, { rooms: [chat], static: '/no/such/folder' }])
    await expect(call(options)).rejects.toMatchObject({ code: 'bad_options' });
  await expect(call({ rooms: [chat], limits: { idle: 9 } })).rejects.toMatchObject({ code: 'bad_limits' });
  const server = await serve({ rooms: [chat], port: 0, log: false, signals: false });
  await server.close();
});
