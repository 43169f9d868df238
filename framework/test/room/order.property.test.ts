/**
 * What clients send while rooms and players crash and are killed at any time: handled once, in each client's order, and
 * every client ends with the same state.
 */
import { schema, t, type SchemaType } from '@colyseus/schema';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { sleep } from '../../src/otp/index.ts';
import { player, room } from '../../src/room/index.ts';
import { openStage, type StageClient } from './stage.ts';

const Lines = schema({ lines: t.array('string'), members: t.map('string') }, 'OrderLines');
type Lines = SchemaType<typeof Lines>;

const intensity = { max: 10_000, period: 1000 };
const guest = player({
  messages: { burst: z.undefined(), count: z.number(), report: z.undefined() },
  state: () => ({ counted: [] as readonly number[] }),
  casts: {
    burst() {
      throw new Error('burst');
    },
    count: (self, n) => void (self.state = { counted: [...self.state.counted, n] }),
    report: (self) => self.send('counted', self.state.counted),
  },
  intensity,
});
const rough = room({
  name: 'rough-order',
  intensity,
  state: () => new Lines(),
  messages: { say: z.string(), boom: z.string(), hold: z.number(), post: z.string() },
  join: (self, who) => void self.state.members.set(who.sessionId, 'in'),
  leave: (self, who) => void self.state.members.delete(who.sessionId),
  once: { post: (_who, text) => text },
  casts: {
    say: (self, _who, text) => self.state.lines.push(text),
    boom(self, _who, text) {
      self.state.lines.push(text);
      throw new Error(text);
    },
    hold: async (_self, _who, ms) => sleep(ms),
  },
  calls: { post: (self, _who, text) => self.state.lines.push(text) },
  player: guest,
});

const client = fc.nat(2);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('say' as const), client }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('post' as const), client }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('boom' as const, 'burst' as const, 'count' as const), client }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hold' as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill room' as const, 'kill player' as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'tick' as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('drop' as const, 'resume' as const), client }) },
);

it('handles what clients send once and in order, whatever crashes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const stage = await openStage<Lines>(rough);
      try {
        const clients = await Promise.all([0, 1, 2].map((n) => stage.join(`c${n}`)));
        const sent = clients.map((): string[] => []);
        const counted = clients.map((): number[] => []);
        const connected = [true, true, true];
        const posts: { who: number; text: string; answer: Promise<unknown> }[] = [];
        let n = 0;
        for (const { do: what, client: who } of steps) {
          const each = clients[who]!;
          const text = `c${who} ${n++}`;
          if (what === 'say' && connected[who]) {
            each.cast('say', text);
            sent[who]!.push(text);
          } else if (what === 'post' && connected[who]) {
            posts.push({ who, text, answer: each.call('post', text) });
            sent[who]!.push(text);
          } else if (what === 'boom' && connected[who]) each.cast('boom', 'never');
          else if (what === 'burst' && connected[who]) each.cast('burst');
          else if (what === 'count' && connected[who]) {
            each.cast('count', n);
            counted[who]!.push(n);
          } else if (what === 'hold' && connected[who]) each.cast('hold', 5);
          else if (what === 'kill room' && stage.pidOf('room ')) stage.kill('room ');
          else if (what === 'kill player' && stage.pidOf(`player c${who}`)) stage.kill(`player c${who}`);
          else if (what === 'settle') await stage.clock.settled();
          else if (what === 'tick') await stage.clock.advance(3);
          else if (what === 'drop' && connected[who]) {
            stage.shell.drop(`c${who}`);
            connected[who] = false;
          } else if (what === 'resume' && !connected[who]) {
            void stage.shell.resume(each);
            connected[who] = true;
          }
        }
        for (const who of [0, 1, 2]) if (!connected[who]) void stage.shell.resume(clients[who]!);
        await stage.clock.advance(2000);
        const lines = (each: StageClient<Lines>): string[] => [...each.state!.lines];
        for (const each of clients) {
          expect(each.closed).toBeUndefined();
          expect(each.state!.toJSON()).toEqual(clients[0]!.state!.toJSON());
          for (const [who, texts] of sent.entries())
            expect(lines(each).filter((line) => line.startsWith(`c${who} `))).toEqual(texts);
        }
        expect(lines(clients[0]!)).not.toContain('never');
        for (const { text, answer } of posts) {
          // A client that was away when the answer came has none; nobody is told of a failure that did not happen.
          const outcome = await Promise.race([answer, Promise.resolve('none')]);
          if (outcome !== 'none') expect(lines(clients[0]!)).toContain(text);
        }
        expect(stage.shell.sessions).toBe(3);
        for (const each of clients) each.cast('report');
        await stage.clock.settled();
        for (const [who, each] of clients.entries())
          expect(each.messages).toEqual([{ type: 'counted', message: counted[who] }]);
      } finally {
        await stage.close();
      }
    }),
    { numRuns: 60 },
  );
});
