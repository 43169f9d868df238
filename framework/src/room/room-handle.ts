/**
 * The room as its own code sees it: a handle over one incarnation.
 *
 * The object reads and writes through the incarnation, so that a kept handle of a process that has ended throws instead
 * of changing anything.
 */
import { dataFrame } from './frames.ts';
import { handleTiming } from './handle-timing.ts';
import type { PlayerHandle, RoomHandle } from './handles.ts';
import type { Incarnation } from './incarnation.ts';
import { keep } from './plain-data.ts';
import { RoomTask } from './room-task.ts';

/** Close code on which the SDK does not reconnect (Colyseus's CONSENTED). */
const DISCONNECTED = 4000;

export function roomHandle(room: Incarnation): RoomHandle {
  const handle: RoomHandle = {
    get id() {
      return room.id;
    },
    get name() {
      return room.name;
    },
    get state() {
      room.check();
      return room.state.state;
    },
    get data() {
      room.check();
      return room.turn?.own ? room.turn.own.value : room.data;
    },
    set data(value: unknown) {
      room.running('room.data =').own = { value: keep(value, `data of ${room.what}`) };
    },
    get derived() {
      room.check();
      return room.derived;
    },
    get players() {
      room.check();
      return room.members;
    },
    broadcast(type, message, { except } = {}) {
      const bytes = dataFrame(type, message);
      const left =
        except === undefined
          ? []
          : (Array.isArray(except) ? (except as PlayerHandle[]) : [except as PlayerHandle]).map(
              (player) => player.sessionId,
            );
      room
        .running('room.broadcast')
        .frames.push(left.length > 0 ? { to: 'all', bytes, except: left } : { to: 'all', bytes });
    },
    ...handleTiming('room', room),
    task(promise, continuation, failure) {
      const { tasks } = room.running('room.task');
      const task = new RoomTask(room.pid, promise, continuation as never, failure);
      tasks.push(task);
      return task as object;
    },
    view(player) {
      room.running('room.view');
      return room.state.viewOf(player.sessionId);
    },
    disconnect(player, reason = '', code = DISCONNECTED) {
      room.running('room.disconnect').orders.push({ order: 'disconnect', sessionId: player.sessionId, code, reason });
    },
    lock() {
      room.running('room.lock').orders.push({ order: 'lock' });
    },
    unlock() {
      room.running('room.unlock').orders.push({ order: 'unlock' });
    },
    setMetadata(value) {
      room
        .running('room.setMetadata')
        .orders.push({ order: 'metadata', value: keep(value, `metadata of ${room.what}`) });
    },
  };
  return Object.freeze(handle);
}
