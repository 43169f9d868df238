/**
 * A small shell for the transport's own tests: it answers `echo`, lets clients broadcast, and keeps a log. The real
 * shell has tests of its own; here the sockets are what is tried.
 */
import { connect } from 'node:net';
import { Encoder, Reflection, schema, t } from '@colyseus/schema';
import { pack, unpack } from 'msgpackr';
import { type Gateway, type GatewayOptions, openGateway } from '../../src/gateway/gateway.ts';
import { loadUws } from '../../src/platform/index.ts';
import type { ClientPort, RoomPort, ShellPort } from '../../src/gateway/shell/ports.ts';
import { GenroomError } from '../../src/platform/errors.ts';
import { dataFrame, patchFrame, responseFrame, stateFrame } from '../../src/room/frames.ts';

export type Log = (readonly [what: string, ...rest: unknown[]])[];

class Refused extends GenroomError {
  readonly status = 525;
}

const Small = schema({ count: t.number() }, 'Small');

export class SmallShell implements ShellPort {
  readonly state = new Small();
  readonly encoder = new Encoder(this.state);
  readonly handshake = Uint8Array.from(Reflection.encode(this.encoder));
  readonly ready: Promise<void>;
  readonly clients = new Map<string, ClientPort>();
  readonly port: RoomPort;
  readonly log: Log;
  readonly payloads: Uint8Array[] = [];

  constructor(port: RoomPort, options: unknown, log: Log) {
    this.state.count = 0;
    this.encoder.discardChanges();
    this.port = port;
    this.log = log;
    const fail = (options as { failCreate?: boolean } | null)?.failCreate === true;
    this.ready = fail ? Promise.reject(new Error('secret of the server')) : Promise.resolve();
    this.ready.catch(() => {});
  }

  async join(client: ClientPort, options: unknown, connection: { ip: string; token?: string }): Promise<void> {
    const wish = options as { refuse?: boolean; slow?: number; never?: boolean; flood?: number } | null;
    if (wish?.never) await new Promise(() => {});
    if (wish?.refuse) throw new Refused('not_invited', 'You are not on the list.', { remedy: 'Ask the host.' });
    if (wish?.slow) await new Promise((resolve) => setTimeout(resolve, wish.slow));
    this.clients.set(client.sessionId, client);
    this.log.push(['join', client.sessionId, connection.ip, connection.token]);
    this.#fullState(client);
    client.send(dataFrame('welcome', 'before the ack'));
    for (let n = 0; n < (wish?.flood ?? 0); n++) client.send(dataFrame('filler', 'x'.repeat(1024)));
  }

  drop(sessionId: string): void {
    this.clients.delete(sessionId);
    this.log.push(['drop', sessionId]);
  }

  async resume(client: ClientPort): Promise<void> {
    this.clients.set(client.sessionId, client);
    this.log.push(['resume', client.sessionId]);
    this.#fullState(client);
    client.send(dataFrame('welcome', 'back'));
  }

  leave(sessionId: string, consented: boolean): void {
    this.clients.delete(sessionId);
    this.log.push(['leave', sessionId, consented]);
  }

  cast(sessionId: string, type: string | number, payload?: Uint8Array): void {
    this.log.push(['cast', sessionId, type]);
    if (payload) this.payloads.push(payload);
    const message = payload && unpacked(payload);
    const client = this.clients.get(sessionId)!;
    if (type === 'shout') this.port.publish(dataFrame('shout', message));
    else if (type === 'others') this.port.publish(dataFrame('shout', message), [sessionId]);
    else if (type === 'but') this.port.publish(dataFrame('shout', 'but'), message as string[]);
    else if (type === 'mixed') this.#mixed(client, message as number);
    else if (type === 'count') this.count();
    else if (type === 'lock') this.port.lock(message as boolean);
    else if (type === 'metadata') this.port.setMetadata(message);
    else if (type === 'over') this.port.dispose(4500, 'the party is over');
    else if (type === 'kick') client.close(4321, 'out');
    else client.send(dataFrame(type, message));
  }

  call(sessionId: string, requestId: number, type: string | number, payload?: Uint8Array): void {
    const client = this.clients.get(sessionId)!;
    if (type === 'throw') throw new Error('a fault of the shell');
    if (type === 'double') {
      client.send(responseFrame(requestId, 0, pack(2 * (unpacked(payload) as number))));
    } else if (type === 'sessions') client.send(responseFrame(requestId, 0, pack([...this.clients.keys()])));
    else client.send(responseFrame(requestId, 2, pack({ name: 'UnknownMessage', message: `no call ${type}` })));
  }

  async close(reason: string): Promise<void> {
    this.log.push(['close', reason]);
  }

  /** A change of the state, published as a patch. */
  count(): void {
    this.state.count = (this.state.count ?? 0) + 1;
    this.port.publish(patchFrame(Uint8Array.from(this.encoder.encode())));
    this.encoder.discardChanges();
  }

  #fullState(client: ClientPort): void {
    client.send(stateFrame(Uint8Array.from(this.encoder.encodeAll())));
  }

  /** Publishes and direct sends by turns, numbered. */
  #mixed(client: ClientPort, count: number): void {
    for (let n = 0; n < count; n++) {
      const frame = dataFrame('n', { n, pad: 'x'.repeat(n % 7 === 0 ? 20_000 : n % 50) });
      if (n % 3 === 0) client.send(frame);
      else this.port.publish(frame);
    }
  }
}

/** A payload of a client's, which may be rubbish. */
function unpacked(payload: Uint8Array | undefined): unknown {
  try {
    return payload && unpack(payload);
  } catch {
    return 'rubbish';
  }
}

export interface Party extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly log: Log;
  readonly shells: SmallShell[];
  readonly errors: unknown[];
  readonly url: string;
}

/** A gateway with one kind of room, `small`, on a free port. */
export async function party(options: Omit<GatewayOptions, 'rooms'> & { maxClients?: number } = {}): Promise<Party> {
  const { maxClients, ...rest } = options;
  const log: Log = [];
  const shells: SmallShell[] = [];
  const errors: unknown[] = [];
  const gateway = await openGateway({
    port: 0,
    report: (error) => errors.push(error),
    ...rest,
    rooms: [
      {
        name: 'small',
        ...(maxClients === undefined ? {} : { maxClients }),
        filterBy: ['channel'],
        openShell: ({ port, options: wish }) => {
          const shell = new SmallShell(port, wish, log);
          shells.push(shell);
          return shell;
        },
      },
    ],
  });
  return {
    gateway,
    log,
    shells,
    errors,
    url: `http://127.0.0.1:${gateway.port}`,
    [Symbol.asyncDispose]: () => gateway.close(3000),
  };
}

/** The transports that can run on this machine. */
export const transports: readonly ('uws' | 'ws')[] = loadUws().ok ? ['uws', 'ws'] : ['ws'];

/** Waits until something holds; fails after two seconds. */
export async function until(holds: () => boolean, what: string, patience = 2000): Promise<void> {
  const end = Date.now() + patience;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Sends bytes to the port and waits for the answer or the end. */
export function rawHttp(port: number, raw: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(raw, 'latin1'));
    let heard = '';
    const done = (): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.on('data', (data) => (heard += data.toString('latin1')));
    socket.on('error', done);
    socket.on('close', done);
    setTimeout(done, 80);
  });
}
