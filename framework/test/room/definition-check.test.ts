/** What JavaScript may hand to `room` and `player`: each part of the wrong kind is refused, with its name and the cure. */
import { schema, t } from '@colyseus/schema';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { BadDefinition, player, room } from '../../src/room/index.ts';

const Empty = schema({ n: t.number() }, 'CheckedState');
const base = { name: 'checked', state: () => new Empty() };
const define = { room, player } as unknown as Record<'room' | 'player', (...args: unknown[]) => unknown>;
const works = () => {};

function refusal(of: 'room' | 'player', ...args: unknown[]): string {
  try {
    define[of](...args);
  } catch (error) {
    expect(error).toBeInstanceOf(BadDefinition);
    return (error as BadDefinition).message;
  }
  throw new Error('it was accepted');
}

describe('room', () => {
  test.each([
    [{ onJoin: works }, '`onJoin` is no part of it; is it `join`?'],
    [{ message: {} }, '`message` is no part of it; is it `messages`?'],
    [{ zzzzzzzzzzzz: 1 }, '`zzzzzzzzzzzz` is no part of it; there are autoDispose, calls'],
    [{ messages: { x: z.string() }, calls: { x: 3 } }, '`calls.x` is 3 and must be a function'],
    [{ messages: { x: z.string() }, casts: [] }, '`casts` is a list and must be an object'],
    [{ messages: { x: 'string' }, casts: { x: works } }, "`messages.x` is 'string' and must be a Standard Schema"],
    [{ messages: { x: {} }, casts: { x: works } }, '`messages.x` is an object and must be a Standard Schema'],
    [{ messages: { x: z.string() } }, '`messages.x` has no handler'],
    [{ messages: { x: z.string() }, casts: { x: undefined } }, '`messages.x` has no handler'],
    [
      { messages: { post: z.string() }, casts: { pots: works } },
      '`casts.pots` has no schema in `messages`; is it `post`?',
    ],
    [{ messages: { x: z.string() }, casts: { x: works }, once: { y: works } }, '`once.y` has no schema'],
    [{ messages: { x: z.string() }, casts: { x: works }, once: { x: 1 } }, '`once.x` is 1 and must be a function'],
    [{ messages: { x: z.string() }, casts: { x: works }, calls: { x: works } }, "'x' is both a cast and a call"],
    [{ timers: { x: 1 } }, '`timers.x` is 1 and must be a function'],
    [{ timers: works }, '`timers` is a function and must be an object'],
    [{ tick: { hz: 20 } }, '`tick.step` is missing'],
    [{ tick: { step: works } }, '`tick.hz` is missing'],
    [{ tick: { hz: 20, steps: works } }, '`tick.steps` is no part of it; is it `step`?'],
    [{ tick: works }, '`tick` is a function and must be an object'],
    [
      { tick: { hz: 1e9, step: works } },
      '`tick.hz` is 1000000000 and must be a number of beats a second above 0 and up to 1000',
    ],
    [{ tick: { hz: '20', step: works } }, "`tick.hz` is '20' and must be"],
    [{ tick: { hz: 0, step: works } }, '`tick.hz` is 0 and must be'],
    [{ tick: { hz: NaN, step: works } }, '`tick.hz` is NaN and must be'],
    [{ join: 'yes' }, "`join` is 'yes' and must be a function"],
    [{ leave: null }, '`leave` is null and must be a function'],
    [{ maxClients: 0.5 }, '`maxClients` is 0.5 and must be a whole number from 1 up'],
    [{ maxClients: 0 }, '`maxClients` is 0 and must be'],
    [{ maxClients: '4' }, "`maxClients` is '4' and must be"],
    [{ patchRate: 0 }, '`patchRate` is 0 and must be'],
    [{ patchRate: Infinity }, '`patchRate` is Infinity and must be'],
    [{ filterBy: 'topic' }, "`filterBy` is 'topic' and must be a list of names"],
    [{ filterBy: [1] }, '`filterBy` is a list and must be a list of names'],
    [{ autoDispose: 'no' }, "`autoDispose` is 'no' and must be true or false"],
    [{ fresh: 0 }, '`fresh` is 0 and must be true or false'],
    [{ intensity: { max: 3, period: 0 } }, '`intensity.period` is 0 and must be a number of milliseconds above 0'],
    [{ intensity: { max: 1.5, period: 1000 } }, '`intensity.max` is 1.5 and must be a whole number from 0 up'],
    [{ intensity: { max: 3 } }, '`intensity.period` is missing'],
    [{ intensity: 3 }, '`intensity` is 3 and must be an object'],
    [{ module: new URL('file:///room.ts') }, '`module` is an object and must be a text'],
    [{ player: { auth: works } }, '`player` is an object and must be what `player({ … })` returned'],
    [{ player: works }, '`player` is a function and must be what `player({ … })` returned'],
    [{ data: {} }, '`data` is an object and must be a function'],
    [{ state: new Empty() }, '`state` is an object and must be a function'],
    [{ state: undefined }, '`state` is missing'],
  ])('%j', (parts, problem) => {
    const message = refusal('room', { ...base, ...parts });
    expect(message).toContain("The definition of room 'checked' cannot work: ");
    expect(message).toContain(problem);
  });

  test.each([
    [[], 'it is undefined and must be an object of its parts'],
    [[null], 'it is null and must be'],
    [['chat'], "it is 'chat' and must be"],
    [[() => base], 'it is a function and must be'],
    [[{ state: base.state }], '`name` is missing'],
    [[{ ...base, name: '' }], "`name` is '' and must be"],
  ])('room(…%j)', (args, problem) => {
    expect(refusal('room', ...args)).toContain(`The definition of a room cannot work: ${problem}`);
  });

  test('a message of both the room and its player', () => {
    const both = { messages: { x: z.string() }, casts: { x: works } };
    expect(refusal('room', { ...base, ...both, player: player(both) })).toContain("'x' is a message of both");
  });

  test('every part of the right kind is accepted, and undefined is as good as absent', () => {
    const functions = Object.fromEntries(
      ['data', 'derived', 'init', 'restore', 'join', 'leave', 'drop', 'resume'].map((part) => [part, works]),
    );
    const parts = {
      ...base,
      ...functions,
      module: import.meta.url,
      maxClients: 1,
      filterBy: ['topic'],
      autoDispose: false,
      patchRate: 0.5,
      fresh: true,
      intensity: { max: 0, period: Infinity },
      messages: { cast: z.string(), call: Object.assign(() => {}, { '~standard': z.string()['~standard'] }) },
      casts: { cast: works },
      calls: { call: works },
      once: { call: works },
      timers: { beep: works },
      tick: { hz: 1000, step: works },
      player: player({}),
    };
    expect(define.room(parts)).toMatchObject({ kind: 'room', name: 'checked' });
    expect(define.room({ ...base, join: undefined, tick: undefined, calls: undefined })).toMatchObject({
      kind: 'room',
    });
  });
});

describe('player', () => {
  test.each([
    [[], 'it is undefined and must be an object of its parts'],
    [[{ onAuth: works }], '`onAuth` is no part of it; is it `auth`?'],
    [[{ calls: {} }], '`calls` is no part of it; is it `casts`?'],
    [[{ options: 'name' }], "`options` is 'name' and must be a Standard Schema"],
    [[{ auth: true }], '`auth` is true and must be a function'],
    [[{ admit: {} }], '`admit` is an object and must be a function'],
    [[{ state: { muted: [] } }], '`state` is an object and must be a function'],
    [[{ timers: { x: 'y' } }], "`timers.x` is 'y' and must be a function"],
    [[{ intensity: { max: -1, period: 1 } }], '`intensity.max` is -1 and must be'],
    [[{ casts: { x: works } }], '`casts.x` has no schema in `messages`'],
    [[{ messages: { x: z.string() } }], '`messages.x` has no handler'],
    [[{ messages: { x: 'string' }, casts: { x: works } }], '`messages.x` is'],
  ])('player(…%j)', (args, problem) => {
    const message = refusal('player', ...args);
    expect(message).toContain('The definition of a player cannot work: ');
    expect(message).toContain(problem);
  });
});
