import { describe, expect, test } from 'vitest';
import { channel } from 'node:diagnostics_channel';
import { dataFrame, packPayload } from '../../src/room/frames.ts';
import type { DownReport } from '../../src/gateway/shell/index.ts';
import { answer, counterChange, PATCH, Stage, STATE } from './shell-stage.ts';

async function booted(options: ConstructorParameters<typeof Stage>[0] = {}): Promise<Stage> {
  const stage = new Stage(options);
  await stage.boot();
  return stage;
}

const note = dataFrame('note', 'hi');
const code = (payload: unknown): unknown => (payload as { code: string }).code;

describe('opening', () => {
  test('opens the room, boots it fresh, and is ready after its first turn', async () => {
    const stage = new Stage();
    expect(await stage.take()).toEqual([
      { kind: 'open', roomId: 'r1', name: 'counter', options: { o: 1 }, epoch: 1, key: 1 },
    ]);
    let ready = false;
    void stage.shell.ready.then(() => (ready = true));
    await stage.say({ kind: 'hello', roomId: 'r1', epoch: 1, pid: '<0.9>' });
    expect(await stage.take()).toEqual([{ kind: 'boot', roomId: 'r1', epoch: 1, options: { o: 1 }, sessions: [] }]);
    expect(ready).toBe(false);
    stage.epoch = 1;
    await stage.say({
      kind: 'turn',
      roomId: 'r1',
      epoch: 1,
      record: { turn: 1, done: [], frames: [], change: counterChange(0, true) },
      handshake: Uint8Array.of(1, 2),
    });
    expect(ready).toBe(true);
    expect(stage.shell.handshake).toEqual(Uint8Array.of(1, 2));
    expect(stage.shell.pid).toBe('<0.9>');
  });

  test('a room that never boots rejects ready and is disposed of', async () => {
    const stage = new Stage();
    await stage.say({ kind: 'hello', roomId: 'r1', epoch: 1, pid: '<0.9>' });
    await stage.closed();
    await expect(stage.shell.ready).rejects.toMatchObject({ code: 'room_not_started' });
    expect(stage.room.log).toEqual([['dispose', 4500, expect.stringContaining('shutdown')]]);
    expect(stage.node.rooms).toBe(0);
  });
});

