/** What compiles and what does not, of a client under test. Checked by tsc; nothing here runs. */
import { testRoom } from '../../src/testing/index.ts';
import { board } from './board.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_T extends true>(): void => undefined;

const room = await testRoom(board);
const ada = await room.join({ name: 'Ada' });

// Casts: those of the room, and those of its player.
ada.send('note', 'text');
ada.send('mute', 'Bob');
ada.send('slip');
// @ts-expect-error a wrong payload
ada.send('note', 1);
// @ts-expect-error a missing payload
ada.send('note');
// @ts-expect-error a call is no cast
ada.send('post', { text: 'x' });
// @ts-expect-error no such message
ada.send('nothing');

// Calls: the answer's type follows the handler, also through a task.
const posted = await ada.call('post', { text: 'x' });
is<Equal<typeof posted, { posts: number }>>();
const length = await ada.call('slowly', { ms: 1, text: 'x' });
is<Equal<typeof length, number>>();
const count = await ada.call('count');
is<Equal<typeof count, number>>();
// @ts-expect-error a wrong payload
await ada.call('post', { test: 'x' });
// @ts-expect-error a cast is no call
await ada.call('note', 'x');

// State and data are those of the definition.
is<Equal<typeof room.data.posts, number>>();
const text: string | undefined = room.state.lines[0]?.text;
const seen: string | undefined = ada.state.lines[0]?.by;
// @ts-expect-error no such field
void ada.state.nothing;
void [text, seen];
