/**
 * At most once and in order, over random crashes: clients send, the node handles, crashes in the middle, answers later,
 * is lost, cools down. The node here keeps the contract of room/link.ts and notes what it began and what it finished.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ToNode } from '../../src/room/link.ts';
import { answer, Stage, type StageClient } from './shell-stage.ts';

type Work = Extract<ToNode, { kind: 'cast' | 'call' }>;

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('cast' as const, 'call' as const), by: fc.constantFrom('a', 'b') }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('handle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('task' as const, 'finishTask' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('crashIn' as const, 'crashIdle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'cool' as const, 'crashBoot' as const) }) },
);
type Action = { do: string; by?: string };

class Run {
  readonly stage = new Stage({ callTimeout: false, recovery: { shadowAttempts: 1_000, calmAfter: 0 } });
  readonly clients = new Map<string, StageClient>();
  /** Every message sent: its number is its type. */
  readonly sent: { n: number; by: string; call: boolean }[] = [];
  readonly begun: number[] = [];
  readonly finished: number[] = [];
  readonly failed = new Set<number>();
  inbox: Work[] = [];
  tasks: Work[] = [];

  async start(): Promise<void> {
    await this.stage.boot();
    for (const id of ['a', 'b']) this.clients.set(id, await this.stage.join(id));
    this.stage.heard.length = 0;
  }

  async collect(): Promise<void> {
    for (const message of await this.stage.take()) {
      if ((message.kind === 'cast' || message.kind === 'call') && message.epoch === this.stage.epoch)
        this.inbox.push(message);
    }
  }

  async restart(): Promise<void> {
    this.inbox = [];
    this.tasks = [];
    await this.stage.boot();
    await this.collect();
  }

  /** The node begins with the next message, if there is one. */
  begin(): Work | undefined {
    const work = this.inbox.shift();
    if (work) this.begun.push(Number(work.type));
    return work;
  }

  async step({ do: what, by }: Action): Promise<void> {
    const { stage } = this;
    await this.collect();
    switch (what) {
      case 'cast':
      case 'call': {
        const n = this.sent.length + 1;
        this.sent.push({ n, by: by!, call: what === 'call' });
        if (what === 'cast') stage.shell.cast(by!, n);
        else stage.shell.call(by!, n, n);
        return;
      }
      case 'handle': {
        const work = this.begin();
        if (!work) return;
        this.finished.push(Number(work.type));
        return stage.turn({ done: [work.seq], frames: work.kind === 'call' ? [answer(work.seq, 'ok')] : [] });
      }
      case 'task': {
        const work = this.begin();
        if (!work) return;
        this.finished.push(Number(work.type));
        if (work.kind === 'call') this.tasks.push(work);
        return stage.turn({ done: [work.seq] });
      }
      case 'finishTask': {
        const work = this.tasks.shift();
        return work && stage.turn({ frames: [answer(work.seq, 'ok')] });
      }
      case 'crashIn': {
        const work = this.begin();
        if (work) this.failed.add(Number(work.type));
        await stage.down(work?.seq);
        return this.restart();
      }
      case 'crashIdle':
        await stage.down();
        return this.restart();
      case 'crashBoot':
        await stage.down();
        await stage.say({ kind: 'hello', roomId: 'r1', epoch: ++stage.epoch, pid: 'p' });
        await stage.down();
        return this.restart();
      case 'lose': {
        // The node was in the middle of its next message.
        const work = this.begin();
        if (work) {
          this.failed.add(Number(work.type));
          stage.ledger.take(1, work.seq);
        }
        stage.events.lost('gone');
        stage.events.up();
        return this.restart();
      }
      case 'cool':
        await stage.closed();
        await stage.clock.advance(30_000);
        return this.restart();
    }
  }
}

const property = fc.asyncProperty(fc.array(action, { maxLength: 60, size: 'max' }), async (actions) => {
  const run = new Run();
  await run.start();
  for (const one of actions) await run.step(one);
  await run.collect();
  while (run.inbox.length > 0) await run.step({ do: 'handle' });
  while (run.tasks.length > 0) await run.step({ do: 'finishTask' });
  await run.stage.settled();

  // No message is begun twice, and each session's messages are begun in the order sent.
  expect(new Set(run.begun).size).toBe(run.begun.length);
  for (const id of ['a', 'b']) {
    const begun = run.begun.filter((n) => run.sent[n - 1]!.by === id);
    expect(begun).toEqual(begun.toSorted((x, y) => x - y));
  }
  const finished = new Set(run.finished);
  const answers = new Map<number, string>();
  for (const client of run.clients.values()) {
    for (const [, id, status, payload] of client.answers) {
      expect(answers.has(id as number)).toBe(false);
      answers.set(id as number, status === 0 ? 'ok' : (payload as { code: string }).code);
    }
  }
  for (const { n, call } of run.sent) {
    if (!call) {
      // A cast is handled, unless the process ended while it handled it.
      expect([n, finished.has(n)]).toEqual([n, !run.failed.has(n)]);
      continue;
    }
    switch (answers.get(n)) {
      case 'ok':
      case 'call_in_doubt':
        expect([n, finished.has(n)]).toEqual([n, true]);
        break;
      case 'room_crashed':
        expect([n, run.failed.has(n)]).toEqual([n, true]);
        break;
      case 'room_recovering':
        expect([n, finished.has(n)]).toEqual([n, false]);
        break;
      default:
        expect.fail(`call ${n} ended as ${String(answers.get(n))}`);
    }
  }
  expect(run.stage.clock.timers).toBe(0);
});

test('over random crashes every message is begun at most once, in order, and every call is answered once', async () => {
  await fc.assert(property, { numRuns: 300 });
});
