/**
 * The report of the experiments: plots with theory drawn over measurement, tables, and what each of them means.
 *
 * Invariant: pure.
 *
 *     report(summary, judge(summary)) // HTML
 */
import { chart, page, type Series, type Table } from 'genroom/loadtest';
import { type Judgement, kneeOf, THRESHOLDS } from './judge.ts';
import { type Point, serviceOf, type Summary, type Sweep, wayOf } from './summary.ts';
import { pollaczekKhinchine } from './theory.ts';

export function report(summary: Summary, { pass, rows }: Judgement): string {
  const { machine, ceiling, bank, chat } = summary;
  const one = bank[0]!;
  const service = serviceOf(one);
  return page('genroom: load tests', [
    {
      heading: pass ? 'Passed' : 'Refused: do not use these figures',
      text: [
        `${summary.startedAt}, ${summary.seconds} s, ${machine.cpus} × ${machine.model}, Node ${machine.node}, ${machine.k6}. ` +
          (machine.pinned
            ? 'Server and generator were bound to a core each.'
            : 'Server and generator shared their cores.'),
        'Arrivals are Poisson and independent of the answers. Latency counts from when a message was due.',
      ],
      table: {
        head: ['', 'wanted', 'found'],
        rows: rows.map((v) => [`${v.pass ? 'ok' : 'refused'}: ${v.name}`, v.wanted, v.found]),
      },
    },
    {
      heading: 'E0: what the generator can do',
      text: [
        'A null echo. Later experiments use at most half of the highest rate at which the generator was well. Its mean at ' +
          `the lowest rate, ${wayOf(summary).toFixed(2)} ms, is what the way there and back takes; theory knows of no way.`,
      ],
      table: table(ceiling),
    },
    {
      heading: 'E1: one process saturates while its core idles',
      text: [
        `Each deposit waits ${service.toFixed(2)} ms for its books, one at a time. So one process carries at most ` +
          `${(1000 / service).toFixed(0)} a second, whatever the machine: the mailbox is full, not the core.`,
      ],
      svg: means(summary),
      table: table(one),
    },
    {
      heading: 'E2: the cure, shards by account number',
      text: ['The same process several times; an account belongs to one of them. They wait at the same time.'],
      svg: hockeyStick(summary),
    },
    ...bank.slice(1).map((sweep) => ({ heading: `${sweep.shards} shards`, table: table(sweep) })),
    { heading: 'E3: where shards cure nothing', text: [whyNothing(chat)], svg: capacity(summary) },
    ...chat.map((sweep) => ({ heading: `${sweep.shards} room${sweep.shards > 1 ? 's' : ''}`, table: table(sweep) })),
  ]);
}

/** p99 against offered rate for each number of shards: the picture of the README. */
export function hockeyStick({ bank }: Summary): string {
  const service = serviceOf(bank[0]!);
  const limit = THRESHOLDS.kneeServices * service;
  const last = Math.max(...bank.flatMap(({ points }) => points.map(({ rate }) => rate)));
  const series: Series[] = bank.map((sweep) => ({
    name: sweep.shards === 1 ? 'one process' : `${sweep.shards} shards`,
    points: usable(sweep).map(({ rate, p99 }) => [rate, p99] as const),
  }));
  const slow: Series = {
    name: `${THRESHOLDS.kneeServices} service times`,
    points: [
      [0, limit],
      [last, limit],
    ],
    as: 'line',
    dashed: true,
    color: '#94a3b8',
  };
  const knees = bank.flatMap((sweep) => {
    const knee = kneeOf(sweep, service);
    return knee ? [{ x: knee.rate, label: `${knee.rate.toFixed(0)}/s` }] : [];
  });
  return chart({
    title: 'One process saturates; shards cure it',
    x: { label: 'offered deposits per second', min: 0, max: last * 1.03 },
    y: { label: 'p99 from the due time, ms', log: true },
    series: [...series, slow],
    marks: knees,
    // The stick stands on the left.
    legend: 'right',
  });
}