describe('joining', () => {
  test('a join is handed over once the room runs, with the session record', async () => {
    const stage = new Stage();
    const { outcome, client } = stage.knock('a');
    await stage.settled();
    expect(stage.seqs('join')).toEqual([]);
    await stage.boot();
    const session = { sessionId: 'a', options: { name: 'a' }, connection: { ip: '::1', headers: {} }, connected: true };
    expect(stage.heard.at(-1)).toEqual({ kind: 'join', roomId: 'r1', epoch: 1, seq: 1, sessionId: 'a', session });
    expect(outcome()).toBe('waiting');
    await stage.turn({ done: [1], frames: [{ to: 'one', sessionId: 'a', bytes: STATE }] });
    expect(outcome()).toBe('joined');
    expect(client.seen).toEqual([['state', '7']]);
  });

  test('until its full state a newcomer gets nothing that is for all', async () => {
    const stage = await booted();
    const b = await stage.join('b');
    const { client: a } = stage.knock('a');
    await stage.settled();
    await stage.turn({
      frames: [
        { to: 'all', bytes: PATCH },
        { to: 'all', bytes: note },
      ],
    });
    expect(a.seen).toEqual([]);
    const seq = stage.seqs('join').at(-1)!;
    await stage.turn({
      done: [seq],
      frames: [
        { to: 'all', bytes: PATCH, except: ['a'] },
        { to: 'one', sessionId: 'a', bytes: STATE },
        { to: 'all', bytes: note },
      ],
    });
    expect(a.seen).toEqual([
      ['state', '7'],
      ['note', 'hi'],
    ]);
    expect(b.seen).toEqual([
      ['state', '7'],
      ['patch', '8'],
      ['note', 'hi'],
      ['patch', '8'],
      ['note', 'hi'],
    ]);
  });

  test('in a room without a state a newcomer is reached from its join on', async () => {
    const stage = await booted();
    const { client } = stage.knock('a');
    await stage.settled();
    await stage.turn({ done: stage.seqs('join'), frames: [{ to: 'all', bytes: note }] });
    expect(client.seen).toEqual([['note', 'hi']]);
  });

  test('a refused join rejects with the status, and the session is forgotten', async () => {
    const stage = await booted();
    const { joined } = stage.knock('a');
    await stage.settled();
    const [seq] = stage.seqs('join');
    await stage.say({ kind: 'refused', roomId: 'r1', seq: seq!, sessionId: 'a', code: 525, reason: 'Not on the list' });
    await expect(joined).rejects.toMatchObject({ code: 'join_refused', status: 525, message: /Not on the list/ });
    expect(stage.shell.sessions).toBe(0);
  });

  test('a join that crashes the room is rejected and not tried again', async () => {
    const stage = await booted();
    const { outcome } = stage.knock('a');
    await stage.settled();
    await stage.down(stage.seqs('join')[0]);
    expect(outcome()).toBe('room_crashed');
    stage.heard.length = 0;
    const boot = await stage.boot();
    expect(boot.sessions).toEqual([]);
    expect(stage.seqs('join')).toEqual([]);
  });

  test('a second join of one session is refused', async () => {
    const stage = await booted();
    await stage.join('a');
    expect(stage.shell.sessions).toBe(1);
    const second = stage.knock('a');
    await stage.settled();
    expect(second.outcome()).toBe('seat_taken');
  });

  test('a client that leaves before its join was handed over is forgotten at once', async () => {
    const stage = new Stage();
    const { outcome } = stage.knock('a');
    stage.shell.leave('a', false);
    await stage.boot();
    expect(outcome()).toBe('client_left');
    expect(stage.seqs('join')).toEqual([]);
    expect(stage.seqs('leave')).toEqual([]);
  });
});

