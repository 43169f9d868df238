/**
 * Distribution: nodes joined so that a pid of one works on the other as if it were its own.
 *
 * Two nodes are joined by the two ports of a MessageChannel. From then on send, cast, call, reply, link, monitor and exit
 * reach processes of the other node, in the order in which a process gave them; names there are found with `nameOn`. A
 * message is copied when it is sent. When the port closes or the thread behind it ends, what was open ends as in OTP:
 * links and monitors with 'noconnection', calls with `call_nodedown`.
 *
 *     const { port1, port2 } = new MessageChannel();
 *     new Worker(program, { workerData: port2, transferList: [port2] });
 *     await connect(port1);                                     // there: nameNode('worker'); await connect(workerData)
 *     await call(nameOn('worker', via(accounts, '7')), 'balance');
 */
import type { MessagePort } from 'node:worker_threads';
import { publishStray } from '../otp/reports/channels.ts';
import { currentClock } from '../otp/runtime/clock.ts';
import { BadArgument, badTimeout, isTimeout } from '../otp/runtime/errors.ts';
import type { GenServer } from '../otp/gen-server/gen-server.ts';
import { INFO } from '../otp/runtime/mailbox.ts';
import { type Home, home } from '../otp/runtime/pid.ts';
import { DEAD, type Proc } from '../otp/runtime/proc.ts';
import { runAsNobody } from '../otp/runtime/scheduler.ts';
import { requireProc } from '../otp/process/spawn.ts';
import type { ViaName } from '../otp/process/target.ts';
import { GenroomError } from '../platform/errors.ts';
import { arrive } from './arrivals.ts';
import { Peer } from './peer.ts';
import { portLink } from './port-link.ts';
import { RemoteName } from './remote-name.ts';
import { BadSignal } from './signal-shape.ts';
import { isHello, type Signal } from './signals.ts';
import type { Homes } from './unwire.ts';
import { WeakTable } from './weak-table.ts';

/** What `monitorNodes` gives when a node is joined or lost. */
export interface NodeEvent {
  readonly tag: 'NODEUP' | 'NODEDOWN';
  readonly node: string;
}

/** Two nodes could not be joined. */
export class NotConnected extends GenroomError {
  constructor(code: 'node_name_taken' | 'node_not_connected', message: string, remedy: string) {
    super(code, message, { remedy });
  }
}

interface Connection {
  readonly peer: Peer;
  readonly port: MessagePort;
  readonly flush: () => void;
}

const connections = new Map<string, Connection>();
/** Every life of every node of which something is known here: a pid, a reference or a connection holds its Peer. */
const peers = new WeakTable<Peer, string>();
const watchers = new Set<Proc>();
/** Called before anybody is told of a node that came or went; for what the framework keeps for its nodes. */
const observers = new Set<(event: NodeEvent) => void>();

function peerAt(node: string, incarnation: number): Peer {
  const key = `${incarnation} ${node}`;
  let peer = peers.get(key);
  if (!peer) {
    peer = new Peer({ name: node, incarnation });
    peers.set(key, peer);
  }
  return peer;
}

/** The nodes as messages name them. */
export const homes: Homes = {
  at: peerAt,
  // Of a node that is not connected nothing is reached: any life of it will do.
  named: (node) => connections.get(node)?.peer ?? peerAt(node, 0),
};

/** The nodes that this one is joined with. */
export function nodes(): string[] {
  return [...connections.keys()];
}

/**
 * Joins this node with the one at the other end of a port, which has to do the same. Resolves with its name.
 *
 * @param options.timeout milliseconds for the other end to answer. Default 5,000
 * @throws BadArgument `invalid_timeout`; NotConnected `node_not_connected` when nobody answers; `node_name_taken` when the other node has this one's name, or is joined already
 */
export function connect(port: MessagePort, options: { readonly timeout?: number } = {}): Promise<string> {
  const { timeout = 5000 } = options;
  if (!isTimeout(timeout)) return Promise.reject(badTimeout('connect', timeout));
  return runAsNobody(() => join(port, timeout));
}

