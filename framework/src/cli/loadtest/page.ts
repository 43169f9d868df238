/**
 * The report's page: headings, paragraphs, tables and charts as one HTML file that needs nothing else.
 *
 * Invariant: pure; every text is escaped.
 *
 *     page('Load test of chat', [{ heading: 'Latency', svg: chart({ … }), table }])
 */
import { escape } from './chart.ts';

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Section {
  readonly heading: string;
  readonly text?: readonly string[];
  readonly svg?: string;
  readonly table?: Table;
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;color:#0f172a}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.5rem}table{border-collapse:collapse;margin:1rem 0;font-size:13px;display:block;overflow-x:auto}
td,th{border-bottom:1px solid #e2e8f0;padding:.3rem .6rem;text-align:right}th{color:#475569}td:last-child,th:last-child{text-align:left}td{white-space:nowrap}td:last-child{white-space:normal}svg{max-width:100%;height:auto}`;

export function page(title: string, sections: readonly Section[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
<h1>${escape(title)}</h1>
${sections.map(section).join('\n')}
</html>
`;
}

function section({ heading, text = [], svg = '', table }: Section): string {
  const paragraphs = text.map((one) => `<p>${escape(one)}</p>`).join('\n');
  return `<h2>${escape(heading)}</h2>\n${paragraphs}\n${svg}\n${table ? tableHtml(table) : ''}`;
}

function tableHtml({ head, rows }: Table): string {
  const cells = (tag: 'th' | 'td', row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>\n${cells('th', head)}\n${rows.map((row) => cells('td', row)).join('\n')}\n</table>`;
}
