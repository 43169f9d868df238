/**
 * BadLine: a TCP line to a server that can go deaf (what the server says is lost on the way, and nobody new gets
 * through) and can break.
 *
 *     await using line = await BadLine.to('http://127.0.0.1:2567');
 *     line.deaf = true;
 *     line.break();
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class BadLine implements AsyncDisposable {
  /** Whether what the server says is lost, and new connections are refused. */
  deaf = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: URL) {
    this.#server = createServer((near) => {
      if (this.deaf) return near.destroy();
      const far = connect(Number(target.port), target.hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.on('error', () => {}); // its close follows
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
      near.pipe(far);
      far.on('data', (bytes) => this.deaf || near.write(bytes));
    });
  }

  static async to(url: string): Promise<BadLine> {
    const line = new BadLine(new URL(url));
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends every connection on it at once; new ones can be made. */
  break(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.break();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