describe('messages', () => {
  test('casts and calls go to the running incarnation in order; the answer goes to the caller', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    stage.heard.length = 0;
    stage.shell.cast('a', 'move', Uint8Array.of(1));
    stage.shell.call('a', 40, 'score');
    const [cast, call] = await stage.take();
    expect(cast).toMatchObject({ kind: 'cast', epoch: 1, sessionId: 'a', type: 'move', payload: Uint8Array.of(1) });
    expect(call).toMatchObject({ kind: 'call', type: 'score', deadline: stage.clock.wall() + 10_000 });
    const seq = call && 'seq' in call ? call.seq : 0;
    await stage.turn({ done: [seq - 1, seq], frames: [answer(seq, { points: 3 })] });
    expect(a.answers).toEqual([['answer', 40, 0, { points: 3 }]]);
    await stage.turn({ frames: [answer(seq, 'again')] });
    expect(a.answers).toHaveLength(1);
  });

  test('a call is answered at its deadline; late answers reach nobody', async () => {
    const stage = await booted({ callTimeout: 500 });
    const a = await stage.join('a');
    stage.shell.call('a', 1, 'slow');
    await stage.settled();
    await stage.clock.advance(499);
    expect(a.answers).toEqual([]);
    await stage.clock.advance(1);
    expect(a.answers).toEqual([
      ['answer', 1, 2, { code: 'call_timeout', message: expect.stringContaining('may be applied') }],
    ]);
    const [seq] = stage.seqs('call');
    await stage.turn({ done: [seq!], frames: [answer(seq!, 1)] });
    expect(a.answers).toHaveLength(1);
  });

  test('each call has its own deadline, whatever was answered before', async () => {
    const stage = await booted({ callTimeout: 500 });
    const a = await stage.join('a');
    stage.shell.call('a', 1, 'quick');
    await stage.clock.advance(200);
    stage.shell.call('a', 2, 'slow');
    await stage.settled();
    const [first] = stage.seqs('call');
    await stage.turn({ done: [first!], frames: [answer(first!, 'ok')] });
    await stage.clock.advance(499);
    expect(a.answers.map(([, id]) => id)).toEqual([1]);
    await stage.clock.advance(1);
    expect(a.answers.map(([, id]) => id)).toEqual([1, 2]);
    stage.shell.call('a', 3, 'slow');
    await stage.clock.advance(500);
    expect(a.answers.map(([, id]) => id)).toEqual([1, 2, 3]);
  });

  test('a deadline that passes while the room is down ends the call, which is not tried any more', async () => {
    const stage = await booted({ callTimeout: 500 });
    const a = await stage.join('a');
    await stage.down();
    stage.shell.call('a', 1, 'late');
    await stage.clock.advance(500);
    expect(a.answers).toEqual([
      ['answer', 1, 2, { code: 'call_timeout', message: expect.stringContaining('nothing of this call') }],
    ]);
    stage.heard.length = 0;
    await stage.boot();
    expect(stage.seqs('call')).toEqual([]);
  });

  test('without deadlines a call waits, and the room is told none', async () => {
    const stage = await booted({ callTimeout: false });
    const a = await stage.join('a');
    stage.shell.call('a', 1, 'slow');
    await stage.clock.advance(3_600_000);
    expect(a.answers).toEqual([]);
    expect(stage.heard.at(-1)).not.toHaveProperty('deadline');
  });

  test('beyond the bound calls answer overloaded and a flooding client is closed', async () => {
    const stage = await booted({ bounds: { perSession: 3 } });
    const a = await stage.join('a');
    const b = await stage.join('b');
    for (let n = 0; n < 3; n++) stage.shell.cast('a', 'x');
    stage.shell.call('a', 9, 'score');
    expect(a.answers.map(([, id, , payload]) => [id, code(payload)])).toEqual([[9, 'overloaded']]);
    stage.shell.cast('a', 'x');
    expect(a.seen.at(-1)).toEqual(['closed', 4429, expect.any(String)]);
    await stage.settled();
    expect(stage.seqs('leave')).toHaveLength(1);
    expect(b.seen.some(([kind]) => kind === 'closed')).toBe(false);
  });

  test('in a room that stands still nobody is taken for a flood: more is refused, connections stay', async () => {
    const stage = await booted({ bounds: { perSession: 3 } });
    const a = await stage.join('a');
    for (let n = 0; n < 3; n++) stage.shell.cast('a', 'x');
    await stage.clock.advance(1_001);
    stage.shell.cast('a', 'x');
    expect(a.seen.at(-1)).toEqual(['error', 429, 'overloaded']);
    await stage.turn({ done: stage.seqs('cast').slice(0, 1) });
    stage.shell.cast('a', 'x');
    stage.shell.cast('a', 'x');
    expect(a.seen.at(-1)).toEqual(['closed', 4429, expect.any(String)]);
  });

  test('in a full room a cast of a quiet client is refused with an error, its connection stays', async () => {
    const stage = await booted({ bounds: { perSession: 3, perRoom: 2 } });
    const a = await stage.join('a');
    for (let n = 0; n < 3; n++) stage.shell.cast('a', 'x');
    expect(a.seen.at(-1)).toEqual(['error', 429, 'overloaded']);
  });

  test('what a session without a connection sends goes nowhere', async () => {
    const stage = await booted();
    await stage.join('a');
    stage.shell.drop('a');
    await stage.take();
    stage.shell.cast('a', 'x');
    stage.shell.call('nobody', 1, 'x');
    expect(await stage.take()).toEqual([]);
  });
});

