/**
 * The second pass of conformance: the tests of framework/test/otp as they stand, with caller and callee on two nodes.
 * What they import as the otp layer is a module made here, whose functions act on the node of the process that runs
 * (see sides.ts).
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSync, type Plugin } from 'vite';

const TESTS = fileURLToPath(new URL('../otp/', import.meta.url));
const FACADE = fileURLToPath(new URL('./facade.ts', import.meta.url));
const INDEX = fileURLToPath(new URL('../../src/otp/index.ts', import.meta.url));
const ID = '\0two-nodes:';

/** The values that the otp layer exports. */
function exported(): string[] {
  const { module } = parseSync(INDEX, readFileSync(INDEX, 'utf8'));
  const entries = module.staticExports.flatMap(({ entries: all }) => all);
  return entries.filter(({ isType }) => !isType).map(({ exportName }) => exportName.name!);
}

export function twoNodes(): Plugin {
  return {
    name: 'two-nodes',
    enforce: 'pre',
    resolveId(source, importer) {
      if (!source.endsWith('/src/otp/index.ts') || !importer?.startsWith(TESTS)) return undefined;
      return `${ID}${importer.endsWith('/stage.ts') ? 'stage' : 'test'}`;
    },
    load(id) {
      if (!id.startsWith(ID)) return undefined;
      const names = exported().map((name) => `export const ${name} = otp[${JSON.stringify(name)}];`);
      return [
        `import { facade } from ${JSON.stringify(FACADE)};`,
        `const otp = await facade(${JSON.stringify(id.slice(ID.length))});`,
        ...names,
      ].join('\n');
    },
  };
}
