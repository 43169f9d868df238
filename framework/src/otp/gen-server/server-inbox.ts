/**
 * How messages come to a server: alone, or into its mailbox.
 *
 * Invariants
 * - A message that comes to an idle server stands alone in the process's own fields: most servers have one message at a
 *   time, and that one touches no mailbox. Whatever comes before it is handled goes behind it, into the mailbox.
 * - An idle server that is not suspended has no message.
 * - A server with more messages than its `maxQueue` is ended.
 */
import { crashProcess } from '../process/exit-signals.ts';
import * as marks from '../runtime/mailbox.ts';
import * as proc from '../runtime/proc.ts';
import * as scheduler from '../runtime/scheduler.ts';
import type { GenServerProc } from './gen-server-process.ts';
import * as loads from './load.ts';

// What is imported is looked up in its module at each use; a constant of this one is compiled in.
const { CAST, INFO, Mailbox, Order, SYSTEM } = marks;
const { DEAD, IDLE, QUEUED } = proc;
const { schedule } = scheduler;
const { Load, measuring } = loads;

/** Gives a message to a server and wakes it. */
export function takeIn(server: GenServerProc, head: unknown, body: unknown, mark: unknown): void {
  if (server.status === DEAD) return;
  if (mark === SYSTEM) server.systemQueued++;
  if (measuring.users > 0) (server.load ??= new Load(server.behaviour, server.queued)).arrive();
  if (server.status === IDLE && server.emptyWhenIdle()) {
    standAlone(server, head, body, mark);
    server.status = QUEUED;
    schedule(server);
    if (server.server.maxQueue < 1) endIfOverloaded(server);
    return;
  }
  const box = (server.box ??= new Mailbox());
  box.push(head, body, mark);
  if (server.status === IDLE) server.rest();
  if (box.size >= server.server.maxQueue) endIfOverloaded(server);
}

function standAlone(server: GenServerProc, head: unknown, body: unknown, mark: unknown): void {
  if (mark === CAST) {
    server.alone = typeof head === 'string' ? head : String(head);
    server.aloneBody = body;
    return;
  }
  server.alone = mark;
  server.aloneBody = mark === INFO ? head : mark === SYSTEM ? new Order(head, body) : body;
}

function endIfOverloaded(server: GenServerProc): void {
  const { queued } = server;
  if (queued > server.server.maxQueue) crashProcess(server, 'killed', { kind: 'overloaded', queued });
}

/** While suspended: brings the next system message to the front. */
export function systemMessageFirst({ systemQueued, mailbox }: GenServerProc): boolean {
  if (systemQueued === 0) return false;
  let at = 0;
  while (mailbox.markAt(at) !== SYSTEM) at++;
  mailbox.moveToFront(at);
  return true;
}
