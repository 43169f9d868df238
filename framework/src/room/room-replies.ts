/**
 * Replies: what a client hears of its message, and what is remembered of it.
 *
 * A call is answered once. The reply to an operation (a message with an operation id) is remembered with the same turn
 * that gives it, so that a repeat, also one after a restart, gets that reply and changes nothing.
 */
import { errorFrame, packPayload, ResponseStatus } from './frames.ts';
import type { Incarnation } from './incarnation.ts';
import { Refusal, refusalReason } from './refusal.ts';
import type { MessageRequest } from './room-requests.ts';
import { RoomTask, type Waiting } from './room-task.ts';
import { unrefused } from './run-turn.ts';
import type { Turn } from './turn.ts';
import type { ReplyStatus } from './turn-record.ts';

interface Outcome {
  readonly status: ReplyStatus;
  readonly payload?: Uint8Array;
}

/** An operation that a restart cut off between its first turn and its reply: what a repeat of it is told. */
const IN_DOUBT: Outcome = {
  status: ResponseStatus.ERROR,
  payload: packPayload({
    name: 'call_in_doubt',
    code: 'call_in_doubt',
    message: 'The room restarted while it was doing this; it may be done in part.',
  })!,
};

function outcomeOf(value: unknown): Outcome {
  if (value instanceof Refusal) return boxed(ResponseStatus.REJECTED, packPayload(refusalReason(value)));
  return boxed(ResponseStatus.OK, packPayload(value));
}

function boxed(status: ReplyStatus, payload: Uint8Array | undefined): Outcome {
  return payload === undefined ? { status } : { status, payload };
}

/** Answers a message that was handled, or refused by user code. */
export function answer(turn: Turn, request: MessageRequest, operation: string | undefined, value: unknown): void {
  const outcome = outcomeOf(value);
  if (operation !== undefined) turn.operations.push({ id: operation, ...outcome });
  tell(turn, request, outcome, value);
}

/** The message never reached user code. */
export function turnAway(turn: Turn, request: MessageRequest, refusal: Refusal): void {
  tell(turn, request, outcomeOf(refusal), refusal);
}

function tell(turn: Turn, { kind, seq, sessionId }: MessageRequest, outcome: Outcome, value: unknown): void {
  if (kind === 'call') turn.replies.push({ to: 'caller', seq, ...outcome });
  else if (value instanceof Refusal) turn.replies.push({ to: 'one', sessionId, bytes: refusalFrame(value) });
}

/** An ERROR frame; the SDK gives it to `room.onError(code, message)`. */
export function refusalFrame({ status, code, message }: Refusal): Uint8Array {
  return errorFrame(status, `${code}: ${message}`);
}

/** A repeat of an operation gets the first reply, or waits for it. Returns whether it was one. */
export function repeatReply(room: Incarnation, turn: Turn, request: MessageRequest, operation: string): boolean {
  const task = room.awaited.get(operation);
  if (task) {
    if (request.kind === 'call')
      task.callers.push({ seq: request.seq, sessionId: request.sessionId, operation: undefined });
    return true;
  }
  const known = room.operations.get(operation);
  if (!known) return false;
  const { status, payload } = known;
  if (request.kind === 'call') turn.replies.push({ to: 'caller', seq: request.seq, ...boxed(status, payload) });
  return true;
}

/** The answer comes when `task` has ended. */
export function answerLater(
  room: Incarnation,
  turn: Turn,
  task: RoomTask,
  request: MessageRequest,
  operation: string | undefined,
): void {
  if (task.outcome) return answer(turn, request, operation, task.outcome.value);
  if (request.kind === 'call' || operation !== undefined) {
    task.callers.push({
      seq: request.kind === 'call' ? request.seq : undefined,
      sessionId: request.sessionId,
      operation,
    });
  }
  if (operation === undefined) return;
  room.awaited.set(operation, task);
  turn.operations.push({ id: operation, ...IN_DOUBT });
}

/** The task has ended: its callers are answered, or wait for the task that it returned. */
export function answerTask(room: Incarnation, turn: Turn, task: RoomTask, value: unknown): void {
  if (value instanceof RoomTask) {
    if (value.outcome) return answerTask(room, turn, task, value.outcome.value);
    value.callers.push(...task.callers);
    for (const { operation } of task.callers) if (operation !== undefined) room.awaited.set(operation, value);
    return;
  }
  if (value instanceof Refusal) {
    if (task.callers.length === 0) unrefused(value);
    room.refused(turn, value);
  }
  task.outcome = { value };
  const outcome = task.callers.length > 0 ? outcomeOf(value) : undefined;
  for (const caller of task.callers) conclude(room, turn, caller, outcome!);
}

function conclude(room: Incarnation, turn: Turn, { seq, operation }: Waiting, outcome: Outcome): void {
  if (seq !== undefined) turn.replies.push({ to: 'caller', seq, ...outcome });
  if (operation === undefined) return;
  room.awaited.delete(operation);
  turn.operations.push({ id: operation, ...outcome });
}
