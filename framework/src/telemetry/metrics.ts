/**
 * Metrics in Prometheus's text format, by prom-client: a registry of its own with the process's default metrics (event
 * loop lag, heap, garbage collection), values that are read when asked for, and counts of what is published on a
 * diagnostics channel.
 *
 * Invariant: nothing is counted twice, and a closed registry counts no more.
 *
 *     const metrics = openMetrics()
 *     metrics.gauge({ name: 'genroom_rooms', help: 'Rooms that are open.' }, () => rooms.size)
 *     await metrics.text()
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

export interface MetricSpec {
  readonly name: string;
  readonly help: string;
  /** Names of the labels; default none. */
  readonly labels?: readonly string[];
}

type Labels = Readonly<Record<string, string>>;

/** One value without labels, or one for each combination of them. */
export type Read = () => number | readonly { readonly labels: Labels; readonly value: number }[];

export interface Metrics {
  /** Of the text, for an HTTP response. */
  readonly contentType: string;
  /** A value that goes up and down. */
  gauge(spec: MetricSpec, read: Read): void;
  /** A number that only grows and is kept elsewhere. */
  total(spec: MetricSpec, read: Read): void;
  /** Counts the messages of a channel; `labels` reads their labels. */
  count<M>(spec: MetricSpec, channel: string, labels: (message: M) => Labels): void;
  text(): Promise<string>;
  close(): void;
}

export function openMetrics(): Metrics {
  const registry = new Registry();
  const undo: (() => void)[] = [];
  collectDefaultMetrics({ register: registry });
  const config = ({ name, help, labels = [] }: MetricSpec) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [],
  });
  return {
    contentType: registry.contentType,
    gauge: (spec, read) => {
      const gauge = new Gauge({
        ...config(spec),
        collect() {
          this.reset();
          for (const { labels, value } of readings(read)) this.set(labels, value);
        },
      });
      registry.registerMetric(gauge);
    },
    total: (spec, read) => {
      const counter = new Counter({
        ...config(spec),
        collect() {
          this.reset();
          for (const { labels, value } of readings(read)) this.inc(labels, value);
        },
      });
      registry.registerMetric(counter);
    },
    count: (spec, channel, labels) => {
      const counter = new Counter(config(spec));
      registry.registerMetric(counter);
      const onMessage = (message: unknown): void => {
        try {
          counter.inc(labels(message as Parameters<typeof labels>[0]));
        } catch {
          // A count that fails is a count less; thrown on, it would be a stray of whoever published.
        }
      };
      subscribe(channel, onMessage);
      undo.push(() => unsubscribe(channel, onMessage));
    },
    text: () => registry.metrics(),
    close: () => {
      for (const stop of undo.splice(0)) stop();
      registry.clear();
    },
  };
}

function readings(read: Read): readonly { readonly labels: Labels; readonly value: number }[] {
  const now = read();
  return typeof now === 'number' ? [{ labels: {}, value: now }] : now;
}
