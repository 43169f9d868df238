/**
 * Process groups: named sets of processes over all joined nodes. OTP's pg.
 *
 * A scope is a process of its own on each node that takes part; scopes of one name know each other's members. A process
 * joins on its own node; other nodes hear of it a little later, each in the order in which it happened there (eventually
 * consistent, as pg). A member leaves all its groups by its end, and the members of a node by its loss.
 *
 * @example
 *   const lobby = scope('lobby');
 *   await start(lobby);                        // on each node
 *   await join(lobby, ['room', 7], self());
 *   for (const pid of getMembers(lobby, ['room', 7])) send(pid, 'hello');
 */
import { type Behaviour, MAKE } from '../otp/process/behaviour.ts';
import { type CallOptions, cast, DEFAULT_CALL_TIMEOUT, request } from '../otp/gen-server/call.ts';
import { BadArgument } from '../otp/runtime/errors.ts';
import { type Call, genServer } from '../otp/gen-server/gen-server.ts';
import type { Self } from '../otp/runtime/self.ts';
import { isDown } from '../otp/runtime/monitor.ts';
import { home, type Pid } from '../otp/runtime/pid.ts';
import { monitor as watch, send } from '../otp/process/process.ts';
import { count, register, registry, via } from '../otp/registry/registry.ts';
import { comparable, type Key } from '../otp/runtime/key.ts';
import { runAsNobody } from '../otp/runtime/scheduler.ts';
import { requireProc } from '../otp/process/spawn.ts';
import { start } from '../otp/process/start.ts';
import { noreply, type Next, reply, type Reply } from '../otp/gen-server/step.ts';
import { type Target, whereis } from '../otp/process/target.ts';
import { monitorNodes, nameOn, type NodeEvent, nodes } from './distribution.ts';
import { type Group, GroupTable } from './group-table.ts';

/** A set of groups, of one name on all nodes. */
export interface Scope extends Behaviour<void> {
  readonly isScope: true;
}

/** Names what `monitor` gives, and its messages. */
export class GroupMonitor {
  /** Undefined where the whole scope is watched. */
  readonly group: Key | undefined;

  constructor(group: Key | undefined) {
    this.group = group;
  }
}

/** What who monitors a group or a scope gets. */
export interface GroupEvent {
  readonly tag: 'JOIN' | 'LEAVE';
  readonly ref: GroupMonitor;
  readonly group: Key;
  readonly pids: readonly Pid[];
}

interface State {
  readonly self: Pid;
  readonly scope: string;
  readonly table: GroupTable;
  /** Scopes of other nodes that are known. */
  readonly peers: Set<Pid>;
  readonly listeners: Map<GroupMonitor, Pid>;
  /** The one monitor that a member or listener of this node, or a peer, is watched by. */
  readonly watched: Map<Pid, ReturnType<typeof watch>>;
}

const names = registry({ name: 'genroom.pg' });
const running = new Map<string, State>();
const tell = cast as (target: Target, name: string, payload: unknown) => void;

function stateOf({ name }: Scope): State | undefined {
  const state = running.get(name);
  return state && whereis(state.self) ? state : undefined;
}

function observe(state: State, pid: Pid): void {
  if (!state.watched.has(pid)) state.watched.set(pid, watch(pid));
}

function notify(state: State, tag: GroupEvent['tag'], group: Key, pids: readonly Pid[]): void {
  if (pids.length === 0) return;
  const key = comparable(group);
  for (const [ref, pid] of state.listeners) {
    if (ref.group === undefined || comparable(ref.group) === key)
      send(pid, { tag, ref, group, pids } satisfies GroupEvent);
  }
}

function joined(state: State, owner: Pid, { group, pids }: Group): void {
  if (pids.length === 0) return;
  state.table.add(owner, group, pids);
  notify(state, 'JOIN', group, pids);
}

function left(state: State, owner: Pid, { group, pids }: Group): Pid[] {
  const removed = state.table.remove(owner, group, pids);
  notify(state, 'LEAVE', group, removed);
  return removed;
}

