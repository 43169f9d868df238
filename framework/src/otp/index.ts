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
} from './gen-server.ts';
export { type Self } from './server-self.ts';
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
} from './step.ts';
export { timeout } from './timeout.ts';
export { call, type CallOptions, cast, DEFAULT_CALL_TIMEOUT, replyTo, request } from './call.ts';
export { type From } from './from.ts';
export { start, startLink, startMonitor, type StartMonitorOptions, type StartOptions } from './start.ts';
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
} from './send-request.ts';
export {
  enterLoop,
  type EnterOptions,
  type SpecialDefinition,
  specialProcess,
  type SpecialSelf,
  type SystemCallbacks,
} from './special-process.ts';
export { stopServer } from './stop-server.ts';
export * as sys from './sys.ts';
export { SysError } from './sys.ts';
export { type DebugFunction, type Statistics } from './sys-debug.ts';
export { type LastMessage } from './last-message.ts';
export { type Ref, type Target, type ViaName, whereis } from './target.ts';
export { Pid, samePid, node } from './pid.ts';
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
} from './process.ts';
export { type ProcessInfo } from './process-info.ts';
export { receive, spawn, spawnLink, spawnMonitor } from './spawn.ts';
export {
  type Down,
  type Exit,
  isDown,
  isExit,
  type Monitor,
  type MonitorAlias,
  type MonitorOptions,
} from './monitor.ts';
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
} from './exit-reason.ts';
export { BadArgument, CallError, NoProcess, ProcessEnded, RemoteProcess, StartError, StartIgnored } from './errors.ts';
export {
  BadChildSpec,
  childSpec,
  type ChildOptions,
  type ChildSpec,
  type ShutdownTime,
  type SpecErrorCode,
  type StartedWith,
} from './child-spec.ts';
export { ChildError, type ChildErrorCode, type ChildInfo } from './children.ts';
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
} from './supervisor.ts';
export { dynamicSupervisor, type DynamicSupervisor, type DynamicSupervisorDefinition } from './dynamic-supervisor.ts';
export { type AutoShutdown, type DynamicFlags } from './supervisor-flags.ts';
export { type ErrorContext, formatSupervisorReport, type SupervisorReport } from './supervisor-report.ts';
export { type Intensity } from './restart-intensity.ts';
export { type Restart, type Strategy } from './restart-strategy.ts';
export { count, lookup, register, registry, unregister, via } from './registry.ts';
export { type RegistryEvent, type RegistryName, type RegistryOptions } from './registry-process.ts';
export { type Key } from './key.ts';
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
} from './registry-queries.ts';
export { type Clock, currentClock, systemClock, type TimerHandle, useClock } from './clock.ts';
export { type RestartReport, type StrayReport, type UnexpectedReport } from './channels.ts';
export { type CrashReport } from './crash-report.ts';
export { type CrashTextOptions, formatCrash, formatUnexpected, logCrashes } from './crash-text.ts';
export { type ShownStatus, type Status, type SysEvent } from './status.ts';
export { installStrayHandlers, type StrayOptions } from './stray.ts';
export { type ProcessNode, processTree } from './tree.ts';
export { type Behaviour } from './behaviour.ts';
export { GenroomError } from '../platform/errors.ts';
export { resource, type Resource, type ResourceDefinition } from './resource.ts';
export { alias, Alias, unalias } from './alias.ts';
export * as dictionary from './process-dictionary.ts';
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
} from './partition-supervisor.ts';
export * as task from './task-api.ts';
export * as taskSup from './task-supervisor.ts';
export { taskSupervisor } from './task-supervisor.ts';
export { type StreamOptions, type StreamOutcome } from './task-stream.ts';
export { isTaskResult, type Task, type TaskResult } from './task.ts';
export {
  type Application,
  application,
  type ApplicationDefinition,
  ApplicationError,
  type ApplicationErrorCode,
  type StartedApplication,
  type StartType,
} from './application.ts';
export * as app from './application-api.ts';
export {
  type ApplicationInfo,
  type ApplicationOptions,
  type ApplicationReport,
  type ApplicationSpec,
} from './application-controller.ts';
