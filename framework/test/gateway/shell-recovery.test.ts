import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultRecovery, nextStep, type RecoveryReport } from '../../src/gateway/shell/index.ts';
import { booted, noProgress, type RecoveryProgress } from '../../src/gateway/shell/recovery.ts';
import { counterChange, PATCH, Stage, STATE } from './shell-stage.ts';

describe('the decision', () => {
  const policy = { ...defaultRecovery, shadowAttempts: 9, freshAttempts: 2 };

  test('waits from 250 ms, twice as long each time, at most 30 s; from the shadow, then fresh, then no more', () => {
    let progress: RecoveryProgress = noProgress;
    const steps: unknown[] = [];
    for (;;) {
      const next = nextStep(progress, policy, 0);
      progress = next.progress;
      if (next.step.kind === 'giveUp') break;
      steps.push([next.step.from, next.step.delay]);
      expect(steps.length).toBeLessThan(20);
    }
    const waits = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    expect(steps).toEqual([...waits.map((wait) => ['shadow', wait]), ['fresh', 30_000], ['fresh', 30_000]]);
  });

  test('a room that stayed up long enough begins anew', () => {
    const tired = booted({ attempts: 8 }, 1_000);
    expect(nextStep(tired, policy, 1_000 + policy.calmAfter - 1).step).toMatchObject({ attempt: 9 });
    expect(nextStep(tired, policy, 1_000 + policy.calmAfter).step).toMatchObject({ attempt: 1, delay: 250 });
  });

  test('a start that did not boot is not calm, however long ago the one before was up', () => {
    const once = nextStep(booted(noProgress, 0), policy, 100).progress;
    expect(nextStep(once, policy, 1_000_000).step).toMatchObject({ attempt: 2 });
  });
});

