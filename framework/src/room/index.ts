/** Rooms and players: definitions, the host that runs them on a node, and their contract with the gateway. */
export {
  type DataOf,
  type InputOf,
  type Messages,
  type MessagesOf,
  type PayloadOf,
  type ReplyOf,
  room,
  type RoomDefinition,
  type RoomParts,
  type StateOf,
} from './definition.ts';
export { type Arrival, player, type PlayerDefinition, type PlayerParts, type ToRoom } from './player-definition.ts';
export type { BroadcastOptions, Outcome, PlayerHandle, PlayerSelf, RoomHandle, Task } from './handles.ts';
export { Refusal, refuse } from './refusal.ts';
export {
  BadDefinition,
  BadDelay,
  IncarnationEnded,
  NotCloneable,
  OrderedCrash,
  OutsideTurn,
  RefusedAfterChange,
  UnknownRoom,
  UnknownTimer,
} from './errors.ts';
export { createHost, type RoomHost } from './room-host.ts';
export { HELD_REPORT_MS, type GivenUpReport, type HeldReport, type RoomCrashReport } from './channels.ts';
export type { ConnectionInfo, FromNode, Link, RoomOrder, RoomShadow, SessionRecord, ToNode } from './link.ts';
export type { Frame, OperationReply, PlayerTurn, ReplyStatus, RoomTurn, TimerRecord } from './turn-record.ts';
