/**
 * The errors of the state codec. Each names the class and the field, and what to do.
 *
 *     throw untrackedField('Player', 'body');
 */
import { GenroomError } from '../../platform/errors.ts';

const KEEP_ELSEWHERE =
  "Keep it in the room's `data` (plain values) or `derived` (rebuilt by `restore`), or declare it as a field of the schema.";

/** An own property of a state object that the schema does not track and that holds an object or a function. */
export function untrackedField(className: string, field: string): GenroomError {
  return new GenroomError(
    'state_field_untracked',
    `${className}.${field} is not tracked by the schema and holds an object: a crash would lose it`,
    { remedy: KEEP_ELSEWHERE },
  );
}

/** A class field hides the accessor of a schema field of the same name, so that no change of it is seen. */
export function shadowedField(className: string, field: string): GenroomError {
  return new GenroomError(
    'state_field_shadowed',
    `${className}.${field} is an own property that hides the schema's field of the same name: its changes are not seen`,
    { remedy: 'Declare the property with `declare`, or compile with "useDefineForClassFields": false.' },
  );
}

/** An object in the state is of a class that the type context of the root's class does not know. */
export function unknownClass(className: string): GenroomError {
  return new GenroomError(
    'state_class_unknown',
    `the class ${className || '(anonymous)'} is in the state, but not among the types reachable from the state's class`,
    { remedy: 'Declare it with `schema()` or `.extend()` (or @entity) before the first room of this kind starts.' },
  );
}

/** A class in the state has a stream: which client has which of its items is known to no shadow. */
export function streamField(className: string): GenroomError {
  return new GenroomError(
    'state_stream_unsupported',
    `${className} has a field that is a stream, whose way to the clients would not survive a restart of the room`,
    { remedy: 'Use `t.map(…).view()` and add to each view what its client is to see.' },
  );
}

/** `array[i] = undefined` tells clients to delete the item but keeps it on the server. */
export function arrayHole(index: number): GenroomError {
  return new GenroomError(
    'state_array_hole',
    `item ${index} of an array in the state was set to undefined or null, which schema does on its clients only`,
    { remedy: 'Use `array.splice(index, 1)`.' },
  );
}

/** A value of a custom type that cannot be cloned, so that no shadow can hold it. */
export function uncloneable(where: string, cause: unknown): GenroomError {
  return new GenroomError('state_value_uncloneable', `${where} holds a value that cannot be cloned`, {
    cause,
    remedy: 'Use a schema type, or keep the value in `derived`.',
  });
}

/** A patch or a full state was asked for in the middle of a turn, or a full state before its patch. */
export function outOfOrder(asked: string, first: string): GenroomError {
  return new GenroomError('state_out_of_order', `${asked} while changes wait for ${first}`, {
    remedy: `Call ${first} first.`,
  });
}

/** A snapshot names a class or field that the room's code does not have, or is damaged. */
export function snapshotMismatch(what: string): GenroomError {
  return new GenroomError('state_snapshot_mismatch', `the snapshot does not fit the room's code: ${what}`, {
    remedy: 'Start the room with the code that wrote the snapshot, or convert the state on upgrade.',
  });
}

/** A tracked state was used after its process ended. */
export function disposedState(): GenroomError {
  return new GenroomError('state_disposed', 'this state belongs to a process that has ended', {
    remedy: "Use the state of the room's present incarnation.",
  });
}
