/**
 * Loads uWebSockets.js, or says why it cannot be loaded and what to do.
 *
 * Invariants: never throws, prints nothing; the answer of a thread does not change. Where a copy cured for old glibc is
 * used (see glibc-cure.ts), everyone in the thread who requires uWebSockets.js gets the same objects.
 *
 *     const loaded = loadUws()
 *     if (loaded.ok) loaded.uws.App().listen(2567, …)
 *     else console.warn(`${loaded.cause} ${loaded.remedy}`)
 */
import { existsSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { type CureMode, curable, cureMode, cureUws } from './glibc-cure.ts';
import { type Machine, machine } from './machine.ts';

/** The module's own types. */
export type Uws = typeof import('uWebSockets.js');

/** Why it does not load; stable names. */
export type UwsProblem = 'not_installed' | 'no_binary' | 'musl' | 'old_glibc' | 'load_failed';

/** `cause` and `remedy` are sentences. */
export type LoadedUws =
  | { readonly ok: true; readonly uws: Uws; readonly cured: boolean; readonly what: string }
  | { readonly ok: false; readonly problem: UwsProblem; readonly cause: string; readonly remedy: string };

let loaded: LoadedUws | undefined;

/** Loads it once per thread, with the mode that GENROOM_GLIBC_CURE names. */
export function loadUws(): LoadedUws {
  loaded ??= loadUwsAs(cureMode());
  return loaded;
}

/** Loads it with a mode of the caller's, anew. For `genroom doctor`; everything else wants {@link loadUws}. */
export function loadUwsAs(mode: CureMode): LoadedUws {
  const on = machine();
  const require = createRequire(import.meta.url);
  let main: string;
  try {
    main = require.resolve('uWebSockets.js');
  } catch {
    return {
      ok: false,
      problem: 'not_installed',
      cause: 'uWebSockets.js is not installed.',
      remedy: 'Run `npm install`; it is a dependency of genroom, under the npm alias @btc-vision/uwebsockets.js.',
    };
  }
  const binary = join(dirname(main), `uws_${on.platform}_${on.arch}_${on.modules}.node`);
  const refusal = refuse(on, existsSync(binary));
  if (refusal) return refusal;

  let what = 'uWebSockets.js loads as it is.';
  let cured = false;
  try {
    if (curable(on)) {
      const cure = cureUws(binary, mode);
      if (cure.state !== 'cured') return oldGlibc(on, cure.what, cure.state);
      adopt(require, binary, cure.path);
      what = cure.what;
      cured = true;
    }
    return { ok: true, uws: require(main) as Uws, cured, what };
  } catch (error) {
    return failed(on, error);
  }
}

/** Puts the copy where `require` looks for the original, so that the package's own code wraps it. */
function adopt(require: NodeJS.Require, binary: string, copy: string): void {
  if (require.cache[binary]) return;
  const native = new Module(binary);
  process.dlopen(native, copy);
  native.filename = binary;
  native.loaded = true;
  require.cache[binary] = native;
}

function refuse(on: Machine, hasBinary: boolean): LoadedUws | undefined {
  if (on.libc.name === 'musl') {
    return {
      ok: false,
      problem: 'musl',
      cause: 'uWebSockets.js has no binary for musl (Alpine Linux).',
      remedy: 'Use a glibc image, such as node:24-trixie-slim.',
    };
  }
  if (hasBinary) return undefined;
  return {
    ok: false,
    problem: 'no_binary',
    cause: `uWebSockets.js has no binary for Node ${on.node} (module version ${on.modules}) on ${on.platform} ${on.arch}.`,
    remedy: 'Use Node 24, on x86-64 or arm64 Linux, macOS, or x86-64 Windows; if this is one, reinstall the package.',
  };
}

function oldGlibc(on: Machine, what: string, cure: 'possible' | 'impossible' | 'off'): LoadedUws {
  const newer = 'a newer system (Debian 13, Ubuntu 24.04)';
  const remedies = {
    possible: `Run \`npx genroom doctor --fix\`, which makes a copy that loads here, or use ${newer}.`,
    impossible: `Use ${newer}.`,
    off: `Unset GENROOM_GLIBC_CURE and run \`npx genroom doctor --fix\`, or use ${newer}.`,
  };
  return {
    ok: false,
    problem: 'old_glibc',
    cause: `uWebSockets.js needs glibc 2.38, and this system has ${glibcOf(on)}. ${what}`,
    remedy: remedies[cure],
  };
}

function failed(on: Machine, error: unknown): LoadedUws {
  const message = error instanceof Error ? error.message : String(error);
  const glibc = /version `(GLIBC_[\d.]+)' not found/.exec(message);
  if (glibc) return oldGlibc(on, `It lacks ${glibc[1]}.`, 'impossible');
  return {
    ok: false,
    problem: 'load_failed',
    cause: `uWebSockets.js did not load: ${message.trim().split('\n').at(-1)}.`,
    remedy: `Reinstall it (\`npm ci\`), and check that ${basename(process.execPath)} ${on.node} is the Node you mean.`,
  };
}

function glibcOf(on: Machine): string {
  return on.libc.name === 'glibc' ? on.libc.version : 'none';
}
