/**
 * RunningServer: the chat's server.ts in a process of its own, as `npm start` runs it, on a free port.
 *
 *     await using server = await startServer({ nodes: 1 });
 *     await fetch(server.url);
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { TreeView } from '../../../../framework/src/gateway/http/operator.ts';

const SERVER = fileURLToPath(new URL('../../server.ts', import.meta.url));
const WORKSPACE = new URL('../../../../tools/workspace.ts', import.meta.url).href;
const PATIENCE = 20_000;

export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  readonly transport: string;
  /** What it wrote to stderr so far. */
  readonly log: () => string;
  tree(): Promise<TreeView>;
  /** Orders a crash, as an operator does. */
  crash(roomId: string): Promise<void>;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly nodes?: number;
  /** Default 0: a free one. */
  readonly port?: number;
  readonly transport?: 'auto' | 'uws' | 'ws';
}

export async function startServer({
  nodes = 0,
  port = 0,
  transport = 'auto',
}: StartOptions = {}): Promise<RunningServer> {
  const options = ['--port', String(port), '--nodes', String(nodes), '--transport', transport];
  const child = spawn(process.execPath, ['--import', WORKSPACE, SERVER, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const [, url, kind] = await greeting(child, () => log);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const over = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5000);
    await over;
    clearTimeout(late);
  };
  return {
    url,
    transport: kind,
    log: () => log,
    tree: async () => (await (await fetch(`${url}/genroom/tree`)).json()) as TreeView,
    crash: async (roomId) => {
      const { status } = await fetch(`${url}/genroom/crash/${roomId}`, { method: 'POST' });
      if (status !== 202) throw new Error(`The crash was not ordered: ${status}.`);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A port that is free now. A server that is to be started again on its port needs a fixed one. */
export async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The line with the address; the end of the process, or silence, is an error that shows its log. */
function greeting(child: ChildProcess, log: () => string): Promise<[line: string, url: string, transport: string]> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`The server ${why}.\n${log()}`));
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      fail('said nothing');
    }, PATIENCE);
    child.once('exit', (code) => fail(`ended with code ${code}`));
    let said = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const found = /(http:\S+) \((\w+),/.exec((said += text));
      if (!found) return;
      clearTimeout(late);
      resolve([found[0], found[1]!, found[2]!]);
    });
  });
}
