/**
 * What queueing theory says of one server with one queue and Poisson arrivals. Times in milliseconds, rates in messages
 * a second.
 *
 * Invariant: pure; at or beyond saturation the answer is Infinity.
 *
 *     pollaczekKhinchine({ rate: 100, service: 5, serviceSquared: 25 }) // 7.5: half of it is waiting
 */

export interface Served {
  /** Messages a second. */
  readonly rate: number;
  /** Mean service time, ms. */
  readonly service: number;
  /** Mean of its square, ms². */
  readonly serviceSquared: number;
}

/** Share of the time that the server is busy. */
export function utilisation(rate: number, service: number): number {
  return (rate * service) / 1000;
}

/** Mean time from arrival to answer of M/G/1: S + λE[S²] / (2(1−ρ)). */
export function pollaczekKhinchine({ rate, service, serviceSquared }: Served): number {
  const rho = utilisation(rate, service);
  return rho >= 1 ? Infinity : service + ((rate / 1000) * serviceSquared) / (2 * (1 - rho));
}

/** M/D/1: the service time is always the same. */
export function deterministic(rate: number, service: number): number {
  return pollaczekKhinchine({ rate, service, serviceSquared: service ** 2 });
}

/** M/M/1: S / (1−ρ). */
export function exponential(rate: number, service: number): number {
  return pollaczekKhinchine({ rate, service, serviceSquared: 2 * service ** 2 });
}

/** Mean number in the system by Little's law: λR. */
export function little(rate: number, response: number): number {
  return (rate / 1000) * response;
}

/** Most that `shards` carry whose service takes `service`, where each message costs the shared core `cpu`. */
export function carried(shards: number, service: number, cpu: number): number {
  return Math.min((shards * 1000) / service, cpu > 0 ? 1000 / cpu : Infinity);
}

/** Mean and half width of its 95 % confidence interval, by batch means: neighbours in a queue are not independent. */
export function batchMeans(batches: readonly { readonly count: number; readonly sum: number }[]): {
  mean: number;
  half: number;
} {
  const means = batches.filter(({ count }) => count > 0).map(({ count, sum }) => sum / count);
  const count = batches.reduce((all, batch) => all + batch.count, 0);
  const mean = count === 0 ? 0 : batches.reduce((all, batch) => all + batch.sum, 0) / count;
  if (means.length < 2) return { mean, half: Infinity };
  const middle = means.reduce((all, value) => all + value, 0) / means.length;
  const variance = means.reduce((all, value) => all + (value - middle) ** 2, 0) / (means.length - 1);
  return { mean, half: studentT(means.length - 1) * Math.sqrt(variance / means.length) };
}

/** The 97.5 % quantile of Student's t, by the expansion of Cornish and Fisher. */
function studentT(freedom: number): number {
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
}
