/**
 * What the otp tests import on the second pass. Each function acts on the node of the process that runs; a process that
 * one of them starts is placed on the other node, so that a caller and its callee never share one. What a test only looks
 * at (isAlive, processInfo, whereis) is looked up on the node where it is, once everything posted has been taken in.
 *
 * A linked child (startLink), what a supervisor starts, tasks and agents stay on the node of who starts them: see
 * conformance/two-nodes.json for what that means row by row.
 */
import { makeSides, type Side, Sides } from './sides.ts';
import { DualName, Translation } from './translate.ts';

type Any = (...args: unknown[]) => unknown;
type Otp = Record<string, unknown>;

/** What makes a definition, on each node from the same text. */
const DEFINITIONS = [
  'genServer',
  'supervisor',
  'dynamicSupervisor',
  'registry',
  'partitionSupervisor',
  'taskSupervisor',
  'application',
  'specialProcess',
];
/** True of a message, whichever node it is of. */
const GUARDS = ['isDown', 'isExit', 'isTaskResult'];

interface State {
  readonly sides: Sides;
  readonly translation: Translation;
  readonly roots: WeakSet<object>;
  offered: number;
}

declare global {
  // The module registry is emptied between the two nodes; this is kept.
  var genroomTwoNodes: Promise<State> | undefined;
}

export function state(): Promise<State> {
  globalThis.genroomTwoNodes ??= makeSides().then((sides) => ({
    sides,
    translation: new Translation(sides),
    roots: new WeakSet(),
    offered: 0,
  }));
  return globalThis.genroomTwoNodes;
}

/** The otp layer as tests see it, or as their stage does, whose own processes stay on the first node. */
export async function facade(whose: string): Promise<Otp> {
  const made = new Facade(await state());
  return whose === 'stage' ? made.forStage() : made.forTests();
}

class Facade {
  readonly #state: State;
  readonly #sides: Sides;
  readonly #translation: Translation;

  constructor(all: State) {
    this.#state = all;
    this.#sides = all.sides;
    this.#translation = all.translation;
  }

  forTests(): Otp {
    const { otp } = this.#sides.a;
    const all: Otp = {};
    for (const [name, value] of Object.entries(otp as Otp)) all[name] = this.#member([name], value);
    return { ...all, ...this.#special() };
  }

  /** inProcess and the like: their processes share a node with who looks at them. */
  forStage(): Otp {
    const all = this.forTests();
    return {
      ...all,
      spawn: (body: () => unknown) => {
        const here = this.#sides.running();
        const pid = here.otp.spawn(body);
        this.#state.roots.add(pid);
        return pid;
      },
      spawnMonitor: (body: () => unknown) => {
        const here = this.#sides.running();
        const isRoot = this.#state.roots.has(here.otp.self());
        return isRoot ? here.otp.spawnMonitor(body) : (all['spawnMonitor'] as Any)(body);
      },
    };
  }

  #member(path: readonly string[], value: unknown): unknown {
    const name = path.at(-1)!;
    if (GUARDS.includes(name)) return (message: unknown) => this.#each(path, (f) => f(message)).some(Boolean);
    if (DEFINITIONS.includes(name)) return (...args: unknown[]) => this.#define(path, args);
    if (typeof value === 'function' && /^[A-Z]/.test(name)) return this.#eitherClass(path);
    if (typeof value === 'function') return (...args: unknown[]) => this.#call(path, args);
    if (typeof value !== 'object' || value === null || path.length > 1) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#member([...path, key], one)]));
  }

