/**
 * The judge: whether a run says what it has to say, and whether it may be believed. All thresholds stand here.
 *
 * Invariants: pure; every verdict carries the figure and the limit; a run whose generator was not well is refused before
 * its figures are looked at, and no figure of a faulty point is used.
 *
 *     judge(summary) // {pass: false, rows: [{name: 'E1 knee', ours: 0.7, goal: 0.8, unit: 'of 1/S', pass: false, …}]}
 */
import { type Point, serviceOf, type Summary, type Sweep, wayOf } from './summary.ts';

export const THRESHOLDS = {
  /** The knee is the highest offered rate whose p99 is at most so many service times. */
  kneeServices: 20,
  /** Where it lies, as a share of 1/S. */
  kneeFrom: 0.8,
  kneeUntil: 1.0,
  /** Share of its core that the server may use there. */
  idleCore: 0.3,
  /** By how much the mean, less the way that an echo takes, may differ from Pollaczek–Khinchine at these shares of 1/S. */
  theory: [
    { rho: 0.5, within: 0.15 },
    { rho: 0.7, within: 0.15 },
    { rho: 0.85, within: 0.25 },
  ],
  /** How far from those shares a point may lie: the service time of the run differs from that of its pilot. */
  nearby: 0.04,
  /** How much higher the knee of four shards is. */
  fourShards: 3.6,
  /** What shards may gain where the core is the limit, and how busy it must be for that to be said. */
  cpuBoundGain: 0.1,
  cpuBoundCore: 0.9,
  /** Share of the generator's ceiling that may be used. */
  ceiling: 0.5,
} as const;

export interface Verdict {
  readonly name: string;
  readonly pass: boolean;
  /** The figure, what it is held against where that is not a limit, and the limit. Absent where nothing was found. */
  readonly ours?: number;
  readonly peer?: number;
  readonly ratio?: number;
  readonly goal: number;
  readonly unit: string;
  readonly found: string;
  readonly wanted: string;
}

export interface Judgement {
  readonly pass: boolean;
  readonly rows: readonly Verdict[];
}

export function judge(summary: Summary): Judgement {
  const rows = summary.quick
    ? [answers(summary), shape(summary)]
    : [
        generator(summary),
        ceiling(summary),
        ...knee(summary),
        ...theory(summary),
        fourShards(summary),
        ...cpuBound(summary),
      ];
  return { pass: rows.every((row) => row.pass), rows };
}

/** The highest offered rate that is usable and still quick; undefined where there is none. */
export function kneeOf({ points }: Sweep, service: number): Point | undefined {
  return points
    .filter(({ faults, p99 }) => faults.length === 0 && p99 <= THRESHOLDS.kneeServices * service)
    .toSorted((a, b) => a.rate - b.rate)
    .at(-1);
}

/** The highest rate at which the generator was well. */
export function ceilingOf({ ceiling }: Summary): number {
  return Math.max(0, ...ceiling.points.filter(({ faults }) => faults.length === 0).map(({ rate }) => rate));
}

const one = (summary: Summary): Sweep => summary.bank.find(({ shards }) => shards === 1)!;
const four = (summary: Summary): Sweep | undefined => summary.bank.find(({ shards }) => shards === 4);

/** The points that a verdict rests on. */
function judged(summary: Summary): { readonly of: string; readonly point: Point }[] {
  return [
    // The way is taken from there.
    ...summary.ceiling.points.slice(0, 1).map((point) => ({ of: 'E0', point })),
    ...one(summary).points.map((point) => ({ of: 'E1', point })),
    ...(four(summary)?.points ?? []).map((point) => ({ of: 'E2', point })),
    ...summary.chat.flatMap(({ points }) => points.slice(-1).map((point) => ({ of: 'E3', point }))),
  ];
}

function generator(summary: Summary): Verdict {
  const bad = judged(summary).flatMap(({ of, point }) =>
    point.faults.map((fault) => `${of} at ${point.rate.toFixed(0)}/s: ${fault}`),
  );
  return {
    name: 'generator healthy, no unexplained failures',
    pass: bad.length === 0,
    ours: bad.length,
    goal: 0,
    unit: 'faults',
    found: bad.length === 0 ? 'at all rates' : bad.join('; '),
    wanted: 'no fault at any rate that is judged',
  };
}

function ceiling(summary: Summary): Verdict {
  const most = Math.max(...judged(summary).map(({ point }) => point.sentRate));
  const limit = ceilingOf(summary) * THRESHOLDS.ceiling;
  return {
    name: 'E0 generator far from its ceiling',
    pass: most <= limit,
    ours: most,
    goal: limit,
    unit: 'messages/s, at most',
    found: `at most ${most.toFixed(0)} messages/s`,
    wanted: `at most ${limit.toFixed(0)}, half of its ceiling`,
  };
}

function knee(summary: Summary): Verdict[] {
  const sweep = one(summary);
  const service = serviceOf(sweep);
  const found = kneeOf(sweep, service);
  const rho = found ? (found.rate * service) / 1000 : 0;
  const cpu = found?.serverCpu ?? null;
  const { kneeFrom, kneeUntil, idleCore } = THRESHOLDS;
  return [
    {
      name: 'E1 knee',
      pass: rho >= kneeFrom && rho <= kneeUntil,
      ...(found && { ours: rho }),
      goal: kneeFrom,
      unit: 'of 1/S',
      found: found ? `${rho.toFixed(2)} of 1/S (${found.rate.toFixed(0)}/s)` : 'no knee',
      wanted: `${kneeFrom} to ${kneeUntil} of 1/S`,
    },
    {
      name: 'E1 the core idle at the knee',
      pass: cpu !== null && cpu <= idleCore,
      ...(cpu !== null && { ours: cpu }),
      goal: idleCore,
      unit: 'of a core, at most',
      found: `core ${percent(cpu)} busy`,
      wanted: `at most ${percent(idleCore)} busy`,
    },
  ];
}

