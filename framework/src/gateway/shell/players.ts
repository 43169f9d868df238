/**
 * Players: what a shell does on what its node says of the room's Players: it gives a new one its session's record and all
 * that is unfinished, keeps what its turns change, and answers for the message that crashed one.
 *
 * Invariant: a crash of a Player ends nothing of another session's.
 *
 *     players.receive({ kind: 'playerHello', roomId, sessionId, pid });
 */
import type { FromNode } from '../../room/link.ts';
import type { Clients } from './clients.ts';
import { describePending } from './pending-queue.ts';
import { type DownReport, reportDown, reportPlayerGivenUp } from './reports.ts';
import type { RoomNode } from './room-node.ts';

export type FromPlayer = Extract<FromNode, { kind: 'playerHello' | 'playerTurn' | 'playerDown' | 'playerGivenUp' }>;

export interface PlayersOptions {
  readonly roomId: string;
  readonly node: RoomNode;
  readonly clients: Clients;
  /** What each report begins with. */
  readonly report: (reason: string) => DownReport;
}

export class Players {
  readonly #options: PlayersOptions;

  constructor(options: PlayersOptions) {
    this.#options = options;
  }

  receive(message: FromPlayer): void {
    const { clients } = this.#options;
    switch (message.kind) {
      case 'playerHello':
        this.#boot(message.sessionId);
        return;
      case 'playerTurn':
        clients.session(message.record.sessionId)?.apply(message.record);
        clients.finish(message.record, 'player');
        return;
      case 'playerDown':
        this.#down(message);
        return;
      case 'playerGivenUp':
        reportPlayerGivenUp({ ...this.#options.report(message.reason), sessionId: message.sessionId });
        clients.expelWithoutPlayer(message.sessionId, 'Your player crashed too often.');
    }
  }

  #boot(sessionId: string): void {
    const { roomId, node, clients } = this.#options;
    const session = clients.session(sessionId);
    if (!session) return;
    node.send({ kind: 'playerBoot', roomId, session: session.record });
    if (clients.live) clients.handOverSession(sessionId);
  }

  #down({ sessionId, reason, failing: seq = 0 }: Extract<FromPlayer, { kind: 'playerDown' }>): void {
    const { clients, report } = this.#options;
    const failing = clients.pending(seq);
    reportDown({ ...report(reason), sessionId, ...(failing && { failing: describePending(failing) }) });
    if (failing) clients.fail(failing.seq, 'player_crashed');
    clients.failCalls('call_in_doubt', (call) => call.sessionId === sessionId && call.accepted === 'player');
  }
}
