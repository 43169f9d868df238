/**
 * What this process runs on, as far as native binaries care: platform, architecture, Node's module version and the C
 * library. Read once; plain data, so that every decision about binaries is a function of it.
 *
 *     machine() // {platform: 'linux', arch: 'x64', node: '24.21.0', modules: '137', libc: {name: 'glibc', version: '2.36'}}
 */

/** The C library of a Linux machine; `none` elsewhere. */
export type Libc =
  | { readonly name: 'glibc'; readonly version: string }
  | { readonly name: 'musl' }
  | { readonly name: 'none' };

/** See the module's comment. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Node's version without the leading v. */
  readonly node: string;
  /** NODE_MODULE_VERSION: the number that native binaries are built for. */
  readonly modules: string;
  readonly libc: Libc;
}

let known: Machine | undefined;

/** The machine of this process. */
export function machine(): Machine {
  known ??= {
    platform: process.platform,
    arch: process.arch,
    node: process.versions.node,
    modules: process.versions.modules,
    libc: readLibc(),
  };
  return known;
}

/** Whether version `a` of glibc is older than `b`; both as '2.36'. */
export function olderGlibc(a: string, b: string): boolean {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor < bMajor || (aMajor === bMajor && aMinor < bMinor);
}

function readLibc(): Libc {
  if (process.platform !== 'linux') return { name: 'none' };
  // Without excludeNetwork (missing in Node's types) the report looks up the name of every peer, which can take seconds.
  const reporter = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const before = reporter.excludeNetwork ?? false;
  reporter.excludeNetwork = true;
  try {
    const report = reporter.getReport() as { header?: { glibcVersionRuntime?: string } };
    const version = report.header?.glibcVersionRuntime;
    return version === undefined ? { name: 'musl' } : { name: 'glibc', version };
  } finally {
    reporter.excludeNetwork = before;
  }
}
