/**
 * player-behaviour: the Player process, a genServer, one per session. It takes what its client sends, in order, refuses
 * what is rubbish, handles what is its own, and passes the rest on to the Room, found by name.
 *
 * Invariant: a client's message is passed on, refused, or handled here; the order of what is passed on is the client's.
 *
 *     await startLink(playerServer, { roomId, sessionId, room, session, target, hand, crashes, say });
 */
import {
  cast,
  genServer,
  initOk,
  type Init,
  type Next,
  noreply,
  type Self,
  setLabel,
  stop,
  timeout,
} from '../otp/index.ts';
import type { Messages } from './definition.ts';
import { OrderedCrash } from './errors.ts';
import { packPayload, ResponseStatus } from './frames.ts';
import type { SessionRecord, ToNode } from './link.ts';
import { TimerFired } from './named-timers.ts';
import { checkPayload, decodePayload } from './payload.ts';
import { arrive } from './player-arrival.ts';
import { type PlayerArgument, PlayerProcess } from './player-process.ts';
import { Refusal, refusalReason } from './refusal.ts';
import { refusalFrame } from './room-replies.ts';
import { isPromise, runTurn, unrefused } from './run-turn.ts';
import type { Turn } from './turn.ts';
import { describeWork, type Work } from './work-in-hand.ts';

/** What a client's connection brings. */
export type FromClient = Extract<ToNode, { readonly seq: number }>;
type Spoken = Extract<FromClient, { readonly kind: 'cast' | 'call' }>;
type Join = Extract<FromClient, { readonly kind: 'join' }>;
type Step = Next<PlayerProcess> | Promise<Next<PlayerProcess>>;

/** Milliseconds that a restarted Player waits for its session's record; none comes when the session has gone. */
const BOOT_PATIENCE = 30_000;

export const playerServer = genServer({
  name: 'player',
  init(argument: PlayerArgument, self: Self): Init<PlayerProcess> {
    const player = new PlayerProcess(argument, self.pid);
    setLabel(player.what);
    if (player.session) return initOk(player, {});
    player.say({ kind: 'playerHello', roomId: player.roomId, sessionId: player.sessionId, pid: String(self.pid) });
    return initOk(player, { timeout: BOOT_PATIENCE });
  },
  casts: {
    boot: (player: PlayerProcess, session: SessionRecord): Step => {
      if (!player.session) player.remember(session);
      return noreply(player);
    },
    client: (player: PlayerProcess, message: FromClient): Step => {
      switch (message.kind) {
        case 'join':
          return join(player, message, message.session);
        case 'cast':
        case 'call':
          return spoken(player, message);
        case 'drop':
        case 'resume':
          player.connected = message.kind === 'resume';
          cast(player.target, 'client', { kind: message.kind, ...head(message) });
          return noreply(player);
        case 'leave':
          cast(player.target, 'client', { kind: 'leave', ...head(message), consented: message.consented });
          return stop('normal', player);
      }
    },
    /** The room started fresh and does not know the session, though its join was done in another life. */
    rejoin: (player: PlayerProcess, epoch: number): Step =>
      player.session
        ? join(player, { epoch, sessionId: player.sessionId, seq: undefined }, player.session)
        : noreply(player),
    crash: (player: PlayerProcess, message: string): Step => {
      player.begin({ kind: 'order', sessionId: player.sessionId });
      throw new OrderedCrash(message);
    },
  },
  info: (player, message): Step => {
    if (message === timeout && !player.session) return stop('normal', player);
    if (message instanceof TimerFired && player.timers.isDue(message)) return timer(player, message);
    return noreply(player);
  },
  formatStatus: ({ state: player }) => ({
    state: {
      player: player.what,
      connected: player.connected,
      work: describeWork(player.turn?.work),
      timers: player.timers.records,
    },
  }),
});

function head({ epoch, seq, sessionId }: Pick<FromClient, 'epoch' | 'seq' | 'sessionId'>): {
  epoch: number;
  seq: number;
  sessionId: string;
} {
  return { epoch, seq, sessionId };
}

function join(
  player: PlayerProcess,
  { epoch, seq, sessionId }: Pick<Join, 'epoch' | 'sessionId'> & { seq: number | undefined },
  session: SessionRecord,
): Step {
  const known = player.auth;
  const turn = player.begin({ kind: 'join', seq, sessionId });
  let refused = false;
  return then(
    player,
    turn,
    () => arrive(player, turn, session),
    (outcome) => {
      if (outcome instanceof Refusal) {
        refused = true;
        if (seq !== undefined) {
          const { status, code, message } = outcome;
          player.say({
            kind: 'refused',
            roomId: player.roomId,
            seq,
            sessionId,
            code: status,
            reason: `${code}: ${message}`,
          });
        }
        return;
      }
      player.commit(turn, known ? undefined : player.auth);
      const arrived = { sessionId, auth: player.auth?.value, options: player.options, connected: player.connected };
      cast(player.target, 'client', { kind: 'join', epoch, seq, sessionId, arrived, loaded: player.loaded?.value });
    },
    () => (refused ? stop('normal', player) : noreply(player)),
  );
}

