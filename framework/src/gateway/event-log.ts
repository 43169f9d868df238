/**
 * The event log of a thread: turns what processes, rooms and shells publish on their diagnostics channels into log
 * entries. Each thread that runs rooms has one, since channels end at the thread.
 *
 * Invariant: a crash is one entry: that of its room where it has one, else that of the process.
 *
 *     const closeLog = openEventLog(lineLog('text'))
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { errorText } from '../platform/error-text.ts';
import type { StrayReport, UnexpectedReport } from '../otp/reports/channels.ts';
import type { CrashReport } from '../otp/reports/crash-report.ts';
import { formatCrash, formatUnexpected } from '../otp/reports/crash-text.ts';
import { describeReason, isOrderly } from '../otp/runtime/exit-reason.ts';
import { formatSupervisorReport, type SupervisorReport } from '../otp/supervisor/supervisor-report.ts';
import type { GivenUpReport, HeldReport, RoomCrashReport } from '../room/channels.ts';
import { crashEntry } from '../telemetry/crash-record.ts';
import { guardedLog, type Log, type LogEntry, sayLost } from '../telemetry/log.ts';
import { type BusyReport, openLoadMonitor } from '../telemetry/process-load.ts';
import type { DownReport, NodeReport, RecoveryReport } from './shell/reports.ts';

type Handlers = Record<string, (report: never) => void>;

/** Starts to log; returns what ends that. */
export function openEventLog(to: Log): () => void {
  /** Crashes of processes that may turn out to be rooms: their room's report comes within the same task. */
  const held = new Map<string, CrashReport>();
  const log = guardedLog(to);
  const handlers: Handlers = {
    'genroom:process:crash': (report: CrashReport) => {
      if (isOrderly(report.reason)) return;
      const pid = String(report.pid);
      held.set(pid, report);
      setImmediate(() => held.delete(pid) && guarded(() => log(processCrash(report))));
    },
    'genroom:room:crash': (report: RoomCrashReport) => {
      held.delete(report.pid);
      log(roomCrash(report));
    },
    // An end of a child by itself is told by its crash.
    'genroom:supervisor:report': (report: SupervisorReport) => {
      if (report.errorContext !== 'childTerminated') log(supervisorFailure(report));
    },
    'genroom:stray': (report: StrayReport) => {
      if (!report.ended) log(stray(report));
    },
    'genroom:process:unexpected': (report: UnexpectedReport) => log(unexpected(report)),
    'genroom:process:busy': (report: BusyReport) => log(processBusy(report)),
    'genroom:node': (report: NodeReport) => log(nodeStep(report)),
    'genroom:room:down': (report: DownReport) => {
      if (report.withNode?.ran || (report.withNode && report.failing)) log(lostAtWork(report));
    },
    'genroom:room:held': (report: HeldReport) => log(mailboxHeld(report)),
    'genroom:room:givenUp': (report: GivenUpReport) => log(leftUndone(report)),
    'genroom:room:strayChange': (report: { name: string; roomId: string }) => log(changedBetweenTurns(report)),
    'genroom:room:recovery': (report: RecoveryReport) => log(recovery(report)),
    'genroom:room:player-given-up': (report: DownReport) => log(playerGivenUp(report)),
  };
  const all = (Object.entries(handlers) as [string, (report: unknown) => void][]).map(
    ([channel, handler]) => [channel, (report: unknown) => guarded(() => handler(report))] as const,
  );
  for (const [channel, handler] of all) subscribe(channel, handler);
  const monitor = openLoadMonitor();
  return () => {
    monitor.close();
    for (const [channel, handler] of all) unsubscribe(channel, handler);
  };
}

/** A report that cannot be turned into an entry costs the entry only. */
function guarded(work: () => void): void {
  try {
    work();
  } catch (error) {
    sayLost(error);
  }
}

function roomCrash(report: RoomCrashReport): LogEntry {
  const { name, roomId, process, pid, epoch, sessionId, work, type, reason, error, crash, allowed, closing } = report;
  return crashEntry({
    what: `${process === 'player' ? 'player in room' : closing ? 'closing room' : 'room'} ${name} ${roomId}`,
    ...(work !== 'nothing' && { work }),
    error: error ? errorText(error) : { name: 'exit', message: reason },
    ...(!closing && { restart: { n: crash, of: allowed } }),
    fields: {
      process,
      room: name,
      roomId,
      pid,
      epoch,
      ...(sessionId !== undefined && { session: sessionId }),
      ...(type !== undefined && { type }),
      work,
    },
  });
}

/** Characters of a report that a log keeps. */
const LONGEST_REPORT = 8192;

function processCrash(report: CrashReport): LogEntry {
  const { pid, label, behaviour, reason, error } = report;
  return crashEntry({
    what: [behaviour, label, String(pid)].filter(Boolean).join(' '),
    error: error ? errorText(error) : { name: 'exit', message: describeReason(reason) },
    fields: {
      process: behaviour,
      pid: String(pid),
      ...(label && { label }),
      report: formatCrash(report, { charsLimit: LONGEST_REPORT }),
    },
  });
}

