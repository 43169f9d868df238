/**
 * The storm with fewer clients than `npm run storm`: real SDK clients post while the room is crashed in every way.
 * STORM_CLIENTS sets how many.
 */
import { describe, expect, it } from 'vitest';
import { type ClientsReport, judge } from './storm/report.ts';
import { storm } from './storm/storm.ts';

const CLIENTS = Number(process.env['STORM_CLIENTS'] ?? 30);

it.each([
  { nodes: 0, transport: 'auto' },
  { nodes: 1, transport: 'auto' },
  { nodes: 0, transport: 'ws' },
] as const)(
  '10 crashes in 5 s lose nothing, double nothing and close nothing: $nodes nodes, $transport',
  async (where) => {
    const summary = await storm({ clients: CLIENTS, crashes: 10, seconds: 5, interval: 600, ...where });
    console.log(summary);
    expect(summary).toMatchObject({
      lost: 0,
      doubled: 0,
      appliedThoughRejected: 0,
      strange: 0,
      gaps: 0,
      differentStates: 0,
      closed: 0,
      restarts: 10,
      connections: { least: CLIENTS, most: CLIENTS },
    });
    expect(summary.ok).toBe(true);
    expect(summary.acknowledged).toBeGreaterThan(CLIENTS * 4);
  },
);

it.each([0, 1])(
  'with a client that hangs up and comes back at each crash, rooms on %i worker threads: the same',
  async (nodes) => {
    const summary = await storm({ clients: CLIENTS, crashes: 10, seconds: 5, interval: 300, nodes, hangUps: true });
    console.log(summary);
    expect(summary).toMatchObject({
      ok: true,
      lost: 0,
      doubled: 0,
      strange: 0,
      differentStates: 0,
      closed: 0,
      restarts: 10,
    });
    expect(summary.connections.least).toBeLessThan(CLIENTS);
  },
);

describe('the verdict', () => {
  const line = (n: number, id: string) => ({ n, id, by: 'poster', at: 0, text: '' });
  const good: ClientsReport = {
    clients: 1,
    closed: 0,
    acknowledged: ['a'],
    rejected: ['r'],
    inDoubt: ['d', 'e'],
    triedAgain: 0,
    seen: ['a', 'd'],
    history: [line(1, 'a'), line(2, 'd')],
    freshState: '{}',
    states: ['{}'],
    latency: { median: 1, p99: 1, longest: 1 },
  };

  it('passes what is right: a line in doubt is there or not', () => {
    expect(judge(good).ok).toBe(true);
  });

  it.each<[string, Partial<ClientsReport>, object]>([
    ['an acknowledged line that is lost', { acknowledged: ['a', 'b'] }, { lost: 1 }],
    ['a seen line that is lost', { seen: ['e'] }, { lost: 1 }],
    ['a line that is there twice', { history: [line(1, 'a'), line(2, 'd'), line(3, 'a')] }, { doubled: 1 }],
    [
      'a rejected line that is there',
      { history: [line(1, 'a'), line(2, 'd'), line(3, 'r')] },
      { appliedThoughRejected: 1 },
    ],
    ['half of a crashed turn', { history: [line(1, 'a'), line(2, 'd'), line(3, 'half-done')] }, { strange: 1 }],
    ['a gap', { history: [line(1, 'a'), line(3, 'd')] }, { gaps: 1 }],
    ['a state that differs', { states: ['{"lines":[]}'] }, { differentStates: 1 }],
    ['a closed socket', { closed: 1 }, { closed: 1 }],
    ['nothing at all', { acknowledged: [], seen: [], inDoubt: [], history: [] }, { posted: 1 }],
  ])('finds %s', (_what, fault, figures) => {
    expect(judge({ ...good, ...fault })).toMatchObject({ ok: false, ...figures });
  });
});
