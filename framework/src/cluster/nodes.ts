/**
 * genroom/nodes: nodes joined over MessagePorts, and processes of other nodes. See docs/guides/nodes.md.
 */
import '../platform/node-version.ts';
export { node, nameNode } from '../otp/runtime/pid.ts';
export { connect, disconnect, monitorNodes, nameOn, type NodeEvent, nodes, NotConnected } from './distribution.ts';
export { offer } from './code.ts';
export { NotData } from './not-data.ts';
export { startOn } from './start-on.ts';
export { abcast, multiCall, type MultiReply, type NodesOption } from './multi-call.ts';
export * as groups from './process-groups.ts';
export { type GroupEvent, GroupMonitor, type Scope } from './process-groups.ts';
export { type Group } from './group-table.ts';
