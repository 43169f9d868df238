/**
 * RoomModule: where another thread finds a room definition. A definition holds functions, so it cannot be sent to a
 * worker; the worker imports the module that exports it (docs/decisions/0011-rooms-on-workers.md).
 *
 *     const [{ name, module }] = roomModules([chat]);      // here
 *     const again = await importRoom({ name, module });    // there
 */
import { GenroomError } from '../platform/errors.ts';
import type { RoomDefinition } from './definition.ts';

/** Structured-cloneable. */
export interface RoomModule {
  readonly name: string;
  /** URL of the module that exports the definition. */
  readonly module: string;
}

/** `room_without_module`: a room is to run on a worker and does not say in which module it is. */
export class RoomWithoutModule extends GenroomError {
  constructor(name: string) {
    super(
      'room_without_module',
      `Room '${name}' is to run on a worker thread, and does not say in which module it is`,
      {
        remedy: 'Add `module: import.meta.url` to its definition, or serve without `nodes`.',
      },
    );
  }
}

/** `room_not_exported`: the module that a definition names does not export it. */
export class RoomNotExported extends GenroomError {
  constructor({ name, module }: RoomModule) {
    super('room_not_exported', `Module ${module} exports no room '${name}'`, {
      remedy: 'Export the definition from the module in which it says `module: import.meta.url`.',
    });
  }
}

/** @throws RoomWithoutModule */
export function roomModules(definitions: readonly RoomDefinition[]): RoomModule[] {
  return definitions.map(({ name, parts: { module } }) => {
    if (module === undefined) throw new RoomWithoutModule(name);
    return { name, module };
  });
}

/** @throws RoomNotExported, and what the module throws when it is imported */
export async function importRoom(where: RoomModule): Promise<RoomDefinition> {
  const exported = (await import(where.module)) as Readonly<Record<string, unknown>>;
  const found = Object.values(exported).find((value) => isRoom(value) && value.name === where.name);
  if (!found) throw new RoomNotExported(where);
  return found as RoomDefinition;
}

function isRoom(value: unknown): value is RoomDefinition {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'room' && 'name' in value;
}
