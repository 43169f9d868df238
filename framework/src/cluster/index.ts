/** Nodes: threads that run processes, and the links to them. */
export type { Link } from './link.ts';
export { localLink } from './local-link.ts';
export { type NodeConnection, type NodeEvents, localNode } from './node-connection.ts';
export { type RestartLimit, defaultRestartLimit } from './restart-limit.ts';
export { type WorkerNodeOptions, WorkerNode, WorkerStartError, workerNode } from './worker-node.ts';
export { insideWorkerNode } from './worker-thread.ts';
