/**
 * host-behaviour: the process that starts rooms on a node, watches them and their Players, and says what became of them.
 *
 * Invariant: it says `down` of a life before `hello` of the next, since the end of a process is told to its watchers
 * before its supervisor starts another.
 */
import {
  cast,
  childSpec,
  currentClock,
  describeReason,
  type Down,
  dynamicSupervisor,
  type ExitReason,
  genServer,
  isCrash,
  isDown,
  isOrderly,
  monitor,
  type Monitor,
  type Next,
  noreply,
  type Pid,
  type Ref,
  type Self,
  startChild,
  startLink,
  StartIgnored,
  supervisor,
  terminateChild,
  via,
} from '../otp/index.ts';
import { errorText } from '../platform/error-text.ts';
import { reportCrash } from './channels.ts';
import { addRestart } from '../otp/supervisor/restart-intensity.ts';
import { PLAYER_INTENSITY, ROOM_INTENSITY } from './crash-limit.ts';
import { UnknownRoom } from './errors.ts';
import { countCrash, HostedRoom, type Life, type Seat } from './hosted-room.ts';
import { type HostedRooms, settle } from './hosted-rooms.ts';
import type { ToNode } from './link.ts';
import { roomServer } from './room-behaviour.ts';
import { describeWork, retryKey, type WorkInHand } from './work-in-hand.ts';

type Watched =
  | { readonly kind: 'supervisor'; readonly room: HostedRoom }
  | { readonly kind: 'room'; readonly room: HostedRoom; readonly life: Life }
  | {
      readonly kind: 'player';
      readonly room: HostedRoom;
      readonly seat: Seat;
      readonly pid: Pid;
      readonly hand: WorkInHand;
    };

interface Host {
  readonly rooms: HostedRooms;
  readonly watched: Map<Monitor, Watched>;
}

/** Closed with an error, on which the SDK does not reconnect (Colyseus's WITH_ERROR). */
const WITH_ERROR = 4002;

/** Starts in a row that did not finish in time; then nothing on the node starts the room again. */
const HUNG_STARTS = 2;

const players = dynamicSupervisor({ name: 'players' });

export const hostServer = genServer({
  name: 'host',
  init(rooms: HostedRooms, self: Self): Host {
    rooms.host = self.pid as Ref<typeof hostServer>;
    // After a crash of the host: the rooms that were there have ended with it.
    for (const room of rooms.all()) close(rooms, room, 'the host restarted');
    return { rooms, watched: new Map() };
  },
  casts: {
    open: async (host: Host, message: Extract<ToNode, { kind: 'open' }>): Promise<Next<Host>> => {
      await open(host, message);
      return noreply(host);
    },
    close: (host: Host, { roomId, reason }: Extract<ToNode, { kind: 'close' }>): Next<Host> => {
      const room = host.rooms.get(roomId);
      if (!room?.supervisor) host.rooms.say({ kind: 'closed', roomId, reason, asked: true });
      else {
        room.closing = true;
        // Its end is told by its monitor.
        terminateChild(host.rooms.supervisor!, room.supervisor).catch(() => undefined);
      }
      return noreply(host);
    },
    roomStarted: (host: Host, { room, life }: { room: HostedRoom; life: Life }): Next<Host> => {
      room.life = life;
      host.watched.set(monitor(life.pid), { kind: 'room', room, life });
      host.rooms.say({ kind: 'hello', roomId: room.roomId, epoch: life.epoch, pid: String(life.pid) });
      return noreply(host);
    },
    playerStarted: (
      host: Host,
      { room, seat, pid, hand }: Omit<Extract<Watched, { kind: 'player' }>, 'kind'>,
    ): Next<Host> => {
      host.watched.set(monitor(pid), { kind: 'player', room, seat, pid, hand });
      seat.pid = pid;
      settle(seat);
      return noreply(host);
    },
  },
  info: (host, message): Next<Host> => {
    if (isDown(message)) ended(host, message);
    return noreply(host);
  },
  formatStatus: ({ state: { rooms } }) => ({ state: { rooms: rooms.all().map(({ roomId }) => roomId) } }),
});

async function open(
  { rooms, watched }: Host,
  { roomId, name, epoch, key }: Extract<ToNode, { kind: 'open' }>,
): Promise<void> {
  if (rooms.get(roomId)) return;
  const parts = rooms.parts.get(name);
  if (!parts) return rooms.say({ kind: 'closed', roomId, reason: new UnknownRoom(name).message, asked: false });
  const room = new HostedRoom(roomId, parts, epoch, rooms.recordOf(key));
  rooms.add(room);
  // What a definition is wrong in ends its own room and not this process.
  try {
    const tree = supervisor({
      name: `room ${name}/${roomId}`,
      strategy: 'oneForOne',
      intensity: parts.intensity ?? ROOM_INTENSITY,
      children: [
        { id: 'players', type: 'supervisor', start: async () => (room.players = await startLink(players)) },
        { id: 'room', start: () => launch(rooms, room) },
      ],
    });
    room.supervisor = await startChild(
      rooms.supervisor!,
      childSpec(tree, undefined, { restart: 'temporary', id: roomId }),
    );
    watched.set(monitor(room.supervisor), { kind: 'supervisor', room });
  } catch (error) {
    close(rooms, room, errorText(error).message);
  }
}

