/** The functions of Task, as users name them: `task.async`, `task.await`, `task.asyncStream`, … */
export { async, callers, childSpec, completed, start, startLink } from './task.ts';
export { asyncStream } from './task-stream.ts';
export { await, awaitMany, ignore, shutdown, yield, yieldMany } from './task-wait.ts';