/** Mean against offered rate, with Pollaczek–Khinchine drawn over it. */
export function means(summary: Summary): string {
  const sweep = summary.bank[0]!;
  const service = serviceOf(sweep);
  const way = wayOf(summary);
  const points = usable(sweep);
  const served = points.reduce((all, { histogram }) => all + histogram.count, 0);
  const serviceSquared =
    points.reduce((all, point) => all + point.serviceSquared * point.histogram.count, 0) / Math.max(1, served);
  const theory = Array.from({ length: 97 }, (_, i) => (i * 10) / service).map(
    (rate) => [rate, way + pollaczekKhinchine({ rate, service, serviceSquared })] as const,
  );
  return chart({
    title: 'One process: mean latency, theory drawn over measurement',
    x: { label: 'offered deposits per second', min: 0, max: 1250 / service },
    y: { label: 'ms', log: true },
    series: [
      {
        name: `theory: ${way.toFixed(1)} ms of way + Pollaczek–Khinchine with the measured service times`,
        points: theory,
        as: 'line',
        color: '#94a3b8',
      },
      { name: 'measured mean', points: points.map(({ rate, mean }) => [rate, mean] as const), as: 'points' },
      { name: 'measured p99', points: points.map(({ rate, p99 }) => [rate, p99] as const), as: 'both' },
    ],
    marks: [{ x: 1000 / service, label: '1/S' }],
  });
}

/** Posts answered against the number of rooms, beside what they would be if rooms helped. */
export function capacity({ chat }: Summary): string {
  const points = chat.flatMap(({ shards, points: all }) =>
    all.slice(-1).map(({ answeredRate }) => [shards, answeredRate] as const),
  );
  const single = points[0]?.[1] ?? 0;
  const most = Math.max(...points.map(([shards]) => shards), 1);
  return chart({
    title: 'A chat that computes: posts per second against rooms on one core',
    x: { label: 'rooms', min: 0, max: most + 1 },
    y: { label: 'posts per second', min: 0, max: single * most * 1.1 },
    series: [
      { name: 'measured', points },
      {
        name: 'if shards helped',
        points: [
          [1, single],
          [most, single * most],
        ],
        as: 'line',
        dashed: true,
        color: '#94a3b8',
      },
    ],
  });
}

function whyNothing(chat: readonly Sweep[]): string {
  const single = chat[0]?.points.at(-1);
  if (!single) return 'Not measured.';
  return (
    `Each post is rendered for each of its readers: ${single.service.toFixed(2)} ms of the core, of which ` +
    `${Math.round(single.held * 100)} % is waiting. Rooms on one event loop take turns on one core, which is ` +
    `${Math.round((single.serverCpu ?? 0) * 100)} % busy already: more rooms divide the same time. ` +
    'The cure is more cores (`nodes`), or less work a post.'
  );
}

function usable({ points }: Sweep): Point[] {
  return points.filter(({ faults }) => faults.length === 0);
}

function table({ points }: Sweep): Table {
  const ms = (value: number | null): string => (value === null ? '–' : value.toFixed(1));
  const share = (value: number | null): string => (value === null ? '–' : `${Math.round(value * 100)} %`);
  return {
    head: [
      'offered/s',
      'answered/s',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'mean ms',
      'theory ms',
      'server: wait ms',
      'service ms',
      'busiest process',
      'deepest queue',
      'server core',
      'send lag p99',
      'receive lag p99',
      'k6 core',
      'faults',
    ],
    rows: points.map((point) => [
      point.rate.toFixed(0),
      point.answeredRate.toFixed(0),
      ms(point.p50),
      ms(point.p95),
      ms(point.p99),
      `${ms(point.mean)} ± ${Number.isFinite(point.half) ? ms(point.half) : '–'}`,
      ms(point.theory),
      ms(point.wait),
      point.service.toFixed(2),
      share(point.utilisation),
      String(point.depth),
      share(point.serverCpu),
      ms(point.generator.sendLag),
      ms(point.generator.receiveLag),
      share(point.generator.cpu),
      point.faults.join('; '),
    ]),
  };
}
