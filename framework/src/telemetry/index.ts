/** What a server tells of itself: its log, crash records and metrics. */
export { type CrashRecord, crashEntry, sortedFrames, userFrame } from './crash-record.ts';
export { formatEntry, guardedLog, lineLog, type Log, type LogEntry, type LogFormat } from './log.ts';
export { type Metrics, type MetricSpec, openMetrics, type Read } from './metrics.ts';
export { type BusyReport, type ClassLoad, type LoadMonitor, openLoadMonitor, shardsFor } from './process-load.ts';
export { addLost, nothingYet, type ThreadReport, type ThreadWatch, watchThread } from './thread-report.ts';
