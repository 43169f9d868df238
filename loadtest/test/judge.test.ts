/** The judge: a good run passes, and a bad run of each kind is refused for its own reason. */
import { newHistogram, record } from '../../framework/src/cli/loadtest/histogram.ts';
import { type Health, HEALTH } from 'genroom/loadtest';
import { expect, test } from 'vitest';
import type { StepLine } from '../../framework/src/cli/loadtest/driver.ts';
import { faultsOf } from '../../framework/src/cli/loadtest/health.ts';
import { judge, kneeOf, THRESHOLDS } from '../judge.ts';
import type { Point, Summary, Sweep } from '../summary.ts';
import { pollaczekKhinchine } from '../theory.ts';

const SERVICE = 5.2;
/** What the echo took, ms. */
const WAY = 1.1;

function histogram(mean: number) {
  const made = newHistogram();
  for (let i = 0; i < 100; i++) record(made, mean);
  return made;
}

/** As a healthy run has it: the tail of M/D/1 falls off exponentially. */
function point(rho: number, shards = 1, change: Partial<Point> = {}): Point {
  const rate = (rho * shards * 1000) / SERVICE;
  const theory = pollaczekKhinchine({ rate: rate / shards, service: SERVICE, serviceSquared: SERVICE ** 2 * 1.01 });
  const mean = Number.isFinite(theory) ? theory * 1.02 + WAY : 700;
  return {
    rate,
    sentRate: rate,
    answeredRate: Math.min(rate, (shards * 1000) / SERVICE),
    p50: mean * 0.8,
    p95: mean * 2,
    p99: rho < 1 ? SERVICE * (1 + 4.6 / (2 * (1 - rho))) : 1500,
    mean,
    half: 0.2,
    theory: Number.isFinite(theory) ? theory : null,
    service: SERVICE,
    serviceSquared: SERVICE ** 2 * 1.01,
    wait: mean - SERVICE,
    utilisation: Math.min(1, rho),
    depth: 3,
    held: 0.98,
    serverCpu: 0.05 * shards,
    generator: { sendLag: 1, receiveLag: 1, cpu: 0.2 },
    faults: [],
    histogram: histogram(mean),
    ...change,
  };
}

const bank = (shards: number, rhos: readonly number[]): Sweep => ({
  shards,
  behaviour: `genServer teller-of-${shards}`,
  points: rhos.map((rho) => point(rho, shards)),
});

function chat(shards: number, answeredRate: number, serverCpu = 0.98): Sweep {
  const overloaded = point(1.25, 1, { answeredRate, serverCpu, held: 0 });
  return { shards, behaviour: 'genServer room', points: [overloaded] };
}

function good(): Summary {
  return {
    version: 1,
    quick: false,
    startedAt: '2026-01-01T00:00:00.000Z',
    seconds: 400,
    machine: { cpus: 2, model: 'a processor', node: 'v24', k6: 'k6 v2.2.0', pinned: true },
    ceiling: {
      shards: 1,
      behaviour: 'genServer room',
      points: [1000, 2000].map((rate) => point(0.1, 1, { rate, mean: WAY })),
    },
    bank: [
      bank(1, [0.1, 0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 1.2]),
      bank(2, [0.5, 0.85]),
      bank(4, [0.5, 0.8, 0.85, 0.9, 0.95]),
    ],
    chat: [chat(1, 200), chat(4, 204)],
  };
}

/** A run in which the points of one number of shards are changed. */
function changed(shards: number, change: (point: Point, rho: number) => Partial<Point>): Summary {
  const summary = good();
  const sweeps = summary.bank.map((sweep) => {
    if (sweep.shards !== shards) return sweep;
    const points = sweep.points.map((one) => ({ ...one, ...change(one, (one.rate * SERVICE) / 1000 / shards) }));
    return { ...sweep, points };
  });
  return { ...summary, bank: sweeps };
}

const refusals = (summary: Summary): string[] => {
  const { pass, rows } = judge(summary);
  const names = rows.filter((row) => !row.pass).map(({ name }) => name);
  expect(pass).toBe(names.length === 0);
  return names;
};

test('a good run passes', () => {
  expect(judge(good()).rows.filter(({ pass }) => !pass)).toEqual([]);
  expect(judge(good()).pass).toBe(true);
});

test('the knee is the highest usable rate that is quick enough', () => {
  const [one] = good().bank;
  expect((kneeOf(one!, SERVICE)!.rate * SERVICE) / 1000).toBeCloseTo(0.85);
  const faulty = changed(1, (_, rho) => (Math.abs(rho - 0.85) < 0.01 ? { faults: ['late'] } : {})).bank[0]!;
  expect((kneeOf(faulty, SERVICE)!.rate * SERVICE) / 1000).toBeCloseTo(0.8);
});

test.each(['sent 9 ms late', 'looked 9 ms late', 'k6 used 95 % of its core', '3 failed: overloaded'])(
  'a fault of the generator refuses the run: %s',
  (fault) => {
    expect(refusals(changed(1, (_, rho) => (Math.abs(rho - 0.3) < 0.01 ? { faults: [fault] } : {})))).toEqual([
      'generator healthy, no unexplained failures',
    ]);
  },
);

