/** The gateway's side of a room. */
export { type DownReport, type RecoveryReport, channels } from './reports.ts';
export { JoinRefused, ShellErrorCode } from './errors.ts';
export { type RecoveryPolicy, type RecoveryStep, defaultRecovery, nextStep } from './recovery.ts';
export { type NodeListener, RoomNode } from './room-node.ts';
export { RoomShell } from './shell.ts';
export type { ShellOptions, ShellPhase } from './shell-options.ts';
export { startRoomNode, type StartNodeOptions } from './start-node.ts';