function join(port: MessagePort, timeout: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const clock = currentClock();
  let connection: Connection | undefined;
  const fail = (error: NotConnected): void => {
    clock.clearTimer(timer);
    port.close();
    reject(error);
  };
  const timer = clock.setTimer(timeout, () => fail(unanswered(`within ${timeout} ms`)));
  const link = portLink<Signal, unknown>(port);
  port.on('message', (value) => {
    if (connection || !isHello(value)) return;
    const refused = refusal(value);
    if (refused) return fail(refused);
    clock.clearTimer(timer);
    const peer = peerAt(value.name, value.incarnation);
    connection = { peer, port, flush: link.flush };
    joined(connection, link.send);
    resolve(value.name);
  });
  link.receive((one) => {
    if (connection && connections.get(connection.peer.home.name) === connection)
      runAsNobody(() => receive(connection!.peer, one));
  });
  port.on('close', () => {
    if (connection) lose(connection);
    else fail(unanswered('before the port closed'));
  });
  const { name, incarnation } = home();
  port.postMessage({ genroom: 'hello', name, incarnation });
  return promise;
}

/** What is no signal is told of and dropped: the node goes on. */
function receive(peer: Peer, one: unknown): void {
  try {
    arrive(peer, one, homes);
  } catch (error) {
    if (!(error instanceof BadSignal)) throw error;
    publishStray({ pid: undefined, error, origin: 'uncaughtException', ended: false });
  }
}

function unanswered(when: string): NotConnected {
  return new NotConnected(
    'node_not_connected',
    `no node answered ${when}`,
    'Call connect with the other port of the channel on the other node.',
  );
}

function refusal({ name, incarnation }: Home): NotConnected | undefined {
  const there = connections.get(name);
  if (name !== home().name && there?.peer.home.incarnation !== incarnation) return undefined;
  const whose = name === home().name ? 'is this node' : 'is joined with this node already';
  return new NotConnected(
    'node_name_taken',
    `a node named ${name} ${whose}`,
    'Give each node a name of its own: nameNode.',
  );
}

function joined(connection: Connection, send: (one: Signal, transfer?: readonly ArrayBuffer[]) => void): void {
  const { name } = connection.peer.home;
  // A node that comes under the name of another one has taken its place; the end of that one's port is only late.
  const before = connections.get(name);
  if (before) lose(before);
  connection.peer.connect(send);
  connections.set(name, connection);
  tell({ tag: 'NODEUP', node: name });
}

function lose(connection: Connection): void {
  const { peer, port } = connection;
  const { name } = peer.home;
  if (connections.get(name) !== connection) return;
  connections.delete(name);
  port.close();
  peer.lost();
  tell({ tag: 'NODEDOWN', node: name });
}

/** Parts this node and another one. Returns whether they were joined. What was sent before still arrives there. */
export function disconnect(node: string): boolean {
  const connection = connections.get(node);
  if (!connection) return false;
  flush(node);
  runAsNobody(() => lose(connection));
  return true;
}

/** Posts at once what this task has sent to a node so far. */
export function flush(node: string): void {
  connections.get(node)?.flush();
}

/** Whether the running process gets a NodeEvent for every node that comes or goes. @throws NoProcess outside of one */
export function monitorNodes(flag: boolean): void {
  const me = requireProc('monitorNodes');
  if (flag) watchers.add(me);
  else watchers.delete(me);
}

function tell(event: NodeEvent): void {
  for (const observe of observers) runAsNobody(() => observe(event));
  for (const proc of watchers) {
    if (proc.status === DEAD) watchers.delete(proc);
    else proc.deliver(event, undefined, INFO);
  }
}

/** Internal to the framework: runs at every NodeEvent, before processes are told. */
export function observeNodes(observe: (event: NodeEvent) => void): void {
  observers.add(observe);
}

/**
 * A name in a registry of another node: whoever has it there, found anew at each use. On this node it is the name itself.
 * Of a node that is not connected a call fails with `call_nodedown`, the rest is silent.
 *
 * @throws BadArgument `bad_name` for what is no name in a registry
 */
export function nameOn<G extends GenServer>(node: string, name: ViaName<G>): ViaName<G> {
  const { address } = name;
  if (!address) {
    throw new BadArgument('bad_name', `${String(name)} is no name in a registry`, 'Use a name made by via.');
  }
  return node === home().name ? name : new RemoteName<G>(node, address, homes.named);
}

/** How many lives of nodes are known, for tests and reports. */
export function knownNodes(): number {
  return peers.size;
}

/** What is open with a connected node, for tests and reports. */
export function openWith(node: string): Peer['open'] | undefined {
  return connections.get(node)?.peer.open;
}
