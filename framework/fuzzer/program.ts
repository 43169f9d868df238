/**
 * Programs: what the fuzzer generates and both interpreters run, as data.
 *
 * A program is a list of steps. In a step the driver tells processes what to do, then waits until everything has
 * settled: no process has anything to do, and every short time has passed. So what happens does not hang on how fast a
 * machine is. Processes are named by labels; a label stands for the process that was started under it last, and what a
 * process observes shows labels, never pids (the second process of the label c1 is shown as c1_2).
 *
 * Times: `short` and `stop` pass within the step (stop after short), `long` and `inf` never do.
 *
 * @example
 *   const program: Program = {
 *     registries: [],
 *     roots: [['p1', true], ['p2', false]],
 *     steps: [{ do: [['p1', [['link', 'p2']]]] }, { do: [['p2', [['exitSelf', 'boom']]]] }, { do: [['p1', [['drain']]]] }],
 *   };
 */
export type Label = string;
export type Time = 'short' | 'stop' | 'long' | 'inf' | 0;
/** normal, shutdown, kill, a name, `{shutdown, value}` or a structure. */
export type Reason = string | readonly ['shutdown', string] | readonly ['why', number];
export type Target = Label | readonly ['via', Label, string];
export type Pattern = 'any' | 'exit' | 'down' | readonly ['n', number] | readonly ['from', Label];

/** What a server does with a message: operations, then what its handler returns. */
export interface Script {
  readonly id: number;
  readonly ops: Ops;
  readonly finish: Finish;
}
export type Finish =
  | readonly ['reply', number]
  | readonly ['noreply']
  /** Answered later, by the operation `reply` with this key. */
  | readonly ['keep', string]
  | readonly ['replyNow', number]
  | readonly ['replyTimeout', number, Time]
  | readonly ['noreplyTimeout', Time]
  | readonly ['replyContinue', number, Ops]
  | readonly ['continue', Ops]
  | readonly ['stop', Reason]
  | readonly ['stopReply', Reason, number]
  | readonly ['raise', string]
  | readonly ['exit', Reason]
  | readonly ['bad'];

/** How the nth init of a label ends; the last one counts for all that follow. */
export type InitOutcome =
  | 'ok'
  | 'ignore'
  | 'raise'
  | readonly ['stop', Reason]
  | readonly ['exit', Reason]
  | readonly ['timeout', Time]
  | readonly ['continue', Ops];

export interface ServerSpec {
  readonly trap: boolean;
  readonly plan: readonly InitOutcome[];
  readonly term: 'ok' | 'raise' | 'hold' | readonly ['exit', Reason];
  readonly name?: readonly [Label, string];
}

export interface Child {
  readonly id: Label;
  readonly kind: 'server' | 'bare' | 'sup';
  readonly restart: 'permanent' | 'transient' | 'temporary';
  readonly shutdown: 'brutal' | Time;
  readonly significant: boolean;
  readonly server?: ServerSpec;
  readonly sup?: SupSpec;
  readonly trap?: boolean;
}

export interface SupSpec {
  readonly strategy: 'one_for_one' | 'one_for_all' | 'rest_for_one';
  readonly max: number;
  readonly period: 'second' | 'long';
  readonly auto: 'never' | 'any_significant' | 'all_significant';
  readonly children: readonly Child[];
}

export interface DynSpec {
  readonly max: number;
  readonly period: 'second' | 'long';
  /** How many children it takes. */
  readonly most: number | 'inf';
}

/** The operations and what each takes. */
export interface Operations {
  send: readonly [to: Target, n: number];
  sendVia: readonly [registry: Label, key: string, n: number];
  recv: readonly [Pattern, Time];
  /** Receives all that is queued. */
  drain: readonly [];
  link: readonly [Label];
  unlink: readonly [Label];
  alive: readonly [Label];
  monitor: readonly [Label, ref: string];
  demonitor: readonly [ref: string, 'flush' | 'plain'];
  trap: readonly [boolean];
  exit: readonly [Label, Reason];
  exitSelf: readonly [Reason];
  signalSelf: readonly [Reason];
  raise: readonly [string];
  throw: readonly [string];
  /** Stands still until the driver releases it. */
  hold: readonly [];
  spawn: readonly [Label, bond: 'plain' | 'link' | readonly ['monitor', string], trap: boolean, Ops];
  server: readonly [Label, bond: 'plain' | 'link', ServerSpec];
  sup: readonly [Label, bond: 'plain' | 'link', SupSpec];
  dyn: readonly [Label, bond: 'plain' | 'link', DynSpec];
  /** The last says whether a failure is caught; else it ends the caller. */
  call: readonly [Target, Script, Time, caught: boolean];
  cast: readonly [Target, Script];
  stop: readonly [Label, Reason, Time];
  /** Answers a call that was kept under this key. */
  reply: readonly [key: string, number];
  sendAfter: readonly [Label, n: number, Time, timer: string];
  cancel: readonly [timer: string];
  which: readonly [Label];
  count: readonly [Label];
  startChild: readonly [Label, Child];
  startDyn: readonly [Label, Child];
  terminateChild: readonly [Label, child: Label];
  restartChild: readonly [Label, child: Label];
  deleteChild: readonly [Label, child: Label];
  terminateDyn: readonly [Label, child: Label];
  register: readonly [registry: Label, key: string, value: number];
  unregister: readonly [registry: Label, key: string];
  lookup: readonly [registry: Label, key: string];
  whereis: readonly [registry: Label, key: string];
  keys: readonly [registry: Label];
  countNames: readonly [registry: Label];
  dispatch: readonly [registry: Label, key: string, n: number];
}
export type OpName = keyof Operations;
/** One operation: its name, then what it takes. */
export type OpOf<N extends OpName> = readonly [name: N, ...rest: Operations[N]];
export type Op = { [N in OpName]: OpOf<N> }[OpName];
/** An interface, since a type may not name itself on the way here. */
export interface Ops extends ReadonlyArray<Op> {
  readonly [index: number]: Op;
}

/** One thing of a step: a process made by spawn runs operations, a server a script. */
export type Told = readonly [Label, Ops | Script];

export type Step =
  | { readonly do: readonly Told[] }
  | { readonly release: Label }
  /** Milliseconds that pass; for restart intensities. */
  | { readonly wait: number };

export interface Program {
  readonly registries: readonly (readonly [Label, 'unique' | 'duplicate'])[];
  /** Processes that are there at the start, and whether they trap exits. */
  readonly roots: readonly (readonly [Label, boolean])[];
  readonly steps: readonly Step[];
}

/** A program in Erlang's notation of terms, on one line; every text is an atom. */
export function erlangTerm(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(erlangTerm).join(',')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  return `#{${parts.map(([key, part]) => `'${key}'=>${erlangTerm(part)}`).join(',')}}`;
}
