/**
 * Composition: the services of docker/compose.yaml, of an image that was built before, on free ports, under a project
 * name of their own. Its containers, network and image names are gone when its scope ends.
 *
 *     await using services = await Composition.up(engine, { program: 'docker-compose', image, names: ['chat'] });
 *     await (await services.container('chat')).address(2567);
 */
import { join } from 'node:path';
import { Container, type Engine, output } from './engine.ts';

const FILE = join(import.meta.dirname, '../../../docker/compose.yaml');
const FREE_PORTS = { CHAT_PORT: '0', BANK_PORT: '0' };

export interface Services {
  /** The path of docker-compose. */
  readonly program: string;
  readonly image: string;
  readonly names: readonly string[];
}

export class Composition implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #program: string;
  readonly #project: string;
  readonly #tags: readonly string[];

  private constructor(engine: Engine, { program, image, names }: Services) {
    this.#engine = engine;
    this.#program = program;
    this.#project = `${image}-services`;
    // What Compose calls the image that it would build: version 2 and later, and version 1.
    this.#tags = names.flatMap((name) => [`${this.#project}-${name}`, `${this.#project}_${name}`]);
  }

  static async up(engine: Engine, services: Services): Promise<Composition> {
    const composition = new Composition(engine, services);
    try {
      for (const tag of composition.#tags) await engine.ask('tag', services.image, tag);
      await composition.#compose('up', '--detach', '--no-build', ...services.names);
      return composition;
    } catch (error) {
      await composition[Symbol.asyncDispose]();
      throw error;
    }
  }

  async container(service: string): Promise<Container> {
    return new Container(this.#engine, await this.#compose('ps', '--quiet', service));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#compose('down', '--volumes');
    await this.#engine.removeImages(...this.#tags);
  }

  #compose(...args: string[]): Promise<string> {
    return output(this.#program, ['--file', FILE, '--project-name', this.#project, ...args], { env: FREE_PORTS });
  }
}
