/**
 * The clients of a storm, in a process of their own: `fork`ed by storm.ts, they join, post until they are told to stop,
 * and report.
 */
import { Client } from '@colyseus/sdk';
import type { CrashWay } from '../../crash-on-purpose.ts';
import type { ChatState, PlainLine } from '../../state.ts';
import { Poster } from './poster.ts';
import type { ClientsReport } from './report.ts';

export type ToClients =
  | { readonly do: 'join'; readonly url: string; readonly clients: number; readonly interval: number }
  | { readonly do: 'crash'; readonly how: CrashWay }
  | { readonly do: 'hangUp' }
  | { readonly do: 'finish' };

export type FromClients = { readonly joined: { readonly roomId: string } } | { readonly report: ClientsReport };

/** Joins under way at once. */
const AT_ONCE = 10;
const LAST = 1_000_000_000;

const posters: Poster[] = [];
let url = '';

process.on('message', (message: ToClients) => void take(message));

async function take(message: ToClients): Promise<void> {
  switch (message.do) {
    case 'join':
      url = message.url;
      while (posters.length < message.clients) {
        const wanted = Math.min(AT_ONCE, message.clients - posters.length);
        const first = posters.length;
        posters.push(...(await Promise.all(Array.from({ length: wanted }, (_, i) => Poster.join(url, first + i + 1)))));
      }
      for (const poster of posters) poster.start(message.interval);
      return tell({ joined: { roomId: posters[0]!.room.roomId } });
    case 'crash':
      return posters[0]!.room.send('crash', { how: message.how });
    case 'hangUp':
      return posters[Math.floor(Math.random() * posters.length)]!.hangUp();
    case 'finish':
      tell({ report: await finish() }, () => process.disconnect());
  }
}

async function finish(): Promise<ClientsReport> {
  await Promise.all(posters.map((poster) => poster.finish()));
  const fresh = await new Client(url).joinOrCreate<ChatState>('chat', { name: 'auditor', room: 'storm' });
  fresh.onMessage('typing', () => {});
  const history = await readHistory((before) => fresh.request('history', { before }));
  await settled(() => posters.every(({ room }) => room.state.guests.has(fresh.sessionId)));
  const states = posters.map(({ room }) => JSON.stringify(room.state.toJSON()));
  const freshState = JSON.stringify(fresh.state.toJSON());
  const closed = posters.reduce((sum, poster) => sum + poster.closed, 0);
  const fates = posters.flatMap((poster) => [...poster.fates]);
  const withFate = (wanted: string): string[] => fates.filter(([, fate]) => fate === wanted).map(([id]) => id);
  await Promise.all([fresh.leave(), ...posters.map((poster) => poster.leave())]);
  return {
    clients: posters.length,
    closed,
    acknowledged: withFate('acknowledged'),
    rejected: withFate('rejected'),
    inDoubt: withFate('inDoubt'),
    triedAgain: posters.reduce((sum, poster) => sum + poster.triedAgain, 0),
    seen: [...new Set(posters.flatMap((poster) => [...poster.seen]))],
    history,
    freshState,
    states,
    latency: percentiles(posters.flatMap((poster) => poster.latencies)),
  };
}

async function readHistory(page: (before: number) => Promise<PlainLine[]>): Promise<PlainLine[]> {
  const lines = await page(LAST);
  while (lines.length > 0 && lines[0]!.n > 1) {
    const earlier = await page(lines[0]!.n);
    if (earlier.length === 0) break;
    lines.unshift(...earlier);
  }
  return lines;
}

async function settled(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  await new Promise((resolve) => setTimeout(resolve, 300));
}

function percentiles(values: readonly number[]): ClientsReport['latency'] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { median: at(0.5), p99: at(0.99), longest: at(1) };
}

function tell(message: FromClients, told?: () => void): void {
  process.send!(message, undefined, undefined, told);
}
