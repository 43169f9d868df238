/**
 * Builds the framework: framework/src → framework/dist, JavaScript and types.
 *
 * Invariants: dist is made anew; nothing in it refers to a `.ts` file (the compiler rewrites imports in JavaScript;
 * imports in declarations and the URLs of worker entries are rewritten here); an error of types makes no dist.
 *
 *     npm run build
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importsOf } from '../layers.ts';

const root = join(import.meta.dirname, '../..');
const framework = join(root, 'framework');

/** Names the built file in relative imports and worker URLs of a built file. */
export function rewriteReferences(text: string): string {
  return text
    .replace(/(\bfrom |\bimport |\bimport\()(['"])(\.{1,2}\/[^'"\n]*)\.ts\2/g, '$1$2$3.js$2')
    .replace(/(\bnew URL\()(['"])(\.{1,2}\/[^'"\n]*)\.ts\2/g, '$1$2$3.js$2');
}

/** Builds `framework/dist`. @throws Error with what the compiler said */
export function build(): void {
  const dist = join(framework, 'dist');
  rmSync(dist, { recursive: true, force: true });
  const compiled = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--project', 'tsconfig.build.json'], {
    cwd: framework,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (compiled.status !== 0) throw new Error(`tsc failed:\n${compiled.stdout}${compiled.stderr}`);
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(js|d\.ts)$/.test(name)) continue;
    const path = join(dist, name);
    const text = rewriteReferences(readFileSync(path, 'utf8'));
    const left = importsOf(name, text).targets.filter((target) => target.endsWith('.ts'));
    if (left.length > 0) throw new Error(`dist/${name} still refers to ${left.join(', ')}.`);
    writeFileSync(path, text);
  }
}

if (import.meta.main) build();