function broadcast(state: State, name: 'joined' | 'left', of: Group): void {
  for (const peer of state.peers) tell(peer, name, { peer: state.self, of });
}

/** Asks the scope of another node, if it has one, for what it knows. */
function discover(state: State, node: string): void {
  tell(nameOn(node, via(names, state.scope)), 'discover', state.self);
}

/** A member, listener or scope has ended, or its node was lost. */
function ended(state: State, pid: Pid): void {
  state.watched.delete(pid);
  for (const [ref, listener] of state.listeners) if (listener === pid) state.listeners.delete(ref);
  if (state.peers.delete(pid)) {
    for (const { group, pids } of state.table.drop(pid)) notify(state, 'LEAVE', group, pids);
    return;
  }
  for (const { group, pids } of state.table.groupsOf(state.self)) {
    const of = { group, pids: pids.filter((member) => member === pid) };
    if (of.pids.length > 0) broadcast(state, 'left', { group, pids: left(state, state.self, of) });
  }
}

type Answer<R> = Reply<State, R>;
interface Told {
  readonly peer: Pid;
  readonly of: Group;
}

function server(name: string) {
  return genServer({
    name: `scope ${name}`,
    init: (_: void, { pid }: Self): State => {
      needNames();
      const table = new GroupTable();
      const state = { self: pid, scope: name, table, peers: new Set<Pid>(), listeners: new Map(), watched: new Map() };
      const holder = register(names, name);
      if (holder)
        throw new BadArgument('scope_running', `the scope ${name} runs as ${holder}`, 'Start it once a node.');
      running.set(name, state);
      monitorNodes(true);
      for (const node of nodes()) discover(state, node);
      return state;
    },
    calls: {
      join: (state, of: Group): Answer<void> => {
        for (const pid of of.pids) observe(state, pid);
        joined(state, state.self, of);
        broadcast(state, 'joined', of);
        return reply(undefined, state);
      },
      leave: (state, of: Group): Answer<boolean> => {
        const removed = left(state, state.self, of);
        if (removed.length > 0) broadcast(state, 'left', { ...of, pids: removed });
        return reply(removed.length > 0, state);
      },
      monitor: (state, ref: GroupMonitor, { client }: Call): Answer<readonly Group[]> => {
        if (client) {
          state.listeners.set(ref, client);
          observe(state, client);
        }
        const all = state.table.groups();
        return reply(
          ref.group === undefined ? all : [{ group: ref.group, pids: state.table.members(ref.group) }],
          state,
        );
      },
      demonitor: (state, ref: GroupMonitor): Answer<boolean> => reply(state.listeners.delete(ref), state),
    },
    casts: {
      discover: (state, peer: Pid): Next<State> => {
        tell(peer, 'sync', { peer: state.self, groups: state.table.groupsOf(state.self) });
        // It asks because it is new: whatever it has, it has not told yet.
        if (!state.peers.has(peer)) tell(peer, 'discover', state.self);
        meet(state, peer);
        return noreply(state);
      },
      sync: (state, { peer, groups }: { peer: Pid; groups: readonly Group[] }): Next<State> => {
        meet(state, peer);
        const now = new Map(groups.map(({ group, pids }) => [comparable(group), pids]));
        for (const { group, pids } of state.table.groupsOf(peer))
          left(state, peer, { group, pids: minus(pids, now.get(comparable(group)) ?? []) });
        for (const { group, pids } of groups)
          joined(state, peer, { group, pids: minus(pids, state.table.membersOf(peer, group)) });
        return noreply(state);
      },
      joined: (state, { peer, of }: Told): Next<State> => {
        if (state.peers.has(peer)) joined(state, peer, of);
        return noreply(state);
      },
      left: (state, { peer, of }: Told): Next<State> => {
        if (state.peers.has(peer)) left(state, peer, of);
        return noreply(state);
      },
    },
    info: (state, message) => {
      if (isDown(message)) ended(state, message.pid);
      else if ((message as NodeEvent).tag === 'NODEUP') discover(state, (message as NodeEvent).node);
      return noreply(state);
    },
  });
}