test('a way that was measured by a generator that was not well refuses the run', () => {
  const summary = good();
  const [way, ...rest] = summary.ceiling.points;
  const ceiling = { ...summary.ceiling, points: [{ ...way!, faults: ['sent 9 ms late'] }, ...rest] };
  expect(refusals({ ...summary, ceiling })).toEqual(['generator healthy, no unexplained failures']);
});

test('a rate near the ceiling of the generator is refused', () => {
  const summary = good();
  const ceiling = { ...summary.ceiling, points: summary.ceiling.points.slice(0, 1) };
  expect(refusals({ ...summary, ceiling })).toEqual(['E0 generator far from its ceiling']);
});

test('a knee that is too low, too high, or on a busy core is refused', () => {
  expect(refusals(changed(1, (_, rho) => (rho > 0.6 ? { p99: 400 } : {})))).toContain('E1 knee');
  expect(refusals(changed(1, () => ({ p99: 10 })))).toContain('E1 knee');
  expect(refusals(changed(1, () => ({ p99: 400 })))).toContain('E1 knee');
  expect(refusals(changed(1, () => ({ serverCpu: 0.5 })))).toEqual(['E1 the core idle at the knee']);
  expect(refusals(changed(1, () => ({ serverCpu: null })))).toEqual(['E1 the core idle at the knee']);
});

test.each(THRESHOLDS.theory)('a mean that is off from theory at $rho is refused', ({ rho, within }) => {
  const off = (by: number) =>
    changed(1, (one, at) => (Math.abs(at - rho) < 0.01 ? { mean: one.theory! * (1 + by) + WAY } : {}));
  expect(refusals(off(within + 0.01))).toEqual([`E1 mean at ρ = ${rho}`]);
  expect(refusals(off(-within - 0.01))).toEqual([`E1 mean at ρ = ${rho}`]);
  expect(refusals(off(within - 0.01))).toEqual([]);
  const left = good().bank.map((sweep) =>
    sweep.shards > 1
      ? sweep
      : { ...sweep, points: sweep.points.filter(({ rate }) => Math.abs((rate * SERVICE) / 1000 - rho) > 0.01) },
  );
  expect(refusals({ ...good(), bank: left })).toContain(`E1 mean at ρ = ${rho}`);
});

test('shards that do not scale are refused, and missing ones', () => {
  expect(refusals(changed(4, (_, rho) => (rho > 0.6 ? { p99: 400 } : {})))).toEqual(['E2 knee of four shards']);
  expect(refusals({ ...good(), bank: good().bank.filter(({ shards }) => shards !== 4) })).toEqual([
    'E2 knee of four shards',
  ]);
});

test('E3 is refused where shards gain on one core, or where the core was not the limit', () => {
  expect(refusals({ ...good(), chat: [chat(1, 200), chat(4, 225)] })).toEqual(['E3 shards on one core gain nothing']);
  expect(refusals({ ...good(), chat: [chat(1, 200, 0.5), chat(4, 200)] })).toEqual(['E3 the core was the limit']);
  expect(refusals({ ...good(), chat: [] })).toContain('E3 shards on one core gain nothing');
});

test('a quick run is refused where answers fail, or waiting does not grow', () => {
  const quick = (summary: Summary): Summary => ({ ...summary, quick: true });
  expect(refusals(quick(good()))).toEqual([]);
  expect(refusals(quick(changed(1, () => ({ faults: ['3 failed: not a good answer'] }))))).toEqual([
    'all was answered',
  ]);
  expect(refusals(quick(changed(1, () => ({ wait: 1 }))))).toEqual(['waiting grows with load']);
});

/** A rate as the driver writes it, without a fault. */
function line(change: Partial<StepLine> = {}): StepLine {
  return {
    kind: 'step',
    rate: 100,
    seconds: 10,
    from: 0,
    until: 10_000,
    sent: 1000,
    answered: 1000,
    answeredWithin: 1000,
    unanswered: 0,
    failures: {},
    latency: histogram(7),
    sendLag: histogram(1),
    receiveLag: histogram(1),
    received: 1000,
    batches: [],
    ...change,
  };
}

const health: Health = { sendLag: 1, receiveLag: 1, cpu: 0.3, sentRate: 100 };

test.each<[string, Partial<StepLine>, Partial<Health>]>([
  ['late', {}, { sendLag: HEALTH.sendLag + 0.1 }],
  ['looked', {}, { receiveLag: HEALTH.receiveLag + 0.1 }],
  ['of its core', {}, { cpu: HEALTH.cpu + 0.01 }],
  ['instead of', { sent: 870 }, { sentRate: 87 }],
  ['instead of', { sent: 1130 }, { sentRate: 113 }],
  ['failed: refused', { failures: { 'refused: overloaded': 2 } }, {}],
  ['never answered', { unanswered: 1 }, {}],
])('a generator that is not well is found out: %s', (said, step, of) => {
  expect(faultsOf(line(), health)).toEqual([]);
  const faults = faultsOf(line(step), { ...health, ...of });
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(said);
});

test('chance may make more or fewer Poisson arrivals, but not of even ones', () => {
  expect(faultsOf(line({ sent: 1080 }), { ...health, sentRate: 108 })).toEqual([]);
  expect(faultsOf(line({ sent: 1080 }), { ...health, sentRate: 108 }, 'even')).toHaveLength(1);
});
