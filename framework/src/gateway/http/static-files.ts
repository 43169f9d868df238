/**
 * Static files: a folder served over GET and HEAD, with its index.html at `/`.
 *
 * Invariants: nothing outside the folder is read, whatever the path says and wherever a symbolic link points; names that
 * begin with a dot are not there; a file is revalidated each time (ETag), so a new version shows at once.
 *
 *     const handler = staticFiles('./public')
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import type { HttpHandler } from './handler.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.webmanifest': 'application/manifest+json',
};

/** @param folder what is served; files are read whole, so it is for pages and assets, not for large downloads */
export function staticFiles(folder: string): HttpHandler {
  const root = realpath(resolve(folder));
  root.catch(() => {}); // asked for again with each request, which then fails with the reason
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const path = safePath(new URL(request.url).pathname);
    const file = path === undefined ? undefined : await find(await root, path);
    if (!file) return undefined;
    const headers = {
      'content-type': TYPES[extname(file.path).toLowerCase()] ?? 'application/octet-stream',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      etag: file.etag,
    };
    if (request.headers.get('if-none-match') === file.etag) return new Response(null, { status: 304, headers });
    if (request.method === 'HEAD') {
      return new Response(null, { headers: { ...headers, 'content-length': String(file.size) } });
    }
    return new Response(await readFile(file.path), { headers });
  };
}

/** The path below the folder, or undefined where it is none that may be asked for. */
function safePath(pathname: string): string | undefined {
  try {
    const path = decodeURIComponent(pathname);
    const strange = path.includes('\0') || path.includes('\\') || path.split('/').some((part) => part.startsWith('.'));
    return strange ? undefined : path;
  } catch {
    return undefined;
  }
}

async function find(root: string, path: string): Promise<{ path: string; etag: string; size: number } | undefined> {
  const wanted = join(root, path.endsWith('/') ? `${path}index.html` : path);
  try {
    const real = await realpath(wanted);
    if (real !== root && !real.startsWith(root + sep)) return undefined;
    const info = await stat(real);
    return info.isFile()
      ? { path: real, etag: `"${info.size.toString(36)}-${info.mtimeMs.toString(36)}"`, size: info.size }
      : undefined;
  } catch {
    return undefined;
  }
}
