/**
 * @pm2/io is a peer dependency of Colyseus's core, so npm installs it, and core loads it. As it comes, it listens to
 * uncaughtException and unhandledRejection: it prints each stray failure and reads source files for it, and where its
 * listener is the only one it ends the process. Here the owner of a stray failure decides, so that part is turned off;
 * its metrics stay.
 *
 * Invariant: has no effect once @pm2/io is loaded; whoever loads it first decides.
 */
import { createRequire } from 'node:module';

export function keepPm2FromStrays(): void {
  try {
    const core = createRequire(import.meta.url).resolve('@colyseus/core');
    const pmx = createRequire(core)('@pm2/io/build/main/pmx.js') as { defaultConfig: { catchExceptions: boolean } };
    pmx.defaultConfig.catchExceptions = false;
  } catch {
    // It is not installed, which is as well.
  }
}
