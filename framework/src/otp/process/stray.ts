/**
 * Strays: failures outside every handler: a promise nobody awaited, a throw in a bare timer or event listener.
 *
 * Node runs the listeners of uncaughtException and unhandledRejection in the async context in which the failing work was
 * started, and each slice runs in its process's context: so every stray has an owner, which ends with that crash. A
 * stray whose owner has ended is reported, no more; so is one that nobody owns, which by default ends nothing. One that a
 * subscriber of reports left behind is only written to stderr: its report could fail the same way, without end.
 *
 * @example
 *   const uninstall = installStrayHandlers({ onUnowned: (error) => drainAndExit(error) });
 */
import { errorLine } from '../../platform/error-text.ts';
import { isReporting, publishStray } from '../reports/channels.ts';
import { currentProc, DEAD } from '../runtime/proc.ts';
import { crashProcess } from './exit-signals.ts';
import { reasonOfThrow } from './thrown.ts';

export interface StrayOptions {
  /** Called for a failure that no process owns. Default: nothing more than the report. */
  readonly onUnowned?: (error: unknown) => void;
}

let installed = 0;
let unowned: ((error: unknown) => void)[] = [];

function handle(origin: 'uncaughtException' | 'unhandledRejection', error: unknown): void {
  const proc = currentProc();
  if (!proc && isReporting()) return say(`a subscriber of its reports failed: ${errorLine(error)}`);
  const ends = proc !== undefined && proc.status !== DEAD;
  publishStray({ pid: proc?.pid, error, origin, ended: ends });
  if (ends) crashProcess(proc, reasonOfThrow(error), proc.lastMessage);
  else if (!proc) for (const report of unowned) tell(report, error);
}

/** A throw in these listeners would end the thread. */
function tell(report: (error: unknown) => void, error: unknown): void {
  try {
    report(error);
  } catch (failure) {
    say(`onUnowned failed: ${errorLine(failure)}`);
  }
}

function say(text: string): void {
  process.stderr.write(`genroom: ${text}\n`);
}

const onException = (error: unknown): void => handle('uncaughtException', error);
const onRejection = (error: unknown): void => handle('unhandledRejection', error);

/** Takes over this thread's stray failures. Returns what gives them back. May be installed several times. */
export function installStrayHandlers(options: StrayOptions = {}): () => void {
  if (installed++ === 0) {
    process.on('uncaughtException', onException);
    process.on('unhandledRejection', onRejection);
  }
  const { onUnowned } = options;
  if (onUnowned) unowned.push(onUnowned);
  let active = true;
  return () => {
    if (!active) return;
    active = false;
    unowned = unowned.filter((report) => report !== onUnowned);
    if (--installed > 0) return;
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}