/** Starts the next life of a room. */
async function launch(rooms: HostedRooms, room: HostedRoom): Promise<Pid> {
  const { roomId, parts, crashes, starts } = room;
  if (starts.hung >= HUNG_STARTS) {
    terminateChild(rooms.supervisor!, room.supervisor!).catch(() => undefined); // its monitor tells of its end
    throw new StartIgnored(`room ${parts.name}/${roomId}`);
  }
  const hand = room.newHand();
  const epoch = room.takeEpoch();
  const say: HostedRooms['say'] = (message, transfer) => {
    rooms.say(message, transfer);
    if (message.kind === 'refused') rooms.unseat(room, message.sessionId);
  };
  const pid = await startLink(
    roomServer,
    { roomId, epoch, parts, hand, crashes, starts, say },
    { name: via(rooms.names, roomId) },
  );
  cast(rooms.host!, 'roomStarted', { room, life: { pid, epoch, hand } });
  return pid;
}

function ended({ rooms, watched }: Host, { ref, reason }: Down): void {
  const what = watched.get(ref);
  watched.delete(ref);
  if (!what) return;
  if (rooms.get(what.room.roomId) === what.room) {
    if (what.kind === 'supervisor') close(rooms, what.room, describeReason(reason));
    else if (what.kind === 'room') roomEnded(rooms, what.room, what.life, reason);
    else playerEnded(rooms, what, reason);
  }
  if (what.kind === 'room') what.life.hand.told();
  else if (what.kind === 'player') what.hand.told();
}

function close(rooms: HostedRooms, room: HostedRoom, reason: string): void {
  if (rooms.remove(room)) rooms.say({ kind: 'closed', roomId: room.roomId, reason, asked: room.closing });
}

function roomEnded(
  rooms: HostedRooms,
  room: HostedRoom,
  { pid, epoch, hand: { work } }: Life,
  reason: ExitReason,
): void {
  const { roomId, parts } = room;
  room.life = undefined;
  if (room.closing && isOrderly(reason)) return;
  if (work) countCrash(room.crashes, retryKey(work));
  const intensity = parts.intensity ?? ROOM_INTENSITY;
  addRestart(room.history, currentClock().now(), intensity);
  reportCrash({
    process: 'room',
    name: parts.name,
    roomId,
    pid: String(pid),
    epoch,
    sessionId: work?.sessionId,
    work: describeWork(work),
    type: work?.type,
    reason: describeReason(reason),
    error: isCrash(reason) ? reason.error : undefined,
    crash: room.history.length,
    allowed: intensity.max,
    ...(room.closing && { closing: true }),
  });
  if (room.closing) return;
  const failing = work?.seq;
  rooms.say({ kind: 'down', roomId, epoch, reason: describeReason(reason), ...(failing !== undefined && { failing }) });
  if (work?.kind !== 'join' || work.sessionId === undefined) return;
  // Its join is not tried again.
  rooms.unseat(room, work.sessionId);
  if (failing === undefined) {
    const order = {
      order: 'disconnect',
      sessionId: work.sessionId,
      code: WITH_ERROR,
      reason: 'The room failed at your join.',
    } as const;
    rooms.say({ kind: 'order', roomId, order });
  }
}

function playerEnded(
  rooms: HostedRooms,
  { room, seat, pid, hand: { work } }: Extract<Watched, { kind: 'player' }>,
  reason: ExitReason,
): void {
  const { sessionId } = seat;
  const { roomId, parts } = room;
  if (room.seats.get(sessionId) !== seat) return;
  if (isOrderly(reason)) {
    room.seats.delete(sessionId);
    return;
  }
  if (work) countCrash(seat.crashes, retryKey(work));
  const intensity = parts.player?.parts.intensity ?? PLAYER_INTENSITY;
  const exceeded = addRestart(seat.history, currentClock().now(), intensity);
  const text = describeReason(reason);
  reportCrash({
    process: 'player',
    name: parts.name,
    roomId,
    pid: String(pid),
    epoch: room.life?.epoch ?? 0,
    sessionId,
    work: describeWork(work),
    type: work?.type,
    reason: text,
    error: isCrash(reason) ? reason.error : undefined,
    crash: seat.history.length,
    allowed: intensity.max,
  });
  const failing = work?.seq;
  const joining = work?.kind === 'join';
  if (joining || exceeded) room.seats.delete(sessionId);
  rooms.say({ kind: 'playerDown', roomId, sessionId, reason: text, ...(failing !== undefined && { failing }) });
  if (joining) return;
  if (exceeded) return rooms.say({ kind: 'playerGivenUp', roomId, sessionId, reason: text });
  seat.phase = 'orphaned';
  seat.pid = undefined;
  seat.waiting.length = 0;
  rooms.startPlayer(room, seat, undefined);
}
