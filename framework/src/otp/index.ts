/**
 * genroom/otp: processes, links and monitors, servers, supervisors and names, as in Erlang/OTP. The lowest layer of
 * genroom; it can be used alone.
 */
import '../platform/node-version.ts';
export {
  type Call,
  type CallHandlers,
  type CastHandlers,
  genServer,
  type GenServer,
  type GenServerDefinition,
} from './gen-server/gen-server.ts';
export { type Self } from './runtime/self.ts';
export {
  ignore,
  type Init,
  initError,
  initOk,
  initStop,
  type Next,
  noreply,
  reply,
  type Reply,
  type StepOptions,
  stop,
  stopReply,
} from './gen-server/step.ts';
export { timeout } from './process/timeout.ts';
export { call, type CallOptions, cast, DEFAULT_CALL_TIMEOUT, replyTo, request } from './gen-server/call.ts';
export { type From } from './runtime/from.ts';
export { start, startLink, startMonitor, type StartMonitorOptions, type StartOptions } from './process/start.ts';
export {
  checkResponse,
  isResponse,
  receiveResponse,
  type Request,
  Requests,
  type ResponseMessage,
  type ResponseOptions,
  sendRequest,
  waitResponse,
} from './gen-server/send-request.ts';
export {
  enterLoop,
  type EnterOptions,
  type SpecialDefinition,
  specialProcess,
  type SpecialSelf,
  type SystemCallbacks,
} from './sys/special-process.ts';
export { stopServer } from './gen-server/stop-server.ts';
export * as sys from './sys/sys.ts';
export { SysError } from './sys/sys.ts';
export { type DebugFunction, type Statistics } from './reports/sys-debug.ts';
export { type LastMessage } from './runtime/last-message.ts';
export { type Ref, type Target, type ViaName, whereis } from './process/target.ts';
export { Pid, samePid, node } from './runtime/pid.ts';
export {
  cancelTimer,
  type CancelOptions,
  demonitor,
  exit,
  isAlive,
  link,
  monitor,
  processes,
  processInfo,
  self,
  send,
  sendAfter,
  type SendAfterOptions,
  setLabel,
  sleep,
  type TimerCancelled,
  TimerRef,
  trapExit,
  unlink,
} from './process/process.ts';
export { type ProcessInfo } from './reports/process-info.ts';
export { receive, spawn, spawnLink, spawnMonitor } from './process/spawn.ts';
export {
  type Down,
  type Exit,
  isDown,
  isExit,
  type Monitor,
  type MonitorAlias,
  type MonitorOptions,
} from './runtime/monitor.ts';
export {
  type Crash,
  type CallFailed,
  crashOf,
  describeReason,
  type ExitReason,
  isCrash,
  isOrderly,
  type Shutdown,
  shutdown,
  type Outcome,
} from './runtime/exit-reason.ts';
export {
  BadArgument,
  CallError,
  NoProcess,
  ProcessEnded,
  RemoteProcess,
  StartError,
  StartIgnored,
} from './runtime/errors.ts';
export {
  BadChildSpec,
  childSpec,
  type ChildOptions,
  type ChildSpec,
  type ShutdownTime,
  type SpecErrorCode,
  type StartedWith,
} from './supervisor/child-spec.ts';
export { ChildError, type ChildErrorCode, type ChildInfo } from './supervisor/children.ts';
export {
  type ChildCounts,
  countChildren,
  deleteChild,
  getChildSpec,
  restartChild,
  startChild,
  supervisor,
  type Supervisor,
  type SupervisorDefinition,
  terminateChild,
  whichChildren,
  type WithInfo,
} from './supervisor/supervisor.ts';
export {
  dynamicSupervisor,
  type DynamicSupervisor,
  type DynamicSupervisorDefinition,
} from './supervisor/dynamic-supervisor.ts';
export { type AutoShutdown, type DynamicFlags } from './supervisor/supervisor-flags.ts';
export { type ErrorContext, formatSupervisorReport, type SupervisorReport } from './supervisor/supervisor-report.ts';
export { type Intensity } from './supervisor/restart-intensity.ts';
export { type Restart, type Strategy } from './supervisor/restart-strategy.ts';
export { count, lookup, register, registry, unregister, via } from './registry/registry.ts';
export { type RegistryEvent, type RegistryName, type RegistryOptions } from './registry/registry-process.ts';
export { type Key } from './runtime/key.ts';
export {
  countMatch,
  countSelect,
  deleteMeta,
  dispatch,
  keysOf,
  lookupAll,
  match,
  meta,
  putMeta,
  type Registration,
  select,
  unregisterMatch,
  updateValue,
  valuesOf,
  withLock,
} from './registry/registry-queries.ts';
export { type Clock, currentClock, systemClock, type TimerHandle, useClock } from './runtime/clock.ts';
export { type RestartReport, type StrayReport, type UnexpectedReport } from './reports/channels.ts';
export { type CrashReport } from './reports/crash-report.ts';
export { type CrashTextOptions, formatCrash, formatUnexpected, logCrashes } from './reports/crash-text.ts';
export { type ShownStatus, type Status, type SysEvent } from './runtime/status.ts';
export { installStrayHandlers, type StrayOptions } from './process/stray.ts';
export { type ProcessNode, processTree } from './reports/process-tree.ts';
export { type Behaviour } from './process/behaviour.ts';
export { GenroomError } from '../platform/errors.ts';
export { resource, type Resource, type ResourceDefinition } from './resource.ts';
export { alias, Alias, unalias } from './process/alias.ts';
export * as dictionary from './process/process-dictionary.ts';
export * as agent from './agent.ts';
export { type AgentRef, type AgentTarget } from './agent.ts';
export {
  partition,
  partitionOf,
  partitions,
  partitionSupervisor,
  type PartitionSupervisor,
  type PartitionSupervisorDefinition,
  resizePartitions,
} from './supervisor/partition-supervisor.ts';
export * as task from './task/task-api.ts';
export * as taskSup from './task/task-supervisor.ts';
export { taskSupervisor } from './task/task-supervisor.ts';
export { type StreamOptions, type StreamOutcome } from './task/task-stream.ts';
export { isTaskResult, type Task, type TaskResult } from './task/task.ts';
export {
  type Application,
  application,
  type ApplicationDefinition,
  ApplicationError,
  type ApplicationErrorCode,
  type StartedApplication,
  type StartType,
} from './application/application.ts';
export * as app from './application/application-api.ts';
export {
  type ApplicationInfo,
  type ApplicationOptions,
  type ApplicationReport,
  type ApplicationSpec,
} from './application/application-controller.ts';
