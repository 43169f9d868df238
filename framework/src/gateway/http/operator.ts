/**
 * The operator's routes: a view of the supervision tree and, where that is allowed, orders.
 *
 *     GET  /genroom/tree              → TreeView
 *     POST /genroom/crash/<roomId>    → 202; body, optional: {"error": "why", "sessionId": "a Player instead"}
 *
 * Invariants: off unless asked for. From this machine only, unless `allow` says else: the socket's own address counts,
 * and a request that came through a proxy is not local; nor is one for a host of another name, which a page of the
 * attacker's sends whose name was bound anew to 127.0.0.1 (DNS rebinding). A page of another origin cannot give orders
 * through the browser of somebody who may.
 */
import { type HttpHandler, type Peer, text } from './handler.ts';

/** A room as its shell has it. */
export interface RoomView {
  readonly roomId: string;
  readonly name: string;
  /** Phase of the shell: running, down, cooling … */
  readonly phase: string;
  /** The Room process; another after each restart. */
  readonly pid: string | undefined;
  /** How often that process was started again. */
  readonly restarts: number;
  /** Seats taken, connected or not. */
  readonly sessions: number;
  readonly node: string;
}

export interface TreeView {
  readonly transport: 'uws' | 'ws';
  /** Open WebSockets. */
  readonly connections: number;
  readonly rooms: readonly RoomView[];
  /** For each node the processes below its Rooms, or why there are none to show. */
  readonly nodes: readonly { readonly name: string; readonly tree?: unknown; readonly error?: string }[];
}

export interface OperatorOptions {
  /**
   * Who may use these routes: `loopback` (default: this machine, asked for by a name of its own), `any`, or a decision
   * by the address of the peer, which then also has to keep out pages of foreign names.
   */
  readonly allow?: 'loopback' | 'any' | ((address: string) => boolean);
  /** Whether rooms may be crashed on request. Default false: only the tree is shown. */
  readonly orders?: boolean;
}

export interface Operations {
  tree(): Promise<TreeView>;
  /** False when no such room runs, or no such session is in it. */
  crash(roomId: string, error: string, sessionId?: string): boolean;
}

const CRASH = /^\/genroom\/crash\/([\w-]{1,64})$/;
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'x-client-ip'];

export function operatorRoutes(options: OperatorOptions, operations: Operations): HttpHandler {
  return async (request, peer) => {
    const path = new URL(request.url).pathname;
    if (!path.startsWith('/genroom/')) return undefined;
    if (!mayUse(options, request, peer)) return text(403, 'Only from this machine.');
    if (path === '/genroom/tree') {
      if (request.method !== 'GET') return text(405, 'Use GET.', { allow: 'GET' });
      return Response.json(await operations.tree(), { headers: { 'cache-control': 'no-store' } });
    }
    const roomId = CRASH.exec(path)?.[1];
    if (roomId === undefined || !options.orders) return text(404, 'Not found.');
    if (request.method !== 'POST') return text(405, 'Use POST.', { allow: 'POST' });
    if (!sameOrigin(request)) return text(403, 'Not from a page of another origin.');
    const order = readOrder(await request.text());
    if (!order) return text(400, 'The body is not {"error": "…", "sessionId": "…"}.');
    const known = operations.crash(roomId, order.error ?? 'crashed by an operator', order.sessionId);
    return known ? text(202, 'ordered') : text(404, 'No such room runs, or no such session is in it.');
  };
}

function mayUse({ allow = 'loopback' }: OperatorOptions, request: Request, { address }: Peer): boolean {
  if (allow === 'any') return true;
  if (typeof allow === 'function') return allow(address);
  if (!isLoopback(address) || FORWARDED.some((header) => request.headers.has(header))) return false;
  return isLocalHost(request.headers.get('host') ?? '');
}

/** Whether a Host header names this machine: localhost, a name below it, 127.*, or [::1]; with a port or without. */
export function isLocalHost(host: string): boolean {
  return /^(([\w-]+\.)*localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host);
}

/** Whether an address, as text of an IPv4 or IPv6 socket, is this machine's own. uWebSockets writes IPv6 in full. */
export function isLoopback(address: string): boolean {
  return /^127\.|^::1$|^::ffff:127\.|^(0{1,4}:){7}0{0,3}1$|^(0{1,4}:){5}ffff:7f/i.test(address);
}

function sameOrigin(request: Request): boolean {
  const origin = request.headers.get('origin');
  if (origin === null) return true;
  return URL.canParse(origin) && new URL(origin).host === request.headers.get('host');
}

function readOrder(body: string): { error?: string; sessionId?: string } | undefined {
  if (body === '') return {};
  try {
    const order = JSON.parse(body) as { error?: unknown; sessionId?: unknown } | null;
    if (typeof order !== 'object' || order === null) return undefined;
    const { error, sessionId } = order;
    if (error !== undefined && typeof error !== 'string') return undefined;
    if (sessionId !== undefined && typeof sessionId !== 'string') return undefined;
    return { ...(error && { error: error.slice(0, 200) }), ...(sessionId !== undefined && { sessionId }) };
  } catch {
    return undefined;
  }
}
