/**
 * Own fields: the properties of a state object that its schema does not track (`noSync`, class fields).
 *
 * A primitive is carried with its object: the property becomes an accessor that marks the turn. An object or a function
 * is refused, at the latest when it is assigned, since a change inside it cannot be seen. The object is then closed to
 * new properties: a property first assigned later throws a TypeError at that line (give a `noSync` field a default).
 * What JavaScript hides cannot be carried: `#private` fields.
 *
 *     const Player = schema({ hp: t.uint8().default(100), cooldown: t.number().noSync().default(0) }, 'Player');
 *     player.cooldown = 3;    // not sent to clients, restored after a crash
 *     player.body = physics;  // throws: belongs in `derived`
 */
import type { ChangeTree, Schema } from '@colyseus/schema';
import { untrackedField, shadowedField } from './state-errors.ts';
import type { TurnRoot } from './turn-root.ts';

/** Makes the own properties of `node` part of what its turns record. Once per object. */
export function claimOwnFields(node: Schema, tree: ChangeTree): void {
  for (const name of Object.keys(node)) {
    if (tree.metadata?.[name] !== undefined) throw shadowedField(node.constructor.name, name);
    const own = Object.getOwnPropertyDescriptor(node, name)!;
    if (own.get === undefined) follow(node, tree, name, own.value);
  }
  Object.preventExtensions(node);
}

/** The names and values of what is carried beside the schema's fields, flat. */
export function ownFields(node: Schema): unknown[] {
  const fields: unknown[] = [];
  for (const name of Object.keys(node)) fields.push(name, (node as unknown as Record<string, unknown>)[name]);
  return fields;
}

function follow(node: Schema, tree: ChangeTree, name: string, initial: unknown): void {
  let value = checked(node, name, initial);
  let markedIn = 0;
  Object.defineProperty(node, name, {
    enumerable: true,
    configurable: false,
    get: () => value,
    set: (next: unknown) => {
      if (next === value) return;
      value = checked(node, name, next);
      const root = tree.root as TurnRoot | undefined;
      if (root === undefined || markedIn === root.turn) return;
      markedIn = root.turn;
      root.extras.push(tree, name);
    },
  });
}

function checked(node: Schema, name: string, value: unknown): unknown {
  if ((typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol') {
    throw untrackedField(node.constructor.name, name);
  }
  return value;
}
