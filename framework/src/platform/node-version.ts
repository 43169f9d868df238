/**
 * Says which Node genroom needs. Each entry of the package imports this file first, for its effect: on an older Node
 * the reader then sees this error and not what of the newer Node is missed first.
 *
 * Invariants: imports errors.ts alone. All files of an entry are linked before any runs, so that no file of the
 * package may import by name what `node:` modules of Node 20 do not export.
 *
 *     import './platform/node-version.ts';
 */
import { GenroomError } from './errors.ts';

/** `node_too_old`: this Node lacks what genroom is built on. */
export class NodeTooOld extends GenroomError {
  constructor(version: string) {
    super('node_too_old', `genroom needs Node 22.18 or newer, and this is Node ${version}`, {
      remedy: 'Use `npm i -D node@24` for a Node 24 of the project alone: npm scripts and npx find it.',
    });
  }
}

/** @throws NodeTooOld below 22.18 */
export function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 18)) throw new NodeTooOld(version);
}

checkNode(process.versions.node);
