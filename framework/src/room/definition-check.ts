/**
 * What the parts of `room({ … })` and `player({ … })` may be: one table of part → kind for each. TypeScript refuses most
 * of it before; this is for definitions in JavaScript and for values that no type tells apart.
 *
 * Invariants: a definition that passes has no part that could only fail later, at a message or a tick; a name that is
 * no part is refused with the nearest one that is; pure, but for the throw.
 *
 *     checkRoom({ name: 'chat', state: () => new ChatState(), onJoin() {} });
 *     // BadDefinition: … `onJoin` is no part of it; is it `join`?
 */
import { BadDefinition } from './errors.ts';

/** Says what is wrong with a value, with the part that has it; undefined when nothing is. */
type Kind = (value: unknown, part: string) => string | undefined;

interface Table {
  readonly required: readonly string[];
  readonly parts: Readonly<Record<string, Kind>>;
}

/** Faster beats are not kept by a thread that has other rooms. */
const MAX_HZ = 1000;

const kind =
  (wanted: string, is: (value: unknown) => boolean): Kind =>
  (value, part) =>
    is(value) ? undefined : `\`${part}\` is ${shown(value)} and must be ${wanted}`;

const each =
  (of: Kind): Kind =>
  (value, part) => {
    if (!isRecord(value)) return `\`${part}\` is ${shown(value)} and must be an object`;
    for (const [name, member] of Object.entries(value)) {
      const problem = member === undefined ? undefined : of(member, `${part}.${name}`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };

const tableOf =
  (table: Table): Kind =>
  (value, part) =>
    isRecord(value) ? problemIn(value, table, `${part}.`) : `\`${part}\` is ${shown(value)} and must be an object`;

const text = kind('a text that is not empty', (value) => typeof value === 'string' && value !== '');
const flag = kind('true or false', (value) => typeof value === 'boolean');
const code = kind('a function', (value) => typeof value === 'function');
const schema = kind('a Standard Schema, as of zod or valibot', isSchema);
const count = (least: number): Kind =>
  kind(`a whole number from ${least} up`, (value) => Number.isSafeInteger(value) && (value as number) >= least);
const above = (most: number, unit: string): Kind =>
  kind(
    most === Infinity ? `a number of ${unit} above 0` : `a number of ${unit} above 0 and up to ${most}`,
    (value) => typeof value === 'number' && value > 0 && value <= most,
  );
const names = kind(
  'a list of names',
  (value) => Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== ''),
);
const intensity = tableOf({
  required: ['max', 'period'],
  parts: { max: count(0), period: above(Infinity, 'milliseconds') },
});
const tick = tableOf({ required: ['hz', 'step'], parts: { hz: above(MAX_HZ, 'beats a second'), step: code } });
const playerDefinition = kind(
  'what `player({ … })` returned',
  (value) => isRecord(value) && value.kind === 'player' && isRecord(value.parts),
);

const ROOM: Table = {
  required: ['name', 'state'],
  parts: {
    name: text,
    module: text,
    maxClients: count(1),
    filterBy: names,
    autoDispose: flag,
    patchRate: above(Number.MAX_SAFE_INTEGER, 'milliseconds'),
    fresh: flag,
    intensity,
    startTimeout: above(Infinity, 'milliseconds'),
    state: code,
    data: code,
    derived: code,
    messages: each(schema),
    init: code,
    restore: code,
    join: code,
    leave: code,
    drop: code,
    resume: code,
    casts: each(code),
    calls: each(code),
    once: each(code),
    timers: each(code),
    tick,
    player: playerDefinition,
  },
};

const PLAYER: Table = {
  required: [],
  parts: {
    options: schema,
    auth: code,
    load: code,
    state: code,
    messages: each(schema),
    casts: each(code),
    admit: code,
    timers: each(code),
    intensity,
  },
};

/** @throws BadDefinition for what cannot work as the parts of a room */
export function checkRoom(parts: unknown): void {
  const name = isRecord(parts) && typeof parts.name === 'string' && parts.name !== '' ? parts.name : undefined;
  const what = name === undefined ? 'a room' : `room '${name}'`;
  const { messages, casts, calls, once, player } = checkParts(what, parts, ROOM);
  checkHandlers(what, messages, { casts, calls, once });
  for (const type of Object.keys((player as { parts: Record<string, unknown> } | undefined)?.parts.messages ?? {})) {
    if (Object.hasOwn(messages ?? {}, type)) {
      throw new BadDefinition(what, `'${type}' is a message of both the room and its player`);
    }
  }
}

/** @throws BadDefinition for what cannot work as the parts of a player */
export function checkPlayer(parts: unknown): void {
  const { messages, casts } = checkParts('a player', parts, PLAYER);
  checkHandlers('a player', messages, { casts });
}

function checkParts(what: string, parts: unknown, table: Table): Record<string, object | undefined> {
  if (!isRecord(parts)) throw new BadDefinition(what, `it is ${shown(parts)} and must be an object of its parts`);
  const problem = problemIn(parts, table, '');
  if (problem !== undefined) throw new BadDefinition(what, problem);
  return parts as Record<string, object | undefined>;
}

/** A message has a schema and one handler; nothing else is named after a message. */
function checkHandlers(
  what: string,
  messages: object = {},
  {
    casts = {},
    calls = {},
    once = {},
  }: { casts?: object | undefined; calls?: object | undefined; once?: object | undefined },
): void {
  for (const [part, handlers] of Object.entries({ casts, calls, once })) {
    for (const type of Object.keys(handlers)) {
      if (!Object.hasOwn(messages, type)) {
        throw new BadDefinition(what, `\`${part}.${type}\` has no schema in \`messages\`${near(type, messages)}`);
      }
    }
  }
  const handled = (handlers: object, type: string): boolean =>
    Object.hasOwn(handlers, type) && (handlers as Record<string, unknown>)[type] !== undefined;
  for (const type of Object.keys(messages)) {
    const [cast, call] = [handled(casts, type), handled(calls, type)];
    if (cast && call) throw new BadDefinition(what, `'${type}' is both a cast and a call`);
    if (!cast && !call) throw new BadDefinition(what, `\`messages.${type}\` has no handler`);
  }
}

function problemIn(value: Record<string, unknown>, { parts, required }: Table, path: string): string | undefined {
  for (const [name, member] of Object.entries(value)) {
    if (!Object.hasOwn(parts, name)) return `\`${path}${name}\` is no part of it${near(name, parts)}`;
    const problem = member === undefined ? undefined : parts[name]!(member, path + name);
    if (problem !== undefined) return problem;
  }
  const missing = required.find((name) => value[name] === undefined);
  return missing === undefined ? undefined : `\`${path}${missing}\` is missing`;
}

/** The known name that is nearest to `name`, as a question; nothing where none is near. */
export function near(name: string, known: object): string {
  const nearest = Object.keys(known)
    .map((other) => ({ other, edits: distance(name.toLowerCase(), other.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits);
  const best = nearest[0];
  if (best === undefined) return '';
  return best.edits <= Math.max(2, name.length / 2)
    ? `; is it \`${best.other}\`?`
    : `; there are ${nearest
        .map(({ other }) => other)
        .toSorted()
        .join(', ')}`;
}

/** Levenshtein's distance: letters added, left out and replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Some libraries' schemas are functions. */
function isSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as { '~standard'?: { validate?: unknown } })['~standard'];
  return typeof standard?.validate === 'function';
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
