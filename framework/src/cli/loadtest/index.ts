/** Load tests of rooms by k6: the script's type, the runner, what it measures and its report. */
export { HEALTH, type Health } from './health.ts';
export { type Histogram, mean, quantile } from './histogram.ts';
export { findK6, K6Missing } from './k6-binary.ts';
export { type Chart, chart, type Series } from './chart.ts';
export { page, type Table } from './page.ts';
export { exitOnSignals, LoadFailed, type LoadResult, type LoadRun, type LoadRunResult, runLoad } from './run.ts';
export type { LoadMessage, LoadScript, LoadStep } from './script.ts';
export type { ServerLoad } from './server-load.ts';
