/** The functions of Task, as users name them: `task.async`, `task.await`, `task.stream`, … */
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
export { stream } from './task-stream.ts';