/** A message of the client's: the player's own, or the room's. */
function spoken(player: PlayerProcess, message: Spoken): Step {
  const { kind, seq, sessionId, type } = message;
  if (player.finished.has(seq)) return noreply(player);
  const work: Work = { kind, seq, sessionId, type };
  const own = schemaOf(player.parts.messages, type);
  const schema = own ?? schemaOf(player.room.messages, type);
  if (schema && !own && !player.parts.admit) return passOn(player, message, work, schema);
  const turn = player.begin(work);
  const decoded = schema
    ? decodePayload(message.payload)
    : new Refusal('unknown_message', `This room takes no message '${type}'.`);
  let payload: unknown;
  const check = (): unknown => (decoded instanceof Refusal ? decoded : checkPayload(schema!, decoded.value));
  const take = (checked: unknown): unknown => {
    if (checked instanceof Refusal) return checked;
    payload = (checked as { value: unknown }).value;
    return own
      ? player.parts.casts?.[type]?.(player.self, payload)
      : player.parts.admit?.(player.self, { kind, type, payload });
  };
  return then(
    player,
    turn,
    () => {
      const checked = check();
      return isPromise(checked) ? checked.then(take) : take(checked);
    },
    (outcome) => {
      if (outcome instanceof Refusal) refuse(player, turn, message, outcome);
      else if (own) finish(player, turn, message);
      else {
        player.commit(turn);
        toRoom(player, message, payload);
      }
    },
  );
}

/** The common case: the message is the room's, and nothing of the player's own comes before it. */
function passOn(player: PlayerProcess, message: Spoken, work: Work, schema: Messages[string]): Step {
  player.hand.take(work);
  const decoded = decodePayload(message.payload);
  const checked = decoded instanceof Refusal ? decoded : checkPayload(schema, decoded.value);
  const conclude = (outcome: unknown): void => {
    if (outcome instanceof Refusal) return refuse(player, player.begin(work), message, outcome);
    player.hand.done();
    toRoom(player, message, (outcome as { value: unknown }).value);
  };
  if (isPromise(checked)) return then(player, { work }, () => checked, conclude);
  conclude(checked);
  return noreply(player);
}

function toRoom(player: PlayerProcess, message: Spoken, payload: unknown): void {
  const { kind, epoch, seq, sessionId, type } = message;
  const deadline = message.kind === 'call' ? message.deadline : undefined;
  cast(player.target, 'client', { kind, epoch, seq, sessionId, type, payload, deadline });
}

function schemaOf(messages: Messages | undefined, type: string | number): Messages[string] | undefined {
  return messages && Object.hasOwn(messages, type) ? messages[type] : undefined;
}

function finish(player: PlayerProcess, turn: Turn, { kind, seq }: Spoken): void {
  turn.done.push(seq);
  if (kind === 'call') turn.replies.push({ to: 'caller', seq, status: ResponseStatus.OK });
  player.commit(turn);
}

function refuse(player: PlayerProcess, turn: Turn, { kind, seq, sessionId }: Spoken, refusal: Refusal): void {
  turn.dropEffects();
  turn.done.push(seq);
  if (kind === 'call') {
    const payload = packPayload(refusalReason(refusal))!;
    turn.replies.push({ to: 'caller', seq, status: ResponseStatus.REJECTED, payload });
  } else turn.replies.push({ to: 'one', sessionId, bytes: refusalFrame(refusal) });
  player.commit(turn);
}

function timer(player: PlayerProcess, { record: { name, due, payload } }: TimerFired): Step {
  const turn = player.begin({ kind: 'timer', sessionId: player.sessionId, type: name, due });
  turn.timers.set(name, undefined);
  return then(
    player,
    turn,
    () => player.parts.timers?.[name]?.(player.self, payload),
    (outcome) => {
      unrefused(outcome);
      player.commit(turn);
    },
  );
}

function then(
  player: PlayerProcess,
  { work }: Pick<Turn, 'work'>,
  code: () => unknown,
  conclude: (outcome: unknown) => void,
  next: () => Next<PlayerProcess> = () => noreply(player),
): Step {
  const ended = runTurn(player, () => describeWork(work), code, conclude);
  return ended ? ended.then(next) : next();
}
