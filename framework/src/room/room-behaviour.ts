/**
 * room-behaviour: the Room process, a genServer. It boots, then handles one message at a time: those of clients (from
 * their Players), its timers, ticks and tasks. Each is a turn: it commits, or it throws and the process ends.
 *
 *     await startLink(roomServer, { roomId, epoch, parts, hand, crashes, say }, { name: via(rooms, roomId) });
 */
import {
  currentClock,
  genServer,
  initOk,
  type Init,
  type Next,
  noreply,
  sendAfter,
  type Self,
  setLabel,
} from '../otp/index.ts';
import { OrderedCrash } from './errors.ts';
import { FLUSH, Incarnation, type RoomArgument } from './incarnation.ts';
import { TimerFired } from './named-timers.ts';
import { type Boot, bootRoom, concludeBoot, departed } from './room-boot.ts';
import { takeRequest, type ClientRequest } from './room-requests.ts';
import { answerTask } from './room-replies.ts';
import { TaskEnded } from './room-task.ts';
import { leaveRoom } from './room-seats.ts';
import { isPromise, runTurn, unrefused } from './run-turn.ts';
import { planTick } from './tick.ts';
import type { Turn } from './turn.ts';
import { describeWork, type Work } from './work-in-hand.ts';

const TICK = Symbol('genroom.room.tick');

type Step = Next<Incarnation> | Promise<Next<Incarnation>>;

/** What remains to be done before the first queued message: leaves of those who went while nobody was there. */
interface Reconcile {
  readonly gone: readonly string[];
}

export const roomServer = genServer({
  name: 'room',
  init(argument: RoomArgument, self: Self): Init<Incarnation> {
    const room = new Incarnation(argument, self.pid);
    setLabel(room.what);
    return initOk(room, {});
  },
  continue: (room, rest) => reconcile(room, (rest as Reconcile).gone),
  casts: {
    boot: (room: Incarnation, boot: Boot): Step => {
      if (room.tracked || boot.epoch !== room.epoch) return noreply(room);
      const work: Work = { kind: 'boot' };
      const turn = room.begin(work);
      const step = then(
        room,
        work,
        () => bootRoom(room, turn, boot),
        (outcome) => concludeBoot(room, turn, boot, outcome),
        turn,
      );
      const next = (): Next<Incarnation> => {
        if (room.parts.tick) setTick(room);
        return noreply(room, { continue: { gone: departed(room, boot.sessions) } satisfies Reconcile });
      };
      return isPromise(step) ? step.then((ended) => (room.alive ? next() : ended)) : next();
    },
    client: (room: Incarnation, request: ClientRequest): Step => {
      if (!room.tracked || request.epoch !== room.epoch) return noreply(room);
      if (request.seq !== undefined) {
        if (request.seq <= (room.taken.get(request.sessionId) ?? 0)) return noreply(room);
        if (request.kind === 'join' || room.members.has(request.sessionId))
          room.taken.set(request.sessionId, request.seq);
      }
      const { kind, seq, sessionId, type } = request;
      const work: Work = { kind, seq, sessionId, type };
      const turn = room.begin(work);
      const { code, conclude } = takeRequest(room, turn, request);
      return then(room, work, code, conclude, turn);
    },
    crash: (room: Incarnation, message: string): Step => {
      room.begin({ kind: 'order' });
      throw new OrderedCrash(message);
    },
  },
  info: (room, message): Step => {
    if (message === TICK) return tick(room);
    if (message === FLUSH) room.flush();
    else if (message instanceof TimerFired) return timer(room, message);
    else if (message instanceof TaskEnded) return task(room, message);
    return noreply(room);
  },
  formatStatus: ({ state: room }) => ({
    state: {
      room: room.what,
      epoch: room.epoch,
      members: room.members.size,
      work: describeWork(room.turn?.work),
      timers: room.timers.records,
    },
  }),
});

/** Runs a turn to its commit. */
function then(
  room: Incarnation,
  work: Work,
  code: () => unknown,
  conclude: (outcome: unknown) => void,
  turn: Turn,
): Step {
  const ended = runTurn(
    room,
    () => describeWork(work),
    code,
    (outcome) => {
      conclude(outcome);
      room.commit(turn);
    },
  );
  return ended ? ended.then(() => noreply(room)) : noreply(room);
}

function reconcile(room: Incarnation, [sessionId, ...rest]: readonly string[]): Step {
  if (sessionId === undefined) return noreply(room);
  const work: Work = { kind: 'leave', sessionId };
  const turn = room.begin(work);
  const { code, conclude } = leaveRoom(room, turn, sessionId, false);
  const step = then(room, work, code, conclude, turn);
  const next = (): Next<Incarnation> => noreply(room, { continue: { gone: rest } satisfies Reconcile });
  return isPromise(step) ? step.then((ended) => (room.alive ? next() : ended)) : next();
}

function timer(room: Incarnation, fired: TimerFired): Step {
  if (!room.timers.isDue(fired)) return noreply(room);
  const { name, due, payload } = fired.record;
  const work: Work = { kind: 'timer', type: name, due };
  const turn = room.begin(work);
  turn.timers.set(name, undefined);
  return then(room, work, () => room.parts.timers![name]!(room.handle, payload), unrefused, turn);
}

function task(room: Incarnation, ended: TaskEnded): Step {
  const work: Work = { kind: 'task', sessionId: ended.task.callers[0]?.sessionId };
  const turn = room.begin(work);
  return then(
    room,
    work,
    () => ended.task.resume(room.handle, ended),
    (outcome) => answerTask(room, turn, ended.task, outcome),
    turn,
  );
}

function tick(room: Incarnation): Step {
  const { step, hz } = room.parts.tick!;
  const interval = 1000 / hz;
  const { steps, due } = planTick(room.tickDue, currentClock().now(), interval);
  room.tickDue = due;
  const work: Work = { kind: 'tick' };
  const turn = room.begin(work);
  const run = (left: number): unknown => {
    for (let rest = left; rest > 0; rest--) {
      const result = step(room.handle, interval);
      if (isPromise(result)) return result.then(() => run(rest - 1));
    }
    return undefined;
  };
  return then(
    room,
    work,
    () => run(steps),
    (outcome) => {
      unrefused(outcome);
      setTick(room);
    },
    turn,
  );
}

function setTick(room: Incarnation): void {
  sendAfter(room.pid, TICK, Math.max(0, room.tickDue - currentClock().now()));
}
