/** The functions of Application, as users name them: `app.start`, `app.stop`, `app.getEnv`, … */
export {
  ensureAllStarted,
  ensureStarted,
  load,
  loadedApplications,
  onHalt,
  spec,
  start,
  startedApplications,
  stop,
  stopAll,
} from './application-controller.ts';
export { deleteEnv, fetchEnv, fetchEnvOrThrow, getAllEnv, getEnv, putAllEnv, putEnv } from './application-env.ts';
export { unload } from './loaded-applications.ts';