  #of(side: Side, path: readonly string[]): unknown {
    return path.reduce<unknown>((within, name) => (within as Otp)[name], side.otp);
  }

  #each(path: readonly string[], use: (f: Any) => unknown): unknown[] {
    return [this.#sides.a, this.#sides.b].map((side) => use(this.#of(side, path) as Any));
  }

  #call(path: readonly string[], args: readonly unknown[]): unknown {
    const here = this.#sides.running();
    return (this.#of(here, path) as Any)(...args.map((one) => this.#translation.to(here, one)));
  }

  #define(path: readonly string[], args: readonly unknown[]): object {
    const { a, b } = this.#sides;
    const on = (side: Side): object =>
      (this.#of(side, path) as Any)(...args.map((one) => this.#definitionFor(side, one))) as object;
    const dual = { a: on(a), b: on(b) };
    const name = `${(dual.a as { name: string }).name} ${this.#state.offered++}`;
    a.nodes.offer(dual.a as never, name);
    b.nodes.offer(dual.b as never, name);
    const shown = Object.create(Object.getPrototypeOf(dual.a) as object, Object.getOwnPropertyDescriptors(dual.a));
    return this.#translation.dual(shown as object, dual);
  }

  /** A supervisor's function gives specs of definitions. */
  #definitionFor(side: Side, of: unknown): unknown {
    const given = this.#translation.to(side, of) as { children?: unknown };
    if (typeof given !== 'object' || given === null || typeof given.children !== 'function') return given;
    const children = given.children as Any;
    return { ...given, children: (...args: unknown[]) => this.#translation.to(side, children(...args)) };
  }

  /** A class whose instances are those of both nodes; a new one is of the node that runs. */
  #eitherClass(path: readonly string[]): unknown {
    const [a, b] = [this.#sides.a, this.#sides.b].map(
      (side) => this.#of(side, path) as new (...args: never[]) => object,
    );
    return new Proxy(a!, {
      get: (of, key) =>
        key === Symbol.hasInstance
          ? (one: unknown): boolean => one instanceof a! || one instanceof b!
          : (Reflect.get(of, key) as unknown),
      construct: (_, args) => new (this.#sides.running() === this.#sides.a ? a! : b!)(...(args as never[])),
    });
  }

  #special(): Otp {
    const sides = this.#sides;
    const translation = this.#translation;
    return {
      via: (registry: object, key: unknown, value?: unknown) => new DualName(registry, key, value),
      childSpec: (...args: unknown[]) => {
        const { name } = (args[2] ?? {}) as { name?: unknown };
        const spec = (sides.a.otp.childSpec as Any)(...this.#startArguments(sides.a, args)) as object;
        return { ...spec, behaviour: args[0], arg: args[1], ...(name instanceof DualName && { name }) };
      },
      start: (...args: unknown[]) => this.#start(args),
      startLink: (...args: unknown[]) => this.#startHere('startLink', args),
      startMonitor: (...args: unknown[]) => this.#startHere('startMonitor', args),
      spawn: (body: () => unknown) => this.#spawn(body, () => {}),
      spawnLink: (body: () => unknown) => {
        const here = sides.running();
        here.spawning.requireProc('spawnLink');
        return this.#spawn(body, (pid) => here.otp.link(pid as never));
      },
      spawnMonitor: (body: () => unknown, options: never) => {
        const here = sides.running();
        here.spawning.requireProc('spawnMonitor');
        let ref: unknown;
        const pid = this.#spawn(body, (started) => (ref = here.otp.monitor(started as never, options)));
        return { pid, ref };
      },
      isAlive: (pid: unknown) => this.#lookAt(pid, (side, own) => side.otp.isAlive(own as never)),
      processInfo: (pid: unknown) => this.#lookAt(pid, (side, own) => side.otp.processInfo(own as never)),
      whereis: (target: unknown) => {
        sides.settle();
        const here = sides.running();
        const found = (side: Side): unknown =>
          side.otp.whereis(
            (target instanceof DualName ? translation.nameAt(side, target) : translation.to(side, target)) as never,
          );
        if (!(target instanceof DualName)) return this.#lookAt(target, (side, own) => side.otp.whereis(own as never));
        return translation.to(here, found(here) ?? found(sides.otherOf(here)));
      },
      processes: () => {
        sides.settle();
        const here = sides.running();
        return [sides.a, sides.b].flatMap((side) => translation.to(here, side.otp.processes()) as unknown[]);
      },
      useClock: (clock: never) => {
        sides.b.otp.useClock(clock);
        return sides.a.otp.useClock(clock);
      },
    };
  }

  /** What is known of a process, on its own node. */
  #lookAt(pid: unknown, look: (side: Side, own: unknown) => unknown): unknown {
    const here = this.#sides.running();
    this.#sides.settle();
    const { node = here.name } = pid as { node?: string };
    const there = node === here.name ? here : this.#sides.otherOf(here);
    return this.#translation.to(here, look(there, this.#translation.to(there, pid)));
  }

  #startArguments(side: Side, [behaviour, arg, options]: readonly unknown[]): unknown[] {
    const { name } = (options ?? {}) as { name?: unknown };
    const given =
      name instanceof DualName ? { ...(options as object), name: this.#translation.nameAt(side, name) } : options;
    return [behaviour, arg, given].map((one) => this.#translation.to(side, one));
  }

  /** A start that is of the starter's own node. */
  #startHere(name: 'start' | 'startLink' | 'startMonitor', args: readonly unknown[]): unknown {
    const here = this.#sides.running();
    return (here.otp[name] as Any)(...this.#startArguments(here, args));
  }

  async #start(args: readonly unknown[]): Promise<unknown> {
    const here = this.#sides.running();
    const there = this.#sides.calleeOf(here);
    const [behaviour, arg] = args as [object, unknown];
    const isRegistry = behaviour !== null && typeof behaviour === 'object' && 'duplicate' in behaviour;
    if (here === there) return this.#startHere('start', args);
    // A registry is of one node: each has one of that name.
    if (isRegistry) {
      const [own] = await Promise.all(
        [here, there].map((side) =>
          side === here
            ? (side.otp.start as Any)(...this.#startArguments(side, args))
            : this.#asNobody(() => (side.otp.start as Any)(...this.#startArguments(side, args))),
        ),
      );
      return own;
    }
    const sendable = this.#translation.isDual(behaviour) && this.#translation.isData(here, arg);
    if (sendable) return (here.nodes.startOn as Any)(there.name, ...this.#startArguments(here, args));
    const pid = await this.#asNobody(() => (there.otp.start as Any)(...this.#startArguments(there, args)));
    return this.#translation.to(here, pid);
  }

  /** Starts `body` on the callee's node, once `before` has done at the caller what has to precede it. */
  #spawn(body: () => unknown, before: (pid: unknown) => void): unknown {
    const here = this.#sides.running();
    const there = this.#sides.calleeOf(here);
    if (here.scheduler.ownerOfContext() && !here.otp.isAlive(here.scheduler.ownerOfContext()!['pid' as never]))
      return here.otp.spawn(body);
    const proc =
      here === there
        ? here.spawning.makeFunctionProc(body)
        : this.#asNobody(() => there.spawning.makeFunctionProc(body));
    const pid = this.#translation.to(here, proc.pid);
    before(pid);
    this.#sides.settle();
    proc.begin();
    return pid;
  }

  #asNobody<T>(work: () => T): T {
    return this.#sides.a.scheduler.runAsNobody(() => this.#sides.b.scheduler.runAsNobody(work));
  }
}
