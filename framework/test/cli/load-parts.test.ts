/** Parts of the load tests by themselves: histograms, frames, charts, and what is read of /metrics. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chart } from '../../src/cli/loadtest/chart.ts';
import { newHistogram, quantile, record } from '../../src/cli/loadtest/histogram.ts';
import { page } from '../../src/cli/loadtest/page.ts';
import { castFrame, readAnswer, requestFrame, seatUrl } from '../../src/cli/loadtest/protocol.ts';
import { parseProcessMetrics } from '../../src/cli/loadtest/server-load.ts';
import { openMetrics } from '../../src/telemetry/index.ts';

test('a quantile is right to two percent, whatever the sizes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.02, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.5, 0.95, 0.99, 1),
      (values, q) => {
        const histogram = newHistogram();
        for (const value of values) record(histogram, value);
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(values.length * q) - 1]!;
        const found = quantile(histogram, q);
        expect(found).toBeGreaterThanOrEqual(exact * 0.999);
        expect(found).toBeLessThanOrEqual(exact * 1.021);
        expect(histogram.count).toBe(values.length);
      },
    ),
  );
  expect(quantile(newHistogram(), 0.99)).toBe(0);
});

test('frames as the protocol has them', () => {
  const hex = (frame: ArrayBuffer): string => Buffer.from(frame).toString('hex');
  expect(hex(requestFrame(7, 'sum', new Uint8Array([0x80])))).toBe('1507a373756d80');
  expect(hex(requestFrame(256, 'sum', undefined))).toBe('15cd0001a373756d');
  expect(hex(castFrame('echo', undefined))).toBe('0da46563686f');
  expect(readAnswer(new Uint8Array([0x16, 0x07, 0x00, 0x03]))).toEqual({
    id: 7,
    status: 0,
    payload: new Uint8Array([3]),
  });
  expect(readAnswer(new Uint8Array([0x16, 0x07, 0x01]))).toEqual({ id: 7, status: 1, payload: undefined });
});

test('a request and its answer name each other by any number', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (id) => {
      const request = new Uint8Array(requestFrame(id, '', undefined));
      // The number stands in a request as in its answer, which has a status where the type was.
      const answer = new Uint8Array([0x16, ...request.subarray(1, -1), 0]);
      expect(readAnswer(answer).id).toBe(id);
    }),
  );
});

test('where a seat is', () => {
  const seat = { roomId: 'R', processId: 'P', sessionId: 'S' };
  expect(seatUrl('https://game.example', seat)).toBe('wss://game.example/P/R?sessionId=S');
  expect(seatUrl('http://x', { ...seat, publicAddress: 'y:1' })).toBe('ws://y:1/P/R?sessionId=S');
});

test('what metrics write is what is read, the nodes of a server together', async () => {
  const metrics = openMetrics();
  const labels = ['node', 'behaviour'];
  const on = (node: string, value: number) => ({ labels: { node, behaviour: 'genServer bank' }, value });
  metrics.gauge({ name: 'genroom_process_utilisation', help: 'the largest', labels }, () => [
    on('main', 0),
    on('a', 0.9),
  ]);
  metrics.total({ name: 'genroom_process_messages_total', help: 'added', labels }, () => [on('main', 1), on('a', 41)]);
  const read = new Map([
    ['utilisation', 0.9],
    ['messages_total', 42],
  ]);
  expect(parseProcessMetrics(await metrics.text())).toEqual(new Map([['genServer bank', read]]));
  metrics.close();
});

test('a chart leaves out what cannot be drawn, and texts stay texts', () => {
  const points = [
    [1, 5],
    [2, Infinity],
    [3, 0],
    [4, 50],
  ] as const;
  const svg = chart({
    title: 'a < b',
    x: { label: 'x' },
    y: { label: 'y', log: true },
    series: [{ name: 's', points }],
  });
  expect(svg.match(/<circle/g)).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|Infinity/);
  expect(svg).toContain('a &lt; b');
  const none = chart({ title: '', x: { label: '' }, y: { label: '', log: true }, series: [] });
  expect(none).not.toMatch(/NaN|Infinity/);
  const html = page('<script>', [{ heading: 'h', table: { head: ['a'], rows: [['<b>']] } }]);
  expect(html).toContain('&lt;script&gt;');
  expect(html).toContain('<td>&lt;b&gt;</td>');
});