function theory(summary: Summary): Verdict[] {
  const sweep = one(summary);
  const service = serviceOf(sweep);
  return THRESHOLDS.theory.map(({ rho, within }) => {
    const distance = (point: Point): number => Math.abs((point.rate * service) / 1000 - rho);
    const point = sweep.points.toSorted((a, b) => distance(a) - distance(b))[0];
    const wanted = `within ${percent(within)} of Pollaczek–Khinchine, less the way of an echo`;
    const row = { name: `E1 mean at ρ = ${rho}`, goal: within, unit: 'ms; the goal is a share of the theory', wanted };
    if (!point || distance(point) > THRESHOLDS.nearby || point.theory === null)
      return { ...row, pass: false, found: 'no point there' };
    const way = wayOf(summary);
    const off = (point.mean - way) / point.theory - 1;
    const whole = point.mean / point.theory - 1;
    return {
      ...row,
      pass: Math.abs(off) <= within,
      ours: point.mean - way,
      peer: point.theory,
      ratio: 1 + off,
      found:
        `${point.mean.toFixed(2)} ± ${point.half.toFixed(2)} ms, of which the way ${way.toFixed(2)}; ` +
        `theory ${point.theory.toFixed(2)} ms (${signed(off)}; with the way ${signed(whole)})`,
    };
  });
}

function fourShards(summary: Summary): Verdict {
  const service = serviceOf(one(summary));
  const first = kneeOf(one(summary), service);
  const sweep = four(summary);
  const found = sweep && kneeOf(sweep, service);
  const times = first && found ? found.rate / first.rate : 0;
  return {
    name: 'E2 knee of four shards',
    pass: times >= THRESHOLDS.fourShards,
    ...(first && found && { ours: found.rate, peer: first.rate, ratio: times }),
    goal: THRESHOLDS.fourShards,
    unit: 'messages/s; the goal is a ratio',
    found: first && found ? `${times.toFixed(2)} times as high (${found.rate.toFixed(0)}/s)` : 'no knee',
    wanted: `at least ${THRESHOLDS.fourShards} times that of one`,
  };
}

function cpuBound({ chat }: Summary): Verdict[] {
  const last = (sweep: Sweep | undefined): Point | undefined => sweep?.points.at(-1);
  const single = last(chat.find(({ shards }) => shards === 1));
  const several = last(chat.find(({ shards }) => shards > 1));
  const gain = single && several ? several.answeredRate / single.answeredRate - 1 : Infinity;
  const cores = [single?.serverCpu ?? 0, several?.serverCpu ?? 0];
  return [
    {
      name: 'E3 shards on one core gain nothing',
      pass: gain < THRESHOLDS.cpuBoundGain,
      ...(single && several && { ours: several.answeredRate, peer: single.answeredRate, ratio: 1 + gain }),
      goal: THRESHOLDS.cpuBoundGain,
      unit: 'posts/s; the goal is the gain, at most',
      found:
        single && several
          ? `${signed(gain)} (${single.answeredRate.toFixed(0)} → ${several.answeredRate.toFixed(0)} posts/s)`
          : 'not measured',
      wanted: `less than ${percent(THRESHOLDS.cpuBoundGain)}`,
    },
    {
      name: 'E3 the core was the limit',
      pass: cores.every((core) => core >= THRESHOLDS.cpuBoundCore),
      ours: Math.min(...cores),
      goal: THRESHOLDS.cpuBoundCore,
      unit: 'of a core',
      found: `core ${cores.map(percent).join(' and ')} busy`,
      wanted: `at least ${percent(THRESHOLDS.cpuBoundCore)}`,
    },
  ];
}

/** Quick runs are too short for figures: whether all was answered. */
function answers(summary: Summary): Verdict {
  const bad = judged(summary).flatMap(({ point }) =>
    point.faults.filter((fault) => /failed:|never answered|said nothing/.test(fault)),
  );
  return {
    name: 'all was answered',
    pass: bad.length === 0,
    ours: bad.length,
    goal: 0,
    unit: 'faults',
    found: bad.join('; ') || 'yes',
    wanted: 'no failures',
  };
}

/** … and whether the stick is bent at all. */
function shape(summary: Summary): Verdict {
  const { points } = one(summary);
  const [calm, full] = [points[0]!, points.at(-1)!];
  return {
    name: 'waiting grows with load',
    pass: full.wait > 2 * calm.wait && full.mean > calm.mean,
    ours: full.wait,
    peer: calm.wait,
    ratio: full.wait / calm.wait,
    goal: 2,
    unit: 'ms of waiting; the goal is a ratio',
    found: `${calm.mean.toFixed(1)} ms at ${calm.rate.toFixed(0)}/s, ${full.mean.toFixed(1)} ms at ${full.rate.toFixed(0)}/s`,
    wanted: 'more than at the lowest rate',
  };
}

function percent(share: number | null): string {
  return share === null ? 'unknown' : `${Math.round(share * 100)} %`;
}

function signed(share: number): string {
  return `${share >= 0 ? '+' : '−'}${Math.abs(share * 100).toFixed(1)} %`;
}
