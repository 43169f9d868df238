/** The functions of Task, as users name them: `task.async`, `task.await`, `task.asyncStream`, … */
export {
  async,
  await,
  awaitMany,
  callers,
  childSpec,
  completed,
  ignore,
  shutdown,
  start,
  startLink,
  yield,
  yieldMany,
} from './task.ts';
export { asyncStream } from './task-stream.ts';
