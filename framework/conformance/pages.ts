/**
 * The pages of docs that are made from the inventory: the table of conformance by suite, and the list of what differs.
 *
 * Invariant: what stands between the two marks of a page is made here, the rest by hand; a test compares both pages with
 * the inventory. The table says what holds when no row is missing or failed, which a whole `npm test` sees to.
 *
 *     npm run conformance -- --pages
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { InventoryRow } from './conformance.ts';
import inventory from './inventory.json' with { type: 'json' };
import twoNodes from './two-nodes.json' with { type: 'json' };

const BEGIN = '<!-- made by npm run conformance -- --pages -->';
const END = '<!-- to here -->';
/** Rows that are otherwise in some version than in the reference: their text names it. */
const VERSION = /OTP 2\d|\b1\.[12]\d/;

type Rows = readonly InventoryRow[];

/** Each page, and what makes its part. */
const PAGES: Readonly<Record<string, (rows: Rows) => string>> = {
  'conformance.md': (rows) => `${suites(rows)}\n\n${versions(rows)}\n\n${ofOneNode()}`,
  'otp-differences.md': reasons,
};

const marked = (rows: Rows, mark: string): Rows => rows.filter((row) => row.mark === mark);

/** How many rows of each suite apply, apply adapted, and do not. */
function suites(rows: Rows): string {
  const line = (name: string, of: Rows): string =>
    `| ${[name, ...['A', 'P', 'N'].map((mark) => marked(of, mark).length), of.length].join(' | ')} |`;
  const names = [...new Set(rows.map(({ suite }) => suite))];
  return [
    '| suite | passed | adapted | not applicable | rows |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...names.map((name) =>
      line(
        name,
        rows.filter(({ suite }) => suite === name),
      ),
    ),
    line('**all**', rows),
  ].join('\n');
}

function versions(rows: Rows): string {
  const lines = rows
    .filter(({ behaviour }) => VERSION.test(behaviour))
    .map(({ id, behaviour }) => `- ${id}: ${behaviour}`);
  return ['Rows that depend on the version:', '', ...lines].join('\n');
}

/** How many rows are not shown on two nodes, by reason. */
function ofOneNode(): string {
  return [
    'Rows that are not shown on two nodes ([which](../framework/conformance/two-nodes.json)):',
    '',
    '| reason | rows |',
    '| --- | ---: |',
    ...twoNodes.flatMap(({ reason, rows = [] }) => (rows.length > 0 ? [`| ${reason} | ${rows.length} |`] : [])),
  ].join('\n');
}

/** Each reason once, with its rows: first of what is adapted, then of what does not apply. */
function reasons(rows: Rows): string {
  const section = (title: string, mark: string): string[] => {
    const byReason = new Map<string, string[]>();
    for (const { id, reason = '' } of marked(rows, mark)) byReason.set(reason, [...(byReason.get(reason) ?? []), id]);
    return [
      `### ${title}`,
      '',
      '| reason | rows |',
      '| --- | --- |',
      ...[...byReason].map(([reason, ids]) => `| ${reason} | ${ids.join(', ')} |`),
    ];
  };
  return [...section('Adapted', 'P'), '', ...section('Not applicable', 'N')].join('\n');
}

/** A page as it should be, given its text and the rows. */
export function made(page: string, text: string, rows: Rows): string {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/${page} lacks the marks ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\n\n${PAGES[page]!(rows)}\n\n${END}${after}`;
}

const place = (page: string): string => fileURLToPath(new URL(`../../docs/${page}`, import.meta.url));

/** The pages that differ from what the inventory makes of them. */
export function stalePages(): string[] {
  return Object.keys(PAGES).filter((page) => {
    const text = readFileSync(place(page), 'utf8');
    return made(page, text, inventory) !== text;
  });
}

export function writePages(): void {
  for (const page of Object.keys(PAGES)) {
    writeFileSync(place(page), made(page, readFileSync(place(page), 'utf8'), inventory));
    console.log(`docs/${page}`);
  }
}