function meet(state: State, peer: Pid): void {
  state.peers.add(peer);
  observe(state, peer);
}

/** What is in `pids` more often than in `others`. */
function minus(pids: readonly Pid[], others: readonly Pid[]): Pid[] {
  const rest = [...others];
  return pids.filter((pid) => {
    const at = rest.indexOf(pid);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

function needNames(): void {
  try {
    count(names);
  } catch {
    void runAsNobody(() => start(names));
  }
}

/** Defines a scope. Start or supervise it, one on each node that takes part. */
export function scope(name: string): Scope {
  const behaviour = server(name);
  return { name, isScope: true, [MAKE]: (parent) => behaviour[MAKE](parent) };
}

function ask<R>({ name }: Scope, call: string, payload: unknown, options: CallOptions = {}): Promise<R> {
  return request(via(names, name), call, payload, options.timeout ?? DEFAULT_CALL_TIMEOUT) as Promise<R>;
}

/** One or several processes of this node. */
type Members = Pid | readonly Pid[];

function own(members: Members): readonly Pid[] {
  const pids = 'id' in members ? [members] : members;
  for (const pid of pids) {
    if (pid.home === home()) continue;
    throw new BadArgument('member_not_local', `${pid} lives on ${pid.node}`, 'Let it join and leave on its own node.');
  }
  return pids;
}

/**
 * Lets processes of this node join a group; one may join several times.
 * @throws CallError `call_noproc` when the scope does not run here; BadArgument `member_not_local`
 */
export async function join(of: Scope, group: Key, members: Members): Promise<void> {
  await ask(of, 'join', { group, pids: own(members) });
}

/** Takes processes of this node out of a group, each once. Whether any was in it. @throws as `join` */
export async function leave(of: Scope, group: Key, members: Members): Promise<boolean> {
  return ask(of, 'leave', { group, pids: own(members) });
}

/** The members on all nodes, as far as this one knows; none where the scope does not run. */
export function getMembers(of: Scope, group: Key): Pid[] {
  return stateOf(of)?.table.members(group) ?? [];
}

/** The members on this node. */
export function getLocalMembers(of: Scope, group: Key): Pid[] {
  const state = stateOf(of);
  return state?.table.membersOf(state.self, group) ?? [];
}

/** The groups that have a member. */
export function whichGroups(of: Scope): Key[] {
  return (
    stateOf(of)
      ?.table.groups()
      .map(({ group }) => group) ?? []
  );
}

/** The groups that have a member on this node. */
export function whichLocalGroups(of: Scope): Key[] {
  const state = stateOf(of);
  return state?.table.groupsOf(state.self).map(({ group }) => group) ?? [];
}

/**
 * Gives the members of a group, and from then on a GroupEvent to the running process for each that comes or goes.
 * @throws NoProcess outside of a process; CallError `call_noproc`
 */
export async function monitor(of: Scope, group: Key): Promise<{ ref: GroupMonitor; pids: readonly Pid[] }> {
  requireProc('groups.monitor');
  const ref = new GroupMonitor(group);
  const [known] = await ask<readonly Group[]>(of, 'monitor', ref);
  return { ref, pids: known!.pids };
}

/** As `monitor`, for every group of the scope. */
export async function monitorScope(of: Scope): Promise<{ ref: GroupMonitor; groups: readonly Group[] }> {
  requireProc('groups.monitorScope');
  const ref = new GroupMonitor(undefined);
  return { ref, groups: await ask(of, 'monitor', ref) };
}

/** Ends a monitor of a group or a scope. Whether it stood. */
export function demonitor(of: Scope, ref: GroupMonitor): Promise<boolean> {
  return ask(of, 'demonitor', ref);
}
