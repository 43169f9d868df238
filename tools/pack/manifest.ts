/**
 * The two forms of the framework's package.json. In the workspace its entries are the TypeScript sources, which Node
 * runs as they are; in a package they are the built JavaScript and its types, since Node refuses `.ts` below
 * node_modules (docs/decisions/0001-packaging.md).
 *
 * Invariants: pure; each form is computed from the other without loss, so that no backup is kept that could go stale.
 *
 *     published('./src/otp/index.ts') // {types: './dist/otp/index.d.ts', default: './dist/otp/index.js'}
 */

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** The fields of package.json that differ between the forms, and all others as they are. */
export interface Manifest {
  readonly exports: Readonly<Record<string, Json>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly [field: string]: Json;
}

/** The form in which the package is published. Its own result stays as it is. */
export function published(manifest: Manifest): Manifest {
  const entry = (path: string): Json => {
    const built = toBuilt(path);
    return built === path ? path : { types: built.replace(/\.js$/, '.d.ts'), default: built };
  };
  return {
    ...manifest,
    exports: mapValues(manifest.exports, (target) => (typeof target === 'string' ? entry(target) : target)),
    bin: mapValues(manifest.bin, toBuilt),
  };
}

/** The form in which the workspace has it. Its own result stays as it is. */
export function sources(manifest: Manifest): Manifest {
  const entry = (target: Json): Json => {
    if (typeof target !== 'object' || target === null || !('default' in target)) return target;
    return typeof target.default === 'string' ? toSource(target.default) : target;
  };
  return { ...manifest, exports: mapValues(manifest.exports, entry), bin: mapValues(manifest.bin, toSource) };
}

function toBuilt(path: string): string {
  return path.replace(/^\.\/src\/(.*)\.ts$/, './dist/$1.js');
}

function toSource(path: string): string {
  return path.replace(/^\.\/dist\/(.*)\.js$/, './src/$1.ts');
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
