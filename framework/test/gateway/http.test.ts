/** HTTP beside the sockets: static files, health, metrics, operator's routes; on both transports. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { healthRoutes } from '../../src/gateway/http/health.ts';
import {
  isLocalHost,
  isLoopback,
  type OperatorOptions,
  operatorRoutes,
  type TreeView,
} from '../../src/gateway/http/operator.ts';
import { staticFiles } from '../../src/gateway/http/static-files.ts';
import { openMetrics } from '../../src/telemetry/metrics.ts';
import { party, rawHttp, transports } from './small-room.ts';

let folder = '';
beforeAll(async () => {
  const base = await mkdtemp(join(tmpdir(), 'genroom-static-'));
  folder = join(base, 'public');
  await mkdir(join(folder, 'deep'), { recursive: true });
  await writeFile(join(base, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'index.html'), '<p>hello</p>');
  await writeFile(join(folder, 'deep', 'app.js'), 'export {};');
  await writeFile(join(folder, '.env'), 'KEY=secret');
  await symlink(join(base, 'secret.txt'), join(folder, 'link.txt'));
});
afterAll(() => rm(join(folder, '..'), { recursive: true }));

describe.each(transports)('the %s transport', (transport) => {
  test('serves a folder and nothing beside it', async () => {
    await using at = await party({ transport, handlers: [staticFiles(folder)] });
    const get = (path: string, init?: RequestInit) => fetch(at.url + path, init);
    const page = await get('/');
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<p>hello</p>',
    ]);
    const script = await get('/deep/app.js');
    expect([script.headers.get('content-type'), await script.text()]).toEqual([
      'text/javascript; charset=utf-8',
      'export {};',
    ]);
    const etag = page.headers.get('etag')!;
    expect((await get('/', { headers: { 'if-none-match': etag } })).status).toBe(304);
    const head = await get('/', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '12', '']);
    for (const path of [
      '/.env',
      '/link.txt',
      '/deep',
      '/deep/',
      '/none',
      '/%2e%2e/secret.txt',
      '/deep/%2e%2e%2f%2e%2e%2fsecret.txt',
      '/%00',
      '/%zz',
      '/..%5csecret.txt',
    ]) {
      const response = await get(path);
      expect([path, response.status]).toEqual([path, 404]);
    }
    for (const path of ['/../secret.txt', '/deep/../../secret.txt', '//etc/passwd', 'secret.txt']) {
      const answer = await rawHttp(at.gateway.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(answer).not.toContain('200 OK');
      expect(answer).not.toContain('secret\n');
    }
    expect(at.errors).toEqual([]);
  });

  test('a folder that is not there is reported with the request', async () => {
    await using at = await party({ transport, handlers: [staticFiles(join(folder, 'none'))] });
    expect((await fetch(at.url)).status).toBe(500);
    expect(at.errors).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
  });

  test('answers health and metrics; readiness follows the server', async () => {
    let reason: string | undefined = 'starting';
    const metrics = openMetrics();
    metrics.gauge({ name: 'things', help: 'Things.', labels: ['kind'] }, () => [{ labels: { kind: 'a' }, value: 2 }]);
    metrics.total({ name: 'done_total', help: 'Done.' }, () => 7);
    await using at = await party({ transport, handlers: [healthRoutes({ notReady: () => reason, metrics })] });
    const status = async (path: string) => {
      const response = await fetch(at.url + path);
      return [response.status, await response.text()];
    };
    expect(await status('/healthz')).toEqual([200, 'ok']);
    expect(await status('/readyz')).toEqual([503, 'starting']);
    reason = undefined;
    expect(await status('/readyz')).toEqual([200, 'ready']);
    await status('/metrics');
    const [code, body] = await status('/metrics');
    expect(code).toBe(200);
    expect(body).toContain('things{kind="a"} 2\n');
    expect(body).toContain('done_total 7\n'); // read twice, counted once
    expect(body).toContain('nodejs_eventloop_lag_seconds');
    metrics.close();
  });

  test('a handler that throws is a 500 without its secrets, and is reported', async () => {
    const handlers = [
      (request: Request) => (request.url.endsWith('/bad') ? Promise.reject(new Error('the password')) : undefined),
    ];
    await using at = await party({ transport, handlers });
    const response = await fetch(`${at.url}/bad`);
    expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining('password')]);
    expect(at.errors).toEqual([expect.objectContaining({ message: 'the password' })]);
  });

  test('a handler gets the body, the query and the address of its peer', async () => {
    await using at = await party({
      transport,
      handlers: [
        async (request, peer) =>
          request.method === 'POST'
            ? Response.json([
                new URL(request.url).search,
                await request.json(),
                peer.address,
                request.headers.get('x-a'),
              ])
            : undefined,
      ],
    });
    const response = await fetch(`${at.url}/any?q=1`, { method: 'POST', body: '{"b":2}', headers: { 'x-a': 'c' } });
    expect(await response.json()).toEqual(['?q=1', { b: 2 }, '127.0.0.1', 'c']);
  });

  test('cookies may be several', async () => {
    const headers = [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ] as [string, string][];
    await using at = await party({ transport, handlers: [() => new Response('x', { headers })] });
    expect((await fetch(at.url)).headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  test('orders of an operator: from this machine, from no foreign page, through no proxy', async () => {
    const ordered: unknown[] = [];
    const tree: TreeView = { transport, connections: 1, rooms: [], nodes: [] };
    const handler = operatorRoutes(
      { orders: true },
      {
        tree: async () => tree,
        crash: (...order) => {
          ordered.push(order);
          return order[0] === 'here';
        },
      },
    );
    await using at = await party({ transport, handlers: [handler] });
    const send = async (path: string, init: RequestInit = {}) => (await fetch(`${at.url}/genroom${path}`, init)).status;
    const post = (path: string, init: RequestInit = {}) => send(path, { method: 'POST', ...init });
    expect(await (await fetch(`${at.url}/genroom/tree`)).json()).toEqual(tree);
    expect(await post('/crash/here')).toBe(202);
    expect(await post('/crash/here', { body: '{"error":"why","sessionId":"s1"}', headers: { origin: at.url } })).toBe(
      202,
    );
    expect(await post('/crash/gone')).toBe(404);
    expect(ordered).toEqual([
      ['here', 'crashed by an operator', undefined],
      ['here', 'why', 's1'],
      ['gone', 'crashed by an operator', undefined],
    ]);
    expect(await post('/crash/here', { headers: { origin: 'http://evil.example' } })).toBe(403);
    expect(await post('/crash/here', { headers: { origin: 'null' } })).toBe(403);
    expect(await post('/crash/here', { headers: { 'x-forwarded-for': '10.0.0.1' } })).toBe(403);
    expect(await send('/tree', { headers: { forwarded: 'for=10.0.0.1' } })).toBe(403);
    const named = async (method: string, path: string, host: string): Promise<string> => {
      const head = `${method} /genroom${path} HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\n`;
      return (await rawHttp(at.gateway.port, `${head}Content-Length: 0\r\nConnection: close\r\n\r\n`)).slice(9, 12);
    };
    expect(await named('POST', '/crash/here', 'evil.example')).toBe('403');
    expect(await named('GET', '/tree', `evil.example:${at.gateway.port}`)).toBe('403');
    expect(await named('GET', '/tree', `localhost:${at.gateway.port}`)).toBe('200');
    expect(await post('/crash/here', { body: 'rubbish' })).toBe(400);
    expect(await post('/crash/here', { body: '{"sessionId":{}}' })).toBe(400);
    expect(await send('/crash/here')).toBe(405);
    expect(await post('/tree')).toBe(405);
    expect(await post('/other')).toBe(404);
    expect(ordered).toHaveLength(3);
  });
});

test("who may use the operator's routes", async () => {
  const operations = {
    tree: async (): Promise<TreeView> => ({ transport: 'ws', connections: 0, rooms: [], nodes: [] }),
    crash: () => true,
  };
  const status = async (options: OperatorOptions, address: string, path = '/genroom/tree', method = 'GET') => {
    const request = new Request(`http://x${path}`, { method, headers: { host: 'localhost' } });
    return (await operatorRoutes(options, operations)(request, { address }))?.status;
  };
  expect(await status({}, '10.0.0.7')).toBe(403);
  expect(await status({ allow: 'any' }, '10.0.0.7')).toBe(200);
  expect(await status({ allow: (address) => address === '10.0.0.7' }, '10.0.0.7')).toBe(200);
  expect(await status({ allow: (address) => address === '10.0.0.7' }, '127.0.0.1')).toBe(403);
  expect(await status({}, '127.0.0.1', '/genroom/crash/a', 'POST')).toBe(404); // orders are off
  expect(await status({}, '127.0.0.1', '/elsewhere')).toBeUndefined();
});

test('addresses of this machine, as sockets write them', () => {
  const local = [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '::ffff:127.0.0.1',
    '0000:0000:0000:0000:0000:0000:0000:0001',
    '0000:0000:0000:0000:0000:ffff:7f00:0001',
  ];
  const foreign = [
    '10.0.0.1',
    '12.7.0.0',
    '1127.0.0.1',
    '::2',
    '::ffff:10.0.0.1',
    '0000:0000:0000:0000:0000:ffff:0a00:0001',
    '',
    'localhost',
  ];
  expect(local.filter((address) => !isLoopback(address))).toEqual([]);
  expect(foreign.filter(isLoopback)).toEqual([]);
});

test('names of this machine, as the Host header has them', () => {
  const local = ['localhost', 'LOCALHOST:2567', 'chat.localhost', '127.0.0.1', '127.9.9.9:80', '[::1]', '[::1]:2567'];
  const foreign = [
    '',
    'evil.example',
    'localhost.evil.example',
    'evillocalhost',
    '127.0.0.1.evil.example',
    '127.evil.example',
    '10.0.0.1',
    '[::2]',
    'localhost:2567@evil',
    'evil.example:127.0.0.1',
  ];
  expect(local.filter((host) => !isLocalHost(host))).toEqual([]);
  expect(foreign.filter(isLocalHost)).toEqual([]);
});
