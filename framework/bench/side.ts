/**
 * Side: one of the programs that a bench compares, as a child process that measures when it is told to.
 *
 * The protocol is lines. The child sets its row up, runs it a few times unmeasured, and prints `ready`. For each line on
 * its stdin it measures once and prints the figure; at the end of its stdin it exits. So both sides stay up, warm and
 * idle while the other one measures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The longest that one measurement, or getting ready, may take. */
const LIMIT_MS = 120_000;

export interface SideCommand {
  /** What errors call it. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** How to get the program where it is missing. */
  readonly cure: string;
}

export class SideFailed extends Error {
  override readonly name = 'SideFailed';
}

export class Side {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #failure: string | undefined;

  constructor({ name, program, args, cure }: SideCommand) {
    this.name = name;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.once('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error.code === 'ENOENT' ? `${program} is missing. ${cure}` : error.message;
    });
    // A child that has ended breaks the pipe; its missing answer tells.
    this.#child.stdin!.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Waits until it has set up and warmed up. @throws SideFailed */
  async ready(): Promise<void> {
    const line = await this.#line();
    if (line !== 'ready') throw new SideFailed(`${this.name} said '${line}' instead of ready`);
  }

  /** One measurement. @throws SideFailed */
  async measure(): Promise<number> {
    this.#child.stdin!.write('go\n');
    const line = await this.#line();
    const figure = Number(line);
    if (!(figure > 0)) throw new SideFailed(`${this.name} measured '${line}'`);
    return figure;
  }

  /** Lets it end, and sees to it that it does. */
  close(): void {
    this.#child.stdin!.end();
    this.#child.kill('SIGKILL');
  }

  async #line(): Promise<string> {
    const timer = setTimeout(() => {
      this.#failure ??= `took longer than ${LIMIT_MS / 1000} s`;
      this.#child.kill('SIGKILL');
    }, LIMIT_MS);
    const next = await this.#lines.next();
    clearTimeout(timer);
    if (!next.done) return next.value;
    throw new SideFailed(`${this.name} gave no figure: ${this.#failure ?? 'it ended; see what it wrote above'}`);
  }
}
