/**
 * Required before every script of this repository: says what to do where Node is too old to run TypeScript, or where
 * npm did not run the install step of the `node` package, instead of "Unknown file extension".
 *
 *     node --require ./tools/node-version.cjs tools/test.ts
 */
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `This repository runs on Node 24, and this is Node ${process.versions.node} (${process.execPath}). ` +
      'npm scripts find Node 24 in node_modules/.bin once its install step has run: use `npm ci && npm test`, ' +
      'without --ignore-scripts; where npm left the step out, `npm rebuild node` runs it.',
  );
  process.exit(1);
}
