/**
 * What everybody in a chat room sees: its newest lines, and who is here.
 *
 * Invariants: lines are numbered 1, 2, 3 … without gaps, the newest last; the synchronised state holds at most
 * `SHOWN_MOST` of them. Older ones are private data of the room and are asked for with the `history` call.
 */
import { schema, type SchemaType, t } from '@colyseus/schema';

export const Line = schema(
  {
    n: t.uint32(),
    /** The operation id it was posted with: by this a page knows its own lines again. */
    id: t.string(),
    by: t.string(),
    /** Milliseconds since 1970. */
    at: t.float64(),
    text: t.string(),
  },
  'Line',
);
export type Line = SchemaType<typeof Line>;

export const Guest = schema(
  {
    name: t.string(),
    /** False while the connection is gone and the seat is kept. */
    here: t.boolean(),
  },
  'Guest',
);

export const ChatState = schema(
  {
    title: t.string(),
    /** When this room was opened. Another value means that the room has begun anew. */
    opened: t.float64(),
    lines: t.array(Line),
    /** By session id. */
    guests: t.map(Guest),
  },
  'ChatState',
);
export type ChatState = SchemaType<typeof ChatState>;

/** A line as plain data: how the room keeps old ones, and how `history` hands them out. */
export interface PlainLine {
  readonly n: number;
  readonly id: string;
  readonly by: string;
  readonly at: number;
  readonly text: string;
}

export const SHOWN_MOST = 100;
/** Moved at once when there are too many: replacing `data` for each single line would copy all of it each time. */
export const MOVED = 50;
/** Older lines that are kept; the oldest are forgotten. */
export const KEPT_MOST = 10_000;
/** Lines in one answer of `history`. */
export const PAGE = 50;

export function plain({ n, id, by, at, text }: Line): PlainLine {
  return { n, id, by, at, text };
}

/** The page of lines before line `before`, oldest first, out of old and shown lines; after the end means the last page. */
export function pageBefore(older: readonly PlainLine[], shown: readonly PlainLine[], before: number): PlainLine[] {
  const first = older[0]?.n ?? shown[0]?.n ?? 1;
  const to = Math.min(Math.max(0, before - first), older.length + shown.length);
  const from = Math.max(0, to - PAGE);
  const shownFrom = older.length;
  return [...older.slice(from, to), ...shown.slice(Math.max(0, from - shownFrom), Math.max(0, to - shownFrom))];
}

/** A name that nobody else here has: a second Ada becomes "Ada 2". */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  let n = 2;
  while (taken.has(`${wanted} ${n}`)) n++;
  return `${wanted} ${n}`;
}
