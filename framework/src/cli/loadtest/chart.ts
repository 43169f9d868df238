/**
 * Charts: lines and points as SVG text, linear or logarithmic, that look the same in a page and in a README.
 *
 * Invariants: pure; what is not finite, or not above 0 on a logarithmic axis, is left out; no scripts, no fonts to load.
 *
 *     chart({ title: 'Latency', x: { label: 'messages/s' }, y: { label: 'ms', log: true }, series: [{ name: 'p99', points }] })
 */
export interface Axis {
  readonly label: string;
  readonly log?: boolean;
  readonly min?: number;
  readonly max?: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** `line` joins the points without marking them (theory); `points` marks them; `both` is the default. */
  readonly as?: 'line' | 'points' | 'both';
  readonly color?: string;
  readonly dashed?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Vertical lines with a word. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
  /** The upper corner in which the series are named; default 'left'. */
  readonly legend?: 'left' | 'right';
  readonly width?: number;
  readonly height?: number;
}

const COLORS = ['#2563eb', '#dc2626', '#059669', '#9333ea', '#d97706', '#475569'];
const MARGIN = { top: 40, right: 24, bottom: 48, left: 64 };
const TICKS = 6;

export function chart({ title, x, y, series, marks = [], legend = 'left', width = 720, height = 420 }: Chart): string {
  const shown = series.map((one) => ({
    ...one,
    points: one.points.filter(([px, py]) => drawable(px, x) && drawable(py, y)),
  }));
  const points = shown.flatMap((one) => one.points);
  const toX = scale(
    x,
    points.map(([px]) => px),
    MARGIN.left,
    width - MARGIN.right,
  );
  const toY = scale(
    y,
    points.map(([, py]) => py),
    height - MARGIN.bottom,
    MARGIN.top,
  );
  const bottom = height - MARGIN.bottom;
  const names = 44 + 7 * Math.max(0, ...shown.map(({ name }) => name.length));
  const legendAt = legend === 'left' ? MARGIN.left + 12 : width - MARGIN.right - names;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<clipPath id="c"><rect x="${MARGIN.left}" y="${MARGIN.top}" width="${width - MARGIN.left - MARGIN.right}" height="${bottom - MARGIN.top}"/></clipPath>`,
    `<text x="${MARGIN.left}" y="22" font-size="15" font-weight="600" fill="#0f172a">${escape(title)}</text>`,
    ...toX.ticks.map((tick) => {
      const at = round(toX.at(tick));
      return `<line x1="${at}" y1="${MARGIN.top}" x2="${at}" y2="${bottom}" stroke="#e2e8f0"/><text x="${at}" y="${bottom + 16}" text-anchor="middle" fill="#475569">${figure(tick)}</text>`;
    }),
    ...toY.ticks.map((tick) => {
      const at = round(toY.at(tick));
      return `<line x1="${MARGIN.left}" y1="${at}" x2="${width - MARGIN.right}" y2="${at}" stroke="#e2e8f0"/><text x="${MARGIN.left - 8}" y="${at + 4}" text-anchor="end" fill="#475569">${figure(tick)}</text>`;
    }),
    ...marks.map(({ x: at, label }) => {
      const px = round(toX.at(at));
      return `<line x1="${px}" y1="${MARGIN.top}" x2="${px}" y2="${bottom}" stroke="#94a3b8" stroke-dasharray="2 3"/><text x="${px - 4}" y="${bottom - 6}" text-anchor="end" fill="#64748b">${escape(label)}</text>`;
    }),
    ...shown.map((one, index) => draw(one, one.color ?? COLORS[index % COLORS.length]!, toX.at, toY.at)),
    ...shown.map((one, index) => key(one, one.color ?? COLORS[index % COLORS.length]!, index, legendAt)),
    `<text x="${(MARGIN.left + width - MARGIN.right) / 2}" y="${height - 10}" text-anchor="middle" fill="#0f172a">${escape(x.label)}</text>`,
    `<text transform="translate(16 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle" fill="#0f172a">${escape(y.label)}</text>`,
    '</svg>',
  ];
  return parts.join('\n');
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function drawable(value: number, axis: Axis): boolean {
  return Number.isFinite(value) && (!axis.log || value > 0);
}

function draw(
  { points, as = 'both', dashed }: Series,
  color: string,
  atX: (x: number) => number,
  atY: (y: number) => number,
): string {
  const places = points.map(([x, y]) => [round(atX(x)), round(atY(y))] as const);
  const line =
    as === 'points'
      ? ''
      : `<polyline points="${places.map((place) => place.join(',')).join(' ')}" fill="none" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ''}/>`;
  const dots =
    as === 'line' ? '' : places.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3.5" fill="${color}"/>`).join('');
  return `<g clip-path="url(#c)">${line}${dots}</g>`;
}

/** How one series is drawn, and its name. */
function key({ name, as, dashed }: Series, color: string, index: number, x: number): string {
  const y = MARGIN.top + 16 + index * 18;
  const sign =
    as === 'points'
      ? `<circle cx="${x + 12}" cy="${y - 4}" r="3.5" fill="${color}"/>`
      : `<line x1="${x}" y1="${y - 4}" x2="${x + 24}" y2="${y - 4}" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ''}/>`;
  return `${sign}<text x="${x + 32}" y="${y}" fill="#0f172a">${escape(name)}</text>`;
}

function scale(
  axis: Axis,
  values: readonly number[],
  start: number,
  end: number,
): { at: (value: number) => number; ticks: number[] } {
  const low = axis.min ?? (axis.log ? Math.min(...values, Infinity) : 0);
  const high = axis.max ?? Math.max(...values, axis.log ? 0 : 1e-9);
  const from = Number.isFinite(low) ? low : 1;
  const to = high > from ? high : from * 2 + 1;
  if (!axis.log) {
    const step = niceStep((to - from) / TICKS);
    const ticks = Array.from({ length: TICKS * 2 + 2 }, (_, i) => Math.ceil(from / step) * step + i * step).filter(
      (tick) => tick <= to * 1.001,
    );
    return { at: (value) => start + ((value - from) / (to - from)) * (end - start), ticks };
  }
  const [a, b] = [Math.log10(from), Math.log10(to)];
  const ticks: number[] = [];
  for (let power = Math.floor(a); power <= Math.ceil(b); power++) {
    for (const digit of [1, 2, 5]) ticks.push(digit * 10 ** power);
  }
  return {
    at: (value) => start + ((Math.log10(value) - a) / (b - a)) * (end - start),
    ticks: ticks.filter((tick) => tick >= from * 0.999 && tick <= to * 1.001),
  };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = rough / power;
  return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10) * power;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
