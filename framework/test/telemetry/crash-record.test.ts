/** What a crash record says, and that nobody can forge one. */
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { crashEntry, formatEntry, lineLog, sortedFrames, userFrame } from '../../src/telemetry/index.ts';

const here = relative(process.cwd(), fileURLToPath(import.meta.url));
const own = fileURLToPath(new URL('../../src/room/room.ts', import.meta.url));

test('the first frame of a real error is where it was thrown', () => {
  const error = new Error('boom');
  expect(userFrame(error.stack)).toMatch(new RegExp(`^${here}:\\d+:\\d+$`));
});

test('frames of the user come before those of libraries, of Node and of genroom', () => {
  const library = createRequire(import.meta.url).resolve('msgpackr');
  const stack = [
    'Error: boom',
    `    at unpack (${library}:1:2)`,
    `    at run (file://${own}:3:4)`,
    '    at async post (file:///srv/my%20game/rooms/chat.ts?gen=2:26:11)',
    '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
    '    at file:///srv/my%20game/rooms/other.ts:7:8',
    '    at Array.map (<anonymous>)',
  ].join('\n');
  const shown = (path: string) => relative(process.cwd(), path);
  expect(userFrame(stack)).toBe(`${shown('/srv/my game/rooms/chat.ts')}:26:11`);
  expect(sortedFrames(stack)).toEqual([
    `async post (${shown('/srv/my game/rooms/chat.ts')}:26:11)`,
    `${shown('/srv/my game/rooms/other.ts')}:7:8`,
    `unpack (${shown(library)}:1:2)`,
    `run (${shown(own)}:3:4)`,
    'process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
  ]);
  expect(userFrame(undefined)).toBeUndefined();
  expect(userFrame('no stack at all')).toBeUndefined();
});

const record = {
  what: 'room chat Xk2p',
  work: 'call post of s1',
  error: { name: 'Error', message: 'boom\nroom bank is fine', stack: 'Error: boom\n    at post (/srv/chat.ts:26:11)' },
  restart: { n: 2, of: 3 },
  fields: { room: 'chat', roomId: 'Xk2p', session: 's1', type: 'post' },
};

test('as text it is one line, the place first, the restart last', () => {
  const at = relative(process.cwd(), '/srv/chat.ts');
  expect(formatEntry(crashEntry(record), 'text')).toBe(
    `crash at ${at}:26:11 Error: boom\\nroom bank is fine · room chat Xk2p · call post of s1 · restart 2 of 3`,
  );
  expect(crashEntry({ ...record, restart: { n: 4, of: 3 } }).text).toMatch(/no restart: 3 of 3 used$/);
});

test('control characters of a client are shown, not written', () => {
  const text = formatEntry({ level: 'info', event: 'x', text: 'a\u001b[2Jb\u009bc\u2028d\u007fe', fields: {} }, 'text');
  expect(text).toBe('a\\u001b[2Jb\\u009bc\\u2028d\\u007fe');
});

test('as JSON it is one line with what programs look for', () => {
  const lines: string[] = [];
  lineLog('json', (line) => lines.push(line))(crashEntry(record));
  expect(lines).toHaveLength(1);
  expect(lines[0]!.slice(0, -1)).not.toContain('\n');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'error',
    event: 'crash',
    at: expect.stringContaining('chat.ts:26:11'),
    error: { name: 'Error', message: 'boom\nroom bank is fine' },
    room: 'chat',
    roomId: 'Xk2p',
    session: 's1',
    type: 'post',
    restart: { n: 2, of: 3 },
  });
});
