/** The types that a user of the main entry writes down are exported by it. */
import { expectTypeOf, test } from 'vitest';
import type {
  GenroomServer,
  HttpHandler,
  Intensity,
  Log,
  LogEntry,
  LogFormat,
  OperatorOptions,
  Outcome,
  Peer,
  PlayerParts,
  RoomHandle,
  RoomParts,
  RoomTask,
  ServeOptions,
  ToRoom,
  TransportChoice,
  TreeView,
} from '../../src/index.ts';

test('they are what the public functions take and give', () => {
  expectTypeOf<NonNullable<ServeOptions['log']>>().toEqualTypeOf<LogFormat | Log | false>();
  expectTypeOf<Parameters<Log>[0]>().toEqualTypeOf<LogEntry>();
  expectTypeOf<NonNullable<ServeOptions['transport']>>().toEqualTypeOf<TransportChoice>();
  expectTypeOf<NonNullable<ServeOptions['tree']>>().toEqualTypeOf<boolean | Pick<OperatorOptions, 'allow'>>();
  expectTypeOf<Awaited<ReturnType<GenroomServer['tree']>>>().toEqualTypeOf<TreeView>();
  expectTypeOf<Parameters<HttpHandler>[1]>().toEqualTypeOf<Peer>();
  type Parts = PlayerParts<unknown, undefined, undefined, undefined, Record<never, never>, unknown>;
  expectTypeOf<Parameters<NonNullable<Parts['admit']>>[1]>().toEqualTypeOf<ToRoom>();
  expectTypeOf<NonNullable<Parts['intensity']>>().toEqualTypeOf<Intensity>();
  expectTypeOf<
    NonNullable<RoomParts<never, never, never, never, never, never, never, never>['intensity']>
  >().toEqualTypeOf<Intensity>();
  const receipt = (room: RoomHandle): RoomTask<number> => room.task(Promise.resolve('4'), (_room, text) => text.length);
  expectTypeOf<Outcome<ReturnType<typeof receipt>>>().toEqualTypeOf<number>();
});