describe('a crash of the room', () => {
  test('the failing call is rejected, an accepted one is in doubt, the rest is handed over in order', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    stage.heard.length = 0;
    for (const id of [1, 2, 3, 4]) stage.shell.call('a', id, `call ${id}`);
    stage.shell.cast('a', 'cast');
    await stage.settled();
    const seqs = stage.seqs('call');
    await stage.turn({ done: [seqs[0]!] });
    await stage.down(seqs[1]);
    expect(a.answers.map(([, id, status, payload]) => [id, status, code(payload)])).toEqual([
      [2, 2, 'room_crashed'],
      [1, 2, 'call_in_doubt'],
    ]);
    stage.heard.length = 0;
    stage.shell.cast('a', 'later');
    await stage.settled();
    expect(stage.heard).toEqual([]);
    await stage.boot([{ to: 'all', bytes: STATE }]);
    const rest = stage.heard.filter((message) => message.kind === 'call' || message.kind === 'cast');
    expect(rest.map((message) => [message.epoch, message.type])).toEqual([
      [2, 'call 3'],
      [2, 'call 4'],
      [2, 'cast'],
      [2, 'later'],
    ]);
    expect(a.seen.at(-1)).toEqual(['state', '7']);
    await stage.turn({ done: [seqs[2]!], frames: [answer(seqs[2]!, 'ok')] });
    expect(a.answers.at(-1)).toEqual(['answer', 3, 0, 'ok']);
  });

  test('the successor gets the past: state, data, timers, members, operations, sessions', async () => {
    const stage = await booted();
    await stage.join('a');
    await stage.turn({
      change: counterChange(41),
      data: { value: { deck: [3, 1, 2] } },
      timers: [{ name: 'turn', due: 99 }],
      members: ['a'],
      operations: [{ id: 'op1', status: 0 }],
    });
    await stage.say({
      kind: 'playerTurn',
      roomId: 'r1',
      record: {
        turn: 1,
        sessionId: 'a',
        done: [],
        frames: [],
        auth: { value: { id: 7 } },
        state: { value: { muted: ['x'] } },
      },
    });
    await stage.turn({
      operations: [
        { id: 'op2', status: 1 },
        { id: 'op1', status: 2 },
      ],
    });
    await stage.down();
    const boot = await stage.boot();
    expect(boot.shadow).toMatchObject({
      data: { deck: [3, 1, 2] },
      timers: [{ name: 'turn', due: 99 }],
      members: ['a'],
      operations: [
        { id: 'op2', status: 1 },
        { id: 'op1', status: 2 },
      ],
    });
    expect(boot.shadow?.state.nodes).toEqual([
      { kind: 'object', id: 0, type: 0, fields: [0, 41], links: [], emptied: [], extras: [] },
    ]);
    expect(boot.sessions).toEqual([
      expect.objectContaining({
        sessionId: 'a',
        connected: true,
        auth: { value: { id: 7 } },
        state: { value: { muted: ['x'] } },
      }),
    ]);
  });

  test('turns of an incarnation that is over change nothing', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    await stage.down();
    const before = a.seen.length;
    await stage.say({
      kind: 'turn',
      roomId: 'r1',
      epoch: 1,
      record: { turn: 9, done: [], change: counterChange(666), frames: [{ to: 'all', bytes: note }] },
    });
    expect(a.seen).toHaveLength(before);
    const boot = await stage.boot();
    expect(boot.shadow?.state.nodes).toEqual([expect.objectContaining({ fields: [0, 0] })]);
  });

  test('what was dropped or resumed meanwhile is told in order, from where the room knew it', async () => {
    const stage = await booted();
    await stage.join('a');
    const b = await stage.join('b');
    await stage.down();
    stage.shell.drop('a');
    stage.shell.drop('b');
    const resumed = stage.shell.resume(b);
    stage.shell.leave('a', false);
    stage.heard.length = 0;
    const boot = await stage.boot();
    expect(boot.sessions.map(({ sessionId, connected }) => [sessionId, connected])).toEqual([
      ['a', true],
      ['b', true],
    ]);
    const told = stage.heard.flatMap((message) => ('seq' in message ? [[message.kind, message.sessionId]] : []));
    expect(told).toEqual([
      ['drop', 'a'],
      ['drop', 'b'],
      ['resume', 'b'],
      ['leave', 'a'],
    ]);
    await stage.turn({ done: stage.seqs('drop') });
    await stage.turn({ done: stage.seqs('resume'), frames: [{ to: 'one', sessionId: 'b', bytes: STATE }] });
    await resumed;
    await stage.turn({ done: stage.seqs('leave') });
    expect(stage.shell.sessions).toBe(1);
  });

  test('a leave that crashes the room is not tried again by the shell: the restarted room finds the session gone', async () => {
    const stage = await booted();
    await stage.join('a');
    await stage.turn({ members: ['a'] });
    stage.shell.leave('a', true);
    await stage.settled();
    await stage.down(stage.seqs('leave')[0]);
    stage.heard.length = 0;
    const boot = await stage.boot();
    expect(boot.shadow?.members).toEqual(['a']);
    expect(boot.sessions).toEqual([]);
    expect(stage.seqs('leave')).toEqual([]);
  });

  test('the report names the failing message', async () => {
    const reports: DownReport[] = [];
    const listener = (report: unknown): void => void reports.push(report as DownReport);
    channel('genroom:room:down').subscribe(listener);
    try {
      const stage = await booted();
      await stage.join('a');
      stage.shell.cast('a', 'explode');
      await stage.settled();
      await stage.down(stage.seqs('cast')[0]);
      const failing = { sessionId: 'a', kind: 'cast', type: 'explode' };
      expect(reports).toEqual([{ roomId: 'r1', name: 'counter', epoch: 1, reason: 'boom', failing }]);
    } finally {
      channel('genroom:room:down').unsubscribe(listener);
    }
  });
});

