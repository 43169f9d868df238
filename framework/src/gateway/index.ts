/** The gateway: `serve`, and what its options and answers are made of. */
export { CloseCode } from './close-codes.ts';
export type { TransportChoice } from './gateway.ts';
export type { HttpHandler, Peer } from './http/handler.ts';
export { type OperatorOptions, type RoomView, type TreeView } from './http/operator.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { serve } from './serve.ts';
export type { GenroomServer, ServeOptions } from './serve-options.ts';
export { JoinRefused, type RecoveryPolicy, ShellErrorCode } from './shell/index.ts';
