/** `/sdk/colyseus.js`: the browser build of the Colyseus SDK, out of node_modules, so that the page needs no build step. */
import { readFile } from 'node:fs/promises';
import type { HttpHandler } from 'genroom';

const FILE = new URL('./dist/colyseus.js', import.meta.resolve('@colyseus/sdk/package.json'));

export const sdkRoute: HttpHandler = async (request) => {
  if (request.method !== 'GET' || new URL(request.url).pathname !== '/sdk/colyseus.js') return undefined;
  const headers = { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'max-age=3600' };
  return new Response(await readFile(FILE), { headers });
};
