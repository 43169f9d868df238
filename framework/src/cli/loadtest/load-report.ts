/**
 * The report of a user's load test: percentiles against the offered rate, the generator's health, the server's word.
 *
 * Invariant: pure.
 *
 *     loadReport({ url, room }, result) // HTML
 */
import { chart, type Series } from './chart.ts';
import type { Held } from './driver.ts';
import { mean, quantile } from './histogram.ts';
import { HEALTH } from './health.ts';
import { page } from './page.ts';
import type { LoadResult, LoadRunResult } from './run.ts';

const QUANTILES = [0.5, 0.95, 0.99] as const;

/** One rate as a line of text. */
export function stepLine({ step, faults }: LoadResult): string {
  const times = QUANTILES.map((q) => `p${q * 100} ${quantile(step.latency, q).toFixed(1)} ms`).join(', ');
  const health = faults.length === 0 ? 'generator well' : `NOT USABLE: ${faults.join('; ')}`;
  return `${step.rate.toFixed(0)}/s: ${step.sent} sent, ${step.answered} answered, ${times}; ${health}`;
}

/** That the clients came in as slowly as the server lets them. */
export function heldLine(clients: number, { times, seconds }: Held): string {
  return `${clients} clients are in; the server's limit on joins (429) held them up ${times} times, for ${seconds.toFixed(1)} s.`;
}

export function loadReport(
  { url, room }: { url: string; room: string },
  { steps, serverMissing }: LoadRunResult,
): string {
  const faulty = steps.filter(({ faults }) => faults.length > 0).length;
  const busiest = steps.map(({ server }) => server.toSorted((a, b) => b.utilisation - a.utilisation)[0]);
  return page(`Load test of ${room}`, [
    {
      heading: 'Latency against the offered rate',
      text: [
        `${url}. Times count from when a message was due, so that waiting is never hidden by a sender that waits as well.`,
        faulty === 0
          ? 'The generator was well at all rates: these figures are about the server.'
          : `At ${faulty} of ${steps.length} rates the figures cannot be used; the last column says why.`,
      ],
      svg: chart({
        title: `${room}: latency`,
        x: { label: 'messages offered per second', min: 0 },
        y: { label: 'ms', log: true },
        series: QUANTILES.map((q): Series => ({
          name: `p${q * 100}`,
          points: steps.map(({ step }) => [step.rate, quantile(step.latency, q)] as const),
        })),
      }),
      table: {
        head: [
          'offered/s',
          'sent/s',
          'answered/s',
          'mean ms',
          'p50 ms',
          'p95 ms',
          'p99 ms',
          'max ms',
          'why not usable',
        ],
        rows: steps.map(({ step, health, faults }) => [
          step.rate.toFixed(0),
          health.sentRate.toFixed(1),
          (step.answeredWithin / step.seconds).toFixed(1),
          mean(step.latency).toFixed(2),
          ...QUANTILES.map((q) => quantile(step.latency, q).toFixed(2)),
          step.latency.max.toFixed(2),
          faults.join('; '),
        ]),
      },
    },
    {
      heading: 'What the server said of its processes',
      text: [
        serverMissing ??
          'The busiest behaviour at each rate. Where a process nears 100 %, waiting grows without bound: shard it by key.',
      ],
      table: {
        head: ['offered/s', 'busiest', 'wait ms', 'service ms', 'of it awaits', 'deepest', 'behaviour'],
        rows: steps.flatMap(({ step }, index) => {
          const load = busiest[index];
          if (!load) return [];
          const { utilisation, wait, service, held, depth, behaviour } = load;
          return [
            [
              step.rate.toFixed(0),
              percent(utilisation),
              wait.toFixed(2),
              service.toFixed(2),
              percent(held),
              String(depth),
              behaviour,
            ],
          ];
        }),
      },
    },
    {
      heading: 'The generator',
      text: [
        `It was well where it sent at most ${HEALTH.sendLag} ms late (p99), looked at most ${HEALTH.receiveLag} ms late at what ` +
          `came (p99), used at most ${percent(HEALTH.cpu)} of a core, and sent as often as was asked.`,
      ],
      table: {
        head: ['offered/s', 'send lag p99 ms', 'receive lag p99 ms', 'k6 core', 'well'],
        rows: steps.map(({ step, health, faults }) => [
          step.rate.toFixed(0),
          health.sendLag.toFixed(2),
          health.receiveLag.toFixed(2),
          health.cpu === undefined ? '–' : percent(health.cpu),
          faults.length === 0 ? 'yes' : 'no',
        ]),
      },
    },
  ]);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
