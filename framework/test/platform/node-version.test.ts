/**
 * An old Node is told what it lacks: the check itself, that each entry runs it before all else, and that nothing an
 * entry links would fail on Node 20 before the check can run.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';
import { readTree } from '../../../tools/layers.ts';
import { checkNode, NodeTooOld } from '../../src/platform/node-version.ts';

const source = join(import.meta.dirname, '../../src');

/** What the modules of Node 24 export by name and those of Node 20.20 do not. */
const NEWER: Readonly<Record<string, string>> = {
  assert: 'Assert partialDeepStrictEqual',
  crypto: 'argon2 argon2Sync decapsulate encapsulate randomUUIDv7',
  dns: 'resolveTlsa',
  'dns/promises': 'resolveTlsa',
  fs: 'Utf8Stream glob globSync mkdtempDisposableSync',
  'fs/promises': 'glob mkdtempDisposable',
  http: 'CloseEvent MessageEvent WebSocket setGlobalProxyFromEnv',
  inspector: 'DOMStorage NetworkResources',
  module:
    'constants enableCompileCache findPackageJSON flushCompileCache getCompileCacheDir getSourceMapsSupport ' +
    'registerHooks setSourceMapsSupport stripTypeScriptTypes',
  net: 'BoundSocket',
  perf_hooks: 'eventLoopUtilization timerify',
  process: 'execve finalization ref threadCpuUsage unref',
  sqlite: 'DatabaseSync Session StatementSync backup constants default',
  'stream/consumers': 'bytes',
  tls: 'getCACertificates getCertificateCompressionAlgorithms setDefaultCACertificates',
  url: 'URLPattern fileURLToPathBuffer',
  util: 'convertProcessSignalToExitCode diff getCallSites getSystemErrorMessage setTraceSigInt',
  'util/types': 'isFloat16Array',
  v8: 'getCppHeapStatistics isStringOneByteRepresentation startCpuProfile',
  worker_threads: 'isInternalThread isMarkedAsUntransferable locks markAsUncloneable threadName',
  zlib:
    'ZstdCompress ZstdDecompress createZstdCompress createZstdDecompress zstdCompress zstdCompressSync ' +
    'zstdDecompress zstdDecompressSync',
};

/** Names that a text imports from `node:` modules and that Node 20 does not export. */
function newerImports(file: string, text: string): string[] {
  return parseSync(file, text).module.staticImports.flatMap(({ moduleRequest, entries }) => {
    if (!moduleRequest.value.startsWith('node:')) return [];
    const newer = new Set(NEWER[moduleRequest.value.slice('node:'.length)]?.split(' '));
    return entries
      .filter(({ isType, importName }) => !isType && newer.has(importName.name ?? 'default'))
      .map(({ importName }) => `${file} imports ${importName.name ?? 'default'} of ${moduleRequest.value}`);
  });
}

describe('the version of Node', () => {
  test.each(['18.20.8', '20.20.2', '21.7.3', '22.0.0', '22.17.1'])('%s is refused with the cure', (version) => {
    expect(() => checkNode(version)).toThrow(NodeTooOld);
    expect(() => checkNode(version)).toThrow(`22.18 or newer, and this is Node ${version}. Use \`npm i -D node@24\``);
  });

  test.each(['22.18.0', '22.21.1', '23.0.0', '24.21.0', '26.0.0', '24.0.0-nightly20250101'])(
    '%s will do',
    (version) => {
      expect(() => checkNode(version)).not.toThrow();
    },
  );
});

test.each(['index.ts', 'otp/index.ts', 'testing/index.ts'])(
  '%s checks it before its other imports run',
  async (entry) => {
    const { staticImports, staticExports } = parseSync(entry, await readFile(join(source, entry), 'utf8')).module;
    const requests = [
      ...staticImports.map(({ start, moduleRequest }) => ({ start, from: moduleRequest.value })),
      ...staticExports.flatMap(({ start, entries }) =>
        entries.flatMap(({ moduleRequest }) => (moduleRequest ? [{ start, from: moduleRequest.value }] : [])),
      ),
    ].toSorted((a, b) => a.start - b.start);
    expect(requests.length).toBeGreaterThan(1);
    expect(requests[0]!.from).toMatch(/\/platform\/node-version\.ts$/);
  },
);

test('no file imports by name what Node 20 does not export', async () => {
  const files = await readTree(source);
  expect(files.size).toBeGreaterThan(50);
  expect([...files].flatMap(([file, text]) => newerImports(file, text))).toEqual([]);
});

test('such an import would be found', () => {
  const text = `import { isMarkedAsUntransferable, type MessagePort, threadId } from 'node:worker_threads';
import * as all from 'node:worker_threads';
import type { glob } from 'node:fs';
import sqlite from 'node:sqlite';`;
  expect(newerImports('x.ts', text)).toEqual([
    'x.ts imports isMarkedAsUntransferable of node:worker_threads',
    'x.ts imports default of node:sqlite',
  ]);
});
