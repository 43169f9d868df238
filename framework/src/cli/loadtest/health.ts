/**
 * Whether the generator was well while a rate counted. A figure of a generator that was late, or had no CPU left, is
 * about the generator.
 *
 * Invariant: pure; all thresholds of health stand here.
 *
 *     faultsOf(step) // ['sent 9.1 ms late (p99), more than 5 ms']
 */
import { quantile } from './histogram.ts';
import type { StepLine } from './driver.ts';

export const HEALTH = {
  /** Milliseconds, p99: how late a message was sent. */
  sendLag: 5,
  /** Milliseconds, p99: how long what had come was not looked at. */
  receiveLag: 5,
  /** Share of its core that k6 used. */
  cpu: 0.8,
  /** By how much the rate sent may differ from the one offered, beyond what chance does to Poisson arrivals. */
  rate: 0.02,
} as const;

export interface Health {
  /** Milliseconds, p99. */
  readonly sendLag: number;
  readonly receiveLag: number;
  /** Share of a core; undefined where it could not be seen. */
  readonly cpu: number | undefined;
  /** Messages a second that were sent. */
  readonly sentRate: number;
}

export function healthOf(step: StepLine, cpu: number | undefined): Health {
  return {
    sendLag: quantile(step.sendLag, 0.99),
    receiveLag: quantile(step.receiveLag, 0.99),
    cpu,
    sentRate: step.sent / step.seconds,
  };
}

/** What is wrong with a step's figures; empty where they can be used. */
export function faultsOf(step: StepLine, health: Health, pacing: 'poisson' | 'even' = 'poisson'): string[] {
  const faults: string[] = [];
  const { sendLag, receiveLag, cpu, sentRate } = health;
  if (sendLag > HEALTH.sendLag) faults.push(`sent ${sendLag.toFixed(1)} ms late (p99), more than ${HEALTH.sendLag} ms`);
  if (receiveLag > HEALTH.receiveLag) {
    faults.push(`looked ${receiveLag.toFixed(1)} ms late at what came (p99), more than ${HEALTH.receiveLag} ms`);
  }
  if (cpu !== undefined && cpu > HEALTH.cpu) {
    faults.push(`k6 used ${Math.round(cpu * 100)} % of its core, more than ${HEALTH.cpu * 100} %`);
  }
  const expected = step.rate * step.seconds;
  const chance = pacing === 'poisson' ? 3 * Math.sqrt(expected) : 1;
  if (Math.abs(step.sent - expected) > HEALTH.rate * expected + chance) {
    faults.push(`sent ${sentRate.toFixed(1)} messages/s instead of ${step.rate.toFixed(1)}`);
  }
  for (const [why, times] of Object.entries(step.failures)) faults.push(`${times} failed: ${why}`);
  if (step.unanswered > 0) faults.push(`${step.unanswered} were never answered`);
  return faults;
}
