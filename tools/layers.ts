/**
 * The rules of the source tree: which layer and which folder may import which, and what every file has.
 *
 * Invariants: a pure function of the files' texts. Type imports count like others; so do `import()`, import types and
 * `new URL('./file.ts', import.meta.url)` (the entry of a worker thread). Imports in comments and strings do not.
 *
 *     inspect(await readTree('framework/src')) // [] or [{rule: 'layer', file: 'otp/pid.ts', what: 'imports room/…'}]
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { parseSync } from 'vite';

/** Rank of each layer: a layer imports only layers of its own rank or a lower one, and never in a circle. */
export const RANKS: Readonly<Record<string, number>> = {
  platform: 0,
  otp: 1,
  telemetry: 1,
  persistence: 2,
  cluster: 3,
  upgrade: 4,
  room: 5,
  gateway: 6,
  testing: 7,
  cli: 7,
};
/**
 * The folders of a layer in their order: a file imports only from its own folder and those before it. Files beside the
 * folders stand above them all.
 */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  otp: ['runtime', 'reports', 'process', 'gen-server', 'sys', 'registry', 'supervisor', 'task', 'application'],
};
/** Files beside the layers (index.ts, the package's face) stand above all of them. */
const TOP = 8;
const MAX_LINES = 400;
const EMPTY_NAMES = /^(utils?|helpers?|common|misc|shared|stuff)$/i;

export interface Violation {
  readonly rule:
    | 'layer'
    | 'cycle'
    | 'unknown_layer'
    | 'folder'
    | 'unknown_folder'
    | 'doc_comment'
    | 'length'
    | 'name'
    | 'syntax';
  readonly file: string;
  readonly what: string;
}

/** The `.ts` files below a folder: path with forward slashes → text. */
export async function readTree(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith('.ts')).toSorted();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return new Map(files.map((name, index) => [name.split(sep).join('/'), texts[index]!]));
}

/** All violations of the rules, in the order of the files. */
export function inspect(files: ReadonlyMap<string, string>): Violation[] {
  const violations: Violation[] = [];
  /** Layer → layers it imports → the first file that does. */
  const edges = new Map<string, Map<string, string>>();
  for (const [file, text] of files) {
    violations.push(...inspectFile(file, text));
    const { errors, targets } = importsOf(file, text);
    for (const error of errors) violations.push({ rule: 'syntax', file, what: error });
    const from = layerOf(file);
    if (from !== '' && !(from in RANKS)) {
      violations.push({
        rule: 'unknown_layer',
        file,
        what: `${from} is not a layer (${Object.keys(RANKS).join(', ')})`,
      });
    }
    if (placeOf(file) < 0) {
      violations.push({ rule: 'unknown_folder', file, what: `is in none of ${FOLDERS[from]!.join(', ')}` });
    }
    for (const target of targets) {
      const to = layerOf(target);
      if (to === from) {
        if (placeOf(target) > placeOf(file))
          violations.push({ rule: 'folder', file, what: `imports ${target}, which is in a later folder` });
        continue;
      }
      if (rankOf(to) > rankOf(from)) {
        violations.push({ rule: 'layer', file, what: `imports ${target}, which is in a higher layer` });
      }
      const out = edges.get(from) ?? new Map<string, string>();
      if (!out.has(to)) out.set(to, file);
      edges.set(from, out);
    }
  }
  return [...violations, ...cycles(edges)];
}

/** The files of the tree that a file imports, as paths in the tree. */
export function importsOf(file: string, text: string): { errors: string[]; targets: string[] } {
  const parsed = parseSync(file, text);
  const requests = [
    ...parsed.module.staticImports.map((one) => one.moduleRequest.value),
    ...parsed.module.staticExports.flatMap((one) => one.entries.map((entry) => entry.moduleRequest?.value)),
    ...urlsAndTypes(parsed.program),
  ];
  const relative = requests.filter((request) => request?.startsWith('.') === true);
  const targets = relative.map((request) => posix.normalize(posix.join(posix.dirname(file), request!)));
  return { errors: parsed.errors.map((error) => error.message), targets: [...new Set(targets)] };
}

/** What `import('…')`, as expression and as type, and `new URL('…', …)` name. */
function urlsAndTypes(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(urlsAndTypes);
  if (typeof node !== 'object' || node === null) return [];
  return [...named(node), ...Object.values(node).flatMap(urlsAndTypes)];
}

/** The few fields of a syntax node that are looked at. */
interface Node {
  readonly type?: string;
  readonly source?: { readonly value?: unknown };
  readonly callee?: { readonly name?: string };
  readonly arguments?: readonly { readonly value?: unknown }[];
}

function named({ type, source, callee, arguments: args }: Node): string[] {
  if (type === 'ImportExpression' || type === 'TSImportType') return strings(source?.value);
  if (type !== 'NewExpression' || callee?.name !== 'URL' || args?.length !== 2) return [];
  // A folder, or a file of another kind, is no import.
  return strings(args[0]?.value).filter((path) => /\.[jt]s$/.test(path));
}

function strings(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}

function inspectFile(file: string, text: string): Violation[] {
  const found: Violation[] = [];
  const code = text.replace(/^#!.*\n/, '');
  if (!code.startsWith('/**')) {
    found.push({ rule: 'doc_comment', file, what: 'does not open with a doc comment that says what it is' });
  }
  const lines = text.split('\n').length - 1;
  if (lines > MAX_LINES)
    found.push({ rule: 'length', file, what: `has ${lines} lines; split it at its second concept` });
  const bad = file.split('/').find((part) => EMPTY_NAMES.test(part.replace(/\..*$/, '')));
  if (bad !== undefined) found.push({ rule: 'name', file, what: `${bad} says nothing; name the concept` });
  return found;
}

function layerOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

/** Where a file stands in the order of its layer's folders: -1 in a folder that has no place, 0 where there is no order. */
function placeOf(file: string): number {
  const folders = FOLDERS[layerOf(file)];
  if (!folders) return 0;
  const [, folder, ...inIt] = file.split('/');
  return inIt.length === 0 ? folders.length : folders.indexOf(folder!);
}

function rankOf(layer: string): number {
  return RANKS[layer] ?? TOP;
}

/** Circles between layers; each is reported once, at its first layer in the alphabet. */
function cycles(edges: ReadonlyMap<string, ReadonlyMap<string, string>>): Violation[] {
  const found: Violation[] = [];
  const walk = (start: string, path: readonly string[]): void => {
    for (const [to, file] of edges.get(path.at(-1)!) ?? []) {
      if (to === start) found.push({ rule: 'cycle', file, what: `closes a circle: ${[...path, to].join(' → ')}` });
      else if (to > start && !path.includes(to)) walk(start, [...path, to]);
    }
  };
  for (const start of edges.keys()) walk(start, [start]);
  return found;
}
