/**
 * Traces: what the processes of a program observed, and when two traces are the same.
 *
 * OTP promises an order only between what one process sends to another. So within a step the events of a process are
 * compared for each source by itself: what it did (its own operations and callbacks) in order, and what came from each
 * other process in order. The EXITs and DOWNs of one end have no order among themselves: links and monitors are told in
 * any. Steps are ordered: everything has settled between two of them.
 *
 * What a process took from its mailbox without saying of whom it should be (`recv any`) is its own operation and compared as it
 * is: the generator sees to it that only one process may have sent it.
 */
export type Event = readonly [label: string, step: number, source: string, event: readonly unknown[]];
/** After a step: who lives, and with whom each is linked. */
export type Snapshot = readonly [step: number, live: readonly (readonly [label: string, links: readonly string[]])[]];
export type Trace = readonly [events: readonly Event[], snapshots: readonly Snapshot[]];

const isEnd = (text: string): boolean => text.startsWith('["EXIT"') || text.startsWith('["DOWN"');

/** Puts each run of EXITs and DOWNs into an order of its own. */
function sortEnds(events: readonly string[]): string[] {
  const sorted: string[] = [];
  for (let i = 0; i < events.length;) {
    let end = i;
    while (end < events.length && isEnd(events[end]!)) end++;
    if (end > i) sorted.push(...events.slice(i, end).toSorted());
    else sorted.push(events[end++]!);
    i = end;
  }
  return sorted;
}

/** A trace as text that is the same for traces between which OTP does not tell: a line for each step, process, source. */
export function canonical([events, snapshots]: Trace): string {
  const lines = new Map<string, string[]>();
  for (const [label, step, source, event] of events) {
    const key = `${String(step).padStart(3, '0')} ${label} < ${source === '' ? 'itself' : source}`;
    const shown = JSON.stringify(event);
    const line = lines.get(key);
    if (line) line.push(shown);
    else lines.set(key, [shown]);
  }
  const all = [...lines].map(([key, line]) => `${key}: ${sortEnds(line).join(' ')}`);
  for (const [step, live] of snapshots) {
    const shown = live.map(([label, links]) => `${label}(${[...links].toSorted().join(',')})`).toSorted();
    all.push(`${String(step).padStart(3, '0')} ~ alive: ${shown.join(' ')}`);
  }
  return all.toSorted().join('\n');
}

/** The lines in which two canonical traces differ, first those of `otp`. */
export function difference(otp: string, genroom: string): { otp: string[]; genroom: string[] } {
  const [left, right] = [otp.split('\n'), genroom.split('\n')];
  return {
    otp: left.filter((line) => !right.includes(line)),
    genroom: right.filter((line) => !left.includes(line)),
  };
}
