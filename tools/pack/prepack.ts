/**
 * npm runs this before it packs the framework: builds it, puts the files beside it that every package carries, and
 * gives package.json its published form. postpack.ts takes that back.
 *
 *     npm pack -w framework
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.ts';
import { type Manifest, published } from './manifest.ts';

const root = join(import.meta.dirname, '../..');

/** Files of the repository that the package carries too. */
export const CARRIED = ['README.md', 'LICENSE', 'CHANGELOG.md'] as const;

/** Rewrites framework/package.json. */
export function rewriteManifest(form: (manifest: Manifest) => Manifest): void {
  const path = join(root, 'framework/package.json');
  const text = readFileSync(path, 'utf8');
  const manifest = JSON.parse(text) as Manifest;
  const next = form(manifest);
  if (JSON.stringify(next) !== JSON.stringify(manifest)) writeFileSync(path, `${JSON.stringify(next, null, 2)}\n`);
}

if (import.meta.main) {
  build();
  for (const name of CARRIED) copyFileSync(join(root, name), join(root, 'framework', name));
  rewriteManifest(published);
}
