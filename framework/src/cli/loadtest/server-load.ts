/**
 * What the server says of itself: its `/metrics`, read each second of a run, and what each behaviour's processes came to
 * between two moments: service and waiting time, utilisation, depth.
 *
 *     const server = watchServer('http://127.0.0.1:2567');
 *     server.between(from, until) // [{ behaviour: 'genServer bank', service: 5.2, wait: 12.1, … }]
 */
const EVERY_MS = 500;

export interface ServerLoad {
  readonly behaviour: string;
  readonly messages: number;
  /** Milliseconds, means over the messages between. */
  readonly service: number;
  readonly wait: number;
  /** Mean of the squares of the service times, in square milliseconds. */
  readonly serviceSquared: number;
  /** Share of the service time that was an await. */
  readonly held: number;
  /** Of the busiest process, mean over the seconds. */
  readonly utilisation: number;
  /** The most that waited in all. */
  readonly depth: number;
}

export interface ServerWatch {
  between(from: number, until: number): ServerLoad[];
  /** Why there is nothing, where that is so. */
  readonly missing: string | undefined;
  close(): void;
}

interface Reading {
  readonly at: number;
  /** Behaviour → metric → value. */
  readonly values: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export function watchServer(url: string): ServerWatch {
  const readings: Reading[] = [];
  let missing: string | undefined = 'it was not read yet';
  let busy = false;
  const read = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      const at = Date.now();
      const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) });
      const values = parseProcessMetrics(await response.text());
      missing = values.size > 0 ? undefined : `${url}/metrics does not tell of processes`;
      // In the middle of asking: a busy server answers late.
      readings.push({ at: (at + Date.now()) / 2, values });
    } catch (error) {
      missing = `${url}/metrics could not be read: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      busy = false;
    }
  };
  void read();
  const timer = setInterval(() => void read(), EVERY_MS);
  return {
    between: (from, until) => difference(readings, from, until),
    get missing() {
      return missing;
    },
    close: () => clearInterval(timer),
  };
}

const LINE = /^genroom_process_(\w+)\{(?:node="[^"]*",)?behaviour="([^"]*)"\} (\S+)$/gm;
/** Of the busiest process: over several nodes the largest; all else adds up. */
const LARGEST = new Set(['utilisation', 'mailbox_depth_max']);

/** The lines about processes in Prometheus's text format, those of all nodes together. */
export function parseProcessMetrics(text: string): Map<string, Map<string, number>> {
  const values = new Map<string, Map<string, number>>();
  for (const [, metric, behaviour, value] of text.matchAll(LINE)) {
    const of = values.get(behaviour!) ?? new Map<string, number>();
    const before = of.get(metric!) ?? 0;
    const figure = Number(value);
    values.set(behaviour!, of.set(metric!, LARGEST.has(metric!) ? Math.max(before, figure) : before + figure));
  }
  return values;
}

function difference(readings: readonly Reading[], from: number, until: number): ServerLoad[] {
  const within = readings.filter(({ at }) => at >= from - EVERY_MS && at <= until + EVERY_MS);
  const first = within[0];
  const last = within.at(-1);
  if (!first || !last || first === last) return [];
  return [...last.values.keys()].flatMap((behaviour) => {
    const grown = (metric: string): number =>
      (last.values.get(behaviour)?.get(`${metric}_total`) ?? 0) -
      (first.values.get(behaviour)?.get(`${metric}_total`) ?? 0);
    const gauges = (metric: string): number[] => within.map(({ values }) => values.get(behaviour)?.get(metric) ?? 0);
    const timed = grown('timed_messages');
    if (timed <= 0) return [];
    const service = grown('service_seconds');
    const busiest = gauges('utilisation');
    return [
      {
        behaviour,
        messages: grown('messages'),
        service: (service / timed) * 1e3,
        wait: (grown('wait_seconds') / timed) * 1e3,
        serviceSquared: (grown('service_seconds_squared') / timed) * 1e6,
        held: service > 0 ? grown('held_seconds') / service : 0,
        utilisation: busiest.reduce((sum, value) => sum + value, 0) / busiest.length,
        depth: Math.max(...gauges('mailbox_depth')),
      },
    ];
  });
}
