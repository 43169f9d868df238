/**
 * What a run came to: the points of each experiment, from k6's samples and the server's word.
 *
 * Invariants: plain data, as it is written to the results; computed from results of rates and nothing else.
 *
 *     summarise(result, 'genServer teller-of-1') // {rate: 96, p99: 18.2, mean: 7.6, theory: 7.7, …}
 */
import { type Histogram, type LoadResult, quantile, type ServerLoad } from 'genroom/loadtest';
import { batchMeans, pollaczekKhinchine } from './theory.ts';

/** One rate of one experiment. Times in milliseconds, rates in messages a second. */
export interface Point {
  readonly rate: number;
  readonly sentRate: number;
  /** Answers a second within the time that counts. */
  readonly answeredRate: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly mean: number;
  /** Half width of the mean's 95 % confidence interval. */
  readonly half: number;
  /** The mean by Pollaczek–Khinchine, with this point's own rate and service times; null at saturation. */
  readonly theory: number | null;
  readonly service: number;
  readonly serviceSquared: number;
  readonly wait: number;
  readonly utilisation: number;
  readonly depth: number;
  /** Share of the service time that was an await. */
  readonly held: number;
  /** Share of a core. */
  readonly serverCpu: number | null;
  readonly generator: { readonly sendLag: number; readonly receiveLag: number; readonly cpu: number | null };
  /** Why this point cannot be used; empty where it can. */
  readonly faults: readonly string[];
  readonly histogram: Histogram;
}

export interface Sweep {
  readonly shards: number;
  /** The processes that are measured. */
  readonly behaviour: string;
  readonly points: readonly Point[];
}

export interface Summary {
  readonly version: 1;
  readonly quick: boolean;
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly node: string;
    readonly k6: string;
    readonly pinned: boolean;
  };
  /** E0: the null echo, from the lowest rate up. */
  readonly ceiling: Sweep;
  /** E1 is the sweep of one shard, E2 those of more. */
  readonly bank: readonly Sweep[];
  /** E3: one room and several, each beyond saturation, as the last point. */
  readonly chat: readonly Sweep[];
}

export function summarise(
  { step, health, faults, serverCpu, server }: LoadResult,
  behaviour: string,
  shards = 1,
): Point {
  const { mean, half } = batchMeans(step.batches);
  const own: ServerLoad | undefined = server.find((load) => load.behaviour === behaviour);
  const service = own?.service ?? 0;
  const serviceSquared = own?.serviceSquared ?? 0;
  const theory = own ? pollaczekKhinchine({ rate: health.sentRate / shards, service, serviceSquared }) : Infinity;
  return {
    rate: step.rate,
    sentRate: health.sentRate,
    answeredRate: step.answeredWithin / step.seconds,
    p50: quantile(step.latency, 0.5),
    p95: quantile(step.latency, 0.95),
    p99: quantile(step.latency, 0.99),
    mean,
    half,
    theory: Number.isFinite(theory) ? theory : null,
    service,
    serviceSquared,
    wait: own?.wait ?? 0,
    utilisation: own?.utilisation ?? 0,
    depth: own?.depth ?? 0,
    held: own?.held ?? 0,
    serverCpu: serverCpu ?? null,
    generator: { sendLag: health.sendLag, receiveLag: health.receiveLag, cpu: health.cpu ?? null },
    faults: own ? faults : [...faults, `the server said nothing of ${behaviour}`],
    histogram: step.latency,
  };
}

/**
 * What the way there and back takes, generator and sockets included, in ms: the mean of the echo at its lowest rate, where
 * nothing waits for anything. Queueing theory knows of no way; k6 sees it on every message.
 */
export function wayOf({ ceiling }: Pick<Summary, 'ceiling'>): number {
  return ceiling.points[0]?.mean ?? 0;
}

/** Mean service time over a sweep, weighted by what was answered. */
export function serviceOf({ points }: Sweep): number {
  const weight = points.reduce((all, { histogram }) => all + histogram.count, 0);
  return weight === 0 ? 0 : points.reduce((all, { service, histogram }) => all + service * histogram.count, 0) / weight;
}