function supervisorFailure(report: SupervisorReport): LogEntry {
  const { supervisor, errorContext, reason, offender } = report;
  return {
    level: 'error',
    event: 'supervisor',
    text: formatSupervisorReport(report, { singleLine: true, depth: 2, charsLimit: 1000 }),
    fields: {
      supervisor: supervisor.name,
      pid: String(supervisor.pid),
      context: errorContext,
      reason: describeReason(reason),
      child: String(offender.id),
    },
  };
}

function unexpected(report: UnexpectedReport): LogEntry {
  const { pid, behaviour } = report;
  return {
    level: 'warn',
    event: 'unexpected',
    text: formatUnexpected(report, { charsLimit: LONGEST_REPORT }),
    fields: { process: behaviour, pid: String(pid) },
  };
}

/** A process that is nearly saturated, and what would cure it. */
function processBusy({
  pid,
  behaviour,
  names,
  label,
  utilisation,
  offered,
  service,
  depth,
  waits,
  shards,
}: BusyReport): LogEntry {
  const who = [behaviour, label ?? names[0], pid].filter(Boolean).join(' ');
  const cure = waits
    ? `it mostly waits: ${shards} shards by key would each be below 70 % (or room.task, where it awaits in a room)`
    : `it mostly computes: ${shards} shards by key, on threads of their own (nodes), would each be below 70 %`;
  return {
    level: 'warn',
    event: 'busy',
    text: `${who} is ${Math.round(utilisation * 100)} % busy for 5 s (${service.toFixed(1)} ms a message, ${depth} waiting); ${cure}`,
    fields: { process: behaviour, pid, names, utilisation, offered, service, depth, waits, shards },
  };
}

function stray({ pid, error, origin }: StrayReport): LogEntry {
  const what = pid ? `stray of ${String(pid)}, which had ended` : 'unowned: no process started it';
  return {
    ...crashEntry({
      what,
      work: origin,
      error: errorText(error),
      fields: { origin, ...(pid && { pid: String(pid) }) },
    }),
    event: pid ? 'stray' : 'unowned',
  };
}

function mailboxHeld({ name, roomId, work, duration, ongoing }: HeldReport): LogEntry {
  const ms = Math.round(duration);
  return {
    level: 'warn',
    event: 'held',
    text: `room ${name} ${roomId} ${ongoing ? 'stands still' : 'stood still'} for ${ms} ms, awaiting in ${work}; room.task would free it`,
    fields: { room: name, roomId, work, duration: ms, ongoing },
  };
}

function leftUndone({ name, roomId, work, reason }: GivenUpReport): LogEntry {
  const text = `room ${name} ${roomId} goes on without ${work}: ${reason}`;
  return { level: 'warn', event: 'left-undone', text, fields: { room: name, roomId, work, reason } };
}

function changedBetweenTurns({ name, roomId }: { name: string; roomId: string }): LogEntry {
  const text = `room ${name} ${roomId}: its state was changed outside of a turn, e.g. in a bare timer; use room's timers or room.task`;
  return { level: 'warn', event: 'stray-change', text, fields: { room: name, roomId } };
}

function recovery({ name, roomId, step, from, delay, attempt, of, reason }: RecoveryReport): LogEntry {
  const source = from === 'fresh' ? 'afresh' : 'from its shadow';
  const said = {
    cooling: `cools down for ${delay} ms, then starts ${source} (attempt ${attempt} of ${of}): ${reason}`,
    starting: `starts ${source} (attempt ${attempt} of ${of})`,
    recovered: `has recovered (attempt ${attempt} of ${of})`,
    givenUp: `is given up${attempt > 0 ? ` after ${attempt} attempts` : ''}, and closed: ${reason}`,
  }[step];
  const level = step === 'givenUp' ? 'error' : step === 'cooling' ? 'warn' : 'info';
  return {
    level,
    event: 'recovery',
    text: `room ${name} ${roomId} ${said}`,
    fields: { room: name, roomId, step, from, delay, attempt, of, reason },
  };
}

function nodeStep({ node, step, rooms, reason }: NodeReport): LogEntry {
  const those = rooms === 1 ? 'its room' : `its ${rooms} rooms`;
  const said = {
    lost: `is lost: ${reason}; ${those} ${rooms === 1 ? 'starts' : 'start'} again where another takes its place`,
    up: `is up again, and opens ${those}`,
    givenUp: `is given up, and ${those} closed: ${reason}`,
  }[step];
  const level = step === 'up' ? 'info' : 'error';
  return { level, event: 'node', text: `node ${node} ${said}`, fields: { node, step, rooms, reason } };
}

/** What the room had in hand may be what ended its node; `ran` says that it is. */
function lostAtWork({ name, roomId, reason, failing, withNode }: DownReport): LogEntry {
  const work = failing && [failing.kind, failing.type].filter((part) => part !== undefined).join(' ');
  const handled = work ? `it handled ${work} of ${failing.sessionId}, which is not tried again` : 'work of its own ran';
  return {
    level: 'error',
    event: 'lost-at-work',
    text: `room ${name} ${roomId} was lost with its node while ${handled}: ${reason}`,
    fields: { room: name, roomId, session: failing?.sessionId, work, ran: withNode?.ran, reason },
  };
}

function playerGivenUp({ name, roomId, sessionId, reason }: DownReport): LogEntry {
  const text = `player of ${sessionId} in room ${name} ${roomId} is given up, and its connection closed: ${reason}`;
  return { level: 'error', event: 'player-given-up', text, fields: { room: name, roomId, session: sessionId, reason } };
}
