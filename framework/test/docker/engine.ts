/**
 * Engine: a container engine by its client, for tests. What is started has a name that says who started it, and is
 * removed when its scope ends.
 *
 *     const engine = new Engine(requirement('docker').path);
 *     await using chat = await engine.run(image, ['--publish', '127.0.0.1::2567']);
 *     await fetch(`http://${await chat.address(2567)}`);
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIMIT_MS = 60_000;

/** Runs a program to its end; a rejection carries what it printed. */
export async function output(
  program: string,
  args: readonly string[],
  { limit = LIMIT_MS, env = {} }: { limit?: number; env?: Record<string, string> } = {},
): Promise<string> {
  const options = { timeout: limit, maxBuffer: 64 * 2 ** 20, env: { ...process.env, ...env } };
  const { stdout, stderr } = await run(program, args, options).catch((error: Error & { stdout: string }) => {
    // The reason stands at the end of a long output, and execFile's own message has only stderr.
    throw new Error(`${error.message}\n${error.stdout.slice(-4000)}`, { cause: error });
  });
  return (stdout.trim() === '' ? stderr : stdout).trim();
}

export class Engine {
  readonly #client: string;

  /** @param client the path of `docker` */
  constructor(client: string) {
    this.#client = client;
  }

  ask(...args: string[]): Promise<string> {
    return output(this.#client, args);
  }

  /** Builds with the host's network, since a machine's own bridge may lead nowhere. */
  async build(tag: string, { file, context, limit }: { file: string; context: string; limit: number }): Promise<void> {
    await output(this.#client, ['build', '--network=host', '--file', file, '--tag', tag, context], { limit });
  }

  /** Bytes of an image. */
  async size(image: string): Promise<number> {
    return Number(await this.ask('image', 'inspect', '--format', '{{.Size}}', image));
  }

  /** Takes these names away, and images that have no other. */
  async removeImages(...names: string[]): Promise<void> {
    await this.ask('rmi', ...names);
  }

  /** Starts a container in the background. */
  async run(image: string, options: readonly string[] = [], command: readonly string[] = []): Promise<Container> {
    const name = `genroom-test-${randomUUID()}`;
    const container = new Container(this, name);
    try {
      await this.ask('run', '--detach', '--name', name, ...options, image, ...command);
    } catch (error) {
      await container.remove();
      throw error;
    }
    return container;
  }
}

export class Container implements AsyncDisposable {
  readonly #engine: Engine;
  readonly name: string;

  constructor(engine: Engine, name: string) {
    this.#engine = engine;
    this.name = name;
  }

  /** What `docker inspect` says by a format of its own. */
  inspect(format: string): Promise<string> {
    return this.#engine.ask('inspect', '--format', format, this.name);
  }

  exec(...command: string[]): Promise<string> {
    return this.#engine.ask('exec', this.name, ...command);
  }

  logs(): Promise<string> {
    return this.#engine.ask('logs', this.name);
  }

  /** `host:port` where a port of the container is published. */
  async address(port: number): Promise<string> {
    return (await this.#engine.ask('port', this.name, String(port))).split('\n')[0]!;
  }

  stop(): Promise<string> {
    return this.#engine.ask('stop', this.name);
  }

  async remove(): Promise<void> {
    await this.#engine.ask('rm', '--force', '--volumes', this.name).catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}
