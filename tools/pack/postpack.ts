/**
 * npm runs this after it packed the framework: package.json gets its workspace form back, and the files that prepack.ts
 * put beside it go. After an interrupted `npm pack`, `node tools/pack/postpack.ts` does the same.
 *
 *     npm pack -w framework
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sources } from './manifest.ts';
import { CARRIED, rewriteManifest } from './prepack.ts';

rewriteManifest(sources);
for (const name of CARRIED) rmSync(join(import.meta.dirname, '../../framework', name), { force: true });
