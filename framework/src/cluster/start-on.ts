/**
 * Starting processes on other nodes. Each node that is joined with another runs one server for that; what it starts is
 * code that both nodes have offered, by name (see code.ts).
 *
 *     const pid = await startOn('worker', account, { number: '7' });
 *     monitor(pid);
 */
import { type Behaviour, isBehaviour } from '../otp/process/behaviour.ts';
import { replyTo, request } from '../otp/gen-server/call.ts';
import { BadArgument, StartError, StartIgnored } from '../otp/runtime/errors.ts';
import { crashOf, type ExitReason } from '../otp/runtime/exit-reason.ts';
import { type Call, genServer } from '../otp/gen-server/gen-server.ts';
import { home, type Pid } from '../otp/runtime/pid.ts';
import { registry, via } from '../otp/registry/registry.ts';
import { runAsNobody } from '../otp/runtime/scheduler.ts';
import { type AnyStartOptions, start, type StartArguments } from '../otp/process/start.ts';
import { noreply } from '../otp/gen-server/step.ts';
import { type Ref, ViaName } from '../otp/process/target.ts';
import { nameOn, observeNodes } from './distribution.ts';

interface Order {
  readonly behaviour: Behaviour<unknown>;
  readonly arg: unknown;
  readonly name: ViaName | undefined;
  readonly timeout: number | undefined;
}

type Outcome =
  | { readonly pid: Pid }
  | { readonly failed: ExitReason; readonly holder: Pid | undefined }
  | { readonly ignored: true };

const names = registry({ name: 'genroom.node' });

const starter = genServer({
  name: 'starter',
  init: () => 0,
  calls: {
    // It goes on while what it starts has not begun.
    start: (state, order: Order, { from }: Call<Outcome>) => {
      void runAsNobody(() => carryOut(order)).then((outcome) => replyTo(from, outcome));
      return noreply(state);
    },
  },
});

async function carryOut({ behaviour, arg, name, timeout }: Order): Promise<Outcome> {
  try {
    if (!isBehaviour(behaviour)) throw notOffered((behaviour as { name: string }).name);
    return { pid: await start(behaviour, arg, { name, timeout }) };
  } catch (error) {
    if (error instanceof StartIgnored) return { ignored: true };
    if (error instanceof StartError) return { failed: error.reason, holder: error.holder };
    return { failed: crashOf(error), holder: undefined };
  }
}

function notOffered(name: string): BadArgument {
  return new BadArgument(
    'code_unknown',
    `the node ${home().name} has no behaviour that is offered as ${name}`,
    'Import the module that offers it on that node, too.',
  );
}

let running: Promise<unknown> | undefined;
observeNodes(() => (running ??= start(names).then(() => start(starter, undefined, { name: via(names, 'starter') }))));

/**
 * Starts an offered behaviour on another node, unlinked, and waits for its init; on this node it is `start`.
 *
 * @param options `name`: made by `via`, registered there; `timeout` of init
 * @throws StartError, StartIgnored as `start`; CallError `call_nodedown`; NotData when `arg` is none, or the behaviour is not offered
 */
export async function startOn<B extends Behaviour>(
  node: string,
  behaviour: B,
  ...rest: StartArguments<B>
): Promise<Ref<B>> {
  const [arg, options] = rest as readonly [arg?: unknown, options?: AnyStartOptions];
  if (node === home().name) return start(behaviour, ...rest);
  const name = options?.name instanceof ViaName ? nameOn(node, options.name) : options?.name;
  const order = { behaviour, arg, name, timeout: options?.timeout };
  const outcome = (await request(nameOn(node, via(names, 'starter')), 'start', order, Infinity)) as Outcome;
  if ('pid' in outcome) return outcome.pid;
  if ('ignored' in outcome) throw new StartIgnored(behaviour.name);
  throw new StartError(behaviour.name, outcome.failed, outcome.holder);
}
