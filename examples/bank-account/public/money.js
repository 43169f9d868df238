/** Money on the page: what people type, and what they read. The bank judges amounts; this only reads them. */

/** Cents of `12`, `12.5` or `-12.50`; undefined for anything else. */
export function parseAmount(text) {
  const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text.trim());
  return match ? Number(`${match[1]}${match[2]}${(match[3] ?? '').padEnd(2, '0')}`) : undefined;
}

export function formatCents(cents) {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
