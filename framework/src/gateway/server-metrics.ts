/**
 * The metrics of a server: what each is called and where it is read. What a thread counts of itself has the label `node`:
 * `main`, or the name of a worker node, whose figures are at most a second old.
 */
import { type Metrics, openMetrics } from '../telemetry/metrics.ts';
import type { ClassLoad } from '../telemetry/process-load.ts';
import { type ThreadReport, watchThread } from '../telemetry/thread-report.ts';
import type { OpenRooms } from './open-rooms.ts';
import type { RoomNode } from './shell/index.ts';
import type { DownReport, RecoveryReport } from './shell/reports.ts';
import type { GatewayStats } from './stats.ts';

/** @param workers the nodes that have a thread of their own */
export function serverMetrics(stats: GatewayStats, rooms: OpenRooms, workers: readonly RoomNode[]): Metrics {
  const metrics = openMetrics();
  metrics.gauge({ name: 'genroom_connections', help: 'Open WebSockets.' }, () => stats.connections);
  metrics.total({ name: 'genroom_connections_total', help: 'WebSockets opened so far.' }, () => stats.connectionsTotal);
  metrics.gauge({ name: 'genroom_rooms', help: 'Open rooms, by definition.', labels: ['room'] }, () =>
    rooms.count().map(({ name, rooms: value }) => ({ labels: { room: name }, value })),
  );
  metrics.gauge({ name: 'genroom_sessions', help: 'Seats taken, connected or not.', labels: ['room'] }, () =>
    rooms.count().map(({ name, sessions: value }) => ({ labels: { room: name }, value })),
  );
  metrics.total({ name: 'genroom_messages_received_total', help: 'Frames from clients.' }, () => stats.messagesIn);
  metrics.total({ name: 'genroom_received_bytes_total', help: 'Bytes from clients.' }, () => stats.bytesIn);
  metrics.total(
    { name: 'genroom_messages_sent_total', help: 'Frames to clients; a publish counts once for each of them.' },
    () => stats.messagesOut,
  );
  metrics.total({ name: 'genroom_sent_bytes_total', help: 'Bytes to clients.' }, () => stats.bytesOut);
  metrics.total({ name: 'genroom_publishes_total', help: 'Publishes, each counted once.' }, () => stats.publishes);
  metrics.total(
    { name: 'genroom_malformed_total', help: 'Frames that were none of the protocol.' },
    () => stats.malformed,
  );
  metrics.total(
    { name: 'genroom_connections_ended_total', help: 'Connections the gateway ended, by cause.', labels: ['cause'] },
    () => Object.entries(stats.closed).map(([cause, value]) => ({ labels: { cause }, value })),
  );
  metrics.count<DownReport>(
    { name: 'genroom_crashes_total', help: 'Rooms and players that crashed.', labels: ['room', 'process'] },
    'genroom:room:down',
    ({ name, sessionId }) => ({ room: name, process: sessionId === undefined ? 'room' : 'player' }),
  );
  metrics.count<RecoveryReport>(
    { name: 'genroom_recoveries_total', help: 'Steps of rooms past their intensity.', labels: ['room', 'step'] },
    'genroom:room:recovery',
    ({ name, step }) => ({ room: name, step }),
  );
  return withThreads(metrics, workers);
}

/** What each thread counts. Means and rates come from the totals, by PromQL's `rate`. */
function withThreads(metrics: Metrics, workers: readonly RoomNode[]): Metrics {
  const watch = watchThread();
  const threads = (): { node: string; report: ThreadReport }[] => [
    { node: 'main', report: watch.read() },
    ...workers.map(({ name, report }) => ({ node: name, report })),
  ];
  metrics.total(
    { name: 'genroom_supervisor_restarts_total', help: 'Restarts by supervisors.', labels: ['node', 'given_up'] },
    () =>
      threads().flatMap(({ node, report: { restarts } }) => [
        { labels: { node, given_up: 'false' }, value: restarts.made },
        { labels: { node, given_up: 'true' }, value: restarts.givenUp },
      ]),
  );
  metrics.total(
    { name: 'genroom_strays_total', help: 'Failures outside every handler.', labels: ['node', 'owned'] },
    () =>
      threads().flatMap(({ node, report: { strays } }) => [
        { labels: { node, owned: 'false' }, value: strays.unowned },
        { labels: { node, owned: 'true' }, value: strays.owned },
      ]),
  );
  const labels = ['node', 'behaviour'];
  const each = (value: (load: ClassLoad) => number) => () =>
    threads().flatMap(({ node, report }) =>
      report.load.map((load) => ({ labels: { node, behaviour: load.behaviour }, value: value(load) })),
    );
  const gauges: [string, string, (load: ClassLoad) => number][] = [
    ['count', 'Processes alive.', (load) => load.processes],
    ['utilisation', 'Share of the last second that the busiest process was busy.', (load) => load.utilisation],
    ['mailbox_depth', 'Messages that wait.', (load) => load.depth],
    ['mailbox_depth_max', 'Messages that wait in the fullest mailbox.', (load) => load.deepest],
  ];
  const totals: [string, string, (load: ClassLoad) => number][] = [
    ['messages', 'Messages that came.', (load) => load.arrived],
    ['timed_messages', 'Messages that the sums of seconds stand for.', (load) => load.sampled],
    ['wait_seconds', 'Time in the mailbox.', (load) => load.wait / 1e3],
    ['service_seconds', 'Time in the handler, awaits included.', (load) => load.service / 1e3],
    ['service_seconds_squared', 'Squares of the service times.', (load) => load.serviceSquared / 1e6],
    ['held_seconds', 'Part of the service time spent in awaits.', (load) => load.held / 1e3],
  ];
  for (const [name, help, value] of gauges)
    metrics.gauge({ name: `genroom_process_${name}`, help, labels }, each(value));
  for (const [name, help, value] of totals)
    metrics.total({ name: `genroom_process_${name}_total`, help, labels }, each(value));
  return {
    ...metrics,
    close: () => {
      watch.close();
      metrics.close();
    },
  };
}