describe('the shell', () => {
  let reports: RecoveryReport[] = [];
  const listener = (report: unknown): void => void reports.push(report as RecoveryReport);
  beforeEach(() => {
    reports = [];
    channel('genroom:room:recovery').subscribe(listener);
  });
  afterEach(() => channel('genroom:room:recovery').unsubscribe(listener));

  test('a room past its intensity keeps id, seats and sockets, cools down, and starts from its shadow', async () => {
    const stage = new Stage();
    await stage.boot();
    const a = await stage.join('a');
    await stage.turn({ change: counterChange(5), members: ['a'] });
    stage.shell.call('a', 1, 'before');
    stage.shell.cast('a', 'kept');
    await stage.settled();
    await stage.closed();
    expect(stage.shell.phase).toBe('cooling');
    const recovering = expect.objectContaining({ code: 'room_recovering' });
    expect(a.seen.slice(-2)).toEqual([
      ['answer', 1, 2, recovering],
      ['error', 503, 'room_recovering'],
    ]);
    stage.shell.call('a', 2, 'during');
    expect(a.seen.at(-1)).toEqual(['answer', 2, 2, recovering]);
    const late = stage.knock('late');
    await stage.settled();
    expect(late.outcome()).toBe('room_recovering');

    stage.heard.length = 0;
    await stage.clock.advance(249);
    expect(await stage.take()).toEqual([]);
    await stage.clock.advance(1);
    expect(stage.heard).toEqual([expect.objectContaining({ kind: 'open', epoch: 2 })]);
    const boot = await stage.boot([{ to: 'all', bytes: STATE }]);
    expect(boot.shadow?.state.nodes).toEqual([expect.objectContaining({ fields: [0, 5] })]);
    expect(boot.sessions).toEqual([expect.objectContaining({ sessionId: 'a' })]);
    expect(stage.heard.at(-1)).toMatchObject({ kind: 'cast', type: 'kept', epoch: 2 });
    expect(a.seen.at(-1)).toEqual(['state', '7']);
    expect(a.seen.some(([kind]) => kind === 'closed')).toBe(false);
    stage.shell.call('a', 3, 'after');
    await stage.settled();
    expect(stage.heard.at(-1)).toMatchObject({ kind: 'call', type: 'after' });
    expect(reports.map(({ step, from, delay }) => [step, from, delay])).toEqual([
      ['cooling', 'shadow', 250],
      ['starting', 'shadow', undefined],
      ['recovered', 'shadow', undefined],
    ]);
  });

  test('then it starts fresh where that is allowed, and only then it is closed, with the reason', async () => {
    const stage = new Stage({ recovery: { shadowAttempts: 1, freshAttempts: 1 } });
    await stage.boot();
    const a = await stage.join('a');
    await stage.closed();
    await stage.clock.advance(250);
    await stage.say({ kind: 'hello', roomId: 'r1', epoch: ++stage.epoch, pid: 'p' });
    expect(stage.heard.at(-1)).toHaveProperty('shadow');
    await stage.closed();
    await stage.clock.advance(500);
    await stage.say({ kind: 'hello', roomId: 'r1', epoch: ++stage.epoch, pid: 'p' });
    expect(stage.heard.at(-1)).toMatchObject({ kind: 'boot', sessions: [{ sessionId: 'a' }] });
    expect(stage.heard.at(-1)).not.toHaveProperty('shadow');
    expect(a.seen.some(([kind]) => kind === 'closed')).toBe(false);
    // Its state is another one: a patch is nothing for a client of the old one.
    const before = a.seen.length;
    await stage.freshTurn();
    await stage.turn({ frames: [{ to: 'all', bytes: PATCH }] });
    expect(a.seen).toHaveLength(before);
    await stage.turn({
      frames: [
        { to: 'one', sessionId: 'a', bytes: STATE },
        { to: 'all', bytes: PATCH },
      ],
    });
    expect(a.seen.slice(before)).toEqual([
      ['state', '7'],
      ['patch', '8'],
    ]);
    await stage.closed();
    expect(a.seen.at(-1)).toEqual(['closed', 4500, expect.stringContaining('shutdown')]);
    expect(stage.shell.phase).toBe('closed');
    expect(stage.node.rooms).toBe(0);
    expect(stage.clock.timers).toBe(0);
    expect(reports.map(({ step, from }) => [step, from])).toEqual([
      ['cooling', 'shadow'],
      ['starting', 'shadow'],
      ['cooling', 'fresh'],
      ['starting', 'fresh'],
      ['recovered', 'fresh'],
      ['givenUp', undefined],
    ]);
  });

  test('closing a room that cools down ends it at once', async () => {
    const stage = new Stage();
    await stage.boot();
    await stage.closed();
    await stage.shell.close('disposed');
    expect(stage.shell.phase).toBe('closed');
    expect(stage.clock.timers).toBe(0);
  });

  test('casts of a cooling room are kept up to the bound; beyond it the client is told, not thrown out', async () => {
    const stage = new Stage({ bounds: { perSession: 2 } });
    await stage.boot();
    const a = await stage.join('a');
    await stage.closed();
    for (let n = 0; n < 3; n++) stage.shell.cast('a', `n${n}`);
    expect(a.seen.at(-1)).toEqual(['error', 503, 'room_recovering']);
    await stage.clock.advance(250);
    stage.heard.length = 0;
    await stage.boot();
    expect(stage.heard.flatMap((message) => (message.kind === 'cast' ? [message.type] : []))).toEqual(['n0', 'n1']);
  });

  test('a lost node: the room opens again on the next one, from its shadow, with what was pending', async () => {
    const stage = new Stage();
    await stage.boot();
    const a = await stage.join('a');
    await stage.turn({ change: counterChange(3), members: ['a'] });
    stage.shell.call('a', 1, 'not begun');
    stage.shell.call('a', 2, 'in hand');
    stage.shell.call('a', 3, 'next');
    await stage.settled();
    stage.ledger.take(1, stage.seqs('call')[1]!);
    // What a turn has finished, and what belongs to another room, is not meant.
    stage.ledger.take(1, stage.seqs('join')[0]!);
    stage.ledger.take(2, stage.seqs('call')[2]!);
    stage.events.lost('out of memory');
    expect(a.answers).toEqual([['answer', 2, 2, expect.objectContaining({ code: 'room_crashed' })]]);
    stage.shell.cast('a', 'meanwhile');
    stage.heard.length = 0;
    stage.events.up();
    expect(await stage.take()).toEqual([expect.objectContaining({ kind: 'open', epoch: 2 })]);
    const boot = await stage.boot();
    expect(boot.shadow?.members).toEqual(['a']);
    const types = stage.heard.flatMap((message) =>
      message.kind === 'call' || message.kind === 'cast' ? [message.type] : [],
    );
    expect(types).toEqual(['not begun', 'next', 'meanwhile']);
  });

  test('a node that will not come back ends its rooms, with a code on which no client returns', async () => {
    const stage = new Stage();
    await stage.boot();
    const a = await stage.join('a');
    stage.events.lost('exit 1');
    stage.events.gone('exit 1');
    expect(a.seen.at(-1)).toEqual(['closed', 4500, expect.stringContaining('exit 1')]);
    expect(stage.node.rooms).toBe(0);
  });

  test('what the room crashed by is the reason that is told, not how its supervisor ended', async () => {
    const stage = new Stage({ recovery: { shadowAttempts: 1 } });
    await stage.boot();
    const a = await stage.join('a');
    await stage.down();
    await stage.closed();
    await stage.clock.advance(250);
    await stage.say({ kind: 'hello', roomId: 'r1', epoch: ++stage.epoch, pid: 'p' });
    await stage.say({ kind: 'down', roomId: 'r1', epoch: stage.epoch, reason: 'boom again' });
    await stage.closed();
    expect(a.seen.at(-1)).toEqual(['closed', 4500, 'The room was given up (boom again).']);
    expect(reports.map(({ step, reason }) => [step, reason])).toEqual([
      ['cooling', 'boom'],
      ['starting', 'boom'],
      ['givenUp', 'boom again'],
    ]);
  });

  test('where errors are not exposed, clients are not told what was thrown; reports are', async () => {
    const stage = new Stage({ exposeErrors: false, recovery: { shadowAttempts: 0 } });
    await stage.boot();
    const a = await stage.join('a');
    await stage.down();
    await stage.closed();
    expect(a.seen.at(-1)).toEqual(['closed', 4500, 'The room was given up.']);
    expect(reports.map(({ step, reason }) => [step, reason])).toEqual([['givenUp', 'boom']]);
  });

  test('a node that does not open a room in time: its start fails, and what comes of it later is ended', async () => {
    const stage = new Stage();
    const a = stage.knock('a');
    await stage.clock.advance(9_999);
    expect([stage.shell.phase, a.outcome()]).toEqual(['opening', 'waiting']);
    await stage.clock.advance(1);
    expect(a.outcome()).toBe('room_closed');
    const error = { code: 'room_not_started', message: expect.stringContaining('within 10 s') as string };
    await expect(stage.shell.ready).rejects.toMatchObject(error);
    expect((await stage.take()).map(({ kind }) => kind)).toEqual(['open', 'close']);
    expect(stage.node.rooms).toBe(0);
    expect(stage.clock.timers).toBe(0);
  });

  test('a node that is lost before a room has begun, and does not come back: its start fails in time too', async () => {
    const stage = new Stage();
    stage.events.lost('exit 1');
    await stage.clock.advance(10_000);
    await expect(stage.shell.ready).rejects.toMatchObject({ code: 'room_not_started' });
  });

  test('a room with a past is asked for again, and a start that comes late is as good', async () => {
    const stage = new Stage();
    await stage.boot();
    const a = await stage.join('a');
    stage.events.lost('exit 1');
    stage.events.up();
    await stage.take();
    await stage.clock.advance(10_000);
    expect(stage.shell.phase).toBe('cooling');
    await stage.clock.advance(250);
    expect(await stage.take()).toEqual([expect.objectContaining({ kind: 'open', epoch: 2 })]);
    await stage.clock.advance(10_000);
    expect(stage.shell.phase).toBe('cooling');
    await stage.boot();
    expect(stage.shell.phase).toBe('running');
    await stage.take();
    await stage.clock.advance(60_000);
    expect(await stage.take()).toEqual([]);
    expect(a.seen.some(([kind]) => kind === 'closed')).toBe(false);
  });

  test('while a debugger may stop the node, no start is late', async () => {
    const stage = new Stage({ callTimeout: false });
    await stage.clock.advance(60_000);
    expect(stage.shell.phase).toBe('opening');
  });

  test('a crash is ordered only where there is somebody to crash', async () => {
    const stage = new Stage();
    expect(stage.shell.crash('why')).toBe(false);
    await stage.boot();
    await stage.join('a');
    stage.knock('b');
    await stage.take();
    expect([stage.shell.crash('why'), stage.shell.crash('why', 'a')]).toEqual([true, true]);
    expect([stage.shell.crash('why', 'b'), stage.shell.crash('why', 'nobody')]).toEqual([false, false]);
    expect(await stage.take()).toEqual([
      { kind: 'crash', roomId: 'r1', error: 'why' },
      { kind: 'crash', roomId: 'r1', error: 'why', sessionId: 'a' },
    ]);
    await stage.down();
    expect(stage.shell.crash('why')).toBe(false);
  });
});