describe('reconnecting', () => {
  test('a drop keeps the seat; the resumed connection gets nothing before its full state', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    stage.shell.drop('a');
    await stage.settled();
    await stage.turn({ done: stage.seqs('drop') });
    const before = a.seen.length;
    await stage.turn({ frames: [{ to: 'one', sessionId: 'a', bytes: note }] });
    expect(a.seen).toHaveLength(before);
    const resumed = stage.shell.resume(a);
    await stage.settled();
    await stage.turn({ frames: [{ to: 'all', bytes: PATCH }] });
    expect(a.seen).toHaveLength(before);
    await stage.turn({ done: stage.seqs('resume'), frames: [{ to: 'one', sessionId: 'a', bytes: STATE }] });
    await resumed;
    expect(a.seen.slice(before)).toEqual([['state', '7']]);
  });

  test('without a seat there is nothing to resume', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    stage.shell.leave('a', true);
    await expect(stage.shell.resume(a)).rejects.toMatchObject({ code: 'no_seat', status: 524 });
  });

  test('a resume that was being handled at the crash ends with the restart', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    stage.shell.drop('a');
    const resumed = stage.shell.resume(a);
    await stage.settled();
    await stage.turn({ done: stage.seqs('drop') });
    await stage.down(stage.seqs('resume')[0]);
    await resumed;
    const before = a.seen.length;
    const boot = await stage.boot([{ to: 'all', bytes: STATE }]);
    expect(boot.sessions).toEqual([expect.objectContaining({ sessionId: 'a', connected: true })]);
    expect(a.seen.slice(before)).toEqual([['state', '7']]);
  });
});

