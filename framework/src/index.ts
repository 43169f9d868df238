/**
 * genroom: rooms and players as supervised processes. What a server needs is here; the processes themselves are at
 * `genroom/otp`, the test kit is at `genroom/testing`.
 *
 *     import { room, serve } from 'genroom';
 */
import './platform/node-version.ts';
export {
  type Arrival,
  type BroadcastOptions,
  type ConnectionInfo,
  type DataOf,
  type InputOf,
  type Messages,
  type MessagesOf,
  type Outcome,
  type PayloadOf,
  player,
  type PlayerDefinition,
  type PlayerHandle,
  type PlayerParts,
  type PlayerSelf,
  Refusal,
  refuse,
  type ReplyOf,
  room,
  type RoomDefinition,
  type RoomHandle,
  type RoomParts,
  type StateOf,
  type Task as RoomTask,
  type ToRoom,
} from './room/index.ts';
export {
  CloseCode,
  defaultLimits,
  type GenroomServer,
  type HttpHandler,
  type Limits,
  type OperatorOptions,
  type Peer,
  type RecoveryPolicy,
  serve,
  type ServeOptions,
  type TransportChoice,
  type TreeView,
} from './gateway/index.ts';
export type { Log, LogEntry, LogFormat } from './telemetry/index.ts';
export { type Intensity, resource, type Resource, type ResourceDefinition } from './otp/index.ts';
export { GenroomError } from './platform/errors.ts';
