/**
 * genroom/nodes: nodes joined over MessagePorts, and processes of other nodes. See docs/guides/nodes.md.
 */
import '../platform/node-version.ts';
export { node, nameNode } from '../otp/pid.ts';
export { connect, disconnect, monitorNodes, nameOn, type NodeEvent, nodes, NotConnected } from './distribution.ts';
export { offer } from './code.ts';
export { NotData } from './not-data.ts';