describe('players', () => {
  test('a restarted Player gets its record and what is unfinished of its session only', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    await stage.join('b');
    stage.shell.call('a', 1, 'bad');
    stage.shell.cast('b', 'other');
    stage.shell.cast('a', 'next');
    await stage.settled();
    const [failing] = stage.seqs('call');
    stage.heard.length = 0;
    await stage.say({ kind: 'playerDown', roomId: 'r1', sessionId: 'a', reason: 'boom', failing: failing! });
    expect(a.answers.map(([, id, , payload]) => [id, code(payload)])).toEqual([[1, 'player_crashed']]);
    await stage.say({ kind: 'playerHello', roomId: 'r1', sessionId: 'a', pid: '<0.8>' });
    const said = await stage.take();
    expect(said.map((message) => message.kind)).toEqual(['playerBoot', 'cast']);
    expect(said[0]).toMatchObject({ session: { sessionId: 'a', connected: true } });
    expect(said[1]).toMatchObject({ epoch: 1, sessionId: 'a', type: 'next' });
  });

  test('a Player that is given up costs its session and no other', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    const b = await stage.join('b');
    stage.shell.call('a', 1, 'x');
    await stage.settled();
    await stage.say({ kind: 'playerGivenUp', roomId: 'r1', sessionId: 'a', reason: 'shutdown' });
    expect(a.seen.slice(-2)).toEqual([
      ['answer', 1, 2, expect.objectContaining({ code: 'player_crashed' })],
      ['closed', 4501, expect.any(String)],
    ]);
    expect(b.seen.at(-1)).not.toContain('closed');
    await stage.turn({ done: stage.seqs('leave') });
    expect(stage.shell.sessions).toBe(1);
  });

  test('a join that crashes its Player is rejected', async () => {
    const stage = await booted();
    const { outcome } = stage.knock('a');
    await stage.settled();
    await stage.say({
      kind: 'playerDown',
      roomId: 'r1',
      sessionId: 'a',
      reason: 'boom',
      failing: stage.seqs('join')[0]!,
    });
    expect(outcome()).toBe('player_crashed');
    expect(stage.shell.sessions).toBe(0);
  });
});

describe('orders of the room', () => {
  test('disconnect closes the client and ends its seat; lock and metadata go to the matchmaker', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    const order = { order: 'disconnect', sessionId: 'a', code: 4321, reason: 'out' } as const;
    await stage.say({ kind: 'order', roomId: 'r1', order });
    await stage.say({ kind: 'order', roomId: 'r1', order: { order: 'lock' } });
    await stage.say({ kind: 'order', roomId: 'r1', order: { order: 'metadata', value: { map: 'x' } } });
    expect(a.seen.at(-1)).toEqual(['closed', 4321, 'out']);
    expect(stage.seqs('leave')).toHaveLength(1);
    expect(stage.room.log).toEqual([
      ['lock', true],
      ['metadata', { map: 'x' }],
    ]);
  });
});

describe('closing', () => {
  test('asks the room, waits for it, and frees everything', async () => {
    const stage = await booted();
    const a = await stage.join('a');
    stage.shell.call('a', 1, 'x');
    const closing = stage.shell.close('disposed');
    expect(await stage.take()).toContainEqual({ kind: 'close', roomId: 'r1', reason: 'disposed' });
    await stage.closed(true);
    await closing;
    expect(a.seen.slice(-2)).toEqual([
      ['answer', 1, 2, expect.objectContaining({ code: 'room_closed' })],
      ['closed', 4000, expect.any(String)],
    ]);
    expect(stage.node.rooms).toBe(0);
    expect(stage.shell.past.snapshot()).toBeUndefined();
    expect(stage.shell.sessions).toBe(0);
    expect(stage.clock.timers).toBe(0);
    await expect(stage.shell.join(a, {}, { ip: '', headers: {} })).rejects.toMatchObject({ code: 'room_closed' });
  });

  test('a room that does not end in time is ended all the same', async () => {
    const stage = await booted();
    const closing = stage.shell.close('disposed');
    await stage.clock.advance(10_000);
    await closing;
    expect(stage.shell.phase).toBe('closed');
  });

  test('a record that does not fit its past ends this room, not the gateway', async () => {
    const stage = await booted();
    await stage.turn({ change: { nextRefId: 5, fields: [4, 0, 1] } });
    expect(stage.shell.phase).toBe('closed');
    expect(await stage.take()).toContainEqual(expect.objectContaining({ kind: 'close' }));
  });

  test('payloads are handed over as they came', async () => {
    const stage = await booted();
    await stage.join('a');
    const payload = packPayload({ text: 'é' })!;
    stage.shell.cast('a', 3, payload);
    expect((await stage.take()).at(-1)).toMatchObject({ type: 3, payload });
  });
});
